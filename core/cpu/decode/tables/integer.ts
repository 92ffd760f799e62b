// General-purpose instructions that do not change the flow. [SDM] vol. 2D, tables.

import * as arithmetic from "../../semantics/arithmetic.ts";
import * as bits from "../../semantics/bits.ts";
import * as decimal from "../../semantics/decimal.ts";
import { fault } from "../../semantics/fault.ts";
import * as move from "../../semantics/move.ts";
import * as shift from "../../semantics/shift.ts";
import type { Chapter } from "../opcodes.ts";
import {
  ADDRESS,
  byMode,
  byPrefix,
  byRexB,
  D64,
  ENDS,
  type Entry,
  group,
  I64,
  LOCK,
  MEMORY,
  op,
  type Semantics,
  STACK,
} from "../row.ts";

const { add, or, adc, sbb, and, sub, xor, cmp, test } = arithmetic;

const ALU: readonly [string, Semantics][] = [
  ["ADD", add],
  ["OR", or],
  ["ADC", adc],
  ["SBB", sbb],
  ["AND", and],
  ["SUB", sub],
  ["XOR", xor],
  ["CMP", cmp],
];

/** CMP does not write, so it cannot be locked. */
const lockable = (mnemonic: string): number => (mnemonic === "CMP" ? 0 : LOCK);

const alu: Record<number, Entry> = {};
ALU.forEach(([mnemonic, semantics], n) => {
  const lock = lockable(mnemonic);
  alu[n * 8 + 0] = op(mnemonic, semantics, "Eb,Gb", lock);
  alu[n * 8 + 1] = op(mnemonic, semantics, "Ev,Gv", lock);
  alu[n * 8 + 2] = op(mnemonic, semantics, "Gb,Eb");
  alu[n * 8 + 3] = op(mnemonic, semantics, "Gv,Ev");
  alu[n * 8 + 4] = op(mnemonic, semantics, "AL,Ib");
  alu[n * 8 + 5] = op(mnemonic, semantics, "rAX,Iz");
});

const group1 = (operands: string, flags = 0): Entry =>
  group(...ALU.map(([mnemonic, semantics]) => op(mnemonic, semantics, operands, lockable(mnemonic) | flags)));

const group2 = (operands: string): Entry =>
  group(
    op("ROL", shift.rol, operands),
    op("ROR", shift.ror, operands),
    op("RCL", shift.rcl, operands),
    op("RCR", shift.rcr, operands),
    op("SHL", shift.shl, operands),
    op("SHR", shift.shr, operands),
    op("SHL", shift.shl, operands),
    op("SAR", shift.sar, operands),
  );

const group3 = (operand: string, immediate: string): Entry =>
  group(
    op("TEST", test, `${operand},${immediate}`),
    op("TEST", test, `${operand},${immediate}`),
    op("NOT", arithmetic.not, operand, LOCK),
    op("NEG", arithmetic.neg, operand, LOCK),
    op("MUL", arithmetic.mul, operand),
    op("IMUL", arithmetic.imulOne, operand),
    op("DIV", arithmetic.div, operand),
    op("IDIV", arithmetic.idiv, operand),
  );

/** One row for eight opcodes that name a register. */
const byRegister = (first: number, entry: Entry): Record<number, Entry> =>
  Object.fromEntries(Array.from({ length: 8 }, (_, n) => [first + n, entry]));

/** One row for each of the sixteen conditions. */
const CONDITIONS = [
  "O",
  "NO",
  "B",
  "AE",
  "E",
  "NE",
  "BE",
  "A",
  "S",
  "NS",
  "P",
  "NP",
  "L",
  "GE",
  "LE",
  "G",
] as const;
export const byCondition = (
  first: number,
  prefix: string,
  entry: (mnemonic: string, condition: number) => Entry,
): Record<number, Entry> =>
  Object.fromEntries(CONDITIONS.map((name, n) => [first + n, entry(prefix + name, n)]));

const undefinedOpcode = op("(invalid)", fault.ud, "", ENDS);
const hint = op("NOP", move.nop, "Ev", 0, "nopl");

export const INTEGER: Chapter = {
  oneByte: {
    ...alu,
    0x27: op("DAA", decimal.daa, "", I64),
    0x2f: op("DAS", decimal.das, "", I64),
    0x37: op("AAA", decimal.aaa, "", I64),
    0x3f: op("AAS", decimal.aas, "", I64),
    ...byRegister(0x40, op("INC", arithmetic.inc, "Zv", I64)),
    ...byRegister(0x48, op("DEC", arithmetic.dec, "Zv", I64)),
    ...byRegister(0x50, op("PUSH", move.push, "Zv", STACK | D64)),
    ...byRegister(0x58, op("POP", move.popRegister, "Zv", STACK | D64)),
    0x60: op("PUSHA", move.pushAll, "", I64),
    0x61: op("POPA", move.popAll, "", I64),
    0x68: op("PUSH", move.push, "Iz", STACK | D64),
    0x69: op("IMUL", arithmetic.imulThree, "Gv,Ev,Iz"),
    0x6a: op("PUSH", move.push, "Is", STACK | D64),
    0x6b: op("IMUL", arithmetic.imulThree, "Gv,Ev,Is"),
    0x80: group1("Eb,Ib"),
    0x81: group1("Ev,Iz"),
    0x82: group1("Eb,Ib", I64),
    0x83: group1("Ev,Is"),
    0x84: op("TEST", test, "Eb,Gb"),
    0x85: op("TEST", test, "Ev,Gv"),
    0x86: op("XCHG", move.xchg, "Eb,Gb", LOCK),
    0x87: op("XCHG", move.xchg, "Ev,Gv", LOCK),
    0x88: op("MOV", move.mov, "Eb,Gb"),
    0x89: op("MOV", move.mov, "Ev,Gv"),
    0x8a: op("MOV", move.mov, "Gb,Eb"),
    0x8b: op("MOV", move.mov, "Gv,Ev"),
    0x8d: op("LEA", move.lea, "Gv,M", MEMORY),
    0x8f: group(op("POP", move.popMemory, "Ev", STACK | D64)),
    ...byRegister(0x90, op("XCHG", move.xchg, "Zv,rAX")),
    // Not the exchange of EAX with itself, which would clear the upper half; F3 makes it PAUSE.
    0x90: byRexB(op("NOP", move.nop), op("XCHG", move.xchg, "Zv,rAX")),
    0x98: op("CBW", arithmetic.convertInPlace),
    0x99: op("CWD", arithmetic.convertIntoDx),
    0x9e: byMode(op("SAHF", move.sahf), op("SAHF", move.sahf, "", 0, "lahf64")),
    0x9f: byMode(op("LAHF", move.lahf), op("LAHF", move.lahf, "", 0, "lahf64")),
    0xa0: op("MOV", move.mov, "AL,Ob"),
    0xa1: op("MOV", move.mov, "rAX,Ov"),
    0xa2: op("MOV", move.mov, "Ob,AL"),
    0xa3: op("MOV", move.mov, "Ov,rAX"),
    0xa8: op("TEST", test, "AL,Ib"),
    0xa9: op("TEST", test, "rAX,Iz"),
    ...byRegister(0xb0, op("MOV", move.mov, "Zb,Ib")),
    ...byRegister(0xb8, op("MOV", move.mov, "Zv,Iv")),
    0xc0: group2("Eb,Ib"),
    0xc1: group2("Ev,Ib"),
    0xc6: group(op("MOV", move.mov, "Eb,Ib")),
    0xc7: group(op("MOV", move.mov, "Ev,Iz")),
    0xc8: op("ENTER", move.enter, "Iw,Ib", D64),
    0xc9: op("LEAVE", move.leave, "", STACK | D64),
    0xd0: group2("Eb,1"),
    0xd1: group2("Ev,1"),
    0xd2: group2("Eb,CL"),
    0xd3: group2("Ev,CL"),
    0xd4: op("AAM", decimal.aam, "Ib", I64),
    0xd5: op("AAD", decimal.aad, "Ib", I64),
    0xd6: op("SALC", move.salc, "", I64),
    0xd7: op("XLAT", move.xlat, "", ADDRESS),
    0xf5: op("CMC", move.complementCarry),
    0xf6: group3("Eb", "Ib"),
    0xf7: group3("Ev", "Iz"),
    0xf8: op("CLC", move.setCarry(0)),
    0xf9: op("STC", move.setCarry(1)),
    0xfc: op("CLD", move.setDirection(false)),
    0xfd: op("STD", move.setDirection(true)),
    0xfe: group(op("INC", arithmetic.inc, "Eb", LOCK), op("DEC", arithmetic.dec, "Eb", LOCK)),
  },
  twoByte: {
    0x0d: hint,
    0x19: hint,
    0x1a: hint,
    0x1b: hint,
    0x1c: hint,
    0x1d: hint,
    0x1e: hint,
    0x1f: hint,
    ...byCondition(0x40, "CMOV", (name, n) => op(name, move.cmov(n), "Gv,Ev", 0, "cmov")),
    ...byCondition(0x90, "SET", (name, n) => op(name, bits.setcc(n), "Eb")),
    0xa3: op("BT", bits.bt, "Ev,Gv"),
    0xa4: op("SHLD", shift.shld, "Ev,Gv,Ib"),
    0xa5: op("SHLD", shift.shld, "Ev,Gv,CL"),
    0xab: op("BTS", bits.bts, "Ev,Gv", LOCK),
    0xac: op("SHRD", shift.shrd, "Ev,Gv,Ib"),
    0xad: op("SHRD", shift.shrd, "Ev,Gv,CL"),
    0xaf: op("IMUL", arithmetic.imulTwo, "Gv,Ev"),
    0xb0: op("CMPXCHG", arithmetic.cmpxchg, "Eb,Gb", LOCK),
    0xb1: op("CMPXCHG", arithmetic.cmpxchg, "Ev,Gv", LOCK),
    0xb3: op("BTR", bits.btr, "Ev,Gv", LOCK),
    0xb6: op("MOVZX", move.movzx, "Gv,Eb"),
    0xb7: op("MOVZX", move.movzx, "Gv,Ew"),
    0xb8: byPrefix({ pF3: op("POPCNT", bits.popcnt, "Gv,Ev", 0, "popcnt") }),
    0xba: group(
      undefined,
      undefined,
      undefined,
      undefined,
      op("BT", bits.bt, "Ev,Ib"),
      op("BTS", bits.bts, "Ev,Ib", LOCK),
      op("BTR", bits.btr, "Ev,Ib", LOCK),
      op("BTC", bits.btc, "Ev,Ib", LOCK),
    ),
    0xbb: op("BTC", bits.btc, "Ev,Gv", LOCK),
    0xbc: byPrefix({
      none: op("BSF", bits.bsf, "Gv,Ev"),
      pF3: op("TZCNT", bits.tzcnt, "Gv,Ev", 0, "bmi1"),
    }),
    0xbd: byPrefix({
      none: op("BSR", bits.bsr, "Gv,Ev"),
      pF3: op("LZCNT", bits.lzcnt, "Gv,Ev", 0, "lzcnt"),
    }),
    0xbe: op("MOVSX", move.movsx, "Gv,Eb"),
    0xbf: op("MOVSX", move.movsx, "Gv,Ew"),
    0xc0: op("XADD", arithmetic.xadd, "Eb,Gb", LOCK),
    0xc1: op("XADD", arithmetic.xadd, "Ev,Gv", LOCK),
    ...byRegister(0xc8, op("BSWAP", bits.bswap, "Zv")),
  },
  threeByte38: {
    0xf0: byPrefix({
      none: op("MOVBE", bits.movbe, "Gv,Mv", MEMORY, "movbe"),
      pF3: undefinedOpcode,
      pF2: op("CRC32", bits.crc32, "Gy,Eb", 0, "sse4_2"),
    }),
    0xf1: byPrefix({
      none: op("MOVBE", bits.movbe, "Mv,Gv", MEMORY, "movbe"),
      pF3: undefinedOpcode,
      pF2: op("CRC32", bits.crc32, "Gy,Ev", 0, "sse4_2"),
    }),
  },
};
