// Shuffles by an immediate, and single words in and out. Lanes are picked by address: the immediate is known only
// when the instruction runs. [SDM] vol. 1, 10.4.1, 11.4.1 and 11.4.2.

import { constant32, type Expression, extendU, i32, i64 } from "../wasm/expression.ts";
import { v128 } from "../wasm/vector.ts";
import type { Context } from "./context.ts";
import {
  beginMmx,
  beginSimd,
  beginSse,
  enterMmx,
  immediateByte,
  isMmx,
  markMmx,
  readWidened,
  sourceAddress,
} from "./simd-state.ts";

type Simd = (c: Context) => void;

/** A lane of `bytes` bytes, chosen by `bits` bits of the immediate from bit `shift`, at an address. */
function chosen(
  c: Context,
  address: Expression,
  immediate: Expression,
  bytes: 2 | 4 | 8,
  shift: number,
  bits: 1 | 2,
): Expression {
  const lane = i32.and(i32.shrU(immediate, constant32(shift)), constant32((1 << bits) - 1));
  const place = i32.add(address, i32.mul(lane, constant32(bytes)));
  return c.body.let(bytes === 2 ? i32.load16U(place) : bytes === 4 ? i32.load(place) : i64.load(place));
}

/** Stores lanes one after another, from `offset` of an address. */
function storeLanes(
  c: Context,
  address: Expression,
  lanes: Expression[],
  bytes: 2 | 4 | 8,
  offset = 0,
): void {
  const bits = (bytes * 8) as 16 | 32 | 64;
  lanes.forEach((lane, n) => {
    c.body.store(bits, address, lane, offset + n * bytes);
  });
}

const FOUR = [0, 1, 2, 3];

/** PSHUFW. */
export const pshufw: Simd = (c) => {
  beginMmx(c);
  const source = sourceAddress(c, 1);
  const immediate = immediateByte(c);
  const lanes = FOUR.map((n) => chosen(c, source, immediate, 2, 2 * n, 2));
  enterMmx(c);
  storeLanes(c, c.readAddress(0, 8), lanes, 2);
  markMmx(c, 0);
};

/** PSHUFD. */
export const pshufd: Simd = (c) => {
  beginSse(c);
  const source = sourceAddress(c, 1);
  const immediate = immediateByte(c);
  const lanes = FOUR.map((n) => chosen(c, source, immediate, 4, 2 * n, 2));
  storeLanes(c, c.readAddress(0, 16), lanes, 4);
};

/** PSHUFLW, PSHUFHW: one half's words are shuffled, the other half is copied. `from` is its first byte. */
const shuffleHalf =
  (from: 0 | 8): Simd =>
  (c) => {
    beginSse(c);
    const source = sourceAddress(c, 1);
    const immediate = immediateByte(c);
    const half = c.body.let(i32.add(source, constant32(from)));
    const lanes = FOUR.map((n) => chosen(c, half, immediate, 2, 2 * n, 2));
    const other = c.body.let(i64.load(source, 8 - from));
    const destination = c.readAddress(0, 16);
    c.body.store(64, destination, other, 8 - from);
    storeLanes(c, destination, lanes, 2, from);
  };

export const pshuflw = shuffleHalf(0);
export const pshufhw = shuffleHalf(8);

/** SHUFPS: two lanes of the destination, then two of the source. */
export const shufps: Simd = (c) => {
  beginSse(c);
  const source = sourceAddress(c, 1);
  const immediate = immediateByte(c);
  const destination = c.readAddress(0, 16);
  const lanes = FOUR.map((n) => chosen(c, n < 2 ? destination : source, immediate, 4, 2 * n, 2));
  storeLanes(c, destination, lanes, 4);
};

/** SHUFPD. */
export const shufpd: Simd = (c) => {
  beginSse(c);
  const source = sourceAddress(c, 1);
  const immediate = immediateByte(c);
  const destination = c.readAddress(0, 16);
  const lanes = [destination, source].map((address, n) => chosen(c, address, immediate, 8, n, 1));
  storeLanes(c, destination, lanes, 8);
};

/** Address of the word of a register that the immediate names. */
function wordAddress(c: Context, index: number): Expression {
  const words = c.width(index) / 16;
  const word = i32.and(immediateByte(c), constant32(words - 1));
  return i32.add(c.readAddress(index, words * 2), i32.shl(word, constant32(1)));
}

/** PINSRW. */
export const pinsrw: Simd = (c) => {
  beginSimd(c);
  const value = c.read(1);
  if (isMmx(c, 0)) enterMmx(c);
  c.body.store(16, wordAddress(c, 0), value);
  if (isMmx(c, 0)) markMmx(c, 0);
};

/** PEXTRW. */
export const pextrw: Simd = (c) => {
  beginSimd(c);
  const value = c.body.let(i32.load16U(wordAddress(c, 1)));
  if (isMmx(c, 1)) enterMmx(c);
  c.write(0, c.width(0) === 64 ? extendU(value) : value);
};

/** A permutation of lanes of `bytes` bytes known from the row: MOVSLDUP, MOVSHDUP, MOVDDUP. */
export const duplicate =
  (bytes: 4 | 8, lanes: readonly number[]): Simd =>
  (c) => {
    beginSse(c);
    const value = readWidened(c, 1);
    const order = lanes.flatMap((lane) => Array.from({ length: bytes }, (_, byte) => lane * bytes + byte));
    c.write(0, v128.shuffle(value, value, order));
  };
