import { describe, expect, test } from "vitest";
import { describeDeviceContract } from "../../board/testing/device-contract.ts";
import { seededRandom } from "../../board/testing/random.ts";
import { modes, VgaRig } from "./testing/vga-rig.ts";

describeDeviceContract("vga", () => {
  const { vga, clock } = new VgaRig();
  return {
    device: vga,
    clock,
    targets: [
      { target: vga.ports, length: 0x30, width: 1 },
      { target: vga.dispiPorts, length: 4, width: 2 },
      { target: vga.mmio, length: 0x1000, width: 4 },
      { target: vga.window, length: 0x20000, width: 4 },
    ],
  };
});

describe("register ports", () => {
  test("the CRT controller answers at 3Dx in colour and at 3Bx in monochrome", () => {
    const rig = new VgaRig();
    rig.out(0x3c2, 0x01);
    rig.set(0x3d4, 0x0f, 0x12);
    rig.set(0x3b4, 0x0f, 0x34);
    expect(rig.in(0x3d5)).toBe(0x12);
    expect(rig.in(0x3b5)).toBe(0xff);
    rig.out(0x3c2, 0x00);
    expect(rig.in(0x3d5)).toBe(0xff);
    expect(rig.in(0x3b5)).toBe(0x12);
    expect(rig.in(0x3cc)).toBe(0x00);
  });

  test("CRTC registers 0 to 7 are write-protected but for the line compare bit", () => {
    const rig = new VgaRig();
    rig.out(0x3c2, 0x01);
    rig.set(0x3d4, 0x01, 0x4f);
    rig.set(0x3d4, 0x07, 0x00);
    rig.set(0x3d4, 0x11, 0x80);
    rig.set(0x3d4, 0x01, 0x27);
    rig.set(0x3d4, 0x07, 0xff);
    rig.set(0x3d4, 0x0c, 0x55);
    const registers = [0x01, 0x07, 0x0c].map((index) => {
      rig.out(0x3d4, index);
      return rig.in(0x3d5);
    });
    expect(registers).toEqual([0x4f, 0x10, 0x55]);
  });

  test("the attribute controller alternates between index and data until status 1 is read", () => {
    const rig = new VgaRig();
    rig.out(0x3c2, 0x01);
    rig.in(0x3da);
    rig.out(0x3c0, 0x23);
    rig.out(0x3c0, 0x15);
    expect(rig.in(0x3c0)).toBe(0x23);
    expect(rig.in(0x3c1)).toBe(0x15);
    rig.out(0x3c0, 0x24);
    rig.in(0x3da);
    rig.out(0x3c0, 0x23);
    expect(rig.in(0x3c1)).toBe(0x15);
  });

  test("the DAC counts through components and colours, and tells reading from writing", () => {
    const rig = new VgaRig();
    rig.out(0x3c8, 255);
    for (const value of [1, 2, 3, 0xff, 5, 6]) rig.out(0x3c9, value);
    expect(rig.in(0x3c7)).toBe(0);
    expect(rig.in(0x3c8)).toBe(1);
    rig.out(0x3c7, 255);
    expect(rig.in(0x3c7)).toBe(3);
    expect([0, 1, 2, 3, 4, 5].map(() => rig.in(0x3c9))).toEqual([1, 2, 3, 0x3f, 5, 6]);
  });

  test("the register region mirrors ports 3C0 to 3DF and the VBE registers", () => {
    const rig = new VgaRig();
    rig.vga.mmio.write(0x402, 0x01, 1);
    expect(rig.in(0x3cc)).toBe(0x01);
    rig.vga.mmio.write(0x404, 0x0f02, 2);
    rig.out(0x3c4, 2);
    expect(rig.in(0x3c5)).toBe(0x0f);
    rig.vga.mmio.write(0x502, 800, 2);
    expect(rig.readDispi(1)).toBe(800);
    expect(rig.vga.mmio.read(0x500, 2)).toBe(0xb0c5);
    expect(rig.vga.mmio.read(0x604, 4)).toBe(0x1e1e1e1e);
  });
});

describe("blanking", () => {
  test("the screen is black while the palette address source is off, and comes back as it was", () => {
    const rig = new VgaRig();
    rig.setMode(modes.packed);
    rig.setColor(1, 63, 0, 0);
    rig.poke(0xa0000, 1);
    expect(rig.pixel(0, 0)).toBe("ff0000");
    rig.in(0x3da);
    rig.out(0x3c0, 0x00);
    expect(rig.pixel(0, 0)).toBe("000000");
    expect(rig.vga.screen.width).toBe(320);
    rig.in(0x3da);
    rig.out(0x3c0, 0x20);
    expect(rig.pixel(0, 0)).toBe("ff0000");
  });

  test("the sequencer's screen off bit blanks as well", () => {
    const rig = new VgaRig();
    rig.setMode(modes.text);
    expect(rig.vga.screen.text()).not.toBeNull();
    rig.set(0x3c4, 1, 0x20);
    expect(rig.vga.screen.text()).toBeNull();
    expect(rig.pixel(0, 0)).toBe("000000");
  });
});

describe("the screen", () => {
  test("a new mode gives new pixels and one rectangle over all of them; then nothing changes", () => {
    const rig = new VgaRig();
    rig.setMode(modes.packed);
    const { screen } = rig.vga;
    expect(screen.refresh()).toEqual([{ x: 0, y: 0, width: 320, height: 200 }]);
    const { pixels } = screen;
    expect(pixels.length).toBe(320 * 200 * 4);
    expect(screen.refresh()).toEqual([]);
    rig.setMode(modes.planar);
    expect(screen.refresh()).toEqual([{ x: 0, y: 0, width: 640, height: 480 }]);
    expect(screen.pixels).not.toBe(pixels);
  });

  test("legacy modes fill a screen of 4:3, VBE modes have square pixels", () => {
    const rig = new VgaRig();
    const aspectIn = (mode: keyof typeof modes) => {
      rig.setMode(modes[mode]);
      rig.vga.screen.refresh();
      return rig.vga.screen.pixelAspect;
    };
    expect(aspectIn("text")).toBeCloseTo(4 / 3 / (720 / 400));
    expect(aspectIn("packed")).toBeCloseTo(4 / 3 / (320 / 200));
    expect(aspectIn("planar")).toBeCloseTo(1);
    rig.setVbeMode(1280, 1024, 8);
    rig.vga.screen.refresh();
    expect(rig.vga.screen.pixelAspect).toBe(1);
  });

  test("a loaded state is drawn whole", () => {
    const rig = new VgaRig();
    rig.setMode(modes.packed);
    rig.setColor(1, 0, 63, 0);
    rig.poke(0xa0000, 1);
    const saved = structuredClone(rig.vga.state);
    rig.setMode(modes.planar);
    rig.vga.screen.refresh();
    rig.vga.state = saved;
    rig.vga.afterLoad();
    expect(rig.pixel(0, 0)).toBe("00ff00");
    expect(rig.vga.screen.width).toBe(320);
  });

  test("random registers, memory and time never make a refresh throw or leave the screen", () => {
    const random = seededRandom(42);
    const rig = new VgaRig();
    const starts = Object.values(modes);
    for (let round = 0; round < 150; round++) {
      rig.setMode(starts[round % starts.length]!);
      for (let i = 0; i < 12; i++) {
        const kind = random(6);
        if (kind === 0) rig.dispi(random(12), random(4) === 0 ? random(0x10000) : random(64));
        else if (kind === 1) rig.set(0x3c4, random(5), random(256));
        else if (kind === 2) rig.set(0x3ce, random(9), random(256));
        else if (kind === 3) rig.setAttribute(random(21), random(256));
        else rig.set(0x3d4, random(25), random(256));
        rig.vga.window.write(random(0x1fffc), random(0x10000), 4);
      }
      rig.clock.moveTo(rig.clock.now() + random(1e9));
      const { screen } = rig.vga;
      for (const { x, y, width, height } of screen.refresh()) {
        expect(Math.min(x, y), `round ${round}`).toBeGreaterThanOrEqual(0);
        expect(Math.min(width, height), `round ${round}`).toBeGreaterThan(0);
        expect(x + width, `round ${round}`).toBeLessThanOrEqual(screen.width);
        expect(y + height, `round ${round}`).toBeLessThanOrEqual(screen.height);
      }
      expect(screen.pixels.length).toBe(screen.width * screen.height * 4);
      const transparent = new Uint32Array(screen.pixels.buffer).findIndex((pixel) => pixel >>> 24 !== 255);
      expect(transparent, `round ${round}`).toBe(-1);
      screen.text();
    }
  });
});
