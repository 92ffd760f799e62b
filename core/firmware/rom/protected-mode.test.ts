// What the ROM offers to protected-mode code, called from such code.

import { beforeAll, describe, expect, it } from "vitest";
import { Assembler } from "../../assembler/assembler.ts";
import type { BusTarget } from "../../board/device.ts";
import { FirmwareBoard } from "../testing/board.ts";

const CODE = 0x6000;
const TABLE = 0x7000;
const RESULTS = 0x7100;
const DONE = 0x7200;
const CARRY = 1;
/** Selectors of code and data in the table, as INT 15h AH=89h wants them. */
const DATA = 0x18;
const CONFIG_PORTS = 0xcf8;

/** Configuration mechanism 1 with a bridge as function 1 of slot 3, and nothing else. */
class OneBridge implements BusTarget {
  address = 0;
  readonly registers = new DataView(new ArrayBuffer(256));

  constructor() {
    this.registers.setUint32(0, 0x70008086, true);
    this.registers.setUint32(8, 0x06010003, true);
  }

  get #selected(): boolean {
    return (this.address & 0xffffff00) >>> 0 === 0x80001900;
  }

  read(offset: number, width: 1 | 2 | 4): number {
    if (offset < 4) return this.address;
    if (!this.#selected) return 2 ** (8 * width) - 1;
    const at = (this.address & 0xfc) + offset - 4;
    if (width === 4) return this.registers.getUint32(at, true);
    return width === 2 ? this.registers.getUint16(at, true) : this.registers.getUint8(at);
  }

  write(offset: number, value: number, width: 1 | 2 | 4): void {
    if (offset < 4) this.address = value >>> 0;
    else if (this.#selected) {
      const at = (this.address & 0xfc) + offset - 4;
      for (let n = 0; n < width; n++) this.registers.setUint8(at + n, value >>> (8 * n));
    }
  }
}

let board: FirmwareBoard;
const bridge = new OneBridge();

beforeAll(async () => {
  board = new FirmwareBoard({ memoryMib: 2, bootOrder: [], menuTicks: 0 }, []);
  board.io.attach({ base: CONFIG_PORTS, length: 8, name: "PCI", target: bridge, width: 4 });
  expect(await board.run(() => board.text().some((line) => line.includes("No bootable")))).toBe(true);
});

/**
 * Runs code in protected mode, entered by INT 15h AH=89h with vectors from 50h and 58h on; `before` in real mode before
 * that.
 */
async function inProtectedMode(
  code: (a: Assembler) => void,
  before: (a: Assembler) => void = () => {},
): Promise<void> {
  const { memory, view, cpu } = board;
  memory.write(TABLE, new Uint8Array(0x40));
  const descriptor = (at: number, low: number, high: number) => {
    memory.write32(TABLE + at, low);
    memory.write32(TABLE + at + 4, high);
  };
  descriptor(0x08, (TABLE << 16) | 0x3f, 0);
  descriptor(0x10, 0x7fff, 0);
  for (const at of [0x18, 0x20, 0x28]) descriptor(at, 0xffff, 0x00cf9300);
  descriptor(0x30, 0xffff, 0x00cf9b00);
  const a = new Assembler({ bits: 16, origin: CODE });
  a.xor("ax", "ax");
  for (const segment of ["ds", "es", "ss"]) a.mov(segment, "ax");
  a.mov("esp", 0x5000);
  before(a);
  a.xor("ax", "ax");
  a.mov("es", "ax");
  a.mov("ah", 0x89);
  a.mov("bx", 0x5058);
  a.mov("si", TABLE);
  a.int(0x15);
  a.bits(32);
  a.pushfd();
  a.mov(`[${RESULTS}]`, "eax");
  a.pop("eax");
  a.mov(`[${RESULTS + 4}]`, "eax");
  a.mov(`[${RESULTS + 8}]`, "cs");
  a.mov(`[${RESULTS + 12}]`, "ds");
  code(a);
  a.mov(`byte [${DONE}]`, 1);
  a.label("end");
  a.hlt();
  a.jmp("end");
  memory.write(CODE, a.assemble());
  memory.write8(DONE, 0);
  cpu.reset();
  view.cs = 0;
  view.eip = CODE;
  expect(await board.run(() => memory.read8(DONE) === 1, 100)).toBe(true);
}

const result = (index: number): number => board.memory.read32(RESULTS + 4 * index);

describe("INT 15h AH=89h", () => {
  it("returns in protected mode with the caller's segments, every interrupt masked", async () => {
    await inProtectedMode((a) => {
      a.in("al", 0x21);
      a.mov("ah", "al");
      a.in("al", 0xa1);
      a.mov(`[${RESULTS + 16}]`, "eax");
    });
    expect(result(0) & 0xff00).toBe(0);
    expect(result(1) & (CARRY | 0x200)).toBe(0);
    expect([result(2) & 0xffff, result(3) & 0xffff]).toEqual([0x30, DATA]);
    expect(result(4) & 0xffff).toBe(0xffff);
    expect(board.view.protectedMode).toBe(true);
  });

  it("has the interrupt controllers begin at the vectors asked for", async () => {
    // An interrupt gate for the timer's new vector, in a table at 0.
    board.memory.write32(0x50 * 8, (0x30 << 16) | 0x5100);
    board.memory.write32(0x50 * 8 + 4, 0x8e00);
    const handler = new Assembler({ bits: 32, origin: 0x5100 });
    handler.mov(`dword [${RESULTS + 16}]`, 0x1234);
    handler.mov(`byte [${DONE}]`, 1);
    handler.label("end");
    handler.hlt();
    handler.jmp("end");
    board.memory.write(0x5100, handler.assemble());
    await inProtectedMode((a) => {
      a.mov("al", 0xfe);
      a.out(0x21, "al");
      a.sti();
      a.label("wait");
      a.hlt();
      a.jmp("wait");
    });
    expect(result(4)).toBe(0x1234);
  });
});

/** The directory's entry, found as systems find it: by its signature on a 16-byte boundary, and its checksum. */
function directoryEntry(): number {
  const { memory } = board;
  for (let at = 0xe0000; at < 0x100000; at += 16) {
    if (memory.read32(at) !== 0x5f32335f) continue;
    const header = Array.from({ length: memory.read8(at + 9) * 16 }, (_, n) => memory.read8(at + n));
    if ((header.reduce((sum, byte) => sum + byte, 0) & 0xff) === 0) return memory.read32(at + 4);
  }
  throw new Error("no 32-bit service directory");
}

/** Calls the far procedure whose address is in EDI, and stores AX, BX, CX, DX and the flags from RESULTS + 16 on. */
function callFar(a: Assembler, registers: Record<string, number>): void {
  for (const [name, value] of Object.entries(registers)) a.mov(name, value);
  a.push("cs");
  a.push("back");
  a.push("cs");
  a.push(`dword [${RESULTS + 64}]`);
  a.retf();
  a.label("back");
  a.pushfd();
  ["eax", "ebx", "ecx", "edx"].forEach((name, n) => {
    a.mov(`[${RESULTS + 16 + 4 * n}]`, name);
  });
  a.pop("eax");
  a.mov(`[${RESULTS + 32}]`, "eax");
}

async function call(entry: number, registers: Record<string, number>) {
  board.memory.write32(RESULTS + 64, entry);
  await inProtectedMode((a) => callFar(a, registers));
  return { eax: result(4), ebx: result(5), ecx: result(6), edx: result(7), carry: result(8) & CARRY };
}

describe("the 32-bit service directory", () => {
  const service = (name: number) => call(directoryEntry(), { eax: name, ebx: 0 });

  it("knows PCI and nothing else", async () => {
    expect((await service(0x49435024)).eax & 0xff).toBe(0);
    expect((await service(0x12345678)).eax & 0xff).toBe(0x80);
    expect((await call(directoryEntry(), { eax: 0x49435024, ebx: 1 })).eax & 0xff).toBe(0x81);
  });

  describe("its PCI service", () => {
    let entry = 0;
    beforeAll(async () => {
      const { ebx, ecx, edx } = await service(0x49435024);
      expect(edx).toBeLessThan(ecx);
      entry = ebx + edx;
    });
    const pci = (registers: Record<string, number>) => call(entry, registers);

    it("tells of itself", async () => {
      const found = await pci({ eax: 0xb101 });
      expect(found).toMatchObject({ eax: 1, edx: 0x20494350, carry: 0 });
      expect(found.ebx & 0xffff).toBe(0x0210);
      expect(await pci({ eax: 0xb17f })).toMatchObject({ eax: 0x817f, carry: 1 });
    });

    it("finds functions by device and by class", async () => {
      const device = { eax: 0xb102, ebx: 0, ecx: 0x7000, edx: 0x8086 };
      expect(await pci({ ...device, esi: 0 })).toMatchObject({ eax: 0x0002, ebx: 0x19, carry: 0 });
      expect(await pci({ ...device, esi: 1 })).toMatchObject({ eax: 0x8602, carry: 1 });
      expect(await pci({ ...device, edx: 0xffff, esi: 0 })).toMatchObject({ eax: 0x8302, carry: 1 });
      const byClass = { eax: 0xb103, ebx: 0, ecx: 0x060100, esi: 0 };
      expect(await pci(byClass)).toMatchObject({ eax: 0x0003, ebx: 0x19, carry: 0 });
      expect(await pci({ ...byClass, ecx: 0xffffff })).toMatchObject({ eax: 0x8603, carry: 1 });
    });

    it("reads registers by bytes, words and double words, and leaves the rest of ECX", async () => {
      const read = (al: number, edi: number) => pci({ eax: 0xb100 | al, ebx: 0x19, ecx: 0x12345678, edi });
      expect(await read(0x08, 1)).toMatchObject({ ecx: 0x12345680, carry: 0 });
      expect(await read(0x09, 2)).toMatchObject({ ecx: 0x12347000, carry: 0 });
      expect(await read(0x0a, 8)).toMatchObject({ ecx: 0x06010003, carry: 0 });
    });

    it("writes them", async () => {
      const write = (al: number, edi: number) => pci({ eax: 0xb100 | al, ebx: 0x19, ecx: 0x12345678, edi });
      await write(0x0d, 0x40);
      expect(bridge.registers.getUint32(0x40, true)).toBe(0x12345678);
      await write(0x0b, 0x45);
      await write(0x0c, 0x46);
      expect(bridge.registers.getUint32(0x44, true)).toBe(0x56787800);
    });

    it.each([
      [0x09, 1],
      [0x0a, 2],
      [0x0d, 6],
      [0x08, 0x100],
    ])("refuses function %i at register %i", async (al, edi) => {
      const refused = await pci({ eax: 0xb100 | al, ebx: 0x19, edi });
      expect(refused).toMatchObject({ eax: 0x8700 | al, carry: 1 });
    });
  });
});

describe("the VBE's protected-mode interface", () => {
  const COPY = 0x9000;
  const PALETTE = 0x9800;
  const Index = { bank: 5, yOffset: 9 } as const;
  const dispi = (index: number): number => {
    board.io.write(0x1ce, index, 2);
    return board.io.read(0x1cf, 2);
  };

  /** Copies the interface to COPY in a mode of 640 × 480 with 256 colours, and calls one of its functions there. */
  const callCopy = (fn: number, registers: Record<string, number>) =>
    inProtectedMode(
      (a) => {
        a.movzx("esi", `word [${RESULTS + 40}]`);
        a.shl("esi", 4);
        a.movzx("edi", `word [${RESULTS + 42}]`);
        a.add("esi", "edi");
        a.movzx("ecx", `word [${RESULTS + 44}]`);
        a.mov("edi", COPY);
        a.cld();
        a.db(0xf3, 0xa4); // REP MOVSB
        for (const [name, value] of Object.entries(registers)) a.mov(name, value);
        a.movzx("eax", `word [${COPY + 2 * fn}]`);
        a.add("eax", COPY);
        a.call("eax");
        a.mov(`[${RESULTS + 16}]`, "eax");
      },
      (a) => {
        a.mov("ax", 0x4f02);
        a.mov("bx", 0x0101);
        a.int(0x10);
        a.mov("ax", 0x4f0a);
        a.mov("bl", 0);
        a.int(0x10);
        a.mov(`[${RESULTS + 40}]`, "es");
        a.mov(`[${RESULTS + 42}]`, "di");
        a.mov(`[${RESULTS + 44}]`, "cx");
      },
    );

  it("sets the window", async () => {
    await callCopy(0, { ebx: 0, edx: 2 });
    expect(result(4)).toBe(0x004f);
    expect(dispi(Index.bank)).toBe(2);
  });

  it("sets the start of the display", async () => {
    await callCopy(1, { ebx: 0, ecx: (640 * 10) / 4, edx: 0 });
    expect(result(4)).toBe(0x004f);
    expect(dispi(Index.yOffset)).toBe(10);
  });

  it("sets the palette", async () => {
    board.memory.write32(PALETTE, 0x00112233);
    await callCopy(2, { ebx: 0, ecx: 1, edx: 5, edi: PALETTE });
    expect(result(4)).toBe(0x004f);
    board.io.write(0x3c7, 5, 1);
    expect([0, 1, 2].map(() => board.io.read(0x3c9, 1))).toEqual([0x11, 0x22, 0x33]);
  });
});
