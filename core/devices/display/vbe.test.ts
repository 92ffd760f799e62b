import { describe, expect, test } from "vitest";
import { VgaRig, VIDEO_SIZE } from "./testing/vga-rig.ts";

const XRES = 1;
const YRES = 2;
const BPP = 3;
const ENABLE = 4;
const VIRT_WIDTH = 6;
const VIRT_HEIGHT = 7;
const X_OFFSET = 8;
const Y_OFFSET = 9;

function rigIn(width: number, height: number, bpp: number): VgaRig {
  const rig = new VgaRig();
  rig.setVbeMode(width, height, bpp);
  return rig;
}

describe("Bochs VBE registers", () => {
  test("identify the interface, its memory and its limits", () => {
    const rig = new VgaRig();
    expect(rig.readDispi(0)).toBe(0xb0c5);
    expect(rig.readDispi(0xa)).toBe(VIDEO_SIZE / 0x10000);
    rig.dispi(0, 0xb0c2);
    expect(rig.readDispi(0)).toBe(0xb0c2);
    rig.dispi(0, 0x1234);
    expect(rig.readDispi(0)).toBe(0xb0c2);
    rig.dispi(ENABLE, 0x02);
    expect([XRES, YRES, BPP].map((index) => rig.readDispi(index))).toEqual([2560, 1600, 32]);
  });

  test("the data port answers at 1CF and at 1D0", () => {
    const rig = new VgaRig();
    rig.vga.dispiPorts.write(0, XRES, 2);
    rig.vga.dispiPorts.write(2, 1024, 2);
    expect(rig.vga.dispiPorts.read(1, 2)).toBe(1024);
  });

  test("a resolution beyond the limits is refused", () => {
    const rig = new VgaRig();
    rig.dispi(XRES, 800);
    rig.dispi(XRES, 2561);
    rig.dispi(BPP, 24);
    rig.dispi(BPP, 12);
    expect([XRES, BPP].map((index) => rig.readDispi(index))).toEqual([800, 24]);
  });

  test("enabling resets the virtual screen and clears memory, unless told not to", () => {
    const rig = rigIn(640, 480, 8);
    rig.dispi(VIRT_WIDTH, 1024);
    rig.dispi(X_OFFSET, 8);
    rig.dispi(ENABLE, 0);
    rig.pokeLinear(0, 0x55);
    rig.dispi(ENABLE, 0xc1);
    expect(rig.readDispi(VIRT_WIDTH)).toBe(640);
    expect(rig.readDispi(VIRT_HEIGHT)).toBe(Math.floor(VIDEO_SIZE / 640));
    expect(rig.readDispi(X_OFFSET)).toBe(0);
    expect(rig.video[0]).toBe(0x55);
    rig.dispi(ENABLE, 0);
    rig.dispi(ENABLE, 0x41);
    expect(rig.video[0]).toBe(0);
  });

  test("a virtual screen that does not fit into memory is refused, and offsets stay within it", () => {
    const rig = rigIn(1920, 1080, 32);
    rig.dispi(VIRT_WIDTH, 0xffff);
    expect(rig.readDispi(VIRT_WIDTH)).toBe(1920);
    rig.dispi(X_OFFSET, 100);
    rig.dispi(Y_OFFSET, 0xffff);
    expect(rig.readDispi(X_OFFSET)).toBe(0);
    expect(rig.readDispi(Y_OFFSET)).toBe(rig.readDispi(VIRT_HEIGHT) - 1080);
    rig.vga.screen.refresh();
    expect(rig.vga.screen.height).toBe(1080);
  });

  test("the DAC widens to 8 bits and narrows again without changing colours", () => {
    const rig = rigIn(640, 480, 8);
    rig.setColor(1, 63, 32, 0);
    rig.pokeLinear(0, 1);
    expect(rig.pixel(0, 0)).toBe("ff8200");
    rig.dispi(ENABLE, 0x61);
    expect(rig.pixel(0, 0)).toBe("ff8200");
    rig.setColor(1, 0x12, 0x34, 0xfe);
    expect(rig.pixel(0, 0)).toBe("1234fe");
    rig.dispi(ENABLE, 0x41);
    rig.out(0x3c7, 1);
    expect([rig.in(0x3c9), rig.in(0x3c9), rig.in(0x3c9)]).toEqual([0x12 >> 2, 0x34 >> 2, 0xfe >> 2]);
  });
});

describe("VBE modes", () => {
  test.each([
    [15, [0x00, 0x7c], "ff0000"],
    [15, [0xe1, 0x03], "00ff08"],
    [16, [0x00, 0xf8], "ff0000"],
    [16, [0xe1, 0x07], "00ff08"],
    [24, [0x11, 0x22, 0x33], "332211"],
    [32, [0x11, 0x22, 0x33, 0x99], "332211"],
  ])("%d bits: bytes %o are a pixel of %s", (bpp, bytes, color) => {
    const rig = rigIn(800, 600, bpp);
    const width = Math.ceil(bpp / 8);
    rig.pokeLinear((800 * 599 + 799) * width, ...bytes);
    expect(rig.pixel(799, 599)).toBe(color);
    expect(rig.pixel(798, 599)).toBe("000000");
  });

  test("4 bits: planes are written through the window, beyond 64 KiB by banks", () => {
    const rig = rigIn(1024, 768, 4);
    rig.out(0x3c2, 0x63);
    rig.set(0x3c4, 2, 0x0f);
    rig.set(0x3c4, 4, 0x06);
    rig.set(0x3ce, 8, 0xff);
    rig.setAttribute(15, 15);
    rig.setAttribute(0x12, 15);
    rig.setColor(15, 63, 63, 63);
    rig.dispi(5, 1);
    rig.poke(0xa0000, 0x40);
    const byte = 0x10000;
    expect(rig.pixel(((byte % 128) << 3) + 1, Math.floor(byte / 128))).toBe("ffffff");
    expect(rig.pixel((byte % 128) << 3, Math.floor(byte / 128))).toBe("000000");
  });

  test("virtual width and offsets move the picture over a larger screen", () => {
    const rig = rigIn(640, 480, 32);
    rig.dispi(VIRT_WIDTH, 1000);
    rig.pokeLinear((1000 * 300 + 700) * 4, 0xff, 0, 0, 0);
    rig.dispi(X_OFFSET, 690);
    rig.dispi(Y_OFFSET, 295);
    expect(rig.readDispi(X_OFFSET)).toBe(360);
    expect(rig.pixel(340, 5)).toBe("0000ff");
  });

  test("a write through the frame buffer draws its rows only, cut to what changed", () => {
    const rig = rigIn(1024, 768, 32);
    const { screen } = rig.vga;
    expect(screen.refresh()).toEqual([{ x: 0, y: 0, width: 1024, height: 768 }]);
    rig.pokeLinear((1024 * 10 + 20) * 4, 1, 2, 3, 4, 5, 6, 7, 8);
    rig.pokeLinear((1024 * 700 + 1000) * 4, 9);
    expect(screen.refresh()).toEqual([
      { x: 20, y: 10, width: 2, height: 1 },
      { x: 1000, y: 700, width: 1, height: 1 },
    ]);
    expect(screen.refresh()).toEqual([]);
  });

  test("leaving VBE shows the VGA mode again", () => {
    const rig = rigIn(800, 600, 16);
    expect(rig.vga.screen.text()).toBeNull();
    rig.dispi(ENABLE, 0);
    expect(rig.vga.screen.text()).not.toBeNull();
  });
});
