// What MMX and SSE instructions have in common: when they may begin, where their operands are, and how an
// exception of their numbers is met. [SDM] vol. 1, 9.5 and 11.5; vol. 3A, 2.5.

import { CR0, CR4, FPU_STATUS, FPU_TAGS } from "../layout.ts";
import { constant32, type Expression, extendU, i32, loadVector, select, wrap } from "../wasm/expression.ts";
import { i32x4, i64x2, loadLow } from "../wasm/vector.ts";
import { GP, NM, UD, XM } from "./context.ts";
import type { SimdContext } from "./simd-context.ts";
import { beginAvx } from "./vex-state.ts";
import { EM, meetPending, TS } from "./x87-state.ts";

/** Bits of CR4. */
const OSFXSR = 1 << 9;
const OSXMMEXCPT = 1 << 10;
/** TOP in the x87 status word. */
const TOP = 7 << 11;

/**
 * #UD when the x87 is emulated or the system does not save XMM registers, #NM when they belong to another task. With VEX
 * an instruction begins as one of AVX.
 */
export function beginSse(c: SimdContext): void {
  if (c.vex) {
    beginAvx(c);
    return;
  }
  c.unlessPassed("sse", () => {
    const cr0 = c.state(CR0, 32);
    const unprepared = i32.and(i32.xor(c.state(CR4, 32), constant32(OSFXSR)), constant32(OSFXSR));
    const impossible = i32.or(i32.and(cr0, constant32(EM)), unprepared);
    c.body.if(
      i32.or(i32.and(cr0, constant32(EM | TS)), unprepared),
      () => c.fault(select(impossible, constant32(UD), constant32(NM))),
      undefined,
      false,
    );
  });
}

/** The same for MMX, which meets a pending x87 exception too. */
export function beginMmx(c: SimdContext): void {
  const cr0 = c.state(CR0, 32);
  c.faultIf(i32.and(cr0, constant32(EM)), UD);
  c.faultIf(i32.and(cr0, constant32(TS)), NM);
  meetPending(c);
}

/** For instructions between the two register files. */
export function beginBoth(c: SimdContext): void {
  beginSse(c);
  meetPending(c);
}

export const isMmx = (c: SimdContext, index: number): boolean => c.operand(index).file === "mmx";

/** Begins an instruction whose operands say whether it is MMX or SSE. */
export function beginSimd(c: SimdContext): void {
  if (c.row.operands.some((operand) => operand.file === "mmx")) beginMmx(c);
  else beginSse(c);
}

/** The x87 registers become MMX registers: TOP is 0 and none is empty. After the last access that can fault. */
export function enterMmx(c: SimdContext): void {
  c.setState(FPU_STATUS, 16, i32.and(c.state(FPU_STATUS, 16), constant32(~TOP)));
  c.setState(FPU_TAGS, 8, constant32(0));
}

/** Sign and exponent of an MMX register that was written are all ones. */
export function markMmx(c: SimdContext, index: number): void {
  c.body.store(16, c.readAddress(index, 8), constant32(0xffff), 8);
}

/** Sets an MMX operand (i64), and the x87 state that goes with it. */
export function writeMmx(c: SimdContext, index: number, value: Expression): void {
  const kept = c.body.let(value);
  enterMmx(c);
  c.write(index, kept);
  markMmx(c, index);
}

export const isInMemory = (c: SimdContext, index: number): boolean =>
  c.memory && c.operand(index).place === "rm";

/** Linear address of the memory operand; 16 bytes that are not aligned are #GP(0). */
function alignedLinear(c: SimdContext, bytes: number, write: boolean): Expression {
  const linear = c.linear(bytes, write);
  if (bytes === 16) {
    const low = linear.type === "i64" ? wrap(linear) : linear;
    c.faultIf(i32.and(low, constant32(15)), GP, constant32(0));
  }
  return linear;
}

/** Host address of an operand to be read, of the row's width, in memory aligned when that is 16 bytes and there is no VEX. */
export function sourceAddress(c: SimdContext, index: number): Expression {
  const bytes = c.width(index) / 8;
  if (c.vex || !isInMemory(c, index)) return c.readAddress(index, bytes);
  return c.loadAddress(bytes, alignedLinear(c, bytes, false));
}

/** A 128-bit operand, aligned as above if it is in memory. */
export function readAligned(c: SimdContext, index: number): Expression {
  if (!isInMemory(c, index)) return c.read(index);
  return c.body.let(loadVector(sourceAddress(c, index)));
}

/** Sets a 128-bit operand, aligned if it is in memory. */
export function writeAligned(c: SimdContext, index: number, value: Expression): void {
  if (!isInMemory(c, index)) c.write(index, value);
  else c.store(128, alignedLinear(c, 16, true), value);
}

/** An operand of any width as a vector: the value in its low lanes, 0 above. */
export function readWidened(c: SimdContext, index: number): Expression {
  const width = c.width(index);
  if (width === 128) return readAligned(c, index);
  if (width === 64 && isInMemory(c, index)) return c.body.let(loadLow(sourceAddress(c, index)));
  const value = c.read(index);
  return c.body.let(width === 64 ? i64x2.fromLane0(value) : i32x4.fromLane0(value));
}

/** Vector of an exception of numbers (i32): #XM, or #UD where the system is not prepared for that. */
export function numberException(c: SimdContext): Expression {
  const prepared = i32.and(c.state(CR4, 32), constant32(OSXMMEXCPT));
  return select(prepared, constant32(XM), constant32(UD));
}

/** That exception if the condition (i32) holds. */
export function raiseIf(c: SimdContext, condition: Expression): void {
  c.body.if(condition, () => c.fault(numberException(c)), undefined, false);
}

/** The immediate byte, as i32. */
export const immediateByte = (c: SimdContext): Expression => c.body.let(wrap(c.immediate));

/** The lane of `bytes` bytes of an XMM register that the immediate names, if that is known. */
export function knownLane(c: SimdContext, bytes: number): number | undefined {
  const { constant } = immediateByte(c);
  return constant === undefined ? undefined : Number(constant) & (16 / bytes - 1);
}

/** A value of 32 or 64 bits as i64, zero-extended. */
export const wide = (value: Expression): Expression => (value.type === "i64" ? value : extendU(value));
