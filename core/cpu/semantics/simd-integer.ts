// MMX and SSE2 arithmetic on packed integers, and the logical instructions of all of them. An MMX value goes
// through the same vector instructions, in their lower half. [SDM] vol. 1, 9.4 and 11.4.2.

import {
  constant32,
  constant64,
  constantVector,
  type Expression,
  i32,
  i64,
  select,
  wrap,
} from "../wasm/expression.ts";
import { i8x16, i16x8, i32x4, i64x2, v128 } from "../wasm/vector.ts";
import type { Simd, SimdContext } from "./simd-context.ts";
import { beginMmx, beginSse, immediateByte, isMmx, readAligned, wide, writeMmx } from "./simd-state.ts";

type Vector = Expression;
type Binary = (a: Vector, b: Vector) => Vector;

/** dst ← dst op src, lane by lane: `combine` may not mix lanes of the lower and the upper half. */
export const packed = (combine: Binary): Simd => halves(combine, combine);

/** The same where the MMX form needs vectors of its own making. */
export const halves =
  (combine: Binary, combineMmx: Binary): Simd =>
  (c) => {
    if (isMmx(c, 0)) {
      beginMmx(c);
      const source = c.body.let(i64x2.splat(wide(c.read(1))));
      const destination = c.body.let(i64x2.splat(c.read(0)));
      writeMmx(c, 0, i64x2.extractU(combineMmx(destination, source), 0));
    } else {
      beginSse(c);
      const source = readAligned(c, 1);
      const destination = c.read(0);
      c.write(0, combine(destination, source));
    }
  };

// --- Logic ---

export const pandn = packed((a, b) => v128.andNot(b, a));

// --- Products and sums ---

/** The upper halves of two vectors of 32-bit products, as one vector of 16-bit lanes. */
const upperHalves = (low: Vector, high: Vector): Vector =>
  v128.shuffle(low, high, [2, 3, 6, 7, 10, 11, 14, 15, 18, 19, 22, 23, 26, 27, 30, 31]);

export const pmulhw = packed((a, b) => upperHalves(i32x4.productLowS(a, b), i32x4.productHighS(a, b)));
export const pmulhuw = packed((a, b) => upperHalves(i32x4.productLowU(a, b), i32x4.productHighU(a, b)));

const EVEN_DWORDS = [0, 1, 2, 3, 8, 9, 10, 11, 0, 1, 2, 3, 8, 9, 10, 11];
const evenDwords = (a: Vector): Vector => v128.shuffle(a, a, EVEN_DWORDS);

/** PMULUDQ: products of the even doublewords. */
export const pmuludq = packed((a, b) => i64x2.productLowU(evenDwords(a), evenDwords(b)));

/** PMULDQ: the same of signed ones. */
export const pmuldq = packed((a, b) => i64x2.productLowS(evenDwords(a), evenDwords(b)));

/** PSADBW: the sum of absolute differences of eight bytes, in a quadword. */
export const psadbw: Simd = packed((a, b) => {
  const differences = v128.or(i8x16.subSatU(a, b), i8x16.subSatU(b, a));
  // Each doubleword now has the sum of four.
  const sums = i32x4.extendPairsU(i16x8.extendPairsU(differences));
  const both = i64x2.add(sums, i64x2.shrU(sums, constant32(32)));
  return v128.and(both, i64x2.splat(constant64(0xffffffff)));
});

// --- Conversion of width ---

/** The lower quadwords of two vectors. */
export const lowerQuadwords: Binary = (a, b) =>
  v128.shuffle(a, b, [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23]);

/** PACKSSWB and its kin: destination's lanes below source's. */
export const pack = (narrow: Binary): Simd =>
  halves(narrow, (a, b) => {
    const both = lowerQuadwords(a, b);
    return narrow(both, both);
  });

/** Bytes of lanes of `size` bytes taken in turn from a and b, from byte `first` of each. */
function interleaved(size: number, first: number): number[] {
  const order: number[] = [];
  for (let at = first; at < first + 8; at += size) {
    for (const vector of [0, 16]) {
      for (let byte = 0; byte < size; byte++) order.push(vector + at + byte);
    }
  }
  return order;
}

/** PUNPCKL and UNPCKL: lanes of `size` bytes from the lower halves. */
export const unpackLow = (size: number): Simd => packed((a, b) => v128.shuffle(a, b, interleaved(size, 0)));

/** PUNPCKH and UNPCKH: from the upper halves, which in an MMX register are bytes 4 to 7. */
export const unpackHigh = (size: number): Simd =>
  halves(
    (a, b) => v128.shuffle(a, b, interleaved(size, 8)),
    (a, b) => {
      const order = interleaved(size, 0);
      return v128.shuffle(a, b, [...order.slice(8), ...order.slice(8)]);
    },
  );

// --- Shifts ---

type Shift = (a: Vector, count: Expression) => Vector;

/** A shift by `count` (i64): 0, or the sign for arithmetic shifts, when it is not below the lane's width. */
function shifted(
  c: SimdContext,
  shift: Shift,
  bits: number,
  arithmetic: boolean,
  a: Vector,
  count: Expression,
): Vector {
  const kept = c.body.let(count);
  const beyond = i64.gtU(kept, constant64(bits - 1));
  if (arithmetic) return shift(a, select(beyond, constant32(bits - 1), wrap(kept)));
  return select(beyond, v128.zero, shift(a, wrap(kept)));
}

/** A shift of all lanes by the low quadword of the source, or by an immediate. */
const shiftBy =
  (shift: Shift, bits: number, arithmetic: boolean): Simd =>
  (c) => {
    const byImmediate = c.operand(1).place === "immediate";
    const amount = (source: () => Expression): Expression =>
      byImmediate ? i64.and(c.immediate, constant64(0xff)) : source();
    if (isMmx(c, 0)) {
      beginMmx(c);
      const count = c.body.let(amount(() => c.read(1)));
      const value = c.body.let(i64x2.splat(c.read(0)));
      writeMmx(c, 0, i64x2.extractU(shifted(c, shift, bits, arithmetic, value, count), 0));
    } else {
      beginSse(c);
      const count = c.body.let(amount(() => i64x2.extractU(readAligned(c, 1), 0)));
      c.write(0, shifted(c, shift, bits, arithmetic, c.read(0), count));
    }
  };

export const psllw = shiftBy(i16x8.shl, 16, false);
export const pslld = shiftBy(i32x4.shl, 32, false);
export const psllq = shiftBy(i64x2.shl, 64, false);
export const psrlw = shiftBy(i16x8.shrU, 16, false);
export const psrld = shiftBy(i32x4.shrU, 32, false);
export const psrlq = shiftBy(i64x2.shrU, 64, false);
export const psraw = shiftBy(i16x8.shrS, 16, true);
export const psrad = shiftBy(i32x4.shrS, 32, true);

const BYTE_NUMBERS = constantVector(Array.from({ length: 16 }, (_, at) => at));

/** Bytes of `a` from byte `count` (i32, up to 32) on, 0 beyond its end and before its start. */
export function bytesFrom(a: Vector, count: Expression): Vector {
  if (count.constant === undefined) return v128.swizzle(a, i8x16.add(BYTE_NUMBERS, i8x16.splat(count)));
  const first = Number(count.constant);
  const order = Array.from({ length: 16 }, (_, n) => (n + first >= 0 && n + first < 16 ? n + first : 16));
  return v128.shuffle(a, v128.zero, order);
}

/** All bytes move as many places as the immediate says. */
const byteShift =
  (up: boolean): Simd =>
  (c) => {
    beginSse(c);
    const immediate = immediateByte(c);
    const count = select(i32.leU(immediate, constant32(16)), immediate, constant32(16));
    c.write(0, bytesFrom(c.read(0), up ? i32.sub(constant32(0), count) : count));
  };

export const pslldq = byteShift(true);
export const psrldq = byteShift(false);
