import { describe, expect, test } from "vitest";
import { modes, VgaRig } from "./testing/vga-rig.ts";

const ega = {
  "000000": ".",
  "0000aa": "1",
  "00aa00": "2",
  "00aaaa": "3",
  aa0000: "4",
  aaaaaa: "7",
  "55ffff": "c",
  ff55ff: "m",
  ffffff: "w",
};

function rigIn(mode: keyof typeof modes): VgaRig {
  const rig = new VgaRig();
  rig.setMode(modes[mode]);
  return rig;
}

/** Colours 1 to 3 of the DAC as red, green and blue. */
function primaries(rig: VgaRig): Record<string, string> {
  rig.setColor(1, 63, 0, 0);
  rig.setColor(2, 0, 63, 0);
  rig.setColor(3, 0, 0, 63);
  return { "000000": ".", ff0000: "r", "00ff00": "g", "0000ff": "b" };
}

describe("planar modes", () => {
  test("640 × 480: a pixel is one bit of each plane, through the attribute palette", () => {
    const rig = rigIn("planar");
    rig.set(0x3c4, 2, 0b0001);
    rig.poke(0xa0000 + 80, 0b1010_0000);
    rig.set(0x3c4, 2, 0b0110);
    rig.poke(0xa0000 + 80, 0b0000_1111);
    rig.set(0x3c4, 2, 0b0010);
    rig.poke(0xa0000 + 80, 0b0110_0000);
    expect(rig.region(0, 0, 10, 3, ega)).toEqual(["..........", "123.4444..", ".........."]);
    expect([rig.vga.screen.width, rig.vga.screen.height]).toEqual([640, 480]);
  });

  test("320 × 200 has its lines doubled by the monitor, not in the picture", () => {
    const rig = rigIn("planar320");
    rig.setColor(0x17, 63, 63, 63);
    rig.poke(0xa0000 + 40, 0xf0);
    expect(rig.region(0, 0, 9, 3, ega)).toEqual([".........", "wwww.....", "........."]);
    expect([rig.vga.screen.width, rig.vga.screen.height]).toEqual([320, 200]);
  });

  test("pel panning moves the picture by dots, and the start address by bytes", () => {
    const rig = rigIn("planar");
    rig.set(0x3c4, 2, 0b0001);
    rig.poke(0xa0000, 0b0000_1000, 0b1000_0000);
    rig.setAttribute(0x13, 3);
    expect(rig.region(0, 0, 8, 1, ega)).toEqual([".1...1.."]);
    rig.set(0x3d4, 0x0d, 1);
    expect(rig.region(0, 0, 8, 1, ega)).toEqual(["........"]);
    rig.setAttribute(0x13, 0);
    expect(rig.region(0, 0, 8, 1, ega)).toEqual(["1......."]);
  });

  test("the offset register makes rows wider than the screen", () => {
    const rig = rigIn("planar");
    rig.set(0x3d4, 0x13, 50);
    rig.set(0x3c4, 2, 0b0001);
    rig.poke(0xa0000 + 100, 0xff);
    expect(rig.pixel(0, 1)).toBe("0000aa");
  });

  test("a disabled colour plane does not count", () => {
    const rig = rigIn("planar");
    rig.poke(0xa0000, 0xff);
    rig.setAttribute(0x12, 0b0001);
    expect(rig.pixel(0, 0)).toBe("0000aa");
  });

  test("the colour select register picks a page of the DAC", () => {
    const rig = rigIn("planar");
    rig.set(0x3c4, 2, 0b0001);
    rig.poke(0xa0000, 0xff);
    rig.setColor(0xd1, 63, 0, 63);
    rig.setAttribute(0x10, 0x81);
    rig.setAttribute(0x14, 0x0d);
    expect(rig.pixel(0, 0)).toBe("ff00ff");
  });
});

describe("CGA modes", () => {
  test("4 colours: two bits a pixel, odd lines 8 KiB further on", () => {
    const rig = rigIn("cga4");
    rig.setColor(0x13, 21, 63, 63);
    rig.setColor(0x15, 63, 21, 63);
    rig.setColor(0x17, 63, 63, 63);
    rig.poke(0xb8000, 0b01_10_11_00, 0b00_00_00_01);
    rig.poke(0xba000, 0b11_00_00_00);
    rig.poke(0xb8050, 0b10_00_00_00);
    expect(rig.region(0, 0, 9, 3, ega)).toEqual(["cmw....c.", "w........", "m........"]);
    expect([rig.vga.screen.width, rig.vga.screen.height]).toEqual([320, 200]);
  });

  test("2 colours: one bit a pixel, odd lines 8 KiB further on", () => {
    const rig = rigIn("cga2");
    rig.setColor(0x17, 42, 42, 42);
    rig.poke(0xb8000, 0b1010_0000);
    rig.poke(0xba000, 0b0100_0000, 0x80);
    rig.poke(0xb8050, 0b0001_0000);
    expect(rig.region(0, 0, 9, 3, ega)).toEqual(["7.7......", ".7......7", "...7....."]);
    expect([rig.vga.screen.width, rig.vga.screen.height]).toEqual([640, 200]);
  });
});

describe("256-colour modes", () => {
  test("mode 13h: a byte a pixel, through the DAC and its mask", () => {
    const rig = rigIn("packed");
    const legend = primaries(rig);
    rig.poke(0xa0000 + 320 * 199 + 317, 1, 2, 3);
    expect(rig.region(315, 198, 5, 2, legend)).toEqual([".....", "..rgb"]);
    rig.out(0x3c6, 0xfe);
    expect(rig.region(315, 199, 5, 1, legend)).toEqual(["...gg"]);
  });

  test("only the pixels that changed are in the rectangle", () => {
    const rig = rigIn("packed");
    primaries(rig);
    rig.vga.screen.refresh();
    rig.poke(0xa0000 + 320 * 50 + 100, 1, 1, 1);
    rig.poke(0xa0000 + 320 * 51 + 100, 1, 1, 1);
    expect(rig.vga.screen.refresh()).toEqual([{ x: 100, y: 50, width: 3, height: 2 }]);
    rig.poke(0xa0000 + 320 * 50 + 100, 1, 1, 1);
    expect(rig.vga.screen.refresh()).toEqual([]);
  });

  test("a change of the palette redraws the pixels that have the colour", () => {
    const rig = rigIn("packed");
    primaries(rig);
    rig.poke(0xa0000 + 320 * 7 + 9, 1);
    rig.vga.screen.refresh();
    rig.setColor(1, 63, 63, 0);
    expect(rig.vga.screen.refresh()).toEqual([{ x: 9, y: 7, width: 1, height: 1 }]);
    rig.setColor(2, 63, 63, 0);
    expect(rig.vga.screen.refresh()).toEqual([]);
  });

  test("mode X: each plane holds every fourth pixel, and pages flip by the start address", () => {
    const rig = rigIn("modeX");
    const legend = primaries(rig);
    [0b0001, 0b0010, 0b0100].forEach((mask, i) => {
      rig.set(0x3c4, 2, mask);
      rig.poke(0xa0000 + 80, i + 1);
      rig.poke(0xa4b00, 3 - i);
    });
    expect(rig.region(0, 0, 5, 2, legend)).toEqual([".....", "rgb.."]);
    expect([rig.vga.screen.width, rig.vga.screen.height]).toEqual([320, 240]);
    rig.set(0x3d4, 0x0c, 0x4b);
    expect(rig.region(0, 0, 5, 2, legend)).toEqual(["bgr..", "....."]);
  });

  test("mode X pans by single pixels", () => {
    const rig = rigIn("modeX");
    const legend = primaries(rig);
    rig.set(0x3c4, 2, 0b1000);
    rig.poke(0xa0000, 1);
    rig.setAttribute(0x13, 4);
    expect(rig.region(0, 0, 4, 1, legend)).toEqual([".r.."]);
  });

  test("a split screen shows address 0 below the line compare", () => {
    const rig = rigIn("modeX");
    const legend = primaries(rig);
    rig.set(0x3c4, 2, 0b0001);
    rig.poke(0xa0000, 1);
    rig.poke(0xa4b00, 2);
    rig.set(0x3d4, 0x0c, 0x4b);
    // Scan line 399 is the second of row 199.
    rig.set(0x3d4, 0x11, 0x0c);
    rig.set(0x3d4, 0x07, 0x3e);
    rig.set(0x3d4, 0x09, 0x01);
    rig.set(0x3d4, 0x18, 399 & 0xff);
    expect(rig.region(0, 0, 2, 1, legend)).toEqual(["g."]);
    expect(rig.region(0, 199, 2, 3, legend)).toEqual(["..", "r.", ".."]);
  });
});
