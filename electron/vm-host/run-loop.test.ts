import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Slice } from "../../core/pc-options.ts";
import { RunLoop } from "./run-loop.ts";
import { FakePc } from "./testing/fake-pc.ts";

/** A guest that sleeps until each of its alarms, on a host whose clock is the test's. */
class Rig {
  /** The host's time as each slice was told it, in milliseconds. */
  readonly slices: number[] = [];
  /** Milliseconds that each slice was given. */
  readonly lengths: (number | undefined)[] = [];
  readonly pc = new FakePc({ memoryMib: 1, drives: [], bootOrder: [], epochMs: 0 });
  readonly loop: RunLoop;

  constructor(slice: (toldMs: number) => Slice) {
    this.pc.runSlice = (hostNs, maxMs) => {
      this.slices.push(hostNs / 1e6);
      this.lengths.push(maxMs);
      return slice(hostNs / 1e6);
    };
    this.loop = new RunLoop(this.pc, { onSlice() {}, onEnd() {}, onStop() {}, isBacklogged: () => false });
  }
}

const every = (ms: number) => {
  let due = performance.now();
  return (told: number): Slice => {
    while (due <= told) due += ms;
    return { state: "idle", sleepNs: (due - told) * 1e6 };
  };
};

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test.each([4, 3.7, 1.2, 54.925])("an alarm every %d ms wakes the machine once each time", (ms) => {
  const began = performance.now();
  const { loop, slices } = new Rig(every(ms));
  loop.resume();
  vi.advanceTimersByTime(100 * ms);
  loop.pause();
  expect(slices.length).toBeGreaterThanOrEqual(99);
  expect(slices.length).toBeLessThanOrEqual(102);
  expect(slices.at(-1)! - began).toBeLessThanOrEqual(100 * ms + 1);
});

test("a timer that rings early rings for the alarm all the same, no more than a millisecond before it", () => {
  vi.useRealTimers();
  const now = vi.spyOn(performance, "now").mockReturnValue(1000);
  const rung: (() => void)[] = [];
  vi.spyOn(globalThis, "setTimeout").mockImplementation(((run: () => void) => rung.push(run)) as never);
  vi.spyOn(globalThis, "setImmediate").mockImplementation(((run: () => void) => rung.push(run)) as never);
  const { loop, slices } = new Rig(() => ({ state: "idle", sleepNs: 4e6 }));
  const ring = (at: number) => {
    now.mockReturnValue(at);
    rung.pop()!();
  };
  loop.resume();
  ring(1000);
  ring(1003.25);
  // 0.75 ms ahead of the host, the guest's four milliseconds are over 4.75 ms from now.
  ring(1007.5);
  ring(1008);
  expect(slices).toEqual([1000, 1004, 1008, 1008]);
  vi.restoreAllMocks();
});

test("what comes in does not wait for the alarm, and does not bring it nearer", () => {
  const began = performance.now();
  const { loop, slices, pc } = new Rig(() => ({ state: "idle", sleepNs: Number.POSITIVE_INFINITY }));
  loop.resume();
  vi.advanceTimersByTime(10);
  pc.onWake();
  vi.advanceTimersByTime(10);
  loop.pause();
  expect(slices.map((told) => told - began)).toEqual([0, 10]);
});

test("what the event loop does between two slices is taken off the second, which stays longer than nothing", () => {
  vi.useRealTimers();
  const now = vi.spyOn(performance, "now").mockReturnValue(1000);
  const turns: (() => void)[] = [];
  vi.spyOn(globalThis, "setImmediate").mockImplementation(((run: () => void) => turns.push(run)) as never);
  const { loop, lengths } = new Rig(() => ({ state: "busy" }));
  loop.resume();
  for (const at of [1000, 1000, 1000.5, 1100.5]) {
    now.mockReturnValue(at);
    turns.pop()!();
  }
  expect(lengths).toEqual([4, 4, 3.5, 3]);
  vi.restoreAllMocks();
});
