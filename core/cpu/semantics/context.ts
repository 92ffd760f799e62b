// What an instruction's semantics are written against. Both tiers implement it: the interpreter's handlers read
// operands from the decoded record, the compiler knows them.

import type { OperandSpec, Row } from "../decode/row.ts";
import {
  constant32,
  constant64,
  type Expression,
  extendS,
  extendU,
  type IntegerOps,
  i32,
  i64,
  wrap,
} from "../wasm/expression.ts";
import type { FunctionBody } from "../wasm/function-body.ts";
import type { Flags } from "./flags.ts";
import type { FpuStack } from "./fpu-stack.ts";
import type { Numbers } from "./numbers.ts";

/** Width of a value in bits. */
export type Bits = 8 | 16 | 32 | 64 | 128;

/** Tests with which instructions of an extension begin. */
export type EntryTest = "sse" | "x87" | "avx";

// Numbers of the general registers.
export const RAX = 0;
export const RCX = 1;
export const RDX = 2;
export const RBX = 3;
export const RSP = 4;
export const RBP = 5;
export const RSI = 6;
export const RDI = 7;

// Exceptions. [SDM] vol. 3A, table 6-1.
export const DE = 0;
export const DB = 1;
export const BP = 3;
export const OF = 4;
export const BR = 5;
export const UD = 6;
export const NM = 7;
export const DF = 8;
export const TS = 10;
export const NP = 11;
export const SS_FAULT = 12;
export const GP = 13;
export const PF = 14;
export const MF = 16;
export const AC = 17;
export const XM = 19;

/**
 * One form of an instruction being emitted. Values of 8 to 32 bits are i32 expressions, zero-extended; of 64
 * bits i64; of 128 bits v128. Everything that `read`, `load` and `gpr` return is evaluated at once and stays as
 * it was, whatever is written later.
 *
 * The rule of precise faults: change no register, flag or memory before the last access that can fault.
 */
export interface Context {
  readonly row: Row;
  /** For what the methods below do not cover: locals, blocks, loops. */
  readonly body: FunctionBody;
  readonly flags: Flags;
  readonly numbers: Numbers;
  readonly fpu: FpuStack;
  /** Operand size of this form. */
  readonly size: 16 | 32 | 64;
  readonly addressSize: 16 | 32 | 64;
  readonly codeSize: 16 | 32 | 64;
  /** Width of the stack pointer. */
  readonly stackSize: 16 | 32 | 64;
  /** 0, 0xF2 (REPNE) or 0xF3 (REP, REPE). */
  readonly rep: number;
  /** Whether ModRM.rm (or moffs) is memory in this form. */
  readonly memory: boolean;
  /** Whether the instruction is encoded with VEX. */
  readonly vex: boolean;

  // --- Operands, by position ---

  operand(index: number): OperandSpec;
  /** Width of an operand in this form. */
  width(index: number): Bits;
  /** The integer instructions of an operand's width. */
  ops(index: number): IntegerOps;
  /** Value of an operand; an immediate is sign-extended to its width. */
  read(index: number): Expression;
  /** Sets an operand. A 32-bit register's upper half is cleared, the rest of an 8- or 16-bit one is kept. */
  write(index: number, value: Expression): void;
  /** Half of a YMM register operand (v128): 0 is the XMM register, 1 what is above it. */
  readHalf(index: number, half: 0 | 1): Expression;
  writeHalf(index: number, half: 0 | 1, value: Expression): void;
  /** Reads, computes and writes one operand with one translation, checked for writing first. */
  modify(index: number, compute: (old: Expression) => Expression): void;
  /**
   * Number of a segment, control, debug or ST(i) operand, or of any register operand of another file
   * (i32; XMM and general registers too).
   */
  registerNumber(index: number): Expression;
  /** Second immediate of ENTER, selector of a far pointer, FOP of an x87 opcode (i32); the first is `immediate`. */
  readonly immediate2: Expression;
  /** The first immediate, sign-extended (i64); offset of a far pointer. */
  readonly immediate: Expression;
  /**
   * Host address (i32) at which `bytes` bytes of an operand can be read: its register in the processor's state,
   * or memory. For runtime functions that work on addresses. Only to operand 0 may be written there.
   */
  readAddress(index: number, bytes: number): Expression;
  /**
   * Offset of the memory operand in its segment, by address size (LEA), without an index that is a vector; i32, or i64 in
   * 64-bit code.
   */
  offset(): Expression;
  /** Of rows flagged VSIB: offset in the state of the register whose lanes are indices, and their scale as a shift count (i32). */
  vectorIndex(): { offset: Expression; scale: Expression };
  /** Number of the memory operand's segment register (i32). */
  segment(): Expression;
  /**
   * Linear address of the memory operand plus `displacement` (of the type of `offset`), checked against its
   * segment for an access of `bytes` bytes; i32, or i64 in 64-bit code.
   */
  linear(bytes: number, write: boolean, displacement?: Expression): Expression;
  /** Linear address of XLAT's byte: rBX + AL by address size, through the segment. */
  xlatAddress(): Expression;
  /**
   * Linear address of an offset (of the address size, zero-extended) in DS or the segment of an override, checked; for
   * operands that registers imply. Rows flagged ADDRESS.
   */
  dataLinear(offset: Expression, bytes: number, write: boolean): Expression;
  /** The same of an offset in ES, for a write. */
  extraLinear(offset: Expression, bytes: number): Expression;
  /** Whether the memory operand's base is this general register (i32, 0 or 1). */
  baseIs(register: number): Expression;

  // --- Memory at linear addresses ---

  load(bits: Bits, linear: Expression): Expression;
  store(bits: Bits, linear: Expression, value: Expression): void;
  /** Host address from which `bytes` bytes at a linear address can be read at once. */
  loadAddress(bytes: number, linear: Expression): Expression;
  /** Lets `fill` write `bytes` bytes for a linear address, at the host address that it is given. */
  storeAt(bytes: number, linear: Expression, fill: (address: Expression) => void): void;

  // --- Registers and state ---

  gpr(number: number, bits: Bits): Expression;
  setGpr(number: number, bits: Bits, value: Expression): void;
  /** A field of the processor's state (layout.ts), as i32 or i64. */
  state(offset: number, bits: Bits): Expression;
  setState(offset: number, bits: Bits, value: Expression): void;
  /** Address of a field of the processor's state (i32). */
  stateAddress(offset: number): Expression;
  /** Offset of a register operand in the state (i32). */
  registerOffset(index: number): Expression;

  // --- Stack (rows flagged STACK) ---

  push(bits: Bits, value: Expression): void;
  /** Value at the top; the stack pointer has moved past it when `commit` is called (after the last fault). */
  pop(bits: Bits): { value: Expression; commit: () => void };
  /** The same with the stack's top at another register's value (LEAVE). */
  popAt(bits: Bits, register: number): { value: Expression; commit: () => void };

  // --- Flow ---

  /** Instruction pointer of this instruction, and of the next (i64). */
  ip(): Expression;
  nextIp(): Expression;
  /** The same as it is pushed, of operand size. */
  returnAddress(): Expression;
  /** Target of the relative operand, cut to the operand size (i64). */
  relativeTarget(): Expression;
  /**
   * Goes to an instruction pointer (i64), checked against the code segment; `before` runs after the check and
   * just before going. Only rows flagged BRANCH.
   */
  jump(target: Expression, before?: () => void): void;
  /** Goes there if the condition (i32) holds, else to the next instruction. Only rows flagged BRANCH. */
  branch(condition: Expression, target: Expression, before?: () => void): void;
  /** If the condition (i32) holds, leaves to run this instruction again (REP between two iterations). */
  repeatIf(condition: Expression): void;
  /** Leaves with an exception; nothing of this instruction has happened. `error` undefined: it has no code. */
  fault(vector: number | Expression, error?: Expression): void;
  faultIf(condition: Expression, vector: number, error?: Expression): void;
  /**
   * Emits a test of CR0, CR4 and what else no plain instruction changes, unless this one with that name has been passed
   * on the way here and nothing may have changed since.
   */
  unlessPassed(test: EntryTest, emit: () => void): void;
  /** Ends the instruction by a function of the runtime that may throw and sets RIP (and perhaps everything else). Rows with ENDS. */
  runAndLeave(name: string, ...args: Expression[]): void;
  /** Ends the block after this instruction, which is complete, for what follows was decoded for another mode. */
  leaveAfter(): void;

  /**
   * Notes the x87 instruction, and its memory operand if it has one, for FSTENV and its like; after the last access that
   * can fault. The decoder gives the opcode as the second immediate.
   */
  noteX87(): void;

  // --- Help ---

  /** Calls a function of the runtime (core/cpu/runtime) that never throws; its result is evaluated at once. */
  call(name: string, ...args: Expression[]): Expression;
  /** Calls one that may `raise`: the state is such that the exception is at this instruction. */
  callThrowing(name: string, ...args: Expression[]): Expression;
  /** The same for functions without a result. */
  run(name: string, ...args: Expression[]): void;
  runThrowing(name: string, ...args: Expression[]): void;
}

export const opsFor = (bits: Bits): IntegerOps => (bits === 64 ? i64 : i32);

/** Cuts an i32 that holds a value of `bits` with rubbish above to that value; i64 as it is. */
export function zeroExtend(bits: Bits, value: Expression): Expression {
  if (bits === 8) return i32.and(value, constant32(0xff));
  if (bits === 16) return i32.and(value, constant32(0xffff));
  return value;
}

/** Sign-extends a value of `bits` within its i32; 32 and 64 bits as they are. */
export function signExtend(bits: Bits, value: Expression): Expression {
  if (bits === 8) return i32.extend8(value);
  if (bits === 16) return i32.extend16(value);
  return value;
}

/** A value of `bits` as i64, zero-extended. */
export const toI64 = (bits: Bits, value: Expression): Expression =>
  bits === 64 ? value : extendU(zeroExtend(bits, value));

/** A value of `bits` as i64, sign-extended. */
export const toSignedI64 = (bits: Bits, value: Expression): Expression =>
  bits === 64 ? value : extendS(signExtend(bits, value));

/** The low `bits` of an i64, in the type that holds such a value. */
export const fromI64 = (bits: Bits, value: Expression): Expression =>
  bits === 64 ? value : zeroExtend(bits, wrap(value));

/** A constant of the type that holds values of `bits`. */
export const constantOf = (bits: Bits, value: number | bigint): Expression =>
  bits === 64 ? constant64(value) : constant32(Number(BigInt.asIntN(32, BigInt(value))));
