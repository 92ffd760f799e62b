// Packed SSE arithmetic by WebAssembly's own instructions where these provably give the same: a normal result of normal
// operands, rounded to nearest, raising nothing that is not raised already. What is not so is the runtime's
// (runtime/float/sse). Scalars have tests of their own (simd-scalar.ts). [SDM] vol. 1, 11.5

import { constantVector, type Expression, i32, loadVector, wrap } from "../wasm/expression.ts";
import { f32, f64 } from "../wasm/scalar.ts";
import { f32x4, f64x2, i32x4, i64x2, loadSplat, v128 } from "../wasm/vector.ts";
import type { SimdContext } from "./simd-context.ts";
import { isInMemory, sourceAddress } from "./simd-state.ts";

/** The four kinds of operands: suffixes of the mnemonics. */
export type Suffix = "ps" | "pd" | "ss" | "sd";
/** Arithmetic of one or two operands; of two comparisons. */
export type NativeOperation = "add" | "sub" | "mul" | "div" | "sqrt" | "min" | "max";

const lanesOf = (bytes: readonly number[]): Expression =>
  constantVector(Array.from({ length: 16 }, (_, index) => bytes[index % bytes.length]!));

/** What the tests of a format are made of: its instructions, and its least and largest normal numbers in all lanes. */
export const formatOf = (bits: 32 | 64) =>
  bits === 32
    ? {
        ops: f32x4,
        allTrue: i32x4.allTrue,
        bitmask: i32x4.bitmask,
        zero: v128.zero,
        least: lanesOf([0, 0, 0x80, 0]),
        twiceLeast: lanesOf([0, 0, 0, 1]),
        largest: lanesOf([0xff, 0xff, 0x7f, 0x7f]),
      }
    : {
        ops: f64x2,
        allTrue: i64x2.allTrue,
        bitmask: i64x2.bitmask,
        zero: v128.zero,
        least: lanesOf([0, 0, 0, 0, 0, 0, 0x10, 0]),
        twiceLeast: lanesOf([0, 0, 0, 0, 0, 0, 0x20, 0]),
        largest: lanesOf([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xef, 0x7f]),
      };

export type Format = ReturnType<typeof formatOf>;

const bitsOf = (suffix: Suffix): 32 | 64 => (suffix.endsWith("s") ? 32 : 64);

/** Whether rounding is to nearest, and an inexact result raises nothing new (i32). */
export const inexactIsFree = (c: SimdContext): Expression => i32.eqz(c.numbers.doubt());

/** Lanes that are no NaN and not denormal. */
function orderly(format: Format, x: Expression): Expression {
  const { ops, least, zero } = format;
  return v128.or(ops.ge(ops.abs(x), least), ops.eq(x, zero));
}

/** Whether results are normal with some distance to the denormals, and operands at that distance too (i32). */
export function inRange(format: Format, operands: Expression[], result: Expression): Expression {
  const { ops, twiceLeast, largest, allTrue } = format;
  // pmin lets a NaN result through, which the other test finds; NaN operands make NaN results, infinite ones no normal.
  const smallest = [...operands, result].map(ops.abs).reduce(ops.pmin);
  return allTrue(v128.and(ops.ge(smallest, twiceLeast), ops.le(ops.abs(result), largest)));
}

/** Operands 0 and 1 as vectors, and where they are for the runtime. */
interface Operands {
  readonly a: Expression;
  readonly b: Expression;
  readonly addresses: () => readonly [destination: Expression, source: Expression];
}

/** Of scalars, the numbers are in all lanes. */
function operandsOf(c: SimdContext, suffix: Suffix): Operands {
  const memory = isInMemory(c, 1) ? sourceAddress(c, 1) : undefined;
  const addresses = () => [c.numbers.address(0), memory ?? c.numbers.address(1)] as const;
  if (!suffix.startsWith("p")) {
    const take = (address: Expression): Expression => c.body.let(loadSplat(bitsOf(suffix), address));
    const [destination, source] = addresses();
    return { a: take(destination), b: take(source), addresses: () => [destination, source] };
  }
  return { a: c.read(0), b: memory ? c.body.let(loadVector(memory)) : c.read(1), addresses };
}

/** Operand 0 ← `result` if that is allowed (i32), else what `otherwise` leaves at the address that it is given. */
function giveIf(
  c: SimdContext,
  suffix: Suffix,
  allowed: Expression,
  result: Expression,
  addresses: Operands["addresses"],
  otherwise: (destination: Expression, source: Expression) => void,
): void {
  const { body } = c;
  const given = body.local("v128");
  body.if(
    allowed,
    () => body.set(given, result),
    () => {
      const [destination, source] = addresses();
      otherwise(destination, source);
      body.set(given, loadVector(destination));
    },
    true,
  );
  if (suffix.startsWith("p")) c.write(0, given.kept);
  else {
    const low = i64x2.extractU(given.get, 0);
    const bits = bitsOf(suffix);
    c.numbers.write(0, bits, bits === 64 ? f64.ofBits(low) : f32.ofBits(wrap(low)), false);
  }
}

/** Operand 0 ← operand 0 `operation` operand 1, in WebAssembly if that may be; else `otherwise`, at addresses. */
export function nativeArithmetic(
  c: SimdContext,
  operation: NativeOperation,
  suffix: Suffix,
  otherwise: (destination: Expression, source: Expression) => void,
): void {
  const { a, b, addresses } = operandsOf(c, suffix);
  const format = formatOf(bitsOf(suffix));
  const { ops } = format;
  let result: Expression;
  let allowed: Expression;
  if (operation === "sqrt") {
    result = c.body.let(ops.sqrt(b));
    allowed = i32.and(inexactIsFree(c), inRange(format, [b], result));
  } else if (operation === "min" || operation === "max") {
    result = operation === "min" ? ops.pmin(b, a) : ops.pmax(b, a);
    allowed = format.allTrue(v128.and(orderly(format, a), orderly(format, b)));
  } else {
    result = c.body.let(ops[operation](a, b));
    allowed = i32.and(inexactIsFree(c), inRange(format, [a, b], result));
  }
  giveIf(c, suffix, allowed, result, addresses, otherwise);
}

/** Lanes for which predicates 0 to 7 of CMPPS hold, of numbers that are ordered. */
function relation(ops: Format["ops"], predicate: number, a: Expression, b: Expression): Expression {
  switch (predicate) {
    case 0:
      return ops.eq(a, b);
    case 1:
      return ops.lt(a, b);
    case 2:
      return ops.le(a, b);
    case 3:
      return v128.zero;
    case 4:
      return v128.not(ops.eq(a, b));
    case 5:
      return ops.ge(a, b);
    case 6:
      return ops.gt(a, b);
    default:
      return v128.not(v128.zero);
  }
}

/** CMPPS and its kin with a known predicate, 0 to 31: those from 8 on differ from the first ones in what they do with NaNs. */
export function nativeCompare(
  c: SimdContext,
  suffix: Suffix,
  predicate: number,
  otherwise: (destination: Expression, source: Expression) => void,
): void {
  const { a, b, addresses } = operandsOf(c, suffix);
  const format = formatOf(bitsOf(suffix));
  const ordered = format.allTrue(v128.and(orderly(format, a), orderly(format, b)));
  giveIf(c, suffix, ordered, relation(format.ops, predicate & 7, a, b), addresses, otherwise);
}
