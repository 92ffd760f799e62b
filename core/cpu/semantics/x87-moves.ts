// x87 loads, stores and moves of registers. What they nearly always meet is code in place: registers in use, or empty for a
// push; of f32 and f64, normal numbers and zeros, stored with the exceptions masked and rounded to nearest. The rest is the
// runtime's (runtime/float/x87), which knows every case. [SDM] vol. 1, 8.3.3

import { FPU_CONTROL, FPU_REGISTERS, FPU_STATUS, FPU_TAGS } from "../layout.ts";
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
import type { Context } from "./context.ts";
import { begin } from "./x87-state.ts";

type X87 = (c: Context) => void;

const INTEGER_BIT = constant64(1n << 63n);
const SIGN = constant32(0x8000);
const EXPONENT = constant32(0x7fff);
/** Bits of the status word: TOP, and C1, which all of these clear. */
const TOP = 0x3800;
const C1 = 0x200;
const PE_BIT = constant32(5);
const C1_BIT = constant32(9);
/** Masks and rounding of the control word: all masked and to nearest. */
const CONTROLS = constant32(0x0c3f);
const USUAL_CONTROLS = constant32(0x003f);
/** Offset of the sign and exponent word in a register. */
const HIGH = 8;

/** Formats of m32fp and m64fp. */
const FORMATS = {
  32: { fraction: 23, special: 0xff, rebias: 16383 - 127 },
  64: { fraction: 52, special: 0x7ff, rebias: 16383 - 1023 },
} as const;

/** The register stack as an instruction finds it. */
class Stack {
  readonly #c: Context;
  readonly #status: Expression;
  readonly #tags: Expression;

  constructor(c: Context) {
    this.#c = c;
    this.#status = c.state(FPU_STATUS, 16);
    this.#tags = c.state(FPU_TAGS, 8);
  }

  /** The TOP field with ST(index) as top. */
  at(index: Expression): Expression {
    const moved = i32.add(this.#status, i32.shl(index, constant32(11)));
    return this.#c.body.let(i32.and(moved, constant32(TOP)));
  }

  /** Whether the register at such a place is empty (i32, 0 or 1). */
  isEmpty(place: Expression): Expression {
    return i32.and(i32.shrU(this.#tags, i32.shrU(place, constant32(11))), constant32(1));
  }

  #bit(place: Expression): Expression {
    return i32.shl(constant32(1), i32.shrU(place, constant32(11)));
  }

  #address(place: Expression): Expression {
    return this.#c.body.let(i32.add(this.#c.stateAddress(0), i32.shrU(place, constant32(7))));
  }

  read(place: Expression): { address: Expression; significand: Expression; high: Expression } {
    const { body } = this.#c;
    const address = this.#address(place);
    return {
      address,
      significand: body.let(i64.load(address, FPU_REGISTERS)),
      high: body.let(i32.load16U(address, FPU_REGISTERS + HIGH)),
    };
  }

  write(address: Expression, significand: Expression, high: Expression): void {
    this.#c.body.store(64, address, significand, FPU_REGISTERS);
    this.writeHigh(address, high);
  }

  writeHigh(address: Expression, high: Expression): void {
    this.#c.body.store(16, address, high, FPU_REGISTERS + HIGH);
  }

  /** ST(7) becomes the top. */
  push(place: Expression, significand: Expression, high: Expression): void {
    this.write(this.#address(place), significand, high);
    this.#c.setState(FPU_TAGS, 8, i32.xor(this.#tags, this.#bit(place)));
    this.#c.setState(FPU_STATUS, 16, i32.or(i32.and(this.#status, constant32(~(TOP | C1))), place));
  }

  /** Ends an instruction that leaves the top where it is, or pops it; `filled` is a place in use from now on. */
  end(pops: number, flags: Expression = constant32(0), filled?: Expression): void {
    const c = this.#c;
    const left = filled ? i32.and(this.#tags, i32.not(this.#bit(filled))) : this.#tags;
    if (pops || filled) {
      c.setState(FPU_TAGS, 8, pops ? i32.or(left, this.#bit(this.at(constant32(0)))) : left);
    }
    const kept = i32.and(this.#status, constant32(pops ? ~(TOP | C1) : ~C1));
    const top = pops ? i32.or(kept, this.at(constant32(1))) : kept;
    c.setState(FPU_STATUS, 16, i32.or(top, flags));
  }
}

const none = constant32(0);
const TO_BE_TOP = constant32(-1);

/** FLD m32fp, m64fp. */
export const loadFloat =
  (bits: 32 | 64): X87 =>
  (c) => {
    const { fraction, special, rebias } = FORMATS[bits];
    begin(c);
    const value = c.read(0);
    c.noteX87();
    const { body } = c;
    const wide = body.let(bits === 32 ? extendU(value) : value);
    const upper = bits === 32 ? value : wrap(i64.shrU(value, constant64(32)));
    const exponent = body.let(i32.and(i32.shrU(upper, constant32(fraction & 31)), constant32(special)));
    const zero = body.let(i64.eqz(i64.shl(wide, constant64(65 - bits))));
    const normal = i32.ltU(i32.sub(exponent, constant32(1)), constant32(special - 1));
    const stack = new Stack(c);
    const place = stack.at(TO_BE_TOP);
    body.if(
      i32.and(stack.isEmpty(place), i32.or(normal, zero)),
      () => {
        const significand = i64.or(i64.shl(wide, constant64(63 - fraction)), INTEGER_BIT);
        const sign = i32.and(i32.shrU(upper, constant32(16)), SIGN);
        const field = select(zero, none, i32.add(exponent, constant32(rebias)));
        stack.push(place, select(zero, constant64(0), significand), i32.or(sign, field));
      },
      () => void c.call(`fld_f${bits}`, value),
    );
  };

/** FLD ST(i). */
export const loadRegister: X87 = (c) => {
  begin(c);
  c.noteX87();
  const index = c.body.let(c.registerNumber(0));
  const stack = new Stack(c);
  const place = stack.at(TO_BE_TOP);
  const from = stack.at(index);
  c.body.if(
    i32.gtU(stack.isEmpty(place), stack.isEmpty(from)),
    () => {
      const { significand, high } = stack.read(from);
      stack.push(place, significand, high);
    },
    () => void c.call("fld_st", index),
  );
};

/** FLD1 and FLDZ, which no rounding control changes; `number` is that of the runtime's `fldconst`. */
export const loadExact =
  (number: number, significand: bigint, high: number): X87 =>
  (c) => {
    begin(c);
    c.noteX87();
    const stack = new Stack(c);
    const place = stack.at(TO_BE_TOP);
    c.body.if(
      stack.isEmpty(place),
      () => stack.push(place, constant64(significand), constant32(high)),
      () => void c.call("fldconst", constant32(number)),
    );
  };

/** FST and FSTP m32fp, m64fp: flags and top change only when the value is written. */
export const storeFloat =
  (bits: 32 | 64, pops: number): X87 =>
  (c) => {
    const { fraction, special, rebias } = FORMATS[bits];
    begin(c);
    const { body } = c;
    const stack = new Stack(c);
    const top = stack.at(none);
    const { significand, high } = stack.read(top);
    const magnitude = body.let(i32.and(high, EXPONENT));
    const exponent = body.let(i32.sub(magnitude, constant32(rebias)));
    const zero = body.let(i64.eqz(i64.or(significand, extendU(magnitude))));
    // Rounding leaves these normal.
    const normal = i32.and(
      i32.ltU(i32.sub(exponent, constant32(1)), constant32(special - 2)),
      i64.ltS(significand, constant64(0)),
    );
    const masked = i32.eq(i32.and(c.state(FPU_CONTROL, 16), CONTROLS), USUAL_CONTROLS);
    const usual = body.let(i32.and(i32.gtU(masked, stack.isEmpty(top)), i32.or(normal, zero)));
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
    body.if(
      usual,
      () => {
        const inexact = i32.shl(i64.ne(rest, constant64(0)), PE_BIT);
        stack.end(pops, i32.or(inexact, i32.shl(away, C1_BIT)));
      },
      () => void c.call("fst_commit", constant32(pops)),
    );
  };

/** FST and FSTP ST(i). */
export const storeRegister =
  (pops: number): X87 =>
  (c) => {
    begin(c);
    c.noteX87();
    const index = c.body.let(c.registerNumber(0));
    const stack = new Stack(c);
    const top = stack.at(none);
    c.body.if(
      stack.isEmpty(top),
      () => void c.call("fst_st", index, constant32(pops)),
      () => {
        const to = stack.at(index);
        const { significand, high } = stack.read(top);
        stack.write(stack.read(to).address, significand, high);
        stack.end(pops, none, to);
      },
    );
  };

/** FXCH. */
export const exchange: X87 = (c) => {
  begin(c);
  c.noteX87();
  const index = c.body.let(c.registerNumber(0));
  const stack = new Stack(c);
  const top = stack.at(none);
  const other = stack.at(index);
  c.body.if(
    i32.or(stack.isEmpty(top), stack.isEmpty(other)),
    () => void c.call("fxch", index),
    () => {
      const a = stack.read(top);
      const b = stack.read(other);
      stack.write(a.address, b.significand, b.high);
      stack.write(b.address, a.significand, a.high);
      stack.end(0);
    },
  );
};

/** FCHS and FABS. */
const changeSign =
  (name: string, change: (high: Expression) => Expression): X87 =>
  (c) => {
    begin(c);
    c.noteX87();
    const stack = new Stack(c);
    const top = stack.at(none);
    c.body.if(
      stack.isEmpty(top),
      () => void c.call(name),
      () => {
        const { address, high } = stack.read(top);
        stack.writeHigh(address, change(high));
        stack.end(0);
      },
    );
  };

export const fchs: X87 = changeSign("fchs", (high) => i32.xor(high, SIGN));
export const fabs: X87 = changeSign("fabs", (high) => i32.and(high, EXPONENT));
