// Shuffles by an immediate, and single words in and out. Where the immediate is known as the code is emitted, so is the order;
// else lanes are picked by address. [SDM] vol. 1, 10.4.1, 11.4.1 and 11.4.2.

import { constant32, type Expression, extendU, i32, i64 } from "../wasm/expression.ts";
import { i16x8, v128 } from "../wasm/vector.ts";
import type { Simd, SimdContext } from "./simd-context.ts";
import {
  beginMmx,
  beginSimd,
  beginSse,
  enterMmx,
  immediateByte,
  isMmx,
  knownLane,
  markMmx,
  readAligned,
  readWidened,
  sourceAddress,
} from "./simd-state.ts";

/** Where a lane of the result comes from. */
interface Lane {
  readonly operand: 0 | 1;
  /** The lane, or the first of those that the immediate chooses from by its bits from `shift` on. */
  readonly lane: number;
  readonly shift?: number;
}

type LaneBytes = 2 | 4 | 8;

/** Bits of the immediate that choose a lane. */
const choice = (bytes: LaneBytes): number => (bytes === 8 ? 1 : 3);

/** The order of bytes for a shuffle of operands 0 and 1 by an immediate. */
const orderOf = (lanes: readonly Lane[], bytes: LaneBytes, immediate: number): number[] =>
  lanes.flatMap(({ operand, lane, shift }) => {
    const chosen = shift === undefined ? 0 : (immediate >> shift) & choice(bytes);
    return Array.from({ length: bytes }, (_, byte) => 16 * operand + (lane + chosen) * bytes + byte);
  });

/** The lanes, loaded from where the operands are. */
function pick(
  c: SimdContext,
  lanes: readonly Lane[],
  bytes: LaneBytes,
  immediate: Expression,
  operands: readonly Expression[],
): Expression[] {
  return lanes.map(({ operand, lane, shift }) => {
    const first = i32.add(operands[operand]!, constant32(lane * bytes));
    const chosen = i32.and(i32.shrU(immediate, constant32(shift ?? 0)), constant32(choice(bytes)));
    const place = shift === undefined ? first : i32.add(first, i32.mul(chosen, constant32(bytes)));
    return c.body.let(bytes === 2 ? i32.load16U(place) : bytes === 4 ? i32.load(place) : i64.load(place));
  });
}

/** Stores lanes one after another at an address. */
function storeLanes(
  c: SimdContext,
  address: Expression,
  lanes: readonly Expression[],
  bytes: LaneBytes,
): void {
  const bits = (bytes * 8) as 16 | 32 | 64;
  lanes.forEach((lane, n) => {
    c.body.store(bits, address, lane, n * bytes);
  });
}

/** A shuffle of XMM registers. */
const shuffle =
  (bytes: LaneBytes, lanes: readonly Lane[]): Simd =>
  (c) => {
    beginSse(c);
    const immediate = immediateByte(c);
    if (immediate.constant !== undefined) {
      const source = readAligned(c, 1);
      c.write(0, v128.shuffle(c.read(0), source, orderOf(lanes, bytes, Number(immediate.constant))));
      return;
    }
    const source = sourceAddress(c, 1);
    const destination = c.readAddress(0, 16);
    storeLanes(c, destination, pick(c, lanes, bytes, immediate, [destination, source]), bytes);
  };

const FOUR = [0, 1, 2, 3];

/** Four lanes that the immediate chooses, from one of the source on. */
const chosenFrom = (lane: number): Lane[] => FOUR.map((n) => ({ operand: 1, lane, shift: 2 * n }));
/** Four lanes of the source as they are. */
const copiedFrom = (lane: number): Lane[] => FOUR.map((n) => ({ operand: 1, lane: lane + n }));

/** PSHUFW. */
export const pshufw: Simd = (c) => {
  beginMmx(c);
  const source = sourceAddress(c, 1);
  const lanes = pick(c, chosenFrom(0), 2, immediateByte(c), [source, source]);
  enterMmx(c);
  storeLanes(c, c.readAddress(0, 8), lanes, 2);
  markMmx(c, 0);
};

export const pshufd = shuffle(4, chosenFrom(0));
export const pshuflw = shuffle(2, [...chosenFrom(0), ...copiedFrom(4)]);
export const pshufhw = shuffle(2, [...copiedFrom(0), ...chosenFrom(4)]);
/** Two lanes of the destination, then two of the source. */
export const shufps = shuffle(
  4,
  FOUR.map((n) => ({ operand: n < 2 ? 0 : 1, lane: 0, shift: 2 * n })),
);
export const shufpd = shuffle(8, [
  { operand: 0, lane: 0, shift: 0 },
  { operand: 1, lane: 0, shift: 1 },
]);

/** The lane of a word of an XMM operand, if that is known. */
const knownWord = (c: SimdContext, index: number): number | undefined =>
  isMmx(c, index) ? undefined : knownLane(c, 2);

/** Address of the word of a register that the immediate names. */
function wordAddress(c: SimdContext, index: number): Expression {
  const words = c.width(index) / 16;
  const word = i32.and(immediateByte(c), constant32(words - 1));
  return i32.add(c.readAddress(index, words * 2), i32.shl(word, constant32(1)));
}

/** PINSRW. */
export const pinsrw: Simd = (c) => {
  beginSimd(c);
  const value = c.read(1);
  const lane = knownWord(c, 0);
  if (lane !== undefined) {
    c.write(0, i16x8.replace(c.read(0), lane, value));
    return;
  }
  if (isMmx(c, 0)) enterMmx(c);
  c.body.store(16, wordAddress(c, 0), value);
  if (isMmx(c, 0)) markMmx(c, 0);
};

/** PEXTRW. */
export const pextrw: Simd = (c) => {
  beginSimd(c);
  const lane = knownWord(c, 1);
  const value = c.body.let(
    lane === undefined ? i32.load16U(wordAddress(c, 1)) : i16x8.extractU(c.read(1), lane),
  );
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
