// The instructions on v128 values, by name. [WASM] 5.4.8.

import { constantVector, type Expression, simd } from "./expression.ts";

type Unary = (a: Expression) => Expression;
type Binary = (a: Expression, b: Expression) => Expression;
type Ternary = (a: Expression, b: Expression, c: Expression) => Expression;

const unary =
  (opcode: number): Unary =>
  (a) =>
    simd("v128", opcode, [a]);
const binary =
  (opcode: number): Binary =>
  (a, b) =>
    simd("v128", opcode, [a, b]);
const ternary =
  (opcode: number): Ternary =>
  (a, b, c) =>
    simd("v128", opcode, [a, b, c]);
/** A test of a vector that gives an i32. */
const test =
  (opcode: number): Unary =>
  (a) =>
    simd("i32", opcode, [a]);

/** A lane out, zero-extended where it is narrower than its type, and in. */
const lanes = (type: "i32" | "i64", extract: number, replace: number) => ({
  extractU: (a: Expression, lane: number): Expression => simd(type, extract, [a], [lane]),
  replace: (a: Expression, lane: number, value: Expression): Expression =>
    simd("v128", replace, [a, value], [lane]),
});

export const v128 = {
  not: unary(0x4d),
  and: binary(0x4e),
  /** a and not b */
  andNot: binary(0x4f),
  or: binary(0x50),
  xor: binary(0x51),
  /** Bits of a where the mask has ones, of b where it has zeros. */
  bitSelect: (a: Expression, b: Expression, mask: Expression): Expression => simd("v128", 0x52, [a, b, mask]),
  anyTrue: test(0x53),
  zero: constantVector(new Array(16).fill(0)),
  /** Bytes of a, numbered 0 to 15, and of b, 16 to 31, in the order given. */
  shuffle: (a: Expression, b: Expression, order: readonly number[]): Expression =>
    simd("v128", 0x0d, [a, b], order),
  /** Bytes of a by the numbers in b; 0 where that is 16 or more. */
  swizzle: binary(0x0e),
};

export const i8x16 = {
  ...lanes("i32", 0x16, 0x17),
  splat: unary(0x0f),
  eq: binary(0x23),
  gtS: binary(0x27),
  abs: unary(0x60),
  bitmask: test(0x64),
  narrowS: binary(0x65),
  narrowU: binary(0x66),
  shrS: binary(0x6c),
  add: binary(0x6e),
  addSatS: binary(0x6f),
  addSatU: binary(0x70),
  sub: binary(0x71),
  subSatS: binary(0x72),
  subSatU: binary(0x73),
  minS: binary(0x76),
  minU: binary(0x77),
  maxS: binary(0x78),
  maxU: binary(0x79),
  avgrU: binary(0x7b),
};

export const i16x8 = {
  ...lanes("i32", 0x19, 0x1a),
  splat: unary(0x10),
  extendPairsU: unary(0x7d),
  abs: unary(0x80),
  /** Products of signed fractions of 15 bits, rounded and saturated. */
  productQ15: binary(0x82),
  extendLowS: unary(0x87),
  extendLowU: unary(0x89),
  eq: binary(0x2d),
  gtS: binary(0x31),
  narrowS: binary(0x85),
  narrowU: binary(0x86),
  shl: binary(0x8b),
  shrS: binary(0x8c),
  shrU: binary(0x8d),
  add: binary(0x8e),
  addSatS: binary(0x8f),
  addSatU: binary(0x90),
  sub: binary(0x91),
  subSatS: binary(0x92),
  subSatU: binary(0x93),
  mul: binary(0x95),
  minS: binary(0x96),
  minU: binary(0x97),
  maxS: binary(0x98),
  maxU: binary(0x99),
  avgrU: binary(0x9b),
};

export const i32x4 = {
  ...lanes("i32", 0x1b, 0x1c),
  splat: unary(0x11),
  extendPairsU: unary(0x7f),
  allTrue: test(0xa3),
  eq: binary(0x37),
  gtS: binary(0x3b),
  abs: unary(0xa0),
  bitmask: test(0xa4),
  extendLowS: unary(0xa7),
  extendLowU: unary(0xa9),
  shl: binary(0xab),
  shrS: binary(0xac),
  shrU: binary(0xad),
  add: binary(0xae),
  sub: binary(0xb1),
  mul: binary(0xb5),
  minS: binary(0xb6),
  minU: binary(0xb7),
  maxS: binary(0xb8),
  maxU: binary(0xb9),
  /** Sums of two products of adjacent signed 16-bit lanes. */
  dot: binary(0xba),
  /** Products of the lower, of the upper four 16-bit lanes. */
  productLowS: binary(0xbc),
  productHighS: binary(0xbd),
  productLowU: binary(0xbe),
  productHighU: binary(0xbf),
  /** Vector of zeros but for lane 0. */
  fromLane0: (a: Expression): Expression => simd("v128", 0x1c, [v128.zero, a], [0]),
};

export const i64x2 = {
  splat: unary(0x12),
  allTrue: test(0xc3),
  bitmask: test(0xc4),
  extendLowS: unary(0xc7),
  extendLowU: unary(0xc9),
  shl: binary(0xcb),
  shrS: binary(0xcc),
  shrU: binary(0xcd),
  add: binary(0xce),
  sub: binary(0xd1),
  eq: binary(0xd6),
  gtS: binary(0xd9),
  productLowS: binary(0xdc),
  productLowU: binary(0xde),
  ...lanes("i64", 0x1d, 0x1e),
  fromLane0: (a: Expression): Expression => simd("v128", 0x1e, [v128.zero, a], [0]),
};

/** The instructions on lanes that are numbers; both formats have the same ones. */
const floatOps = (comparisons: number, arithmetic: number, relaxed: number) => ({
  eq: binary(comparisons),
  lt: binary(comparisons + 2),
  gt: binary(comparisons + 3),
  le: binary(comparisons + 4),
  ge: binary(comparisons + 5),
  abs: unary(arithmetic),
  neg: unary(arithmetic + 1),
  sqrt: unary(arithmetic + 3),
  add: binary(arithmetic + 4),
  sub: binary(arithmetic + 5),
  mul: binary(arithmetic + 6),
  div: binary(arithmetic + 7),
  /** a × b + c, and −(a × b) + c: with one rounding or two, as the host likes (host-arithmetic.ts). [WASM] 5.4.8, relaxed. */
  multiplyAdd: ternary(relaxed),
  negatedMultiplyAdd: ternary(relaxed + 1),
  /** b < a ? b : a, and a < b ? b : a. */
  pmin: binary(arithmetic + 10),
  pmax: binary(arithmetic + 11),
});

export const f32x4 = floatOps(0x41, 0xe0, 0x105);
export const f64x2 = {
  ...floatOps(0x47, 0xec, 0x107),
  /** The lower two lanes of 32 bits as doubles. */
  convertLowS: unary(0xfe),
  promoteLow: unary(0x5f),
};

/** The 64 bits at an address in lane 0, and zeros. */
export const loadLow = (address: Expression): Expression => simd("v128", 0x5d, [address], [0, 0]);

/** A vector with the 64 bits at an address in lane 1. */
export const loadHigh = (address: Expression, a: Expression): Expression =>
  simd("v128", 0x57, [address, a], [0, 0, 1]);

/** The 32 or 64 bits at an address in every lane. */
export const loadSplat = (bits: 32 | 64, address: Expression): Expression =>
  simd("v128", bits === 32 ? 0x09 : 0x0a, [address], [0, 0]);
