// SSE's scalars by WebAssembly's own instructions where these provably give the same. A number that is normal or 0 is
// ordinary here; an ordinary result of ordinary operands, rounded to nearest, raises nothing but PE. What is not so is the
// runtime's (runtime/float/sse). [SDM] vol. 1, 11.5

import { constant32, constant64, type Expression, i32, i64, loadNumber, wrap } from "../wasm/expression.ts";
import type { Label } from "../wasm/function-body.ts";
import { f32, f64, truncate } from "../wasm/scalar.ts";
import { type NumberBits, STRANGE } from "./numbers.ts";
import type { SimdContext } from "./simd-context.ts";
import { isInMemory, raiseIf, sourceAddress } from "./simd-state.ts";

export type ScalarOperation = "add" | "sub" | "mul" | "div" | "sqrt";

const typeOf = (bits: NumberBits): "f32" | "f64" => (bits === 32 ? "f32" : "f64");

/** Fields of the formats. */
const FORMATS = {
  32: { ops: f32, fraction: 23, special: 0xff },
  64: { ops: f64, fraction: 52, special: 0x7ff },
} as const;

/** The exponent field (i32). */
function exponentOf(bits: NumberBits, value: Expression): Expression {
  const { fraction, special } = FORMATS[bits];
  const shifted =
    bits === 32
      ? i32.shrU(f32.bits(value), constant32(fraction))
      : wrap(i64.shrU(f64.bits(value), constant64(fraction)));
  return i32.and(shifted, constant32(special));
}

/** Whether a result is so far from the denormals that it was none before rounding, and no infinity or NaN (i32). */
export const isSafe = (bits: NumberBits, result: Expression): Expression =>
  i32.ltU(i32.sub(exponentOf(bits, result), constant32(2)), constant32(FORMATS[bits].special - 2));

/** Whether a number is 0 (i32). */
const isZero = (bits: NumberBits, value: Expression): Expression =>
  bits === 32
    ? i32.eqz(i32.shl(f32.bits(value), constant32(1)))
    : i64.eqz(i64.shl(f64.bits(value), constant64(1)));

/** Whether a number is denormal; the least normal one may count as such (i32). */
export function isDenormal(bits: NumberBits, value: Expression): Expression {
  const { fraction } = FORMATS[bits];
  // Without the sign, and less 1, which makes 0 the largest.
  if (bits === 32) {
    const below = i32.sub(i32.shl(f32.bits(value), constant32(1)), constant32(1));
    return i32.eqz(i32.shrU(below, constant32(fraction + 1)));
  }
  const below = i64.sub(i64.shl(f64.bits(value), constant64(1)), constant64(1));
  return i64.eqz(i64.shrU(below, constant64(fraction + 1)));
}

/** A source operand: its number, and where it is for the runtime. */
class Source {
  readonly #c: SimdContext;
  readonly #bits: NumberBits;
  readonly #address: Expression | undefined;
  readonly value: Expression;

  constructor(c: SimdContext, bits: NumberBits) {
    this.#c = c;
    this.#bits = bits;
    if (isInMemory(c, 1)) {
      this.#address = sourceAddress(c, 1);
      this.value = c.body.let(loadNumber(typeOf(bits), this.#address));
    } else this.value = c.numbers.read(1, bits);
  }

  get address(): Expression {
    return this.#address ?? this.#c.numbers.address(1);
  }

  get isOrdinary(): boolean {
    return this.#address === undefined && this.#c.numbers.isOrdinary(1, this.#bits);
  }

  setOrdinary(): void {
    if (this.#address === undefined) this.#c.numbers.setOrdinary(1, this.#bits);
  }
}

/** Whether a result of 0 from operands that are ordinary is exact, but for quotients (i32). */
const isZeroExact = (
  operation: ScalarOperation,
  bits: NumberBits,
  a: Expression | undefined,
  b: Expression,
): Expression => (operation === "mul" ? i32.or(isZero(bits, a!), isZero(bits, b)) : constant32(1));

type Way = (hard: Label) => void;

/** Emits `fast` ways, each of which may go to a label, where the next is, and last `slow`. All give the same locals a value. */
export function eitherWay(c: SimdContext, fast: Way | readonly Way[], slow: () => void): void {
  const { body } = c;
  body.block((done) => {
    for (const way of [fast].flat())
      body.block((hard) => {
        way(hard);
        body.branch(done);
      });
    slow();
  });
}

/** ADDSS to SQRTSD. */
export function scalarArithmetic(c: SimdContext, operation: ScalarOperation, bits: NumberBits): void {
  const { body, numbers } = c;
  const { ops } = FORMATS[bits];
  const source = new Source(c, bits);
  const doubt = numbers.doubt();
  const result = body.local(typeOf(bits));
  const a = operation === "sqrt" ? undefined : numbers.read(0, bits);
  const { value: b, isOrdinary } = source;
  const checkOperands = (hard: Label): void => {
    if (a && !numbers.isOrdinary(0, bits)) body.branchIf(hard, isDenormal(bits, a), false);
    if (!isOrdinary) body.branchIf(hard, isDenormal(bits, b), false);
  };
  const usual: Way = (hard) => {
    body.branchIf(hard, doubt, false);
    body.set(result, operation === "sqrt" ? ops.sqrt(b) : ops[operation](a!, b));
    body.branchIf(hard, i32.eqz(isSafe(bits, result.get)), false);
    checkOperands(hard);
  };
  const zero: Way = (hard) => {
    body.branchIf(hard, doubt);
    body.branchIf(hard, i32.eqz(i32.and(isZero(bits, result.get), isZeroExact(operation, bits, a, b))));
    checkOperands(hard);
  };
  eitherWay(c, operation === "div" ? usual : [usual, zero], () => {
    const destination = numbers.address(0);
    const { address } = source;
    raiseIf(c, c.call(`sse_${operation}_${bits === 32 ? "ss" : "sd"}`, destination, address));
    numbers.doubtAgain(bits, destination, address);
    body.set(result, loadNumber(typeOf(bits), destination));
  });
  source.setOrdinary();
  numbers.write(0, bits, result.kept, true);
}

/** COMISS and its kin: the order in ZF, PF and CF, the other three cleared. */
export function scalarOrder(c: SimdContext, bits: NumberBits, signals: number): void {
  const { body, numbers } = c;
  const { ops } = FORMATS[bits];
  const source = new Source(c, bits);
  const a = numbers.read(0, bits);
  const { value: b } = source;
  const known = [numbers.isOrdinary(0, bits), source.isOrdinary];
  // What is known may be in doubt, but that inexact results are not free is no matter.
  const doubt = known.includes(true) ? i32.and(numbers.doubt(), constant32(STRANGE)) : constant32(0);
  const [below, above, unordered] = [body.local("i32"), body.local("i32"), body.local("i32")];
  eitherWay(
    c,
    (hard) => {
      if (doubt.constant === undefined) body.branchIf(hard, doubt, false);
      [a, b].forEach((value, n) => {
        if (known[n]) return;
        body.branchIf(hard, isDenormal(bits, value), false);
        body.branchIf(hard, ops.ne(value, value), false);
      });
      body.set(below, ops.lt(a, b));
      body.set(above, ops.gt(a, b));
      body.set(unordered, constant32(0));
    },
    () => {
      const name = bits === 32 ? "sse_comi_ss" : "sse_comi_sd";
      const image = c.call(name, numbers.address(0), source.address, constant32(signals));
      raiseIf(c, i32.ltS(image, constant32(0)));
      body.set(below, i32.and(image, constant32(1)));
      body.set(unordered, i32.and(i32.shrU(image, constant32(2)), constant32(1)));
      body.set(above, i32.eqz(i32.and(image, constant32(0x41))));
    },
  );
  c.flags.order(below.kept, above.kept, unordered.kept);
}

/** CVTSI2SS and CVTSI2SD of an integer (i64), of which so many bits are exact in the format. */
export function scalarFromInteger(c: SimdContext, bits: NumberBits, value: Expression): void {
  const { body, numbers } = c;
  const result = body.local(typeOf(bits));
  const exact = bits === 32 ? 24n : 53n;
  const distance = i64.add(value, constant64(1n << exact));
  eitherWay(
    c,
    (hard) => {
      body.branchIf(hard, i64.gtU(distance, constant64(1n << (exact + 1n))), false);
      body.set(result, FORMATS[bits].ops.convertI64(value));
    },
    () => {
      const destination = numbers.address(0);
      raiseIf(c, c.call(bits === 32 ? "sse_cvtsi2ss" : "sse_cvtsi2sd", destination, value));
      numbers.doubtAgain(bits, destination, destination);
      body.set(result, loadNumber(typeOf(bits), destination));
    },
  );
  numbers.write(0, bits, result.kept, true);
}

/** CVTSI2SD of 32 bits: always exact. */
export function doubleFromInteger(c: SimdContext, value: Expression): void {
  c.numbers.write(0, 64, c.body.let(f64.convertI32(value)), true);
}

/** CVTSS2SD, which is exact, and CVTSD2SS; `bits` is the result's. */
export function scalarConversion(c: SimdContext, bits: NumberBits): void {
  const { body, numbers } = c;
  const from = bits === 32 ? 64 : 32;
  const source = new Source(c, from);
  const doubt = numbers.doubt();
  const result = body.local(typeOf(bits));
  eitherWay(
    c,
    (hard) => {
      if (bits === 32) body.branchIf(hard, doubt, false);
      else if (source.isOrdinary) body.branchIf(hard, i32.and(doubt, constant32(STRANGE)), false);
      body.set(result, bits === 32 ? f32.demote(source.value) : f64.promote(source.value));
      if (bits === 32) body.branchIf(hard, i32.eqz(isSafe(bits, result.get)), false);
      else if (!source.isOrdinary) {
        body.branchIf(hard, isDenormal(from, source.value), false);
        // Neither infinities nor NaNs.
        body.branchIf(hard, i32.eq(exponentOf(64, result.get), constant32(FORMATS[64].special)), false);
      }
    },
    () => {
      const destination = numbers.address(0);
      const { address } = source;
      raiseIf(c, c.call(bits === 32 ? "sse_cvtsd2ss" : "sse_cvtss2sd", destination, address));
      numbers.doubtAgain(bits, destination, destination);
      body.set(result, loadNumber(typeOf(bits), destination));
    },
  );
  numbers.write(0, bits, result.kept, true);
}

/** Up to these magnitudes every rounding of a number is in range: of 32 and of 64 bits. */
const LIMITS = {
  32: f64.ofBits(constant64(0x41dfffffff800000n)),
  64: f64.ofBits(constant64(0x43d0000000000000n)),
} as const;

/** CVTSS2SI, CVTSD2SI and their truncating forms: the integer of `width` bits, or `otherwise`. */
export function scalarToInteger(
  c: SimdContext,
  bits: NumberBits,
  width: 32 | 64,
  truncating: boolean,
  otherwise: (address: Expression) => Expression,
): Expression {
  const { body, numbers } = c;
  const { ops } = FORMATS[bits];
  const source = new Source(c, bits);
  const integer = body.local(width === 32 ? "i32" : "i64");
  const doubt = i32.and(numbers.doubt(), constant32(~STRANGE));
  const whole = truncating ? source.value : ops.nearest(source.value);
  const magnitude = f64.abs(bits === 32 ? f64.promote(whole) : whole);
  eitherWay(
    c,
    (hard) => {
      body.branchIf(hard, doubt, false);
      body.branchIf(hard, i32.eqz(f64.le(magnitude, LIMITS[width])), false);
      body.set(integer, truncate[width][bits](whole));
    },
    () => body.set(integer, otherwise(source.address)),
  );
  return integer.kept;
}
