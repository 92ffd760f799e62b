// SSE4.1: lanes chosen by a mask, lanes widened, and tests of whole vectors. [SDM] vol. 1, 12.8.

import { XMM } from "../layout.ts";
import { constant32, constantVector, type Expression, extendU, i32, loadVector } from "../wasm/expression.ts";
import { i8x16, i16x8, i32x4, i64x2, v128 } from "../wasm/vector.ts";
import type { Simd, SimdContext } from "./simd-context.ts";
import { beginSse, immediateByte, readAligned, readWidened } from "./simd-state.ts";

type Vector = Expression;

/** The source's lanes where `maskOf` has ones, the destination's elsewhere. */
const blend =
  (maskOf: (c: SimdContext) => Vector): Simd =>
  (c) => {
    beginSse(c);
    const source = readAligned(c, 1);
    c.write(0, v128.bitSelect(source, c.read(0), maskOf(c)));
  };

/** By the signs of XMM0's lanes: PBLENDVB, BLENDVPS, BLENDVPD. */
const byXmm0 = (signs: (a: Vector, count: Expression) => Vector, bits: number): Simd =>
  blend((c) => signs(loadVector(c.stateAddress(XMM)), constant32(bits - 1)));

export const pblendvb = byXmm0(i8x16.shrS, 8);
export const blendvps = byXmm0(i32x4.shrS, 32);
export const blendvpd = byXmm0(i64x2.shrS, 64);

/** Lanes of `bytes` bytes whose n-th has bit n set and nothing else. */
const laneBits = (bytes: 2 | 4 | 8): Vector =>
  constantVector(Array.from({ length: 16 }, (_, at) => (at % bytes === 0 ? 1 << (at / bytes) : 0)));

const splat = (bytes: 2 | 4 | 8, value: Expression): Vector =>
  bytes === 2 ? i16x8.splat(value) : bytes === 4 ? i32x4.splat(value) : i64x2.splat(extendU(value));

const LANES = { 2: i16x8, 4: i32x4, 8: i64x2 } as const;

/** All ones in each lane whose bit of `value` (i32) is set. */
export const maskOfBits = (bytes: 2 | 4 | 8, value: Expression): Vector =>
  LANES[bytes].eq(v128.and(splat(bytes, value), laneBits(bytes)), laneBits(bytes));

/** PBLENDW, BLENDPS, BLENDPD: by the bits of the immediate. */
export const blendByImmediate = (bytes: 2 | 4 | 8): Simd => blend((c) => maskOfBits(bytes, immediateByte(c)));

/** PMOVSX and PMOVZX: each step doubles the width of the lower lanes. */
export const widen =
  (...steps: ((a: Vector) => Vector)[]): Simd =>
  (c) => {
    beginSse(c);
    c.write(
      0,
      steps.reduce((value, step) => step(value), readWidened(c, 1)),
    );
  };

/** PTEST: ZF if no bit is set in both, CF if none is set in the source alone. */
export const ptest: Simd = (c) => {
  beginSse(c);
  const source = readAligned(c, 1);
  const destination = c.read(0);
  const none = constant32(0);
  const zf = c.body.let(i32.eqz(v128.anyTrue(v128.and(source, destination))));
  const cf = c.body.let(i32.eqz(v128.anyTrue(v128.andNot(source, destination))));
  c.flags.assign({ cf, pf: none, af: none, zf, sf: none, of: none });
};
