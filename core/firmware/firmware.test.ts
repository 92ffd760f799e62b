import { beforeAll, describe, expect, it } from "vitest";
import { Assembler } from "../assembler/assembler.ts";
import type { Operand } from "../assembler/operands.ts";
import { CR0, FPU_CONTROL, FPU_TAGS } from "../cpu/layout.ts";
import { bda } from "./bda.ts";
import { FirmwareBoard } from "./testing/board.ts";
import { memoryDisk } from "./testing/memory-disk.ts";

const SECTOR = 512;
const CARRY = 1;
const ZERO = 0x40;
const CR0_CD_NW = 0x60000000;
const RESULT = 0x7000;
const BUFFER = 0x8000;

/** A floppy whose boot sector waits for an interrupt for ever, and whose other sectors begin with their number. */
function bootFloppy(): Uint8Array {
  const bytes = new Uint8Array(1_474_560);
  for (let n = 1; n < 2880; n++) new DataView(bytes.buffer).setUint16(n * SECTOR, n, true);
  const a = new Assembler({ bits: 16, origin: 0x7c00 });
  a.label("again");
  a.sti();
  a.hlt();
  a.jmp("again");
  a.org(0x7dfe);
  a.dw(0xaa55);
  bytes.set(a.assemble());
  return bytes;
}

const floppy = bootFloppy();
const disk = new Uint8Array(64 * 1024 * 1024);
/** What an assembler makes: of neither disk more than its code, which begins with these sectors. */
const code = floppy.slice(0, 20 * SECTOR);
let board: FirmwareBoard;

beforeAll(async () => {
  board = new FirmwareBoard({ memoryMib: 8, bootOrder: ["floppy"], menuTicks: 0 }, [
    { slot: "fda", kind: "floppy", device: memoryDisk("boot.img", floppy) },
    { slot: "fdb", kind: "floppy", device: memoryDisk("code-a.img", code) },
    { slot: "hda", kind: "disk", device: memoryDisk("disk.img", disk) },
    { slot: "hdb", kind: "disk", device: memoryDisk("code-b.img", code) },
  ]);
  expect(await board.run(() => board.view.cs === 0 && board.view.eip >= 0x7c00)).toBe(true);
});

interface Registers {
  ax: number;
  bx: number;
  cx: number;
  dx: number;
  eax: number;
  ebx: number;
  ecx: number;
  edx: number;
  si: number;
  di: number;
  es: number;
  flags: number;
}

/** Runs an interrupt in guest code with these registers; what it leaves. ES and DS are 0. */
async function interrupt(vector: number, registers: Record<string, Operand>): Promise<Registers> {
  const a = new Assembler({ bits: 16, origin: 0x6000 });
  a.xor("ax", "ax");
  a.mov("ds", "ax");
  a.mov("es", "ax");
  for (const [name, value] of Object.entries(registers)) a.mov(name, value);
  a.int(vector);
  a.pushf();
  a.pushad();
  a.push("es");
  a.xor("ax", "ax");
  a.mov("es", "ax");
  a.mov("ds", "ax");
  a.pop(`word [${RESULT + 36}]`);
  a.mov("di", RESULT);
  a.mov("cx", 17);
  a.label("store");
  a.pop("ax");
  a.stosw();
  a.loop("store");
  a.mov("byte [0x7100]", 1);
  a.label("end");
  a.sti();
  a.hlt();
  a.jmp("end");
  // Not in the middle of an interrupt's handler.
  await board.run(() => board.view.cs === 0);
  board.memory.write(0x6000, a.assemble());
  board.memory.write8(0x7100, 0);
  board.view.cs = 0;
  board.view.eip = 0x6000;
  board.cpu.unhalt();
  expect(await board.run(() => board.memory.read8(0x7100) === 1)).toBe(true);
  const { memory } = board;
  const dword = (index: number) => memory.read32(RESULT + 4 * index);
  return {
    ax: dword(7) & 0xffff,
    bx: dword(4) & 0xffff,
    cx: dword(6) & 0xffff,
    dx: dword(5) & 0xffff,
    eax: dword(7),
    ebx: dword(4),
    ecx: dword(6),
    edx: dword(5),
    si: dword(1) & 0xffff,
    di: dword(0) & 0xffff,
    es: memory.read16(RESULT + 36),
    flags: memory.read16(RESULT + 32),
  };
}

describe("POST", () => {
  it("names the memory and the drives", () => {
    const text = board.text().join("\n");
    expect(text).toContain("8 MiB of memory");
    expect(text).toContain("boot.img, 1.5 MB");
    expect(text).toContain("disk.img, 67 MB");
  });

  it("describes the machine in the data area", async () => {
    expect((await interrupt(0x11, {})).ax & 0x23).toBe(0x23);
    expect((await interrupt(0x12, {})).ax).toBe(639);
    expect(board.memory.read8(bda.diskCount)).toBe(2);
    expect(board.memory.read16(bda.com)).toBe(0x3f8);
  });

  it("switches the processor's caches on", () => {
    expect(board.cpu.get32(CR0) & CR0_CD_NW).toBe(0);
  });

  it("leaves the coprocessor with empty registers and its exceptions masked", () => {
    expect(board.cpu.get32(FPU_CONTROL)).toBe(0x37f);
    expect(board.cpu.get32(FPU_TAGS)).toBe(0xff);
  });

  it("lets the timer tick", async () => {
    const before = board.memory.read32(bda.timerTicks);
    expect(await board.run(() => board.memory.read32(bda.timerTicks) > before + 2)).toBe(true);
  });
});

describe("INT 10h", () => {
  it("writes characters, moves the cursor and scrolls", async () => {
    await interrupt(0x10, { ax: 0x0003 });
    await interrupt(0x10, { ax: 0x0200, bx: 0, dx: 0x1800 });
    await interrupt(0x10, { ax: 0x0e41 });
    expect(board.text()[24]).toBe("A");
    await interrupt(0x10, { ax: 0x0e0a });
    expect(board.text()[23]).toBe("A");
    const { dx, cx } = await interrupt(0x10, { ax: 0x0300, bx: 0 });
    expect(dx).toBe(0x1801);
    expect(cx).toBe(0x0607);
    expect((await interrupt(0x10, { ax: 0x0f00 })).ax).toBe(0x5003);
  });

  it.each([
    [0x04, "cga4"],
    [0x06, "cga2"],
    [0x0d, "planar"],
    [0x12, "planar"],
    [0x13, "linear"],
  ])("reads back a pixel and a character in mode %i", async (mode) => {
    await interrupt(0x10, { ax: mode });
    await interrupt(0x10, { ax: 0x0c01, bx: 0, cx: 101, dx: 57 });
    expect((await interrupt(0x10, { ax: 0x0d00, bx: 0, cx: 101, dx: 57 })).ax & 0xff).toBe(1);
    expect((await interrupt(0x10, { ax: 0x0d00, bx: 0, cx: 102, dx: 57 })).ax & 0xff).toBe(0);
    await interrupt(0x10, { ax: 0x0952, bx: 1, cx: 1 });
    expect((await interrupt(0x10, { ax: 0x0800, bx: 0 })).ax & 0xff).toBe(0x52);
  });

  it("sets the modes of the VBE with a linear framebuffer, and leaves them again", async () => {
    const info = await interrupt(0x10, { ax: 0x4f00, di: BUFFER });
    expect(info.ax).toBe(0x004f);
    expect(board.memory.read32(BUFFER)).toBe(0x41534556);
    expect((await interrupt(0x10, { ax: 0x4f01, cx: 0x118, di: BUFFER })).ax).toBe(0x004f);
    expect(board.memory.read16(BUFFER + 0x12)).toBe(1024);
    expect(board.memory.read8(BUFFER + 0x19)).toBe(24);
    expect((await interrupt(0x10, { ax: 0x4f02, bx: 0x4118 })).ax).toBe(0x004f);
    expect((await interrupt(0x10, { ax: 0x4f03 })).bx).toBe(0x4118);
    board.vga.screen.refresh();
    expect([board.vga.screen.width, board.vga.screen.height]).toEqual([1024, 768]);
    await interrupt(0x10, { ax: 0x0003 });
    expect((await interrupt(0x10, { ax: 0x4f03 })).bx).toBe(3);
  });

  it("hands out an EDID whose bytes add up to zero", async () => {
    expect((await interrupt(0x10, { ax: 0x4f15, bx: 1, dx: 0, di: BUFFER })).ax).toBe(0x004f);
    const block = new Uint8Array(128);
    board.memory.read(BUFFER, block);
    expect(block.reduce((sum, byte) => sum + byte, 0) & 0xff).toBe(0);
  });
});

describe("INT 13h", () => {
  it("reads a floppy by cylinder, head and sector", async () => {
    const result = await interrupt(0x13, { ax: 0x0202, bx: BUFFER, cx: 0x0303, dx: 0x0100 });
    expect(result.flags & CARRY).toBe(0);
    expect(result.ax).toBe(0x0002);
    expect(board.memory.read16(BUFFER)).toBe((3 * 2 + 1) * 18 + 2);
    expect(board.memory.read16(BUFFER + SECTOR)).toBe((3 * 2 + 1) * 18 + 3);
  });

  it("refuses sectors that are not there, and keeps the reason", async () => {
    const result = await interrupt(0x13, { ax: 0x0201, bx: BUFFER, cx: 0x0013, dx: 0 });
    expect(result.flags & CARRY).toBe(CARRY);
    expect(result.ax).toBe(0x0400);
    expect((await interrupt(0x13, { ax: 0x0100, dx: 0 })).ax >> 8).toBe(0x04);
  });

  const filled = (sectors: number) => board.memory.write(BUFFER, new Uint8Array(sectors * SECTOR).fill(0xee));
  const numbers = (sectors: number) =>
    Array.from({ length: sectors }, (_, i) => board.memory.read16(BUFFER + i * SECTOR));
  const upFrom = (first: number, count: number) => Array.from({ length: count }, (_, i) => first + i);

  it("reads a floppy on where its image has ended, and what there is of a hard disk", async () => {
    filled(31);
    const ofFloppy = await interrupt(0x13, { ax: 0x021f, bx: BUFFER, cx: 0x0002, dx: 0x0001 });
    expect([ofFloppy.ax, ofFloppy.flags & CARRY]).toEqual([0x001f, 0]);
    expect(numbers(31)).toEqual([...upFrom(1, 19), ...Array(12).fill(0)]);
    filled(31);
    const ofDisk = await interrupt(0x13, { ax: 0x021f, bx: BUFFER, cx: 0x0002, dx: 0x0081 });
    expect([ofDisk.ax, ofDisk.flags & CARRY]).toEqual([0x0413, CARRY]);
    expect(numbers(31)).toEqual([...upFrom(1, 19), ...Array(12).fill(0xeeee)]);
    board.memory.write(0x7200, Uint8Array.of(16, 0, 4, 0, 0, BUFFER >> 8, 0, 0, 18, 0, 0, 0, 0, 0, 0, 0));
    const byPacket = await interrupt(0x13, { ax: 0x4200, dx: 0x81, si: 0x7200 });
    expect([byPacket.ax >> 8, byPacket.flags & CARRY]).toEqual([4, CARRY]);
    expect(board.memory.read16(0x7202)).toBe(2);
    expect(numbers(2)).toEqual([18, 19]);
  });

  it("writes neither beyond its end, and reads none of what begins there", async () => {
    board.memory.write(BUFFER, new Uint8Array(2 * SECTOR).fill(0x11));
    for (const drive of [0x01, 0x81]) {
      // Sector 19 of the image, and the next, which is not there.
      const chs = drive === 1 ? { cx: 0x0002, dx: 0x0101 } : { cx: 0x0014, dx: 0x0081 };
      const result = await interrupt(0x13, { ax: 0x0302, bx: BUFFER, ...chs });
      expect([result.ax, result.flags & CARRY]).toEqual([0x0401, CARRY]);
      expect(code[19 * SECTOR]).toBe(0x11);
      code[19 * SECTOR] = 19;
    }
    const beyond = await interrupt(0x13, { ax: 0x0201, bx: BUFFER, cx: 0x0015, dx: 0x0081 });
    expect([beyond.ax, beyond.flags & CARRY]).toEqual([0x0400, CARRY]);
    const past = await interrupt(0x13, { ax: 0x0201, bx: BUFFER, cx: 0x5001, dx: 0x0001 });
    expect([past.ax, past.flags & CARRY]).toEqual([0x0400, CARRY]);
  });

  it("writes and reads a hard disk by address packet", async () => {
    board.memory.write(
      BUFFER,
      Uint8Array.from({ length: SECTOR }, (_, i) => i & 0xff),
    );
    const packet = (address: number) => {
      board.memory.write32(0x7200, 0x0001_0010);
      board.memory.write32(0x7204, address);
      board.memory.write32(0x7208, 100_000);
      board.memory.write32(0x720c, 0);
    };
    packet(BUFFER);
    expect((await interrupt(0x13, { ax: 0x4300, dx: 0x80, si: 0x7200 })).flags & CARRY).toBe(0);
    expect(disk[100_000 * SECTOR + 5]).toBe(5);
    packet(0x9000);
    expect((await interrupt(0x13, { ax: 0x4200, dx: 0x80, si: 0x7200 })).flags & CARRY).toBe(0);
    expect(board.memory.read8(0x9005)).toBe(5);
  });

  it("tells geometry and size", async () => {
    const parameters = await interrupt(0x13, { ax: 0x0800, dx: 0x80 });
    const heads = (parameters.dx >> 8) + 1;
    const sectors = parameters.cx & 0x3f;
    const cylinders = ((parameters.cx >> 8) | ((parameters.cx & 0xc0) << 2)) + 1;
    expect(heads * sectors * cylinders).toBeLessThanOrEqual(disk.length / SECTOR);
    expect(parameters.dx & 0xff).toBe(2);
    board.memory.write16(0x7300, 66);
    await interrupt(0x13, { ax: 0x4800, dx: 0x80, si: 0x7300 });
    expect(board.memory.read32(0x7310)).toBe(disk.length / SECTOR);
    expect(board.memory.read16(0x7318)).toBe(SECTOR);
    expect((await interrupt(0x13, { ax: 0x41ff, bx: 0x55aa, dx: 0x80 })).bx).toBe(0xaa55);
  });
});

describe("INT 14h", () => {
  const TIMED_OUT = 0x80;
  const DATA_READY = 0x01;

  it("sets the line, sends and receives on COM1", async () => {
    // 9600 bits a second, 8 data bits.
    const line = await interrupt(0x14, { ax: 0x00e3, dx: 0 });
    expect(line.ax & 0x6000).toBe(0x6000);
    board.serial = "";
    expect((await interrupt(0x14, { ax: 0x0141, dx: 0 })).ax & 0x80ff).toBe(0x41);
    expect(await board.run(() => board.serial === "A")).toBe(true);
    board.uart.receive(Uint8Array.of(0x62));
    expect(await board.run(() => (board.io.read(0x3fd, 1) & DATA_READY) !== 0)).toBe(true);
    expect((await interrupt(0x14, { ax: 0x0200, dx: 0 })).ax).toBe(0x0062);
  });

  it("gives up on a byte that does not come", async () => {
    board.memory.write8(bda.comTimeout, 0);
    expect((await interrupt(0x14, { ax: 0x0200, dx: 0 })).ax >> 8).toBe(TIMED_OUT);
    board.memory.write8(bda.comTimeout, 1);
  });

  it("sets and tells the modem's lines by the extended functions", async () => {
    // No parity, one stop bit, 8 bits, 19200 bits a second.
    await interrupt(0x14, { ax: 0x0400, bx: 0, cx: 0x0308, dx: 0 });
    board.io.write(0x3fb, 0x83, 1);
    expect(board.io.read(0x3f8, 1)).toBe(6);
    board.io.write(0x3fb, 0x03, 1);
    expect((await interrupt(0x14, { ax: 0x0501, bx: 0x0002, dx: 0 })).bx & 0xff).toBe(2);
    expect((await interrupt(0x14, { ax: 0x0500, bx: 0, dx: 0 })).bx & 0xff).toBe(2);
  });

  it("leaves a port that is not there", async () => {
    expect((await interrupt(0x14, { ax: 0x0355, dx: 3 })).ax).toBe(0x0355);
  });
});

describe("INT 15h", () => {
  it("lists memory by E820, in order and without overlap", async () => {
    const ranges: { base: number; length: number; type: number }[] = [];
    let next = 0;
    do {
      const result = await interrupt(0x15, { eax: 0xe820, ebx: next, ecx: 20, edx: 0x534d4150, di: BUFFER });
      expect(result.eax).toBe(0x534d4150);
      expect(result.flags & CARRY).toBe(0);
      ranges.push({
        base: board.memory.read32(BUFFER),
        length: board.memory.read32(BUFFER + 8),
        type: board.memory.read32(BUFFER + 16),
      });
      next = result.ebx;
    } while (next !== 0);
    expect(ranges[0]).toEqual({ base: 0, length: 639 * 1024, type: 1 });
    expect(ranges).toContainEqual({ base: 0x100000, length: 7 * 1024 * 1024, type: 1 });
    ranges.slice(1).forEach((range, i) => {
      expect(range.base).toBeGreaterThanOrEqual(ranges[i]!.base + ranges[i]!.length);
    });
  });

  it("tells extended memory in the older ways as well", async () => {
    expect((await interrupt(0x15, { ax: 0x8800 })).ax).toBe(7 * 1024);
    expect((await interrupt(0x15, { ax: 0xe801 })).ax).toBe(7 * 1024);
  });

  it("moves a block above the first megabyte", async () => {
    board.memory.write(BUFFER, Uint8Array.of(1, 2, 3, 4));
    board.memory.write(0x7400, new Uint8Array(48));
    board.memory.write32(0x7412, BUFFER);
    board.memory.write32(0x741a, 0x200000);
    expect((await interrupt(0x15, { ax: 0x8700, cx: 2, si: 0x7400 })).ax >> 8).toBe(0);
    expect(board.memory.read32(0x200000)).toBe(0x04030201);
  });

  it("switches the A20 gate", async () => {
    await interrupt(0x15, { ax: 0x2401 });
    expect((await interrupt(0x15, { ax: 0x2402 })).ax).toBe(0x0001);
  });

  it("waits as long as it was told", async () => {
    const before = board.clock.now();
    await interrupt(0x15, { ax: 0x8600, cx: 0, dx: 20_000 });
    expect(board.clock.now() - before).toBeGreaterThanOrEqual(19e6);
  });

  it("says with carry what it does not do", async () => {
    const result = await interrupt(0x15, { ax: 0x5300 });
    expect(result.flags & CARRY).toBe(CARRY);
    expect(result.ax >> 8).toBe(0x86);
  });
});

describe("INT 16h", () => {
  const press = (...codes: string[]) => {
    for (const code of codes) board.keyboard.key(code, true);
    for (const code of codes.reverse()) board.keyboard.key(code, false);
  };

  it("waits for a key and returns it", async () => {
    press("KeyA");
    expect((await interrupt(0x16, { ax: 0 })).ax).toBe(0x1e61);
  });

  it("tells with ZF whether a key is there", async () => {
    expect((await interrupt(0x16, { ax: 0x0100 })).flags & ZERO).toBe(ZERO);
    press("ShiftLeft", "KeyA");
    await board.run(() => board.memory.read16(bda.keyboardHead) !== board.memory.read16(bda.keyboardTail));
    const there = await interrupt(0x16, { ax: 0x0100 });
    expect(there.flags & ZERO).toBe(0);
    expect(there.ax).toBe(0x1e41);
    await interrupt(0x16, { ax: 0 });
  });

  it("returns keys of a large keyboard to those who ask for them", async () => {
    press("ArrowUp");
    expect((await interrupt(0x16, { ax: 0x1000 })).ax).toBe(0x48e0);
    press("ArrowUp");
    expect((await interrupt(0x16, { ax: 0x0000 })).ax).toBe(0x4800);
    press("F12");
    expect((await interrupt(0x16, { ax: 0x1000 })).ax).toBe(0x8600);
  });
});

describe("IRQ 1", () => {
  it("asks INT 15h about a scan code with DS at the data area, and gives the program its DS back", async () => {
    const { memory } = board;
    const a = new Assembler({ bits: 16, origin: 0x6200 });
    a.db(0x2e, 0x8c, 0x1e); // MOV CS:[7110h], DS
    a.dw(0x7110);
    a.clc();
    a.db(0xca); // RETF 2
    a.dw(2);
    const system = memory.read32(4 * 0x15);
    memory.write(0x6200, a.assemble());
    memory.write32(4 * 0x15, 0x6200);
    board.view.ds = 0x0123;
    for (const down of [true, false]) {
      memory.write16(0x7110, 0);
      board.keyboard.key("KeyA", down);
      expect(await board.run(() => memory.read16(0x7110) !== 0)).toBe(true);
      expect(memory.read16(0x7110)).toBe(0x0040);
      expect(await board.run(() => board.view.cs === 0)).toBe(true);
      expect(board.view.ds).toBe(0x0123);
    }
    memory.write32(4 * 0x15, system);
    expect((await interrupt(0x16, { ax: 0x0100 })).flags & ZERO).toBe(ZERO);
  });
});

describe("INT 1Ah", () => {
  it("tells ticks, time and date", async () => {
    const ticks = await interrupt(0x1a, { ax: 0 });
    expect(ticks.flags & CARRY).toBe(0);
    const date = await interrupt(0x1a, { ax: 0x0400 });
    expect(date.cx).toBe(0x1970);
    expect(date.dx).toBe(0x0101);
  });

  it.each([
    ["INT 1Ah", 0x1a, 0x00],
    ["INT 16h", 0x16, 0x01],
  ])("lets the clock tick for who has interrupts off, as %s does", async (_name, vector, ah) => {
    const { memory } = board;
    await board.run(() => board.view.cs === 0);
    const a = new Assembler({ bits: 16, origin: 0x6000 });
    a.cli();
    a.label("again");
    a.mov("ah", ah);
    a.int(vector);
    a.jmp("again");
    memory.write(0x6000, a.assemble());
    board.view.cs = 0;
    board.view.eip = 0x6000;
    board.cpu.unhalt();
    const before = memory.read32(bda.timerTicks);
    const ticks = (): boolean => {
      // A slice ends with each call.
      board.clock.moveTo(board.clock.base + 200_000);
      return memory.read32(bda.timerTicks) > before + 1;
    };
    expect(await board.run(ticks)).toBe(true);
  });
});

describe("boot", () => {
  it("says what to do when nothing boots", async () => {
    const empty = new FirmwareBoard({ memoryMib: 2, bootOrder: ["disk", "floppy"], menuTicks: 0 }, [
      { slot: "fda", kind: "floppy", device: null },
      { slot: "hda", kind: "disk", device: memoryDisk("blank.img", new Uint8Array(1 << 20)) },
    ]);
    expect(await empty.run(() => empty.text().some((line) => line.includes("No bootable medium")))).toBe(
      true,
    );
    const text = empty.text().join("\n");
    expect(text).toContain("blank.img, 1.0 MB: not bootable");
    expect(text).toContain("press any key to try again");
  });
});
