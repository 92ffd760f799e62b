import { describe, expect, test } from "vitest";
import { modes, VgaRig } from "./testing/vga-rig.ts";

const BLUE = "0000aa";
const GREY = "aaaaaa";
const BLACK = "000000";
const legend = { [BLACK]: ".", [GREY]: "#", [BLUE]: "b", ffffff: "W", aa0000: "r" };

/** Frames of 70 Hz. */
const FRAME_NS = 14_268_000;

function textRig(): VgaRig {
  const rig = new VgaRig();
  rig.setMode(modes.text);
  rig.set(0x3d4, 0x0a, 0x20);
  return rig;
}

/** Defines a character in the font at `start` of plane 2. */
function defineGlyph(rig: VgaRig, code: number, rows: number[], start = 0): void {
  rows.forEach((row, i) => {
    rig.video[(start + code * 32 + i) * 4 + 2] = row;
  });
  rig.pokeLinear((start + code * 32) * 4 + 2, rows[0]!);
}

function write(rig: VgaRig, row: number, column: number, text: string, attribute = 0x07): void {
  [...text].forEach((character, i) => {
    rig.poke(0xb8000 + 2 * (row * 80 + column + i), character.charCodeAt(0), attribute);
  });
}

describe("text modes", () => {
  test("a character is drawn from the font in plane 2, nine dots wide", () => {
    const rig = textRig();
    defineGlyph(rig, 0x41, [0x18, 0x3c, 0x81, 0xff]);
    write(rig, 0, 1, "A");
    expect(rig.vga.screen.refresh()).toEqual([{ x: 0, y: 0, width: 720, height: 400 }]);
    expect(rig.region(8, 0, 12, 5, legend)).toEqual([
      "....##......",
      "...####.....",
      ".#......#...",
      ".########...",
      "............",
    ]);
  });

  test("the ninth dot repeats the eighth for line-drawing characters only", () => {
    const rig = textRig();
    defineGlyph(rig, 0xc4, [0x01]);
    defineGlyph(rig, 0xb3, [0x01]);
    rig.poke(0xb8000, 0xc4, 0x07, 0xb3, 0x07);
    expect(rig.region(0, 0, 18, 1, legend)).toEqual([".......##.......#."]);
    rig.setAttribute(0x10, 0x08);
    expect(rig.region(0, 0, 18, 1, legend)).toEqual([".......#........#."]);
  });

  test("an attribute gives foreground and background; bit 7 blinks or brightens", () => {
    const rig = textRig();
    defineGlyph(rig, 0x41, [0xf0]);
    write(rig, 0, 0, "A", 0x9f);
    expect(rig.region(0, 0, 9, 1, legend)).toEqual(["WWWWbbbbb"]);
    rig.clock.moveTo(20 * FRAME_NS);
    expect(rig.region(0, 0, 9, 1, legend)).toEqual(["bbbbbbbbb"]);
    rig.clock.moveTo(36 * FRAME_NS);
    expect(rig.region(0, 0, 9, 1, legend)).toEqual(["WWWWbbbbb"]);
    rig.setAttribute(0x10, 0x04);
    rig.clock.moveTo(52 * FRAME_NS);
    expect(rig.region(0, 0, 9, 1, { ...legend, "5555ff": "B" })).toEqual(["WWWWBBBBB"]);
  });

  test("the cursor covers its lines of its cell and blinks every eight frames", () => {
    const rig = textRig();
    rig.set(0x3d4, 0x0a, 14);
    rig.set(0x3d4, 0x0b, 15);
    rig.set(0x3d4, 0x0f, 2);
    write(rig, 0, 0, "    ");
    const cell = () => rig.region(17, 13, 11, 4, legend);
    expect(cell()).toEqual(["...........", ".#########.", ".#########.", "..........."]);
    rig.clock.moveTo(9 * FRAME_NS);
    expect(rig.vga.screen.refresh()).toEqual([{ x: 18, y: 0, width: 9, height: 16 }]);
    expect(cell()).toEqual(["...........", "...........", "...........", "..........."]);
    rig.clock.moveTo(17 * FRAME_NS);
    expect(cell()[1]).toBe(".#########.");
    rig.set(0x3d4, 0x0a, 0x20 | 14);
    expect(cell()[1]).toBe("...........");
  });

  test("underline is for attributes with a blue foreground on black", () => {
    const rig = textRig();
    rig.set(0x3d4, 0x14, 12);
    write(rig, 0, 0, "a", 0x01);
    write(rig, 0, 1, "a", 0x07);
    expect(rig.region(0, 12, 12, 1, legend)).toEqual(["bbbbbbbbb..."]);
  });

  test("attribute bit 3 selects between two fonts", () => {
    const rig = textRig();
    // Map A (bit 3 set) is map 4, at 8 KiB; map B is map 0.
    rig.set(0x3c4, 3, 0x20);
    defineGlyph(rig, 0x41, [0xff]);
    defineGlyph(rig, 0x41, [0x81], 0x2000);
    write(rig, 0, 0, "A", 0x07);
    write(rig, 0, 1, "A", 0x0f);
    expect(rig.region(0, 0, 18, 1, legend)).toEqual(["########.W......W."]);
  });

  test("a changed font is drawn in every cell that shows it", () => {
    const rig = textRig();
    write(rig, 3, 7, "A");
    rig.vga.screen.refresh();
    defineGlyph(rig, 0x41, [0xff]);
    expect(rig.region(63, 48, 9, 1, legend)).toEqual(["########."]);
  });

  test("a written cell is the only one drawn again", () => {
    const rig = textRig();
    rig.vga.screen.refresh();
    write(rig, 10, 20, "xyz");
    expect(rig.vga.screen.refresh()).toEqual([{ x: 180, y: 160, width: 27, height: 16 }]);
    expect(rig.vga.screen.refresh()).toEqual([]);
  });

  test("the start address scrolls, and rows are read as Unicode", () => {
    const rig = textRig();
    write(rig, 0, 0, "first");
    write(rig, 1, 0, "second \x01\xb0\xdb");
    expect(rig.vga.screen.text()?.[0]?.trimEnd()).toBe("first");
    rig.set(0x3d4, 0x0d, 80);
    const rows = rig.vga.screen.text()!;
    expect(rows).toHaveLength(25);
    expect(rows[0]).toHaveLength(80);
    expect(rows[0]?.trimEnd()).toBe("second ☺░█");
  });

  test.each([
    [7, 50],
    [8, 44],
  ])("a last scan line of %d gives %d rows", (lastLine, rows) => {
    const rig = textRig();
    rig.set(0x3d4, 0x09, 0x40 | lastLine);
    expect(rig.vga.screen.text()).toHaveLength(rows);
  });

  test("40 columns of 8 dots make a screen of 320 dots", () => {
    const rig = textRig();
    rig.set(0x3c4, 1, 0x09);
    rig.set(0x3d4, 0x11, 0x0e);
    rig.set(0x3d4, 0x01, 39);
    rig.set(0x3d4, 0x13, 20);
    defineGlyph(rig, 0x41, [0x81]);
    write(rig, 0, 0, "AA");
    expect(rig.region(0, 0, 17, 1, legend)).toEqual(["#......##......#."]);
    expect(rig.vga.screen.width).toBe(320);
    expect(rig.vga.screen.text()?.[0]).toHaveLength(40);
  });

  test("pel panning and preset row scan move the picture by dots and lines", () => {
    const rig = textRig();
    defineGlyph(rig, 0x41, [0x80, 0x40, 0x20]);
    write(rig, 0, 0, " A");
    // Nine dots: 8 is no panning, 2 is three dots.
    rig.setAttribute(0x13, 2);
    rig.set(0x3d4, 0x08, 1);
    expect(rig.region(5, 0, 5, 3, legend)).toEqual(["..#..", "...#.", "....."]);
  });

  test("below the line compare the screen starts again at address 0, without panning if told", () => {
    const rig = textRig();
    defineGlyph(rig, 0x41, [0x80]);
    write(rig, 0, 0, "A");
    rig.set(0x3d4, 0x0d, 160);
    rig.set(0x3d4, 0x07, 0x0f);
    rig.set(0x3d4, 0x09, 0x0f);
    rig.set(0x3d4, 0x18, 99);
    rig.setAttribute(0x13, 0);
    rig.setAttribute(0x10, 0x2c);
    expect(rig.region(0, 98, 2, 4, legend)).toEqual(["..", "..", "#.", ".."]);
  });

  test("there is no text in a graphics mode", () => {
    const rig = textRig();
    rig.setMode(modes.planar);
    expect(rig.vga.screen.text()).toBeNull();
  });
});
