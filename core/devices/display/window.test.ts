import { describe, expect, test } from "vitest";
import { modes, VgaRig } from "./testing/vga-rig.ts";

const BIT_MASK = 8;
const MODE = 5;

function planarRig(): VgaRig {
  const rig = new VgaRig();
  rig.setMode(modes.planar);
  return rig;
}

/** The bytes of planes 0 to 3 at `offset`. */
const planesAt = (rig: VgaRig, offset: number): number[] => [
  ...rig.video.subarray(offset * 4, offset * 4 + 4),
];

/** Puts four bytes into the planes at A0000 and reads them, so that the latches hold them too. */
function latch(rig: VgaRig, ...planes: [number, number, number, number]): void {
  planes.forEach((byte, plane) => {
    rig.set(0x3c4, 2, 1 << plane);
    rig.poke(0xa0000, byte);
  });
  rig.set(0x3c4, 2, 0x0f);
  rig.peek(0xa0000);
}

describe("write modes", () => {
  test("mode 0 writes the planes that the map mask lets through", () => {
    const rig = planarRig();
    rig.set(0x3c4, 2, 0b0101);
    rig.poke(0xa0000, 0xa5);
    expect(planesAt(rig, 0)).toEqual([0xa5, 0, 0xa5, 0]);
  });

  test("mode 0 rotates the byte to the right", () => {
    const rig = planarRig();
    rig.set(0x3ce, 3, 3);
    rig.poke(0xa0000, 0b0000_0101);
    expect(planesAt(rig, 0)).toEqual([0xa0, 0xa0, 0xa0, 0xa0]);
  });

  test("mode 0 takes planes with set/reset enabled from the set/reset register", () => {
    const rig = planarRig();
    rig.set(0x3ce, 0, 0b0010);
    rig.set(0x3ce, 1, 0b0011);
    rig.poke(0xa0000, 0x3c);
    expect(planesAt(rig, 0)).toEqual([0, 0xff, 0x3c, 0x3c]);
  });

  test.each([
    ["AND", 1, [0x08, 0x30, 0x00, 0x3c]],
    ["OR", 2, [0x3f, 0x3c, 0x3c, 0xff]],
    ["XOR", 3, [0x37, 0x0c, 0x3c, 0xc3]],
  ])("mode 0 combines the byte with the latches by %s", (_name, operation, expected) => {
    const rig = planarRig();
    latch(rig, 0x0b, 0x30, 0x00, 0xff);
    rig.set(0x3ce, 3, operation << 3);
    rig.poke(0xa0000, 0x3c);
    expect(planesAt(rig, 0)).toEqual(expected);
  });

  test("bits outside the bit mask come from the latches, not from memory", () => {
    const rig = planarRig();
    latch(rig, 0x11, 0x22, 0x44, 0x88);
    rig.set(0x3ce, BIT_MASK, 0xf0);
    rig.poke(0xa0001, 0xff);
    expect(planesAt(rig, 1)).toEqual([0xf1, 0xf2, 0xf4, 0xf8]);
  });

  test("mode 1 copies the latches", () => {
    const rig = planarRig();
    latch(rig, 1, 2, 3, 4);
    rig.set(0x3ce, MODE, 1);
    rig.set(0x3ce, BIT_MASK, 0x0f);
    rig.poke(0xa0050, 0xff);
    expect(planesAt(rig, 0x50)).toEqual([1, 2, 3, 4]);
  });

  test("mode 2 makes a colour of the byte, within the bit mask", () => {
    const rig = planarRig();
    latch(rig, 0xff, 0xff, 0, 0);
    rig.set(0x3ce, MODE, 2);
    rig.set(0x3ce, BIT_MASK, 0x80);
    rig.poke(0xa0000, 0b1010);
    expect(planesAt(rig, 0)).toEqual([0x7f, 0xff, 0, 0x80]);
  });

  test("mode 3 draws the set/reset colour where byte and bit mask are set", () => {
    const rig = planarRig();
    latch(rig, 0, 0xff, 0, 0xff);
    rig.set(0x3ce, MODE, 3);
    rig.set(0x3ce, 0, 0b0101);
    rig.set(0x3ce, BIT_MASK, 0x3c);
    rig.poke(0xa0000, 0xf0);
    expect(planesAt(rig, 0)).toEqual([0x30, 0xcf, 0x30, 0xcf]);
  });
});

describe("read modes", () => {
  test("mode 0 reads the selected plane", () => {
    const rig = planarRig();
    latch(rig, 0x10, 0x21, 0x32, 0x43);
    const read = [0, 1, 2, 3].map((plane) => {
      rig.set(0x3ce, 4, plane);
      return rig.peek(0xa0000);
    });
    expect(read).toEqual([0x10, 0x21, 0x32, 0x43]);
  });

  test("mode 1 shows which pixels have the compared colour, minding the planes that count", () => {
    const rig = planarRig();
    latch(rig, 0b1100_0000, 0b1010_0000, 0, 0);
    rig.set(0x3ce, MODE, 0x08);
    rig.set(0x3ce, 2, 0b0011);
    rig.set(0x3ce, 7, 0b1111);
    expect(rig.peek(0xa0000)).toBe(0b1000_0000);
    rig.set(0x3ce, 7, 0b0001);
    expect(rig.peek(0xa0000)).toBe(0b1100_0000);
    rig.set(0x3ce, 7, 0);
    expect(rig.peek(0xa0000)).toBe(0xff);
  });
});

describe("addressing", () => {
  test("odd/even puts characters into plane 0 and attributes into plane 1", () => {
    const rig = new VgaRig();
    rig.setMode(modes.text);
    rig.poke(0xb8000, 0x41, 0x07, 0x42, 0x70);
    expect(planesAt(rig, 0)).toEqual([0x41, 0x07, 0, 0]);
    expect(planesAt(rig, 2)).toEqual([0x42, 0x70, 0, 0]);
    expect([0, 1, 2, 3].map((i) => rig.peek(0xb8000 + i))).toEqual([0x41, 0x07, 0x42, 0x70]);
  });

  test("chain-4 addresses are packed bytes", () => {
    const rig = new VgaRig();
    rig.setMode(modes.packed);
    rig.vga.window.write(5, 0x44332211, 4);
    expect([...rig.video.subarray(4, 10)]).toEqual([0, 0x11, 0x22, 0x33, 0x44, 0]);
    expect(rig.vga.window.read(5, 4)).toBe(0x44332211);
  });

  test("chain-4 minds the map mask", () => {
    const rig = new VgaRig();
    rig.setMode(modes.packed);
    rig.set(0x3c4, 2, 0b0010);
    rig.poke(0xa0000, 1, 2, 3, 4);
    expect(planesAt(rig, 0)).toEqual([0, 2, 0, 0]);
  });

  test.each([
    [0, [0xa0000, 0xb7fff]],
    [1, [0xa0000, 0xaffff]],
    [2, [0xb0000, 0xb7fff]],
    [3, [0xb8000, 0xbffff]],
  ])("memory map %d answers there and nowhere else", (map, answering) => {
    const rig = planarRig();
    rig.set(0x3ce, 6, 0x01 | (map << 2));
    rig.video.fill(0x5a, 0, 0x40000);
    const edges = [0xa0000, 0xaffff, 0xb0000, 0xb7fff, 0xb8000, 0xbffff];
    const [first, last] = answering as [number, number];
    for (const address of edges) {
      const inside = map === 0 || (address >= first && address <= last);
      expect(rig.peek(address), address.toString(16)).toBe(inside ? 0x5a : 0xff);
    }
  });

  test("nothing answers while the miscellaneous output keeps memory off", () => {
    const rig = planarRig();
    rig.out(0x3c2, 0xe1);
    rig.poke(0xa0000, 0x55);
    expect(rig.peek(0xa0000)).toBe(0xff);
    expect(planesAt(rig, 0)).toEqual([0, 0, 0, 0]);
  });
});

describe("direct mapping", () => {
  test("is offered in mode 13h, and withdrawn when unchained or when writes are altered", () => {
    const rig = planarRig();
    const { window } = rig.vga;
    let changes = 0;
    window.onChange = () => changes++;
    expect(window.direct).toBeNull();
    rig.setMode(modes.packed);
    expect(window.direct).toEqual({ offset: 0, length: 0x10000, videoOffset: 0 });
    expect(changes).toBeGreaterThan(0);
    rig.set(0x3c4, 2, 0x01);
    expect(window.direct).toBeNull();
    rig.set(0x3c4, 2, 0x0f);
    expect(window.direct).not.toBeNull();
    rig.set(0x3ce, BIT_MASK, 0x0f);
    expect(window.direct).toBeNull();
    rig.set(0x3ce, BIT_MASK, 0xff);
    rig.set(0x3c4, 4, 0x06);
    expect(window.direct).toBeNull();
  });

  test("follows the bank of a VBE mode", () => {
    const rig = new VgaRig();
    rig.setVbeMode(640, 480, 8);
    const { window } = rig.vga;
    rig.dispi(5, 3);
    expect(window.direct).toEqual({ offset: 0, length: 0x10000, videoOffset: 0x30000 });
    rig.poke(0xa0010, 0x77);
    expect(rig.video[0x30010]).toBe(0x77);
    expect(rig.peek(0xb8000)).toBe(0xff);
    rig.dispi(4, 0);
    expect(window.direct).toBeNull();
  });
});
