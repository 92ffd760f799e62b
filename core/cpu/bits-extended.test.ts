// BMI1 and BMI2, against the results of a processor of the Zen 5 family, whose undefined flags are those of all since Zen.

import { describe, expect, it } from "vitest";
import { CR0, SEGMENT_ATTRIBUTES, SEGMENT_SIZE, SEGMENTS } from "./layout.ts";
import { Case, CODE, DATA, enterLevel0, runCase, userMachine } from "./testing/differential.ts";
import type { Machine } from "./testing/machine.ts";

const UD = 6;
const ARITHMETIC = 0x8d5;
const VM = 0x2_0000;
/** A code segment of 32 bits. */
const BIG = 0x4000;
const [RAX, RCX, RDX, RBX, RBP, RSI, RDI] = [0, 1, 2, 3, 5, 6, 7];
/** VEX.pp. */
const [NONE, P66, PF3, PF2] = [0, 1, 2, 3];
/** The map of 0F 38, and that of 0F 3A. */
const [MAP38, MAP3A] = [2, 3];

/** The opcode, and which operands are those of the tables below: the first source and the second one. */
interface Form {
  readonly pp: number;
  readonly opcode: number;
  /** Where the first source stands: in ModRM.rm, the second one in VEX.vvvv; or the other way round. */
  readonly first: "rm" | "vvvv";
  /** ModRM.reg, where that is part of the opcode; then VEX.vvvv is the destination. */
  readonly extension?: number;
}

const FORMS: Readonly<Record<string, Form>> = {
  ANDN: { pp: NONE, opcode: 0xf2, first: "vvvv" },
  BLSR: { pp: NONE, opcode: 0xf3, first: "rm", extension: 1 },
  BLSMSK: { pp: NONE, opcode: 0xf3, first: "rm", extension: 2 },
  BLSI: { pp: NONE, opcode: 0xf3, first: "rm", extension: 3 },
  BEXTR: { pp: NONE, opcode: 0xf7, first: "rm" },
  BZHI: { pp: NONE, opcode: 0xf5, first: "rm" },
  PEXT: { pp: PF3, opcode: 0xf5, first: "vvvv" },
  PDEP: { pp: PF2, opcode: 0xf5, first: "vvvv" },
  SHLX: { pp: P66, opcode: 0xf7, first: "rm" },
  SHRX: { pp: PF2, opcode: 0xf7, first: "rm" },
  SARX: { pp: PF3, opcode: 0xf7, first: "rm" },
};

/** Mnemonic, sources, then result and flags of 32 bits and of 64, where all flags were set. */
type Row = readonly [string, bigint, bigint, bigint, number, bigint, number];

const ROWS: readonly Row[] = [
  ["ANDN", 0xfedcba9876543210n, 0x123456789abcdef0n, 0x88a8cce0n, 0x80, 0x20446088a8cce0n, 0x0],
  ["ANDN", 0x0n, 0xffffffffffffffffn, 0xffffffffn, 0x84, 0xffffffffffffffffn, 0x84],
  ["ANDN", 0x123456789abcdef0n, 0x123456789abcdef0n, 0x0n, 0x44, 0x0n, 0x44],
  ["ANDN", 0x8000000000000000n, 0x80000003n, 0x80000003n, 0x84, 0x80000003n, 0x4],
  ["BLSR", 0xfedcba9876543210n, 0x0n, 0x76543200n, 0x4, 0xfedcba9876543200n, 0x84],
  ["BLSR", 0x0n, 0x0n, 0x0n, 0x45, 0x0n, 0x45],
  ["BLSR", 0x8000000000000000n, 0x0n, 0x0n, 0x45, 0x0n, 0x44],
  ["BLSR", 0xff00000080000000n, 0x0n, 0x0n, 0x44, 0xff00000000000000n, 0x84],
  ["BLSMSK", 0xfedcba9876543210n, 0x0n, 0x1fn, 0x0, 0x1fn, 0x0],
  ["BLSMSK", 0x0n, 0x0n, 0xffffffffn, 0x85, 0xffffffffffffffffn, 0x85],
  ["BLSMSK", 0x8000000000000000n, 0x0n, 0xffffffffn, 0x85, 0xffffffffffffffffn, 0x84],
  ["BLSMSK", 0xff00000080000000n, 0x0n, 0xffffffffn, 0x84, 0xffffffffn, 0x4],
  ["BLSI", 0xfedcba9876543210n, 0x0n, 0x10n, 0x1, 0x10n, 0x1],
  ["BLSI", 0x0n, 0x0n, 0x0n, 0x44, 0x0n, 0x44],
  ["BLSI", 0x8000000000000000n, 0x0n, 0x0n, 0x44, 0x8000000000000000n, 0x85],
  ["BLSI", 0xff00000080000000n, 0x0n, 0x80000000n, 0x85, 0x80000000n, 0x5],
  ["BEXTR", 0xfedcba9876543210n, 0xc08n, 0x432n, 0x10, 0x432n, 0x10],
  ["BEXTR", 0xfedcba9876543210n, 0xffff4000n, 0x76543210n, 0x10, 0xfedcba9876543210n, 0x10],
  ["BEXTR", 0xfedcba9876543210n, 0xffffn, 0x0n, 0x54, 0x0n, 0x54],
  ["BEXTR", 0xfedcba9876543210n, 0x5678ff00n, 0x76543210n, 0x10, 0xfedcba9876543210n, 0x10],
  ["BEXTR", 0x123456789abcdef0n, 0x4020n, 0x0n, 0x54, 0x12345678n, 0x14],
  ["BEXTR", 0x123456789abcdef0n, 0x2018n, 0x9an, 0x14, 0x3456789an, 0x14],
  ["BEXTR", 0xfedcba9876543210n, 0x4104n, 0x7654321n, 0x14, 0xfedcba987654321n, 0x14],
  ["BZHI", 0xfedcba9876543210n, 0x10n, 0x3210n, 0x0, 0x3210n, 0x0],
  ["BZHI", 0xfedcba9876543210n, 0xff00n, 0x0n, 0x44, 0x0n, 0x44],
  ["BZHI", 0xfedcba9876543210n, 0x1fn, 0x76543210n, 0x0, 0x76543210n, 0x0],
  ["BZHI", 0xfedcba9876543210n, 0x20n, 0x76543210n, 0x1, 0x76543210n, 0x0],
  ["BZHI", 0xfedcba9876543210n, 0x3fn, 0x76543210n, 0x1, 0x7edcba9876543210n, 0x0],
  ["BZHI", 0xfedcba9876543210n, 0x40n, 0x76543210n, 0x1, 0xfedcba9876543210n, 0x81],
  ["BZHI", 0xfedcba9876543210n, 0xffn, 0x76543210n, 0x1, 0xfedcba9876543210n, 0x81],
  ["BZHI", 0x0n, 0x80n, 0x0n, 0x45, 0x0n, 0x45],
  ["PEXT", 0xfedcba9876543210n, 0x123456789abcdef0n, 0x29491n, 0x8d5, 0xda9a9491n, 0x8d5],
  ["PEXT", 0x123456789abcdef0n, 0xfedcba9876543210n, 0x2b7n, 0x8d5, 0x1252b2b7n, 0x8d5],
  ["PEXT", 0xfedcba9876543210n, 0xffffffffffffffffn, 0x76543210n, 0x8d5, 0xfedcba9876543210n, 0x8d5],
  ["PEXT", 0xfedcba9876543210n, 0x0n, 0x0n, 0x8d5, 0x0n, 0x8d5],
  ["PEXT", 0xffffffffffffffffn, 0x8000000000000001n, 0x1n, 0x8d5, 0x3n, 0x8d5],
  ["PEXT", 0xfedcba9876543210n, 0x7fffffffffffffffn, 0x76543210n, 0x8d5, 0x7edcba9876543210n, 0x8d5],
  ["PEXT", 0xfedcba9876543210n, 0xaaaaaaaaaaaaaaaan, 0x5050n, 0x8d5, 0xfafa5050n, 0x8d5],
  ["PEXT", 0xfedcba9876543210n, 0xffffffff00000000n, 0x0n, 0x8d5, 0xfedcba98n, 0x8d5],
  ["PDEP", 0xfedcba9876543210n, 0x123456789abcdef0n, 0x80308200n, 0x8d5, 0x230505080308200n, 0x8d5],
  ["PDEP", 0x123456789abcdef0n, 0xfedcba9876543210n, 0x72540000n, 0x8d5, 0x9a4ca28872540000n, 0x8d5],
  ["PDEP", 0xfedcba9876543210n, 0xffffffffffffffffn, 0x76543210n, 0x8d5, 0xfedcba9876543210n, 0x8d5],
  ["PDEP", 0xfedcba9876543210n, 0x0n, 0x0n, 0x8d5, 0x0n, 0x8d5],
  ["PDEP", 0xffffffffffffffffn, 0x8000000000000001n, 0x1n, 0x8d5, 0x8000000000000001n, 0x8d5],
  ["PDEP", 0xfedcba9876543210n, 0x7fffffffffffffffn, 0x76543210n, 0x8d5, 0x7edcba9876543210n, 0x8d5],
  ["PDEP", 0xfedcba9876543210n, 0xaaaaaaaaaaaaaaaan, 0xa080200n, 0x8d5, 0x2a2822200a080200n, 0x8d5],
  ["PDEP", 0xfedcba9876543210n, 0xffffffff00000000n, 0x0n, 0x8d5, 0x7654321000000000n, 0x8d5],
  ["SHLX", 0xfedcba9876543210n, 0x4n, 0x65432100n, 0x8d5, 0xedcba98765432100n, 0x8d5],
  ["SHLX", 0xfedcba9876543210n, 0x24n, 0x65432100n, 0x8d5, 0x6543210000000000n, 0x8d5],
  ["SHLX", 0xfedcba9876543210n, 0xff40n, 0x76543210n, 0x8d5, 0xfedcba9876543210n, 0x8d5],
  ["SHRX", 0xfedcba9876543210n, 0x4n, 0x7654321n, 0x8d5, 0xfedcba987654321n, 0x8d5],
  ["SHRX", 0xfedcba9876543210n, 0x24n, 0x7654321n, 0x8d5, 0xfedcba9n, 0x8d5],
  ["SHRX", 0xfedcba9876543210n, 0xff40n, 0x76543210n, 0x8d5, 0xfedcba9876543210n, 0x8d5],
  ["SARX", 0xfedcba9876543210n, 0x4n, 0x7654321n, 0x8d5, 0xffedcba987654321n, 0x8d5],
  ["SARX", 0xfedcba9876543210n, 0x24n, 0x7654321n, 0x8d5, 0xffffffffffedcba9n, 0x8d5],
  ["SARX", 0xfedcba9876543210n, 0xff40n, 0x76543210n, 0x8d5, 0xfedcba9876543210n, 0x8d5],
  ["SARX", 0x80000000n, 0x1fn, 0xffffffffn, 0x8d5, 0x1n, 0x8d5],
];

const RORX_ROWS = [
  [0xe4, 0x7654321n, 0x876543210fedcba9n],
  [0x40, 0x76543210n, 0xfedcba9876543210n],
] as const;

/** Factors, and the high half of the product of 32 bits and of 64. */
const MULX_ROWS = [
  [0xfedcba9876543210n, 0x123456789abcdef0n, 0x4785f2fen, 0x121fa00ad77d7422n],
  [0xffffffffffffffffn, 0xffffffffffffffffn, 0xfffffffen, 0xfffffffffffffffen],
  [0x2n, 0x8000000080000000n, 0x1n, 0x1n],
] as const;

interface Vex {
  readonly map?: number;
  readonly pp: number;
  readonly vvvv?: number;
  readonly wide?: boolean;
  readonly length?: number;
}

/** C4 and what follows it, for registers 0 to 7. */
const vex = ({ map = MAP38, pp, vvvv = 0, wide = false, length = 0 }: Vex): number[] => [
  0xc4,
  0xe0 | map,
  (wide ? 0x80 : 0) | ((~vvvv & 15) << 3) | (length << 2) | pp,
];

/** ModRM with a register, or with [rBP+8]. */
const modrm = (reg: number, rm: number | "memory"): number[] =>
  rm === "memory" ? [0x40 | (reg << 3) | RBP, 8] : [0xc0 | (reg << 3) | rm];

/** `code` with the first source in RBX, the second in RSI and RDX, and at [rBP+8] the one that is meant there. */
function run(
  codeSize: 32 | 64,
  code: readonly number[],
  first: bigint,
  second: bigint,
  inMemory = first,
): Case {
  const before = new Case();
  before.fx.setUint32(24, 0x1f80, true);
  before.setCode(code);
  before.flags = ARITHMETIC;
  before.setRegister(RAX, ~0n);
  before.setRegister(RCX, ~0n);
  before.setRegister(RBX, first);
  before.setRegister(RSI, second);
  before.setRegister(RDX, second);
  before.setRegister(RBP, BigInt(DATA));
  new DataView(before.memory.buffer, before.memory.byteOffset).setBigUint64(8, inMemory, true);
  return runCase(codeSize === 32 ? user32 : user64, before);
}

const user32 = userMachine(32);
const user64 = userMachine(64);

/** The instruction with its destination in RCX. */
function encode(name: string, wide: boolean, memory: boolean): number[] {
  const { pp, opcode, first, extension } = FORMS[name]!;
  const [inRm, other] = first === "rm" ? [RBX, RSI] : [RSI, RBX];
  const vvvv = extension === undefined ? other : RCX;
  return [...vex({ pp, vvvv, wide }), opcode, ...modrm(extension ?? RCX, memory ? "memory" : inRm)];
}

describe.each([
  ["32 bits in 32-bit code", 32, false],
  ["32 bits in 32-bit code, where VEX.W means nothing", 32, true],
  ["32 bits in 64-bit code", 64, false],
  ["64 bits", 64, true],
] as const)("instructions of %s", (_, codeSize, wide) => {
  const of64 = codeSize === 64 && wide;

  it.each(ROWS)("%s of %x and %x", (name, first, second, result32, flags32, result64, flags64) => {
    for (const memory of [false, true]) {
      const inMemory = FORMS[name]!.first === "rm" ? first : second;
      const after = run(codeSize, encode(name, wide, memory), first, second, inMemory);
      expect([after.vector, after.register(RCX), after.flags & ARITHMETIC]).toEqual([
        -1,
        of64 ? result64 : result32,
        of64 ? flags64 : flags32,
      ]);
    }
  });

  it.each(RORX_ROWS)("RORX by %x", (count, result32, result64) => {
    for (const rm of [RBX, "memory"] as const) {
      const code = [...vex({ map: MAP3A, pp: PF2, wide }), 0xf0, ...modrm(RCX, rm), count];
      const after = run(codeSize, code, 0xfedcba9876543210n, 0n);
      expect([after.register(RCX), after.flags & ARITHMETIC]).toEqual([
        of64 ? result64 : result32,
        ARITHMETIC,
      ]);
    }
  });

  it.each(MULX_ROWS)("MULX of %x and %x", (first, second, high32, high64) => {
    const high = of64 ? high64 : high32;
    const low = of64 ? BigInt.asUintN(64, first * second) : BigInt.asUintN(32, first * second);
    for (const rm of [RBX, "memory"] as const) {
      const after = run(
        codeSize,
        [...vex({ pp: PF2, vvvv: RDI, wide }), 0xf6, ...modrm(RCX, rm)],
        first,
        second,
      );
      expect([after.register(RCX), after.register(RDI), after.register(RDX)]).toEqual([high, low, second]);
      expect(after.flags & ARITHMETIC).toBe(ARITHMETIC);
      // Both to one register.
      const one = run(
        codeSize,
        [...vex({ pp: PF2, vvvv: RCX, wide }), 0xf6, ...modrm(RCX, rm)],
        first,
        second,
      );
      expect(one.register(RCX)).toBe(high);
    }
  });
});

describe("what is no instruction", () => {
  const ANDN = [...vex({ pp: NONE, vvvv: RBX }), 0xf2, ...modrm(RCX, RSI)];
  const vectorOf = (codeSize: 32 | 64, code: readonly number[]): number => run(codeSize, code, 1n, 1n).vector;

  it("VEX.L of 1, for any of them", () => {
    for (const codeSize of [32, 64] as const) {
      for (const { pp, opcode, extension } of Object.values(FORMS)) {
        expect(vectorOf(codeSize, [...vex({ pp, length: 1 }), opcode, ...modrm(extension ?? RCX, RBX)])).toBe(
          UD,
        );
      }
      expect(vectorOf(codeSize, [...vex({ pp: PF2, length: 1 }), 0xf6, ...modrm(RCX, RBX)])).toBe(UD);
      const rorx = [...vex({ map: MAP3A, pp: PF2, length: 1 }), 0xf0, ...modrm(RCX, RBX), 1];
      expect(vectorOf(codeSize, rorx)).toBe(UD);
    }
  });

  it("a prefix 66, F2, F3, LOCK or REX before VEX", () => {
    for (const prefix of [0x66, 0xf2, 0xf3, 0xf0]) {
      for (const codeSize of [32, 64] as const) expect(vectorOf(codeSize, [prefix, ...ANDN])).toBe(UD);
    }
    for (const rex of [0x40, 0x48]) expect(vectorOf(64, [rex, ...ANDN])).toBe(UD);
    expect([vectorOf(32, ANDN), vectorOf(64, ANDN)]).toEqual([-1, -1]);
  });

  it("BLSR's opcode with another ModRM.reg, and RORX with VEX.vvvv", () => {
    for (const reg of [0, 4, 5, 6, 7]) {
      expect(vectorOf(64, [...vex({ pp: NONE }), 0xf3, ...modrm(reg, RBX)])).toBe(UD);
    }
    expect(vectorOf(64, [...vex({ map: MAP3A, pp: PF2, vvvv: RBX }), 0xf0, ...modrm(RCX, RBX), 1])).toBe(UD);
  });

  it("any in real-address and virtual-8086 mode", () => {
    for (const [protection, virtual] of [
      [0n, 0],
      [1n, VM],
    ] as const) {
      const machine = userMachine(32);
      enterLevel0(machine);
      machine.cpu.set64(CR0, (machine.cpu.get64(CR0) & ~1n) | protection);
      machine.cpu.eflags = 0x202 | virtual;
      machine.cpu.runtime.updateMode();
      machine.write(CODE, Uint8Array.from(ANDN));
      machine.ip = CODE;
      expect(machine.cpu.step()).toBe(UD);
    }
  });
});

describe("code of 16 and 32 bits", () => {
  /** A step in the code segment of a size, with 1111_2222h at [rBP+8], a null selector behind it. */
  const step = (size: 16 | 32, code: readonly number[]): Machine => {
    const machine = userMachine(32);
    const { cpu } = machine;
    const attributes = SEGMENTS + SEGMENT_SIZE + SEGMENT_ATTRIBUTES;
    if (size === 16) cpu.set32(attributes, cpu.get32(attributes) & ~BIG);
    cpu.runtime.updateMode();
    machine.view.setUint32(DATA + 8, size === 16 ? 0x2222 : 0x1111_2222, true);
    machine.set("ebp", DATA);
    machine.set("ebx", 0xffff_0000);
    machine.set("esi", 0x8765_4321);
    machine.write(CODE, Uint8Array.from(code));
    machine.ip = CODE;
    expect([cpu.step(), machine.ip]).toEqual([-1, CODE + code.length]);
    return machine;
  };

  it("has LES and LDS where VEX would be followed by memory's ModRM", () => {
    const address32 = 0x67;
    for (const opcode of [0xc4, 0xc5]) {
      expect(step(32, [opcode, ...modrm(RCX, "memory")]).get("ecx")).toBe(0x1111_2222);
      expect(step(16, [address32, opcode, ...modrm(RCX, "memory")]).get("ecx")).toBe(0x2222);
    }
  });

  it("works on 32 bits in either", () => {
    const code = [...vex({ pp: NONE, vvvv: RBX }), 0xf2, ...modrm(RCX, RSI)];
    for (const size of [16, 32] as const) expect(step(size, code).get("ecx")).toBe(0x4321);
  });
});
