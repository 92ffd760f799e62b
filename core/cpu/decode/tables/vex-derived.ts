// AVX and AVX2 as far as they do what SSE does: with a first source of its own, and for each half of YMM registers.
// [SDM] vol. 2D, tables.

import type { Both } from "../../semantics/vex-forms.ts";
import { byMode, byPrefix, byWidth, type Entry } from "../row.ts";
import { SIMD_3A, SIMD_38, SIMD_HORIZONTAL } from "./simd-extensions.ts";
import { SIMD_FLOAT } from "./simd-float.ts";
import { SIMD_INTEGER } from "./simd-integer.ts";
import { SIMD_MOVES } from "./simd-moves.ts";
import type { Rows } from "./simd-rows.ts";
import {
  asItIs,
  extend,
  extendAll,
  ofPrefix,
  only128,
  type Shape,
  same,
  shiftByImmediate,
  third,
  threeOperands,
  twoOperands,
} from "./vex-rows.ts";

const range = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, n) => first + n);

const RAISES = { raises: true };
const calculation = threeOperands("avx", RAISES);

/** Packed forms have two operands, scalars three. */
const root =
  (both: Both): Shape =>
  (row) =>
    row.operands[1]!.widths[1] < 128 ? third(row) : twoOperands("avx", both)(row);

/** With VEX.W there is no such instruction outside 64-bit code. */
const quadwordsIn64 =
  (shape: Shape): Shape =>
  (row) => {
    const entry = shape(row);
    return byWidth(entry, byMode(undefined, entry));
  };

/** Entries of an opcode by mandatory prefix. */
interface Prefixed {
  readonly none?: Entry;
  readonly p66?: Entry;
  readonly pF3?: Entry;
  readonly pF2?: Entry;
}

const PLACES = ["none", "p66", "pF3", "pF2"] as const;

/** What shapes make of the rows of an opcode, by mandatory prefix; a prefix that is not there makes no instruction. */
function extendBy(entry: Entry, shapes: Partial<Record<(typeof PLACES)[number], Shape>>): Entry {
  const by: Record<string, Entry> = {};
  PLACES.forEach((place, n) => {
    const shape = shapes[place];
    if (shape) by[place] = extend(ofPrefix(entry, n), shape);
  });
  return byPrefix(by as Prefixed);
}

const FLOAT: Rows = {
  ...extendAll(SIMD_FLOAT, [0x14, 0x15, ...range(0x54, 0x57)], threeOperands()),
  ...extendAll(SIMD_FLOAT, [0x58, 0x59, ...range(0x5c, 0x5f), 0xc2], calculation),
  0x51: extend(SIMD_FLOAT[0x51], root(RAISES)),
  ...extendAll(SIMD_FLOAT, [0x52, 0x53], root({})),
  ...extendAll(SIMD_FLOAT, [0x5b], twoOperands("avx", RAISES)),
  ...extendAll(SIMD_FLOAT, [0x2e, 0x2f], asItIs),
  ...extendAll(SIMD_HORIZONTAL, [0x7c, 0x7d, 0xd0], calculation),
  0x2a: extendBy(SIMD_FLOAT[0x2a], { pF3: third, pF2: third }),
  0x2c: extendBy(SIMD_FLOAT[0x2c], { pF3: asItIs, pF2: asItIs }),
  0x2d: extendBy(SIMD_FLOAT[0x2d], { pF3: asItIs, pF2: asItIs }),
};

const avx2 = threeOperands("avx2");

const INTEGER: Rows = {
  ...extendAll(
    SIMD_INTEGER,
    [
      ...range(0x60, 0x6d),
      ...range(0x74, 0x76),
      ...range(0xd4, 0xd5),
      ...range(0xd8, 0xe0),
      ...range(0xe3, 0xe5),
      ...range(0xe8, 0xef),
      ...range(0xf4, 0xf6),
      ...range(0xf8, 0xfe),
    ],
    avx2,
  ),
  // The count is one for both halves.
  ...extendAll(
    SIMD_INTEGER,
    [...range(0xd1, 0xd3), ...range(0xe1, 0xe2), ...range(0xf1, 0xf3)],
    threeOperands("avx2", { shared: true }),
  ),
  ...extendAll(SIMD_INTEGER, [0x71, 0x72], shiftByImmediate),
  0x73: extend(SIMD_INTEGER[0x73], shiftByImmediate),
};

const lower = only128(third);
const move = only128(same);

const MOVES: Rows = {
  0x12: extendBy(SIMD_MOVES[0x12], { none: lower, p66: lower, pF3: twoOperands(), pF2: twoOperands() }),
  0x13: extendBy(SIMD_MOVES[0x13], { none: move, p66: move }),
  0x16: extendBy(SIMD_MOVES[0x16], { none: lower, p66: lower, pF3: twoOperands() }),
  0x17: extendBy(SIMD_MOVES[0x17], { none: move, p66: move }),
  0x6e: extendBy(SIMD_MOVES[0x6e], { p66: move }),
  0x70: extendBy(SIMD_MOVES[0x70], {
    p66: twoOperands("avx2"),
    pF3: twoOperands("avx2"),
    pF2: twoOperands("avx2"),
  }),
  0x7e: extendBy(SIMD_MOVES[0x7e], { p66: only128(asItIs), pF3: move }),
  0xc4: extendBy(SIMD_MOVES[0xc4], { p66: lower }),
  0xc5: extendBy(SIMD_MOVES[0xc5], { p66: only128(asItIs) }),
  // The upper half of SHUFPD has bits of its own.
  0xc6: extendBy(SIMD_MOVES[0xc6], { none: threeOperands(), p66: threeOperands("avx", { shift: 2 }) }),
  0xd6: extendBy(SIMD_MOVES[0xd6], { p66: move }),
  0xf7: extendBy(SIMD_MOVES[0xf7], { p66: only128(asItIs) }),
};

/** In the map of 0F. */
export const DERIVED_0F: Rows = { ...FLOAT, ...INTEGER, ...MOVES };

/** In the map of 0F 38. */
export const DERIVED_38: Rows = {
  ...extendAll(SIMD_38, [...range(0x00, 0x0b), 0x28, 0x29, 0x2b, ...range(0x37, 0x40)], avx2),
  ...extendAll(SIMD_38, [0x1c, 0x1d, 0x1e], twoOperands("avx2")),
  ...extendAll(SIMD_38, [0x41, 0xdb], move),
  ...extendAll(SIMD_38, range(0xdc, 0xdf), lower),
};

/** In the map of 0F 3A. */
export const DERIVED_3A: Rows = {
  ...extendAll(SIMD_3A, [0x08, 0x09], twoOperands("avx", RAISES)),
  ...extendAll(SIMD_3A, [0x0a, 0x0b], third),
  0x0c: extend(SIMD_3A[0x0c], threeOperands("avx", { shift: 4 })),
  0x0d: extend(SIMD_3A[0x0d], threeOperands("avx", { shift: 2 })),
  ...extendAll(SIMD_3A, [0x0e, 0x0f], avx2),
  ...extendAll(SIMD_3A, [0x14, 0x15, 0x17], only128(asItIs)),
  ...extendAll(SIMD_3A, [0x16], only128(quadwordsIn64(asItIs))),
  ...extendAll(SIMD_3A, [0x20, 0x21, 0x41, 0x44], lower),
  ...extendAll(SIMD_3A, [0x22], only128(quadwordsIn64(third))),
  0x42: extend(SIMD_3A[0x42], threeOperands("avx2", { shift: 3 })),
  ...extendAll(SIMD_3A, [0x61, 0x63], only128(asItIs)),
  0xdf: extend(SIMD_3A[0xdf], move),
};
