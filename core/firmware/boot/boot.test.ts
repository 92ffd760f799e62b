import { describe, expect, it } from "vitest";
import { Assembler } from "../../assembler/assembler.ts";
import type { DriveKind, DriveSlot } from "../../pc-options.ts";
import { FirmwareBoard } from "../testing/board.ts";
import { memoryDisk } from "../testing/memory-disk.ts";
import { readCdBoot } from "./eltorito.ts";
import { kernelKind } from "./kernel.ts";

const SECTOR = 512;
const CD_SECTOR = 2048;
const DONE = 0x500;
const MAGIC = 0x1badb002;
const IF = 0x200;

/** Code that stores that it runs, DL, CS and the flags at 0000:0500, and halts. */
function reporter(origin: number, size: number): Uint8Array {
  const a = new Assembler({ bits: 16, origin });
  a.xor("bx", "bx");
  a.mov("ds", "bx");
  a.mov("[0x504]", "dl");
  a.mov("[0x506]", "cs");
  a.pushf();
  a.pop("word [0x508]");
  a.mov("word [0x500]", 0x600d);
  a.label("end");
  a.hlt();
  a.jmp("end");
  a.org(origin + size - 2);
  a.dw(0xaa55);
  return a.assemble();
}

/** A CD with the boot image of `media` at sector 20. */
function bootCd(media: number, segment = 0): Uint8Array {
  const cd = new Uint8Array(800 * CD_SECTOR);
  const view = new DataView(cd.buffer);
  const text = (at: number, value: string) =>
    cd.set(
      [...value].map((c) => c.charCodeAt(0)),
      at,
    );
  text(17 * CD_SECTOR + 1, "CD001");
  text(17 * CD_SECTOR + 7, "EL TORITO SPECIFICATION");
  view.setUint32(17 * CD_SECTOR + 0x47, 19, true);
  const catalogue = 19 * CD_SECTOR;
  cd[catalogue] = 1;
  view.setUint16(catalogue + 30, 0xaa55, true);
  view.setUint16(catalogue + 28, -(0xaa55 + 1) & 0xffff, true);
  cd[catalogue + 32] = 0x88;
  cd[catalogue + 33] = media;
  view.setUint16(catalogue + 34, segment, true);
  view.setUint16(catalogue + 38, 4, true);
  view.setUint32(catalogue + 40, 20, true);
  cd.set(reporter(segment === 0 ? 0x7c00 : 0, SECTOR), 20 * CD_SECTOR);
  return cd;
}

async function boots(
  slot: DriveSlot,
  kind: DriveKind,
  bytes: Uint8Array,
): Promise<{ dl: number; cs: number }> {
  const board = new FirmwareBoard({ memoryMib: 2, bootOrder: ["cdrom", "disk", "floppy"], menuTicks: 0 }, [
    { slot, kind, device: memoryDisk("image", bytes) },
  ]);
  expect(await board.run(() => board.memory.read16(DONE) === 0x600d, 500)).toBe(true);
  // Not every boot sector lets interrupts in by itself.
  expect(board.memory.read16(0x508) & IF).toBe(IF);
  return { dl: board.memory.read8(0x504), cs: board.memory.read16(0x506) };
}

describe("INT 18h", () => {
  const quitter = (size: number) => {
    const a = new Assembler({ bits: 16, origin: 0x7c00 });
    a.int(0x18);
    a.org(0x7c00 + SECTOR - 2);
    a.dw(0xaa55);
    const image = new Uint8Array(size);
    image.set(a.assemble());
    return image;
  };
  /** A CD that is drive 0 until its boot sector gives up. */
  const cd = bootCd(2);
  cd.set(quitter(SECTOR), 20 * CD_SECTOR);

  it("starts what comes after that which gave up", async () => {
    const floppy = new Uint8Array(1_474_560);
    floppy.set(reporter(0x7c00, SECTOR));
    const board = new FirmwareBoard({ memoryMib: 2, bootOrder: ["cdrom", "disk", "floppy"], menuTicks: 0 }, [
      { slot: "fda", kind: "floppy", device: memoryDisk("floppy", floppy) },
      { slot: "hda", kind: "disk", device: memoryDisk("disk", quitter(1 << 20)) },
      { slot: "hdc", kind: "cdrom", device: memoryDisk("cd", cd) },
    ]);
    expect(await board.run(() => board.memory.read16(DONE) === 0x600d, 500)).toBe(true);
    expect(board.memory.read8(0x504)).toBe(0);
    expect(board.firmware.state.drives.emulation).toBeNull();
  });

  it("says who gave up when nothing comes after it", async () => {
    const board = new FirmwareBoard({ memoryMib: 2, bootOrder: ["cdrom"], menuTicks: 0 }, [
      { slot: "hdc", kind: "cdrom", device: memoryDisk("cd", cd) },
    ]);
    const said = () => board.text().join("\n");
    expect(await board.run(() => said().includes("press any key"), 500)).toBe(true);
    expect(said()).toMatch(/cd, .*: gave up/);
  });
});

describe("INT 19h", () => {
  it("starts a floppy as drive 0 and a hard disk as drive 80h", async () => {
    const image = new Uint8Array(1_474_560);
    image.set(reporter(0x7c00, SECTOR));
    expect(await boots("fda", "floppy", image)).toEqual({ dl: 0, cs: 0 });
    expect(await boots("hda", "disk", image)).toEqual({ dl: 0x80, cs: 0 });
  });

  it("starts a CD without emulation as a drive of its own, at the segment it names", async () => {
    expect(await boots("hdc", "cdrom", bootCd(0))).toEqual({ dl: 0xe0, cs: 0 });
    expect(await boots("hdc", "cdrom", bootCd(0, 0x1000))).toEqual({ dl: 0xe0, cs: 0x1000 });
  });

  it("starts a CD's floppy image as drive 0", async () => {
    expect(await boots("hdc", "cdrom", bootCd(2))).toEqual({ dl: 0, cs: 0 });
  });

  it("starts a CD's hard disk image as drive 80h, before the machine's own", async () => {
    const cd = bootCd(4);
    const a = new Assembler({ bits: 16, origin: 0x7c00 });
    a.xor("ax", "ax");
    a.mov("ds", "ax");
    a.mov("es", "ax");
    a.mov("[0x504]", "dl");
    for (const [n, drive] of [0x80, 0x81].entries()) {
      // Head 1, sector 1: 16 sectors into the disk.
      a.mov("ax", 0x0201);
      a.mov("bx", 0x600 + n * SECTOR);
      a.mov("cx", 1);
      a.mov("dx", 0x0100 | drive);
      a.int(0x13);
    }
    a.mov("ah", 8);
    a.mov("dl", 0x80);
    a.int(0x13);
    a.mov("[0x508]", "cx");
    a.mov("[0x50a]", "dx");
    a.mov("ax", 0x4b01);
    a.mov("dl", 0x80);
    a.mov("si", 0x520);
    a.int(0x13);
    a.mov(`word [${DONE}]`, 0x600d);
    a.label("end");
    a.hlt();
    a.jmp("end");
    const image = 20 * CD_SECTOR;
    cd.set(a.assemble(), image);
    // One partition that ends at head 3, sector 16 of cylinder 4: 320 sectors with the first track.
    const view = new DataView(cd.buffer, image);
    view.setUint8(0x1be + 5, 3);
    view.setUint8(0x1be + 6, 16);
    view.setUint32(0x1be + 8, 16, true);
    view.setUint32(0x1be + 12, 304, true);
    view.setUint16(16 * SECTOR, 0xcdcd, true);
    const own = new Uint8Array(1 << 20);
    for (let at = 0; at < own.length; at += SECTOR) own[at] = 0xdd;
    const board = new FirmwareBoard({ memoryMib: 2, bootOrder: ["cdrom"], menuTicks: 0 }, [
      { slot: "hda", kind: "disk", device: memoryDisk("own", own) },
      { slot: "hdc", kind: "cdrom", device: memoryDisk("cd", cd) },
    ]);
    const { memory } = board;
    expect(await board.run(() => memory.read16(DONE) === 0x600d)).toBe(true);
    expect(memory.read8(0x504)).toBe(0x80);
    expect(memory.read16(0x600)).toBe(0xcdcd);
    expect(memory.read16(0x600 + SECTOR)).toBe(0x00dd);
    // 5 cylinders, 4 heads, 16 sectors; two drives.
    expect([memory.read16(0x508), memory.read16(0x50a)]).toEqual([0x0410, 0x0302]);
    // The specification packet: hard disk emulation, drive 80h, the image's place.
    expect([memory.read8(0x521), memory.read8(0x522), memory.read32(0x524)]).toEqual([4, 0x80, 20]);
  });

  it("shows the menu at F12 and starts what is chosen", async () => {
    const bytes = new Uint8Array(1_474_560);
    bytes.set(reporter(0x7c00, SECTOR));
    const board = new FirmwareBoard({ memoryMib: 2, bootOrder: ["disk", "floppy"], menuTicks: 50 }, [
      { slot: "fda", kind: "floppy", device: memoryDisk("first", bytes) },
      { slot: "hda", kind: "disk", device: memoryDisk("second", bytes.slice()) },
    ]);
    const shows = (text: string) => () => board.text().some((line) => line.includes(text));
    const press = (code: string) => {
      board.keyboard.key(code, true);
      board.keyboard.key(code, false);
    };
    await board.run(shows("Press F12"));
    press("F12");
    expect(await board.run(shows("2  Floppy (fda): first"))).toBe(true);
    press("Digit2");
    expect(await board.run(() => board.memory.read16(DONE) === 0x600d)).toBe(true);
    expect(board.memory.read8(0x504)).toBe(0);
  });
});

describe("boot catalogue", () => {
  const read = (cd: Uint8Array) => readCdBoot(memoryDisk("cd", cd), "hdc");

  it("is refused when it is damaged, and told from none", async () => {
    const damaged = bootCd(0);
    damaged[19 * CD_SECTOR + 30] = 0;
    expect(await read(damaged)).toBe("bad boot catalogue");
    expect(await read(new Uint8Array(100 * CD_SECTOR))).toBe("not bootable");
    const beyond = bootCd(0);
    new DataView(beyond.buffer).setUint32(19 * CD_SECTOR + 40, 5000, true);
    expect(await read(beyond)).toBe("bad boot catalogue");
  });
});

describe("kernels", () => {
  it("enters a multiboot kernel in flat protected mode with its information", async () => {
    const a = new Assembler({ bits: 32, origin: 0x100000 });
    a.align(4);
    a.label("header");
    a.dd(MAGIC, 0x10000, -(MAGIC + 0x10000));
    a.dd("header", 0x100000, 0, 0, "entry");
    a.label("entry");
    a.mov("[0x500]", "eax");
    a.mov("ecx", "[ebx]");
    a.mov("[0x504]", "ecx");
    a.mov("ecx", "[ebx+24]");
    a.mov("edx", "[ecx]");
    a.mov("edx", "[edx]");
    a.mov("[0x508]", "edx");
    a.mov("ecx", "[ebx+16]");
    a.mov("edx", "[ecx+7]");
    a.mov("[0x50c]", "edx");
    a.label("end");
    a.hlt();
    a.jmp("end");
    const image = a.assemble();
    const initrd = Uint8Array.of(1, 2, 3, 4);
    const board = new FirmwareBoard(
      { memoryMib: 4, bootOrder: [], kernel: { image, initrd, commandLine: "abcd" } },
      [],
    );
    expect(await board.run(() => board.memory.read32(0x50c) === 0x64636261, 500)).toBe(true);
    expect(board.memory.read32(0x500)).toBe(0x2badb002);
    expect(board.memory.read32(0x504) & 0x4d).toBe(0x4d);
    expect(board.memory.read32(0x508)).toBe(0x04030201);
  });

  it("enters Linux's real-mode code with its command line and initial RAM disk in place", async () => {
    const image = new Uint8Array(5 * SECTOR + 64);
    const view = new DataView(image.buffer);
    const code = new Assembler({ bits: 16, origin: 0 });
    code.mov("ax", "ds");
    code.mov("[fs:0x7f0]", "ax");
    code.label("end");
    code.hlt();
    code.jmp("end");
    // Entered at offset 200h of the setup: a jump over the header.
    image.set([0xeb, 0x6e], 0x200);
    view.setUint32(0x202, 0x53726448, true);
    view.setUint16(0x206, 0x0203, true);
    view.setUint8(0x1f1, 4);
    view.setUint8(0x211, 1);
    view.setUint32(0x22c, 0x37ffffff, true);
    image.set(code.assemble(), 0x270);
    image.set([7, 8, 9], 5 * SECTOR);
    const kernel = { image, initrd: new Uint8Array(5000).fill(5), commandLine: "vga=ext quiet" };
    const board = new FirmwareBoard({ memoryMib: 4, bootOrder: [], kernel }, []);
    expect(await board.run(() => board.memory.read16(0x907f0) === 0x9000, 500)).toBe(true);
    const { memory } = board;
    expect(memory.read32(0x100000) & 0xffffff).toBe(0x090807);
    expect(memory.read16(0x90000 + 0x1fa)).toBe(0xfffe);
    const line = memory.read32(0x90000 + 0x228);
    expect(String.fromCharCode(...Array.from({ length: 7 }, (_, i) => memory.read8(line + i)))).toBe(
      "vga=ext",
    );
    const initrd = memory.read32(0x90000 + 0x218);
    expect(initrd % 4096).toBe(0);
    expect([memory.read8(initrd), memory.read32(0x90000 + 0x21c)]).toEqual([5, 5000]);
  });

  it("are refused when they are neither", () => {
    expect(() => kernelKind(new Uint8Array(2000))).toThrow(/neither a Linux bzImage nor a multiboot/);
  });
});
