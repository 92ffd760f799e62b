// Lanes of YMM registers in another order, chosen by a mask, widened, or shifted by counts of their own: what is no
// SSE instruction done twice. [SDM] vol. 1, 14.6 to 14.8.

import { XMM, YMM_HIGH } from "../layout.ts";
import {
  constant32,
  constant64,
  constantVector,
  type Expression,
  i32,
  i64,
  loadVector,
  select,
} from "../wasm/expression.ts";
import { i8x16, i32x4, i64x2, v128 } from "../wasm/vector.ts";
import type { Context } from "./context.ts";
import { maskOfBits } from "./simd-blend.ts";
import { bytesFrom } from "./simd-integer.ts";
import { immediateByte, readWidened } from "./simd-state.ts";
import { beginAvx } from "./vex-state.ts";
import { readVectors, type Vectors, writeVectors } from "./vex-vectors.ts";

type Emit = (c: Context) => void;

const bytesOf = (bytes: readonly number[]): Expression =>
  constantVector(Array.from({ length: 16 }, (_, n) => bytes[n % bytes.length]!));

// --- Lanes by numbers in a register ---

/** Numbers of doublewords below `count` as the numbers of their bytes. */
const byteNumbers = (numbers: Expression, count: 4 | 8): Expression => {
  const low = v128.and(numbers, bytesOf([count - 1, 0, 0, 0]));
  return i32x4.add(i32x4.mul(low, i32x4.splat(constant32(0x04040404))), bytesOf([0, 1, 2, 3]));
};

/** VPERMILPS by a register: doublewords of each half. */
export const vpermilps: Emit = (c) => {
  beginAvx(c);
  const numbers = readVectors(c, 2);
  const source = readVectors(c, 1);
  writeVectors(
    c,
    0,
    source.map((vector, n) => v128.swizzle(vector, byteNumbers(numbers[n]!, 4))),
  );
};

/** VPERMILPD by a register: quadwords of each half, by bit 1 of the number. */
export const vpermilpd: Emit = (c) => {
  beginAvx(c);
  const numbers = readVectors(c, 2);
  const source = readVectors(c, 1);
  const chosen = source.map((vector, n) => {
    const upper = i64x2.shrS(i64x2.shl(numbers[n]!, constant32(62)), constant32(63));
    const low = v128.shuffle(vector, vector, [0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7]);
    const high = v128.shuffle(vector, vector, [8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15]);
    return v128.bitSelect(high, low, upper);
  });
  writeVectors(c, 0, chosen);
};

/** VPERMD and VPERMPS: doublewords of the whole of the last operand by the numbers in the one before. */
export const vpermd: Emit = (c) => {
  beginAvx(c);
  const [low, high] = readVectors(c, 2) as [Expression, Expression];
  const chosen = readVectors(c, 1).map((numbers) => {
    const places = c.body.let(byteNumbers(numbers, 8));
    // Beyond a half SWIZZLE gives 0.
    return v128.or(v128.swizzle(low, places), v128.swizzle(high, i8x16.sub(places, bytesOf([16]))));
  });
  writeVectors(c, 0, chosen);
};

// --- Lanes by an immediate ---

/** One of two quadwords of a vector by bit `number` of the immediate. */
const quadword = (c: Context, vector: Expression, number: number): Expression =>
  select(
    i32.and(immediateByte(c), constant32(1 << number)),
    i64x2.extractU(vector, 1),
    i64x2.extractU(vector, 0),
  );

const together = (low: Expression, high: Expression): Expression => i64x2.replace(i64x2.splat(low), 1, high);

/** VPERMILPD by an immediate. */
export const vpermilpdByImmediate: Emit = (c) => {
  beginAvx(c);
  const chosen = readVectors(c, 1).map((vector, n) =>
    together(quadword(c, vector, 2 * n), quadword(c, vector, 2 * n + 1)),
  );
  writeVectors(c, 0, chosen);
};

/** VPERMQ and VPERMPD: any quadword of four. */
export const vpermq: Emit = (c) => {
  beginAvx(c);
  const [low, high] = readVectors(c, 1) as [Expression, Expression];
  const { constant } = immediateByte(c);
  const chosen = [0, 1].map((half) => {
    const shifts = [4 * half, 4 * half + 2];
    if (constant !== undefined) {
      const order = shifts.flatMap((shift) =>
        Array.from({ length: 8 }, (_, byte) => ((Number(constant) >> shift) & 3) * 8 + byte),
      );
      return v128.shuffle(low, high, order);
    }
    const [first, second] = shifts.map((shift) => {
      const upper = i32.and(immediateByte(c), constant32(2 << shift));
      return c.body.let(select(upper, quadword(c, high, shift), quadword(c, low, shift)));
    });
    return together(first!, second!);
  });
  writeVectors(c, 0, chosen);
};

// --- Blends ---

/** VPBLENDD. */
export const vpblendd: Emit = (c) => {
  beginAvx(c);
  const second = readVectors(c, 2);
  const first = readVectors(c, 1);
  const blended = first.map((vector, n) => {
    const bits = i32.shrU(immediateByte(c), constant32(4 * n));
    return v128.bitSelect(second[n]!, vector, maskOfBits(4, bits));
  });
  writeVectors(c, 0, blended);
};

/** A half of the register that the last byte names. */
function namedVector(c: Context, half: number): Expression {
  const mask = c.codeSize === 64 ? 15 : 7;
  const number = i32.and(i32.shrU(immediateByte(c), constant32(4)), constant32(mask));
  const offset = i32.add(i32.shl(number, constant32(4)), constant32(half ? YMM_HIGH : XMM));
  if (offset.constant !== undefined) return c.state(Number(offset.constant), 128);
  return c.body.let(loadVector(i32.add(c.stateAddress(0), offset)));
}

/** VPBLENDVB, VBLENDVPS, VBLENDVPD: by the signs of lanes of the register that the last byte names. */
const blendBySigns =
  (signs: (vector: Expression, count: Expression) => Expression, bits: number): Emit =>
  (c) => {
    beginAvx(c);
    const second = readVectors(c, 2);
    const first = readVectors(c, 1);
    const blended = first.map((vector, n) =>
      v128.bitSelect(second[n]!, vector, signs(namedVector(c, n), constant32(bits - 1))),
    );
    writeVectors(c, 0, blended);
  };

export const vpblendvb = blendBySigns(i8x16.shrS, 8);
export const vblendvps = blendBySigns(i32x4.shrS, 32);
export const vblendvpd = blendBySigns(i64x2.shrS, 64);

// --- Wider lanes ---

/** VPMOVSX and VPMOVZX to YMM registers: each step doubles the width of the lower lanes of `bytes` bytes of the source. */
export const widenToBoth =
  (...steps: ((a: Expression) => Expression)[]): Emit =>
  (c) => {
    beginAvx(c);
    const source = readWidened(c, 1);
    const bytes = 16 >> steps.length;
    const widen = (vector: Expression): Expression => steps.reduce((value, step) => step(value), vector);
    writeVectors(c, 0, [widen(source), widen(bytesFrom(source, constant32(bytes)))]);
  };

// --- Shifts by a count for each lane ---

/** One lane shifted: 0, or the sign with `arithmetic`, when its count is not below its width. */
function shiftLane(
  kind: "shl" | "shrU" | "shrS",
  bits: 32 | 64,
  value: Expression,
  count: Expression,
): Expression {
  const beyond = bits === 32 ? i32.gtU(count, constant32(31)) : i64.gtU(count, constant64(63));
  if (kind === "shrS") return i32.shrS(value, select(beyond, constant32(31), count));
  if (bits === 32) return select(beyond, constant32(0), i32[kind](value, count));
  return select(beyond, constant64(0), i64[kind](value, count));
}

/** VPSLLVD, VPSRLVD, VPSRAVD and those of quadwords. */
export const shiftEach =
  (kind: "shl" | "shrU" | "shrS", bits: 32 | 64): Emit =>
  (c) => {
    beginAvx(c);
    const lanes = bits === 32 ? i32x4 : i64x2;
    const counts = readVectors(c, 2);
    const shifted: Vectors = readVectors(c, 1).map((vector, n) => {
      let result = vector;
      for (let lane = 0; lane < 128 / bits; lane++) {
        const count = c.body.let(lanes.extractU(counts[n]!, lane));
        result = lanes.replace(result, lane, shiftLane(kind, bits, lanes.extractU(vector, lane), count));
      }
      return result;
    });
    writeVectors(c, 0, shifted);
  };
