// SSE4.1: single lanes in and out. Where the lane is not known as the code is emitted it is found by address.
// [SDM] vol. 1, 12.8.6 and 12.8.7.

import { constant32, type Expression, extendU, i32, i64, loadVector } from "../wasm/expression.ts";
import { i8x16, i16x8, i32x4, i64x2, v128 } from "../wasm/vector.ts";
import { maskOfBits } from "./simd-blend.ts";
import type { Simd, SimdContext } from "./simd-context.ts";
import { beginSse, immediateByte, knownLane } from "./simd-state.ts";

const LANES = { 1: i8x16, 2: i16x8, 4: i32x4, 8: i64x2 } as const;
const LOADS = { 1: i32.load8U, 2: i32.load16U, 4: i32.load, 8: i64.load } as const;

/** Address of the lane of `bytes` bytes of operand `index` that the immediate names. */
function laneAddress(c: SimdContext, index: number, bytes: number): Expression {
  const lane = i32.and(immediateByte(c), constant32(16 / bytes - 1));
  return c.body.let(i32.add(c.readAddress(index, 16), i32.mul(lane, constant32(bytes))));
}

/** Bytes of the lane: given by the row, or 4 or 8 by REX.W. */
const bytesOf = (c: SimdContext, given: 1 | 2 | 4 | undefined): 1 | 2 | 4 | 8 =>
  given ?? (c.size === 64 ? 8 : 4);

/** PINSRB, PINSRD, PINSRQ. */
export const insert =
  (given?: 1): Simd =>
  (c) => {
    beginSse(c);
    const bytes = bytesOf(c, given);
    const value = c.read(1);
    const lane = knownLane(c, bytes);
    if (lane === undefined) c.body.store((bytes * 8) as 8 | 32 | 64, laneAddress(c, 0, bytes), value);
    else c.write(0, LANES[bytes].replace(c.read(0), lane, value));
  };

/** PEXTRB, PEXTRW, PEXTRD, PEXTRQ, EXTRACTPS: zero-extended in a register. */
export const extract =
  (given?: 1 | 2 | 4): Simd =>
  (c) => {
    beginSse(c);
    const bytes = bytesOf(c, given);
    const lane = knownLane(c, bytes);
    const value = c.body.let(
      lane === undefined ? LOADS[bytes](laneAddress(c, 1, bytes)) : LANES[bytes].extractU(c.read(1), lane),
    );
    c.write(0, c.width(0) === 64 && bytes < 8 ? extendU(value) : value);
  };

/** INSERTPS: a lane of the source (in memory its only one) to one of the destination, then zeros by a mask. */
export const insertps: Simd = (c) => {
  beginSse(c);
  const field = (shift: number): Expression => i32.and(i32.shrU(immediate, constant32(shift)), constant32(3));
  const immediate = immediateByte(c);
  let source = c.readAddress(1, 4);
  if (!c.memory) source = i32.add(source, i32.shl(field(6), constant32(2)));
  const value = c.body.let(i32.load(source));
  const destination = c.readAddress(0, 16);
  c.body.store(32, i32.add(destination, i32.shl(field(4), constant32(2))), value);
  c.write(0, v128.andNot(loadVector(destination), maskOfBits(4, immediate)));
};
