// AVX's moves between registers and memory, of whole registers and of halves. [SDM] vol. 1, 14.3; vol. 2.

import { XMM, YMM_HIGH } from "../layout.ts";
import { constant32, type Expression, i32, loadVector, select } from "../wasm/expression.ts";
import { i8x16, i16x8, i32x4, i64x2, loadSplat, v128 } from "../wasm/vector.ts";
import type { Bits, Context } from "./context.ts";
import { immediateByte, isInMemory } from "./simd-state.ts";
import { beginAvx } from "./vex-state.ts";
import { readVectors, type Vectors, vectorsIn, writeVectors } from "./vex-vectors.ts";

/** Whole registers, with memory that may have to be aligned. */
export const moveVectors =
  (aligned: boolean) =>
  (c: Context): void => {
    beginAvx(c);
    writeVectors(c, 0, readVectors(c, 1, aligned), aligned);
  };

const registersOf = (c: Context): number[] =>
  Array.from({ length: c.codeSize === 64 ? 16 : 8 }, (_, n) => n * 16);

/** VZEROUPPER. */
export const clearUppers = (c: Context): void => {
  beginAvx(c);
  for (const at of registersOf(c)) c.setState(YMM_HIGH + at, 128, v128.zero);
};

/** VZEROALL. */
export const clearAll = (c: Context): void => {
  clearUppers(c);
  for (const at of registersOf(c)) c.setState(XMM + at, 128, v128.zero);
};

const SPLAT: Readonly<Record<number, (value: Expression) => Expression>> = {
  8: i8x16.splat,
  16: i16x8.splat,
  32: i32x4.splat,
  64: i64x2.splat,
};

/** The lowest lane in all others: VBROADCASTSS, VPBROADCASTB and their kin. */
export const broadcast =
  (bits: 8 | 16 | 32 | 64) =>
  (c: Context): void => {
    beginAvx(c);
    let value: Expression;
    if (isInMemory(c, 1)) {
      const linear = c.linear(bits / 8, false);
      if (bits === 32 || bits === 64) value = loadSplat(bits, c.loadAddress(bits / 8, linear));
      else value = SPLAT[bits]!(c.load(bits as Bits, linear));
    } else {
      const source = c.readHalf(1, 0);
      const order = Array.from({ length: 16 }, (_, n) => n % (bits / 8));
      value = v128.shuffle(source, source, order);
    }
    const kept = c.body.let(value);
    writeVectors(c, 0, new Array(vectorsIn(c, 0)).fill(kept));
  };

/** VBROADCASTF128 and VBROADCASTI128: from memory only. */
export const broadcastHalf = (c: Context): void => {
  beginAvx(c);
  const value = c.body.let(loadVector(c.loadAddress(16, c.linear(16, false))));
  writeVectors(c, 0, [value, value]);
};

/** A bit of the immediate (i32, not 0 if it is set). */
const bit = (c: Context, number: number): Expression => i32.and(immediateByte(c), constant32(1 << number));

/** VINSERTF128 and VINSERTI128: the second source in place of a half of the first. */
export const insertHalf = (c: Context): void => {
  beginAvx(c);
  const [value] = readVectors(c, 2) as [Expression];
  const [low, high] = readVectors(c, 1) as [Expression, Expression];
  const upper = bit(c, 0);
  writeVectors(c, 0, [select(upper, low, value), select(upper, value, high)]);
};

/** VEXTRACTF128 and VEXTRACTI128. */
export const extractHalf = (c: Context): void => {
  beginAvx(c);
  const [low, high] = readVectors(c, 1) as [Expression, Expression];
  writeVectors(c, 0, [select(bit(c, 0), high, low)]);
};

/** VPERM2F128 and VPERM2I128: each half one of four, or zeros. */
export const permuteHalves = (c: Context): void => {
  beginAvx(c);
  const second = readVectors(c, 2) as [Expression, Expression];
  const first = readVectors(c, 1) as [Expression, Expression];
  const chosen = [0, 4].map((shift) => {
    const one = ([low, high]: readonly [Expression, Expression]) => select(bit(c, shift), high, low);
    const either = select(bit(c, shift + 1), one(second), one(first));
    return select(bit(c, shift + 3), v128.zero, either);
  });
  writeVectors(c, 0, chosen);
};

/** The sign of each lane of `bits` bits in a general register: VMOVMSKPS, VMOVMSKPD, VPMOVMSKB. */
export const masks =
  (bits: 8 | 32 | 64) =>
  (c: Context): void => {
    beginAvx(c);
    const { bitmask } = { 8: i8x16, 32: i32x4, 64: i64x2 }[bits];
    const lanes = 128 / bits;
    const signs = readVectors(c, 1).map(bitmask);
    c.write(
      0,
      signs.reduce((sum, part, n) => i32.or(sum, i32.shl(part, constant32(n * lanes)))),
    );
  };

/** ZF if no bit is set in both, CF if none is set in the source alone, of the signs only with `keep`. */
const test =
  (keep: (vector: Expression) => Expression) =>
  (c: Context): void => {
    beginAvx(c);
    const source = readVectors(c, 1);
    const destination = readVectors(c, 0);
    const none = (combine: (a: Expression, b: Expression) => Expression): Expression => {
      const all: Vectors = source.map((value, n) => keep(combine(value, destination[n]!)));
      return c.body.let(i32.eqz(v128.anyTrue(all.reduce(v128.or))));
    };
    const zero = constant32(0);
    const zf = none(v128.and);
    const cf = none(v128.andNot);
    c.flags.assign({ cf, pf: zero, af: zero, zf, sf: zero, of: zero });
  };

export const vptest = test((vector) => vector);
export const vtestps = test((vector) => i32x4.shrU(vector, constant32(31)));
export const vtestpd = test((vector) => i64x2.shrU(vector, constant32(63)));
