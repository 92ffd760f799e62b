// x87 loads, stores and moves of registers. What they nearly always meet is code in place: registers in use, or empty for a
// push; of f32 and f64, normal numbers and zeros, stored with the exceptions masked and rounded to nearest. The rest is the
// runtime's (runtime/float/x87), which knows every case. [SDM] vol. 1, 8.3.3

import { FPU_CONTROL } from "../layout.ts";
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
import { type Context, toSignedI64 } from "./context.ts";
import { type Extended, every } from "./fpu-stack.ts";
import { begin } from "./x87-state.ts";

type X87 = (c: Context) => void;

const INTEGER_BIT = constant64(1n << 63n);
const SIGN = constant32(0x8000);
const EXPONENT = constant32(0x7fff);
const PE_BIT = constant32(5);
const C1_BIT = constant32(9);
/** Masks and rounding of the control word: all masked and to nearest. */
const CONTROLS = constant32(0x0c3f);
const USUAL_CONTROLS = constant32(0x003f);

/** Formats of m32fp and m64fp. */
const FORMATS = {
  32: { fraction: 23, special: 0xff, rebias: 16383 - 127 },
  64: { fraction: 52, special: 0x7ff, rebias: 16383 - 1023 },
} as const;

const none = constant32(0);
const TO_BE_TOP = constant32(-1);

/** A number of m32fp or m64fp that is normal or 0, extended, and whether it is so (i32). */
export function extended(c: Context, bits: 32 | 64, value: Expression): Extended & { ordinary: Expression } {
  const { fraction, special, rebias } = FORMATS[bits];
  const { body } = c;
  const wide = body.let(bits === 32 ? extendU(value) : value);
  const upper = bits === 32 ? value : body.let(wrap(i64.shrU(value, constant64(32))));
  const exponent = body.let(i32.and(i32.shrU(upper, constant32(fraction & 31)), constant32(special)));
  const zero = body.let(i64.eqz(i64.shl(wide, constant64(65 - bits))));
  const normal = i32.ltU(i32.sub(exponent, constant32(1)), constant32(special - 1));
  const significand = i64.or(i64.shl(wide, constant64(63 - fraction)), INTEGER_BIT);
  const sign = i32.and(i32.shrU(upper, constant32(16)), SIGN);
  const field = select(zero, none, i32.add(exponent, constant32(rebias)));
  return {
    significand: select(zero, constant64(0), significand),
    high: i32.or(sign, field),
    ordinary: i32.or(normal, zero),
  };
}

/** FLD m32fp, m64fp. */
export const loadFloat =
  (bits: 32 | 64): X87 =>
  (c) => {
    begin(c);
    const value = c.read(0);
    c.noteX87();
    const pushed = extended(c, bits, value);
    const empty = c.fpu.isEmpty(c.fpu.place(TO_BE_TOP));
    c.fpu.either(every(empty, pushed.ordinary), { pushed }, () => void c.call(`fld_f${bits}`, value));
  };

/** FILD of the row's width. */
export const loadInteger: X87 = (c) => {
  begin(c);
  const { body } = c;
  const value = body.let(toSignedI64(c.width(0), c.read(0)));
  c.noteX87();
  const negative = i64.shrS(value, constant64(63));
  const magnitude = body.let(i64.sub(i64.xor(value, negative), negative));
  const shift = body.let(i64.clz(magnitude));
  const exponent = i32.sub(constant32(16383 + 63), wrap(shift));
  const sign = i32.and(wrap(i64.shrU(value, constant64(48))), SIGN);
  const pushed = {
    significand: i64.shl(magnitude, shift),
    high: select(i64.eqz(magnitude), none, i32.or(sign, exponent)),
  };
  c.fpu.either(c.fpu.isEmpty(c.fpu.place(TO_BE_TOP)), { pushed }, () => void c.call("fild", value));
};

/** FLD ST(i). */
export const loadRegister: X87 = (c) => {
  begin(c);
  c.noteX87();
  const index = c.body.let(c.registerNumber(0));
  const from = c.fpu.place(index);
  const possible = every(c.fpu.isEmpty(c.fpu.place(TO_BE_TOP)), c.fpu.isInUse(from));
  c.fpu.either(possible, { pushed: c.fpu.read(from) }, () => void c.call("fld_st", index));
};

/** FLD1 and FLDZ, which no rounding control changes; `number` is that of the runtime's `fldconst`. */
export const loadExact =
  (number: number, significand: bigint, high: number): X87 =>
  (c) => {
    begin(c);
    c.noteX87();
    const pushed = { significand: constant64(significand), high: constant32(high) };
    const empty = c.fpu.isEmpty(c.fpu.place(TO_BE_TOP));
    c.fpu.either(empty, { pushed }, () => void c.call("fldconst", constant32(number)));
  };

/** FST and FSTP m32fp, m64fp: flags and top change only when the value is written. */
export const storeFloat =
  (bits: 32 | 64, pops: number): X87 =>
  (c) => {
    const { fraction, special, rebias } = FORMATS[bits];
    begin(c);
    const { body, fpu } = c;
    const top = fpu.place(none);
    const { significand, high } = fpu.read(top);
    const magnitude = body.let(i32.and(high, EXPONENT));
    const exponent = body.let(i32.sub(magnitude, constant32(rebias)));
    const zero = body.let(i64.eqz(i64.or(significand, extendU(magnitude))));
    // Rounding leaves these normal.
    const normal = i32.and(
      i32.ltU(i32.sub(exponent, constant32(1)), constant32(special - 2)),
      i64.ltS(significand, constant64(0)),
    );
    const masked = i32.eq(i32.and(c.state(FPU_CONTROL, 16), CONTROLS), USUAL_CONTROLS);
    const usual = body.let(every(fpu.isInUse(top), masked, i32.or(normal, zero)));
    const drop = 63 - fraction;
    const rest = body.let(i64.and(significand, constant64((1n << BigInt(drop)) - 1n)));
    const odd = i64.and(i64.shrU(significand, constant64(drop)), constant64(1));
    const away = body.let(i64.gtU(rest, i64.sub(constant64(1n << BigInt(drop - 1)), odd)));
    const value = body.local(bits === 32 ? "i32" : "i64");
    const writes = body.local("i32");
    body.if(
      usual,
      () => {
        // The fraction's carry goes into the exponent by itself.
        const field = i64.shl(extendU(select(zero, none, exponent)), constant64(fraction));
        const digits = i64.shrU(i64.shl(significand, constant64(1)), constant64(drop + 1));
        const sign = i64.shl(extendU(i32.shrU(high, constant32(15))), constant64(bits - 1));
        const packed = i64.or(sign, i64.add(i64.add(field, digits), extendU(away)));
        body.set(value, bits === 32 ? wrap(packed) : packed);
        body.set(writes, constant32(1));
      },
      () => {
        body.set(value, c.call(`fst_f${bits}`));
        // An unmasked exception keeps the value from memory.
        body.set(writes, c.call("fst_writes"));
      },
    );
    body.if(writes.get, () => c.write(0, value.get));
    c.noteX87();
    const inexact = i32.shl(i64.ne(rest, constant64(0)), PE_BIT);
    const flags = i32.or(inexact, i32.shl(away, C1_BIT));
    fpu.either(usual, { pops, flags }, () => void c.call("fst_commit", constant32(pops)));
  };

/** FST and FSTP ST(i). */
export const storeRegister =
  (pops: number): X87 =>
  (c) => {
    begin(c);
    c.noteX87();
    const index = c.body.let(c.registerNumber(0));
    const top = c.fpu.place(none);
    const set = [{ place: c.fpu.place(index), ...c.fpu.read(top) }];
    c.fpu.either(c.fpu.isInUse(top), { set, pops }, () => void c.call("fst_st", index, constant32(pops)));
  };

/** FXCH. */
export const exchange: X87 = (c) => {
  begin(c);
  c.noteX87();
  const index = c.body.let(c.registerNumber(0));
  const top = c.fpu.place(none);
  const other = c.fpu.place(index);
  const set = [
    { place: top, ...c.fpu.read(other) },
    { place: other, ...c.fpu.read(top) },
  ];
  const possible = every(c.fpu.isInUse(top), c.fpu.isInUse(other));
  c.fpu.either(possible, { set }, () => void c.call("fxch", index));
};

/** FCHS and FABS. */
const changeSign =
  (name: string, change: (high: Expression) => Expression): X87 =>
  (c) => {
    begin(c);
    c.noteX87();
    const top = c.fpu.place(none);
    const { significand, high } = c.fpu.read(top);
    const set = [{ place: top, significand, high: change(high) }];
    c.fpu.either(c.fpu.isInUse(top), { set }, () => void c.call(name));
  };

export const fchs: X87 = changeSign("fchs", (high) => i32.xor(high, SIGN));
export const fabs: X87 = changeSign("fabs", (high) => i32.and(high, EXPONENT));
