// Shifts and rotates. [SDM] vol. 1, 7.3.6. OF is defined for a count of 1 only; for others it is set as if the
// last step had been alone.

import {
  constant32,
  constant64,
  type Expression,
  extendU,
  i32,
  i64,
  select,
  wrap,
} from "../wasm/expression.ts";
import { type Bits, type Context, fromI64, toI64, toSignedI64 } from "./context.ts";

interface Result {
  value: Expression;
  cf: Expression;
  of: Expression;
}

/** Computes on the operand as an i64 (zero-extended); `count` is an i64 too, not 0. */
type Step = (c: Context, bits: Bits, value: Expression, count: Expression) => Result;

const one64 = constant64(1);

const bitAt = (value: Expression, place: Expression): Expression =>
  wrap(i64.and(i64.shrU(value, place), one64));

/** Top bit of a value of `bits` held in an i64, as an i32. */
const topBit = (bits: Bits, value: Expression): Expression => bitAt(value, constant64(bits - 1));

const cut = (bits: Bits, value: Expression): Expression =>
  bits === 64 ? value : i64.and(value, constant64((1n << BigInt(bits)) - 1n));

const countMask = (bits: Bits): number => (bits === 64 ? 63 : 31);

/** A shift: ZF, SF and PF by the result; nothing changes for a count of 0. */
const shift =
  (step: Step) =>
  (c: Context): void => {
    const bits = c.width(0);
    const count = c.body.let(i32.and(c.read(1), constant32(countMask(bits))));
    c.modify(0, (old) => {
      const value = c.body.local(bits === 64 ? "i64" : "i32");
      c.body.set(value, old);
      c.body.if(count, () => {
        const wide = c.body.let(toI64(bits, old));
        const result = step(c, bits, wide, c.body.let(extendU(count)));
        const cf = c.body.let(result.cf);
        const of = c.body.let(result.of);
        c.body.set(value, fromI64(bits, result.value));
        c.flags.result(bits, value.get, { cf, of });
      });
      return value.get;
    });
  };

/** A rotate: only CF and OF change. */
const rotate =
  (step: Step) =>
  (c: Context): void => {
    const bits = c.width(0);
    const count = c.body.let(i32.and(c.read(1), constant32(countMask(bits))));
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

export const shl = shift((c, bits, value, count) => {
  const shifted = c.body.let(i64.shl(value, count));
  const result = c.body.let(cut(bits, shifted));
  // For 64 bits the carry has left the word: it is bit 64 - count of the operand.
  const cf = c.body.let(
    bits === 64 ? bitAt(value, i64.sub(constant64(64), count)) : bitAt(shifted, constant64(bits)),
  );
  return { value: result, cf, of: i32.xor(cf, topBit(bits, result)) };
});

export const shr = shift((c, bits, value, count) => ({
  value: c.body.let(i64.shrU(value, count)),
  cf: bitAt(value, i64.sub(count, one64)),
  of: topBit(bits, value),
}));

export const sar = shift((c, bits, value, count) => {
  const signed = c.body.let(bits === 64 ? value : toSignedI64(bits, wrap(value)));
  return {
    value: c.body.let(cut(bits, i64.shrS(signed, count))),
    cf: wrap(i64.and(i64.shrS(signed, i64.sub(count, one64)), one64)),
    of: constant32(0),
  };
});

/** Left rotation of a value of `bits` by count modulo `bits`. */
function rotatedLeft(c: Context, bits: Bits, value: Expression, count: Expression): Expression {
  if (bits === 64) return i64.rotl(value, count);
  if (bits === 32) return extendU(i32.rotl(wrap(value), wrap(count)));
  const by = c.body.let(i64.and(count, constant64(bits - 1)));
  return cut(bits, i64.or(i64.shl(value, by), i64.shrU(value, i64.sub(constant64(bits), by))));
}

export const rol = rotate((c, bits, value, count) => {
  const result = c.body.let(rotatedLeft(c, bits, value, count));
  const cf = c.body.let(wrap(i64.and(result, one64)));
  return { value: result, cf, of: i32.xor(cf, topBit(bits, result)) };
});

export const ror = rotate((c, bits, value, count) => {
  const left = c.body.let(i64.and(i64.sub(constant64(bits), count), constant64(bits - 1)));
  const result = c.body.let(rotatedLeft(c, bits, value, left));
  const cf = c.body.let(topBit(bits, result));
  return { value: result, cf, of: i32.xor(cf, bitAt(result, constant64(bits - 2))) };
});

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

export const rcl = rotate((c, bits, value, count) => {
  if (bits === 64) {
    const cf = extendU(c.flags.cf());
    const low = i64.shrU(i64.shrU(value, i64.sub(constant64(64), count)), one64);
    const result = c.body.let(i64.or(i64.or(i64.shl(value, count), i64.shl(cf, i64.sub(count, one64))), low));
    const out = c.body.let(bitAt(value, i64.sub(constant64(64), count)));
    return { value: result, cf: out, of: i32.xor(out, topBit(64, result)) };
  }
  const rotated = throughCarry(c, bits, value, modulo(c, bits, count));
  const cf = c.body.let(bitAt(rotated, constant64(bits)));
  return { value: c.body.let(cut(bits, rotated)), cf, of: i32.xor(cf, topBit(bits, rotated)) };
});

export const rcr = rotate((c, bits, value, count) => {
  if (bits === 64) {
    const cf = extendU(c.flags.cf());
    const high = i64.shl(i64.shl(value, i64.sub(constant64(64), count)), one64);
    const result = c.body.let(
      i64.or(i64.or(i64.shrU(value, count), i64.shl(cf, i64.sub(constant64(64), count))), high),
    );
    const out = c.body.let(bitAt(value, i64.sub(count, one64)));
    return { value: result, cf: out, of: i32.xor(topBit(64, result), bitAt(result, constant64(62))) };
  }
  const right = modulo(c, bits, count);
  const left = c.body.let(i64.sub(constant64(bits + 1), right));
  // A rotation by all bits + 1 is none.
  const rotated = c.body.let(
    select(i64.eqz(right), throughCarry(c, bits, value, constant64(0)), throughCarry(c, bits, value, left)),
  );
  const of = i32.xor(topBit(bits, rotated), bitAt(rotated, constant64(bits - 2)));
  return { value: c.body.let(cut(bits, rotated)), cf: bitAt(rotated, constant64(bits)), of };
});

/** SHLD and SHRD: the destination is shifted and filled from the source; a count above 16 bits is undefined. */
const doubleShift =
  (left: boolean) =>
  (c: Context): void => {
    const bits = c.width(0);
    const source = c.read(1);
    const count = c.body.let(i32.and(c.read(2), constant32(countMask(bits))));
    c.modify(0, (old) => {
      const value = c.body.local(bits === 64 ? "i64" : "i32");
      c.body.set(value, old);
      c.body.if(count, () => {
        const by = c.body.let(extendU(count));
        const { result, cf } = left
          ? shiftLeftDouble(c, bits, old, source, by)
          : shiftRightDouble(c, bits, old, source, by);
        const out = c.body.let(cf);
        c.body.set(value, fromI64(bits, result));
        const changed = i64.xor(toI64(bits, old), toI64(bits, value.get));
        c.flags.result(bits, value.get, { cf: out, of: c.body.let(topBit(bits, changed)) });
      });
      return value.get;
    });
  };

interface DoubleResult {
  result: Expression;
  cf: Expression;
}

function shiftLeftDouble(
  c: Context,
  bits: Bits,
  old: Expression,
  source: Expression,
  by: Expression,
): DoubleResult {
  if (bits === 64) {
    const rest = i64.sub(constant64(64), by);
    return { result: c.body.let(i64.or(i64.shl(old, by), i64.shrU(source, rest))), cf: bitAt(old, rest) };
  }
  // dst:src, and for 16 bits dst:src:dst as processors do for counts beyond 16.
  const pair = i64.or(i64.shl(toI64(bits, old), constant64(bits)), toI64(bits, source));
  const whole = c.body.let(bits === 16 ? i64.or(i64.shl(pair, constant64(16)), toI64(16, old)) : pair);
  const width = bits === 16 ? 48 : 64;
  const shifted = i64.shrU(i64.shl(whole, by), constant64(width - bits));
  return { result: c.body.let(cut(bits, shifted)), cf: bitAt(whole, i64.sub(constant64(width), by)) };
}

function shiftRightDouble(
  c: Context,
  bits: Bits,
  old: Expression,
  source: Expression,
  by: Expression,
): DoubleResult {
  const cf = bitAt(toI64(bits, old), i64.sub(by, one64));
  if (bits === 64) {
    const rest = i64.sub(constant64(64), by);
    return { result: c.body.let(i64.or(i64.shrU(old, by), i64.shl(source, rest))), cf };
  }
  const pair = i64.or(i64.shl(toI64(bits, source), constant64(bits)), toI64(bits, old));
  const whole = c.body.let(bits === 16 ? i64.or(pair, i64.shl(toI64(16, old), constant64(32))) : pair);
  return {
    result: c.body.let(cut(bits, i64.shrU(whole, by))),
    cf: bitAt(whole, i64.sub(by, one64)),
  };
}

export const shld = doubleShift(true);
export const shrd = doubleShift(false);
