// Shifts and rotates. [SDM] vol. 1, 7.3.6. OF is defined for a count of 1 only; for others it is set as if the
// last step had been alone.

import {
  constant32,
  constant64,
  type Expression,
  extendU,
  type IntegerOps,
  i32,
  i64,
  select,
  wrap,
} from "../wasm/expression.ts";
import { type Bits, type Context, fromI64, signExtend, toI64, zeroExtend } from "./context.ts";

interface Result {
  readonly value: Expression;
  readonly cf: Expression;
  readonly of: Expression;
}

/**
 * Computes on the operand, which stays as it is, and a count in the operand's type. The value is the operand for a count of
 * 0; CF and OF are asked for others only, and perhaps later.
 */
type Step = (c: Context, bits: Bits, w: IntegerOps, old: Expression, count: Expression) => Result;

/** A bit as an i32, 0 or 1. */
function bitAt(w: IntegerOps, value: Expression, place: Expression): Expression {
  const bit = w.and(w.shrU(value, place), w.constant(1));
  return w.type === "i64" ? wrap(bit) : bit;
}

const bitNumber = (w: IntegerOps, value: Expression, place: number): Expression =>
  bitAt(w, value, w.constant(place));

const countMask = (bits: Bits): number => (bits === 64 ? 63 : 31);

/** The count in operand `index`, masked (i32). */
const countOf = (c: Context, index: number): Expression =>
  c.body.let(i32.and(c.read(index), constant32(countMask(c.width(0)))));

const inType = (w: IntegerOps, count: Expression): Expression => (w.type === "i64" ? extendU(count) : count);

const stepping =
  (step: Step, setFlags: (c: Context, bits: Bits, count: Expression, result: Result) => void) =>
  (c: Context): void => {
    const bits = c.width(0);
    const w = c.ops(0);
    const count = countOf(c, 1);
    c.modify(0, (operand) => {
      const old = c.body.copy(operand);
      const result = step(c, bits, w, old, c.body.let(inType(w, count)));
      setFlags(c, bits, count, result);
      return result.value;
    });
  };

/** A shift: ZF, SF and PF by the result; flags do not change for a count of 0. */
const shift = (step: Step) =>
  stepping(step, (c, bits, count, { value, cf, of }) => c.flags.resultIf(count, bits, value, { cf, of }));

/** A rotate: only CF and OF change. */
const rotate = (step: Step) =>
  stepping(step, (c, _bits, count, { cf, of }) => c.body.if(count, () => c.flags.assign({ cf, of })));

export const shl = shift((c, bits, w, old, count) => {
  const value = c.body.let(zeroExtend(bits, w.shl(old, count)));
  // The carry is in bit `bits`, unless that is beyond the word.
  const cf =
    bits < 32 ? bitNumber(w, w.shl(old, count), bits) : bitAt(w, old, w.sub(w.constant(bits), count));
  return { value, cf, of: i32.xor(cf, bitNumber(w, value, bits - 1)) };
});

export const shr = shift((c, bits, w, old, count) => ({
  value: c.body.let(w.shrU(old, count)),
  cf: bitAt(w, old, w.sub(count, w.constant(1))),
  of: bitNumber(w, old, bits - 1),
}));

export const sar = shift((c, bits, w, old, count) => {
  const signed = c.body.let(signExtend(bits, old));
  return {
    value: c.body.let(zeroExtend(bits, w.shrS(signed, count))),
    cf: bitAt(w, signed, w.sub(count, w.constant(1))),
    of: constant32(0),
  };
});

/** Left rotation of a value of `bits` below 32 by count modulo `bits`. */
function rotatedLeft(c: Context, bits: Bits, value: Expression, count: Expression): Expression {
  const by = c.body.let(i32.and(count, constant32(bits - 1)));
  return zeroExtend(bits, i32.or(i32.shl(value, by), i32.shrU(value, i32.sub(constant32(bits), by))));
}

export const rol = rotate((c, bits, w, old, count) => {
  const value = c.body.let(bits < 32 ? rotatedLeft(c, bits, old, count) : w.rotl(old, count));
  const cf = bitNumber(w, value, 0);
  return { value, cf, of: i32.xor(cf, bitNumber(w, value, bits - 1)) };
});

export const ror = rotate((c, bits, w, old, count) => {
  const value = c.body.let(
    bits < 32 ? rotatedLeft(c, bits, old, i32.sub(constant32(bits), count)) : w.rotr(old, count),
  );
  const cf = bitNumber(w, value, bits - 1);
  return { value, cf, of: i32.xor(cf, bitNumber(w, value, bits - 2)) };
});

// --- Rotation through CF, computed in 64 bits ---

/** As Step, on an i64 with a count that is not 0. */
type StepThroughCarry = (c: Context, bits: Bits, value: Expression, count: Expression) => Result;

const one64 = constant64(1);

const bit64 = (value: Expression, place: Expression): Expression => bitAt(i64, value, place);

/** Top bit of a value of `bits` held in an i64, as an i32. */
const topBit = (bits: Bits, value: Expression): Expression => bitNumber(i64, value, bits - 1);

const cut = (bits: Bits, value: Expression): Expression =>
  bits === 64 ? value : i64.and(value, constant64((1n << BigInt(bits)) - 1n));

const rotateThroughCarry =
  (step: StepThroughCarry) =>
  (c: Context): void => {
    const bits = c.width(0);
    const count = countOf(c, 1);
    c.modify(0, (old) => {
      const value = c.body.local(bits === 64 ? "i64" : "i32");
      c.body.set(value, old);
      c.body.if(count, () => {
        const wide = c.body.let(toI64(bits, old));
        const result = step(c, bits, wide, c.body.let(extendU(count)));
        const cf = c.body.let(result.cf);
        const of = c.body.let(result.of);
        c.body.set(value, fromI64(bits, result.value));
        c.flags.assign({ cf, of });
      });
      return value.get;
    });
  };

/** Rotates the `bits` + 1 bits of CF:value left by `count` below that; gives the same bits, for up to 32 bits. */
function throughCarry(c: Context, bits: Bits, value: Expression, count: Expression): Expression {
  const cf = i64.shl(extendU(c.flags.cf()), constant64(bits));
  const whole = c.body.let(i64.or(value, cf));
  const rest = i64.sub(constant64(bits + 1), count);
  return c.body.let(i64.or(i64.shl(whole, count), i64.shrU(whole, rest)));
}

/** Count modulo bits + 1; for 32 bits the mask has done it. */
const modulo = (c: Context, bits: Bits, count: Expression): Expression =>
  bits >= 32 ? count : c.body.let(i64.remU(count, constant64(bits + 1)));

export const rcl = rotateThroughCarry((c, bits, value, count) => {
  if (bits === 64) {
    const cf = extendU(c.flags.cf());
    const low = i64.shrU(i64.shrU(value, i64.sub(constant64(64), count)), one64);
    const result = c.body.let(i64.or(i64.or(i64.shl(value, count), i64.shl(cf, i64.sub(count, one64))), low));
    const out = c.body.let(bit64(value, i64.sub(constant64(64), count)));
    return { value: result, cf: out, of: i32.xor(out, topBit(64, result)) };
  }
  const rotated = throughCarry(c, bits, value, modulo(c, bits, count));
  const cf = c.body.let(bit64(rotated, constant64(bits)));
  return { value: c.body.let(cut(bits, rotated)), cf, of: i32.xor(cf, topBit(bits, rotated)) };
});

export const rcr = rotateThroughCarry((c, bits, value, count) => {
  if (bits === 64) {
    const cf = extendU(c.flags.cf());
    const high = i64.shl(i64.shl(value, i64.sub(constant64(64), count)), one64);
    const result = c.body.let(
      i64.or(i64.or(i64.shrU(value, count), i64.shl(cf, i64.sub(constant64(64), count))), high),
    );
    const out = c.body.let(bit64(value, i64.sub(count, one64)));
    return { value: result, cf: out, of: i32.xor(topBit(64, result), bit64(result, constant64(62))) };
  }
  const right = modulo(c, bits, count);
  const left = c.body.let(i64.sub(constant64(bits + 1), right));
  // A rotation by all bits + 1 is none.
  const rotated = c.body.let(
    select(i64.eqz(right), throughCarry(c, bits, value, constant64(0)), throughCarry(c, bits, value, left)),
  );
  const of = i32.xor(topBit(bits, rotated), bit64(rotated, constant64(bits - 2)));
  return { value: c.body.let(cut(bits, rotated)), cf: bit64(rotated, constant64(bits)), of };
});

/** SHLD and SHRD: the destination is shifted and filled from the source; a count above 16 bits is undefined. */
const doubleShift =
  (
    step: (
      c: Context,
      bits: Bits,
      w: IntegerOps,
      old: Expression,
      source: Expression,
      count: Expression,
    ) => DoubleResult,
  ) =>
  (c: Context): void => {
    const bits = c.width(0);
    const w = c.ops(0);
    const source = c.read(1);
    const count = countOf(c, 2);
    c.modify(0, (operand) => {
      const old = c.body.copy(operand);
      const result = step(c, bits, w, old, source, c.body.let(inType(w, count)));
      const value = c.body.let(result.value);
      const of = bitNumber(w, w.xor(old, value), bits - 1);
      c.flags.resultIf(count, bits, value, { cf: result.cf, of });
      return value;
    });
  };

/** As Result, without OF. */
type DoubleResult = Omit<Result, "of">;

/** dst:src:dst of 16 bits each, as processors shift for counts beyond 16. */
const tripled = (c: Context, high: Expression, middle: Expression): Expression => {
  const outer = i64.or(i64.shl(extendU(high), constant64(32)), extendU(high));
  return c.body.let(i64.or(outer, i64.shl(extendU(middle), constant64(16))));
};

export const shld = doubleShift((c, bits, w, old, source, count) => {
  if (bits === 16) {
    const [whole, by] = [tripled(c, old, source), extendU(count)];
    const value = zeroExtend(16, wrap(i64.shrU(i64.shl(whole, by), constant64(32))));
    return { value, cf: bit64(whole, i64.sub(constant64(48), by)) };
  }
  // A shift by all `bits` would be none: in two steps it clears, as it should for a count of 0.
  const filled = w.shrU(w.shrU(source, w.constant(1)), w.sub(w.constant(bits - 1), count));
  return { value: w.or(w.shl(old, count), filled), cf: bitAt(w, old, w.sub(w.constant(bits), count)) };
});

export const shrd = doubleShift((c, bits, w, old, source, count) => {
  const one = w.constant(1);
  if (bits === 16) {
    const [whole, by] = [tripled(c, old, source), extendU(count)];
    return { value: zeroExtend(16, wrap(i64.shrU(whole, by))), cf: bit64(whole, i64.sub(by, one64)) };
  }
  const filled = w.shl(w.shl(source, one), w.sub(w.constant(bits - 1), count));
  return { value: w.or(w.shrU(old, count), filled), cf: bitAt(w, old, w.sub(count, one)) };
});
