// Binary arithmetic and comparison. [SDM] vol. 1, 7.3.2.

import { SCRATCH } from "../layout.ts";
import {
  constant32,
  constant64,
  type Expression,
  extendS,
  extendU,
  type IntegerOps,
  i32,
  i64,
  select,
  wrap,
} from "../wasm/expression.ts";
import {
  type Bits,
  type Context,
  DE,
  fromI64,
  RAX,
  RDX,
  signExtend,
  toI64,
  toSignedI64,
  zeroExtend,
} from "./context.ts";
import type { Flags } from "./flags.ts";

type Compute = (w: IntegerOps, a: Expression, b: Expression, c: Context) => Expression;
type SetFlags = (flags: Flags, bits: Bits, a: Expression, b: Expression, r: Expression) => void;

const addFlags: SetFlags = (flags, bits, a, b, r) => flags.add(bits, a, b, r);
const adcFlags: SetFlags = (flags, bits, a, b, r) => flags.addWithCarry(bits, a, b, r);
const sbbFlags: SetFlags = (flags, bits, a, b, r) => flags.sub(bits, a, b, r);
const compareFlags: SetFlags = (flags, bits, a, b, r) => flags.compare(bits, a, b, r);
const logicFlags: SetFlags = (flags, bits, _a, _b, r) => flags.logic(bits, r);

/** dst ← dst op src, with flags. */
const alu =
  (compute: Compute, setFlags: SetFlags) =>
  (c: Context): void => {
    const source = c.read(1);
    c.modify(0, (old) => {
      const result = c.body.let(compute(c.ops(0), old, source, c));
      setFlags(c.flags, c.width(0), old, source, result);
      return result;
    });
  };

/** The flags of dst op src. */
const compare =
  (compute: Compute, setFlags: SetFlags) =>
  (c: Context): void => {
    const a = c.read(0);
    const b = c.read(1);
    const result = c.body.let(compute(c.ops(0), a, b, c));
    setFlags(c.flags, c.width(0), a, b, result);
  };

/** CF in the type of an operand. */
const carry = (w: IntegerOps, c: Context): Expression =>
  w.type === "i64" ? extendU(c.flags.cf()) : c.flags.cf();

export const add = alu((w, a, b) => w.add(a, b), addFlags);
export const adc = alu((w, a, b, c) => w.add(w.add(a, b), carry(w, c)), adcFlags);
export const sub = alu((w, a, b) => w.sub(a, b), compareFlags);
export const sbb = alu((w, a, b, c) => w.sub(w.sub(a, b), carry(w, c)), sbbFlags);
export const and = alu((w, a, b) => w.and(a, b), logicFlags);
export const or = alu((w, a, b) => w.or(a, b), logicFlags);
export const xor = alu((w, a, b) => w.xor(a, b), logicFlags);
export const cmp = compare((w, a, b) => w.sub(a, b), compareFlags);
export const test = compare((w, a, b) => w.and(a, b), logicFlags);

/** dst ← dst + 1; CF keeps its value. */
export const inc = (c: Context): void => {
  const one = c.ops(0).constant(1);
  c.modify(0, (old) => {
    const result = c.body.let(c.ops(0).add(old, one));
    c.flags.addKeepingCarry(c.width(0), old, one, result);
    return result;
  });
};

/** dst ← dst - 1; CF keeps its value. */
export const dec = (c: Context): void => {
  const one = c.ops(0).constant(1);
  c.modify(0, (old) => {
    const result = c.body.let(c.ops(0).sub(old, one));
    c.flags.subKeepingCarry(c.width(0), old, one, result);
    return result;
  });
};

export const not = (c: Context): void => c.modify(0, (old) => c.ops(0).not(old));

export const neg = (c: Context): void =>
  c.modify(0, (old) => {
    const zero = c.ops(0).constant(0);
    const result = c.body.let(c.ops(0).neg(old));
    c.flags.compare(c.width(0), zero, old, result);
    return result;
  });

/** dst ← dst + src; src ← old dst. */
export const xadd = (c: Context): void => {
  const source = c.read(1);
  c.modify(0, (old) => {
    const result = c.body.let(c.ops(0).add(old, source));
    c.flags.add(c.width(0), old, source, result);
    // The source register comes first: when it is the destination too, the sum wins.
    c.write(1, old);
    return result;
  });
};

/** If accumulator = dst, dst ← src, else accumulator ← dst; flags of the comparison. */
export const cmpxchg = (c: Context): void => {
  const bits = c.width(0);
  const w = c.ops(0);
  const source = c.read(1);
  const accumulator = c.gpr(RAX, bits);
  const compare = (old: Expression): Expression => {
    const equal = c.body.let(w.eq(old, accumulator));
    c.flags.compare(bits, accumulator, old, c.body.let(w.sub(accumulator, old)));
    c.body.if(i32.eqz(equal), () => c.setGpr(RAX, bits, old));
    return equal;
  };
  // Memory is written in any case; a register only if equal, and keeps its upper half if not.
  if (c.memory) c.modify(0, (old) => select(compare(old), source, old));
  else c.body.if(compare(c.read(0)), () => c.write(0, source));
};

// --- Multiplication and division ---

/** Sets AX, or rDX:rAX, from a product of two values of `bits` ≤ 32 held in an i64. */
function setProduct(c: Context, bits: Bits, product: Expression): void {
  if (bits === 8) {
    c.setGpr(RAX, 16, wrap(product));
    return;
  }
  c.setGpr(RAX, bits, wrap(product));
  c.setGpr(RDX, bits, wrap(i64.shrU(product, constant64(bits))));
}

/** rDX:rAX ← rAX × src, unsigned (AX ← AL × src for bytes). */
export const mul = (c: Context): void => {
  const bits = c.width(0);
  const source = c.read(0);
  const accumulator = c.gpr(RAX, bits);
  if (bits === 64) {
    const low = c.body.let(i64.mul(accumulator, source));
    const high = c.call("multiplyHighUnsigned", accumulator, source);
    c.setGpr(RAX, 64, low);
    c.setGpr(RDX, 64, high);
    const overflow = i64.ne(high, constant64(0));
    c.flags.result(64, low, { cf: overflow, of: overflow });
    return;
  }
  const product = c.body.let(i64.mul(toI64(bits, accumulator), toI64(bits, source)));
  setProduct(c, bits, product);
  const overflow = i64.ne(i64.shrU(product, constant64(bits)), constant64(0));
  c.flags.result(bits, c.body.let(wrap(product)), { cf: overflow, of: overflow });
};

/** The same, signed. */
export const imulOne = (c: Context): void => {
  const bits = c.width(0);
  const source = c.read(0);
  const accumulator = c.gpr(RAX, bits);
  if (bits === 64) {
    const low = c.body.let(i64.mul(accumulator, source));
    const high = c.call("multiplyHighSigned", accumulator, source);
    c.setGpr(RAX, 64, low);
    c.setGpr(RDX, 64, high);
    const overflow = i64.ne(high, i64.shrS(low, constant64(63)));
    c.flags.result(64, low, { cf: overflow, of: overflow });
    return;
  }
  const product = c.body.let(i64.mul(toSignedI64(bits, accumulator), toSignedI64(bits, source)));
  setProduct(c, bits, product);
  const low = c.body.let(wrap(product));
  const overflow = i64.ne(product, toSignedI64(bits, low));
  c.flags.result(bits, low, { cf: overflow, of: overflow });
};

/** operand 0 ← a × b, signed, cut to the operand size. */
function imulInto(c: Context, a: Expression, b: Expression): void {
  const w = c.ops(0);
  const [x, y] = [c.body.copy(a), c.body.copy(b)];
  const low = c.body.let(w.mul(x, y));
  c.write(0, low);
  c.flags.signedProduct(c.width(0), x, y, low);
}

export const imulTwo = (c: Context): void => imulInto(c, c.read(0), c.read(1));
export const imulThree = (c: Context): void => imulInto(c, c.read(1), c.read(2));

/** The dividend of `bits` × 2 ≤ 64 bits: AX, or rDX:rAX. */
function dividend(c: Context, bits: 8 | 16 | 32): Expression {
  if (bits === 8) return extendU(c.gpr(RAX, 16));
  const high = i64.shl(extendU(c.gpr(RDX, bits)), constant64(bits));
  return c.body.let(i64.or(high, extendU(c.gpr(RAX, bits))));
}

function setQuotient(c: Context, bits: 8 | 16 | 32, quotient: Expression, remainder: Expression): void {
  const rest = c.body.let(wrap(remainder));
  const whole = c.body.let(wrap(quotient));
  if (bits === 8) {
    const both = i32.or(zeroExtend(8, whole), i32.shl(zeroExtend(8, rest), constant32(8)));
    c.setGpr(RAX, 16, both);
    return;
  }
  c.setGpr(RAX, bits, whole);
  c.setGpr(RDX, bits, rest);
}

/** rAX ← rDX:rAX ÷ src, rDX ← remainder, unsigned; #DE if the quotient does not fit. */
export const div = (c: Context): void => {
  const bits = c.width(0);
  const source = c.read(0);
  if (bits === 64) {
    const high = c.gpr(RDX, 64);
    c.faultIf(i64.geU(high, source), DE);
    c.setGpr(RAX, 64, c.call("divideUnsigned", high, c.gpr(RAX, 64), source));
    c.setGpr(RDX, 64, c.state(SCRATCH, 64));
    return;
  }
  const width = bits as 8 | 16 | 32;
  const divisor = c.body.let(extendU(source));
  const value = c.body.let(dividend(c, width));
  c.faultIf(i64.geU(i64.shrU(value, constant64(width)), divisor), DE);
  setQuotient(c, width, c.body.let(i64.divU(value, divisor)), i64.remU(value, divisor));
};

/** The same, signed. */
export const idiv = (c: Context): void => {
  const bits = c.width(0);
  const source = c.read(0);
  if (bits === 64) {
    const fits = c.call("divideSigned", c.gpr(RDX, 64), c.gpr(RAX, 64), source);
    c.faultIf(i32.eqz(fits), DE);
    c.setGpr(RAX, 64, c.state(SCRATCH, 64));
    c.setGpr(RDX, 64, c.state(SCRATCH + 8, 64));
    return;
  }
  const width = bits as 8 | 16 | 32;
  const divisor = c.body.let(toSignedI64(width, source));
  const unsigned = dividend(c, width);
  const value =
    width === 32 ? unsigned : c.body.let(extendS(signExtend((width * 2) as Bits, wrap(unsigned))));
  c.faultIf(i64.eqz(divisor), DE);
  // The one quotient that WebAssembly traps on does not fit either.
  const trap = i32.and(i64.eq(divisor, constant64(-1)), i64.eq(value, constant64(-(2n ** 63n))));
  c.faultIf(trap, DE);
  const quotient = c.body.let(i64.divS(value, divisor));
  c.faultIf(i64.ne(quotient, toSignedI64(width, wrap(quotient))), DE);
  setQuotient(c, width, quotient, i64.remS(value, divisor));
};

// --- Conversions of the accumulator ---

const HALF: Record<number, Bits> = { 16: 8, 32: 16, 64: 32 };

/** CBW, CWDE, CDQE: the lower half of rAX, sign-extended into all of it. */
export const convertInPlace = (c: Context): void => {
  const half = HALF[c.size]!;
  const value = toSignedI64(half, c.gpr(RAX, half));
  c.setGpr(RAX, c.size, c.body.let(fromI64(c.size, value)));
};

/** CWD, CDQ, CQO: rDX ← sign of rAX. */
export const convertIntoDx = (c: Context): void => {
  const sign = i64.shrS(toSignedI64(c.size, c.gpr(RAX, c.size)), constant64(63));
  c.setGpr(RDX, c.size, c.body.let(fromI64(c.size, sign)));
};
