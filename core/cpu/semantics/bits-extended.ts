// BMI1 and BMI2: fields of bits, the lowest bit that is 1, and shifts that leave the flags. [SDM] vol. 1, 7.3.8.1; vol. 2.
// Undefined flags are as AMD's Zen family has them.

import {
  constant32,
  type Expression,
  extendU,
  type IntegerOps,
  i32,
  i64,
  select,
  wrap,
} from "../wasm/expression.ts";
import { type Context, fromI64, RDX, toI64 } from "./context.ts";
import { beginVex } from "./vex-state.ts";

/** ANDN: the first source inverted, and the second one. */
export const andn = (c: Context): void => {
  beginVex(c);
  const w = c.ops(0);
  const result = c.body.let(w.and(w.not(c.read(1)), c.read(2)));
  c.write(0, result);
  c.flags.result(c.width(0), result);
};

/** One of the lowest bit that is 1; CF tells whether the source is 0 or, with `found`, whether it is not. */
const lowestBit =
  (compute: (w: IntegerOps, source: Expression) => Expression, found: boolean) =>
  (c: Context): void => {
    beginVex(c);
    const w = c.ops(1);
    const source = c.read(1);
    const result = c.body.let(compute(w, source));
    c.write(0, result);
    c.flags.result(c.width(0), result, { cf: found ? w.ne(source, w.constant(0)) : w.eqz(source) });
  };

/** BLSI: that bit alone. */
export const blsi = lowestBit((w, source) => w.and(source, w.neg(source)), true);
/** BLSMSK: it and all below it. */
export const blsmsk = lowestBit((w, source) => w.xor(source, w.sub(source, w.constant(1))), false);
/** BLSR: all others. */
export const blsr = lowestBit((w, source) => w.and(source, w.sub(source, w.constant(1))), false);

/** A byte of an operand, as an i32. */
function byteOf(w: IntegerOps, value: Expression, place: number): Expression {
  const byte = w.and(w.shrU(value, w.constant(8 * place)), w.constant(0xff));
  return w.type === "i64" ? wrap(byte) : byte;
}

/** The same in the operand's type. */
const inType = (w: IntegerOps, value: Expression): Expression => (w.type === "i64" ? extendU(value) : value);

/** The low bits of a value, as many as `length` (i32) says; all of them if that is `bits` or more. */
function lowBits(w: IntegerOps, bits: number, value: Expression, length: Expression): Expression {
  const above = w.shl(w.constant(-1), inType(w, length));
  return select(i32.ltU(length, constant32(bits)), w.and(value, w.not(above)), value);
}

/** BEXTR: a field of the source, from the bit in the control's lowest byte on, as long as its second byte says. */
export const bextr = (c: Context): void => {
  beginVex(c);
  const bits = c.width(0);
  const w = c.ops(0);
  const source = c.read(1);
  const control = c.read(2);
  const start = c.body.let(byteOf(w, control, 0));
  const length = c.body.let(byteOf(w, control, 1));
  const inside = i32.ltU(start, constant32(bits));
  const shifted = c.body.let(select(inside, w.shrU(source, inType(w, start)), w.constant(0)));
  const result = c.body.let(lowBits(w, bits, shifted, length));
  c.write(0, result);
  const none = constant32(0);
  const zf = c.body.let(w.eqz(result));
  const ones = i32.popcnt(byteOf(w, result, 0));
  const pf = c.body.let(i32.and(i32.xor(ones, constant32(1)), constant32(1)));
  c.flags.assign({ cf: none, pf, af: constant32(1), zf, sf: none, of: none });
};

/** BZHI: the low bits of the source, as many as the index's lowest byte says; CF tells that it has no more. */
export const bzhi = (c: Context): void => {
  beginVex(c);
  const bits = c.width(0);
  const w = c.ops(0);
  const source = c.read(1);
  const length = c.body.let(byteOf(w, c.read(2), 0));
  const result = c.body.let(lowBits(w, bits, source, length));
  c.write(0, result);
  c.flags.result(bits, result, { cf: i32.geU(length, constant32(bits)) });
};

/** SARX, SHLX, SHRX: the count is cut to 5 or 6 bits, as WebAssembly does. */
const shift =
  (by: (w: IntegerOps, value: Expression, count: Expression) => Expression) =>
  (c: Context): void => {
    beginVex(c);
    const source = c.read(1);
    c.write(0, by(c.ops(0), source, c.read(2)));
  };

export const sarx = shift((w, value, count) => w.shrS(value, count));
export const shlx = shift((w, value, count) => w.shl(value, count));
export const shrx = shift((w, value, count) => w.shrU(value, count));

/** RORX, by an immediate. */
export const rorx = (c: Context): void => {
  beginVex(c);
  const w = c.ops(0);
  const source = c.read(1);
  c.write(0, w.rotr(source, inType(w, wrap(c.immediate))));
};

/** MULX: the product of rDX and the last operand, its low half first: where both go to one register, that has the high one. */
export const mulx = (c: Context): void => {
  beginVex(c);
  const bits = c.width(0);
  const source = c.read(2);
  const factor = c.gpr(RDX, bits);
  if (bits === 64) {
    const high = c.call("multiplyHighUnsigned", factor, source);
    c.write(1, i64.mul(factor, source));
    c.write(0, high);
    return;
  }
  const product = c.body.let(i64.mul(extendU(factor), extendU(source)));
  c.write(1, wrap(product));
  c.write(0, wrap(i64.shrU(product, i64.constant(bits))));
};

const masked =
  (name: "depositBits" | "extractBits") =>
  (c: Context): void => {
    beginVex(c);
    const bits = c.width(0);
    const source = toI64(bits, c.read(1));
    const mask = toI64(bits, c.read(2));
    c.write(0, fromI64(bits, c.call(name, source, mask)));
  };

export const pdep = masked("depositBits");
export const pext = masked("extractBits");
