// SSSE3: sums of neighbours, signs, and bytes chosen by a register or moved past each other. [SDM] vol. 1, 12.6.

import { constant32, constantVector, type Expression, i32, select } from "../wasm/expression.ts";
import { i8x16, i16x8, i32x4, i64x2, v128 } from "../wasm/vector.ts";
import type { Simd } from "./simd-context.ts";
import { bytesFrom, halves, lowerQuadwords, packed } from "./simd-integer.ts";
import { beginMmx, beginSse, immediateByte, isMmx, readAligned, wide, writeMmx } from "./simd-state.ts";

type Vector = Expression;
type Binary = (a: Vector, b: Vector) => Vector;

/** Bytes of the lanes of `size` bytes whose number is `odd` modulo 2, of two vectors. */
function everySecond(size: 2 | 4, odd: 0 | 1): number[] {
  const order: number[] = [];
  for (let at = odd * size; at < 32; at += 2 * size) {
    for (let byte = 0; byte < size; byte++) order.push(at + byte);
  }
  return order;
}

/** Each lane: `combine` of two neighbours, those of the destination below those of the source. */
const neighbours = (size: 2 | 4, combine: Binary): Simd => {
  const whole: Binary = (a, b) =>
    combine(v128.shuffle(a, b, everySecond(size, 0)), v128.shuffle(a, b, everySecond(size, 1)));
  return halves(whole, (a, b) => {
    const both = lowerQuadwords(a, b);
    return whole(both, both);
  });
};

export const phaddw = neighbours(2, i16x8.add);
export const phaddd = neighbours(4, i32x4.add);
export const phaddsw = neighbours(2, i16x8.addSatS);
export const phsubw = neighbours(2, i16x8.sub);
export const phsubd = neighbours(4, i32x4.sub);
export const phsubsw = neighbours(2, i16x8.subSatS);

const EIGHT = constant32(8);

/** PMADDUBSW: unsigned bytes of the destination by signed ones of the source, sums of two products. */
export const pmaddubsw = packed((a, b) => {
  const even = i16x8.mul(i16x8.shrU(i16x8.shl(a, EIGHT), EIGHT), i16x8.shrS(i16x8.shl(b, EIGHT), EIGHT));
  return i16x8.addSatS(even, i16x8.mul(i16x8.shrU(a, EIGHT), i16x8.shrS(b, EIGHT)));
});

const LOWEST_WORDS = constantVector(Array.from({ length: 16 }, (_, at) => (at & 1) * 0x80));

/** PMULHRSW. The square of -1 wraps to -1 here, where WebAssembly's product saturates. */
export const pmulhrsw = packed((a, b) => {
  const bothLowest = v128.and(i16x8.eq(a, LOWEST_WORDS), i16x8.eq(b, LOWEST_WORDS));
  return v128.xor(i16x8.productQ15(a, b), bothLowest);
});

interface Lanes {
  readonly eq: Binary;
  readonly gtS: Binary;
  readonly sub: Binary;
}

/** PSIGN: the destination's lanes by the signs of the source's: negated, kept, or 0. */
const sign = ({ eq, gtS, sub }: Lanes): Simd =>
  packed((a, b) => {
    const negative = gtS(v128.zero, b);
    return v128.andNot(sub(v128.xor(a, negative), negative), eq(b, v128.zero));
  });

export const psignb = sign(i8x16);
export const psignw = sign(i16x8);
export const psignd = sign(i32x4);

export const pabsb = packed((_, b) => i8x16.abs(b));
export const pabsw = packed((_, b) => i16x8.abs(b));
export const pabsd = packed((_, b) => i32x4.abs(b));

const bytesOf = (value: number): Vector => constantVector(new Array(16).fill(value));

/** PSHUFB: bytes of the destination by the numbers in the source; 0 where bit 7 of the number is set. */
export const pshufb = halves(
  (a, b) => v128.swizzle(a, v128.and(b, bytesOf(0x8f))),
  (a, b) => v128.swizzle(a, v128.and(b, bytesOf(0x87))),
);

/** PALIGNR: destination above source, shifted right by bytes; the lower half is the result. */
export const palignr: Simd = (c) => {
  const mmx = isMmx(c, 0);
  if (mmx) beginMmx(c);
  else beginSse(c);
  const source = mmx ? c.body.let(i64x2.splat(wide(c.read(1)))) : readAligned(c, 1);
  const immediate = immediateByte(c);
  const count = c.body.let(select(i32.ltU(immediate, constant32(32)), immediate, constant32(32)));
  if (mmx) {
    const both = lowerQuadwords(source, c.body.let(i64x2.splat(c.read(0))));
    writeMmx(c, 0, i64x2.extractU(bytesFrom(both, count), 0));
  } else {
    const above = bytesFrom(c.read(0), i32.sub(count, constant32(16)));
    c.write(0, v128.or(bytesFrom(source, count), above));
  }
};
