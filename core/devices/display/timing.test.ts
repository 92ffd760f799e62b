import { describe, expect, test } from "vitest";
import { modes, VgaRig } from "./testing/vga-rig.ts";

const RETRACE = 0x08;
const NOT_DISPLAYING = 0x01;

/** Polls status 1 until `bit` is as wanted; returns the number of polls, at most `limit`. */
function pollUntil(rig: VgaRig, bit: number, high: boolean, stepNs: number, limit = 2_000_000): number {
  for (let polls = 1; polls <= limit; polls++) {
    rig.clock.moveTo(rig.clock.now() + stepNs);
    if (((rig.in(0x3da) & bit) !== 0) === high) return polls;
  }
  return Number.POSITIVE_INFINITY;
}

function retracePeriod(rig: VgaRig): number {
  pollUntil(rig, RETRACE, false, 1000);
  pollUntil(rig, RETRACE, true, 1000);
  const start = rig.clock.now();
  pollUntil(rig, RETRACE, false, 1000);
  pollUntil(rig, RETRACE, true, 1000);
  return rig.clock.now() - start;
}

describe("input status", () => {
  test.each([
    ["text", 70.09],
    ["packed", 70.09],
    ["planar", 59.94],
    ["modeX", 59.71],
  ] as const)("vertical retraces of mode %s come at %d Hz", (mode, hertz) => {
    const rig = new VgaRig();
    rig.setMode(modes[mode]);
    expect(1e9 / retracePeriod(rig)).toBeCloseTo(hertz, 0);
  });

  test("a VBE mode is refreshed at 60 Hz", () => {
    const rig = new VgaRig();
    rig.setMode(modes.text);
    rig.setVbeMode(800, 600, 32);
    expect(1e9 / retracePeriod(rig)).toBeCloseTo(60, 0);
  });

  test("a line of 31.8 µs has a displayed part and a blank one", () => {
    const rig = new VgaRig();
    rig.setMode(modes.text);
    pollUntil(rig, NOT_DISPLAYING, true, 50);
    pollUntil(rig, NOT_DISPLAYING, false, 50);
    const start = rig.clock.now();
    pollUntil(rig, NOT_DISPLAYING, true, 50);
    const displayed = rig.clock.now() - start;
    pollUntil(rig, NOT_DISPLAYING, false, 50);
    expect(displayed).toBeCloseTo(25_422, -3);
    expect(rig.clock.now() - start).toBeCloseTo(31_778, -3);
  });

  test("a retrace ends and comes again even when the clock stands still", () => {
    const rig = new VgaRig();
    rig.setMode(modes.text);
    expect(pollUntil(rig, RETRACE, true, 0)).toBeLessThan(1_000_000);
    expect(pollUntil(rig, RETRACE, false, 0)).toBeLessThan(1_000_000);
    expect(pollUntil(rig, RETRACE, true, 0)).toBeLessThan(1_000_000);
  });

  test("registers that make no frame still give one of a real monitor", () => {
    const rig = new VgaRig();
    rig.out(0x3c2, 0x01);
    expect(1e9 / retracePeriod(rig)).toBeCloseTo(70.09, 0);
  });

  test("the vertical interrupt is pending after a retrace until it is acknowledged", () => {
    const rig = new VgaRig();
    rig.setMode(modes.text);
    const pending = () => (rig.in(0x3c2) & 0x80) !== 0;
    rig.set(0x3d4, 0x11, 0x0e);
    rig.set(0x3d4, 0x11, 0x1e);
    pollUntil(rig, RETRACE, false, 1000);
    rig.set(0x3d4, 0x11, 0x0e);
    rig.set(0x3d4, 0x11, 0x1e);
    expect(pending()).toBe(false);
    pollUntil(rig, RETRACE, true, 1000);
    expect(pending()).toBe(true);
    rig.set(0x3d4, 0x11, 0x0e);
    expect(pending()).toBe(false);
    rig.set(0x3d4, 0x11, 0x1e);
    expect(pending()).toBe(false);
  });
});
