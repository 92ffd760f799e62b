/**
 * Whether a rounded result is the exact one, lane by lane: for PE while it is not raised yet. Operands and results are
 * normal or zero, results being those of rounding to nearest; what is left over is found without an error.
 */
import { ADD, DIV, MUL, SUB } from "../arithmetic";
import { INTEGER_BIT } from "../rounding";

/** Whether a + b is `sum`: the error of a sum is a number of the same format (Møller and Knuth's two-sum). */
// @ts-ignore: decorator of AssemblyScript
@inline
function exactSum64(a: f64, b: f64, sum: f64): bool {
  const second = sum - a;
  return a - (sum - second) + (b - second) == 0;
}

/** The same in four lanes. */
// @ts-ignore: decorator of AssemblyScript
@inline
function exactSum32(a: v128, b: v128, sum: v128): bool {
  const second = f32x4.sub(sum, a);
  const error = f32x4.add(f32x4.sub(a, f32x4.sub(sum, second)), f32x4.sub(b, second));
  return i32x4.all_true(f32x4.eq(error, f32x4.splat(0)));
}

/** Significand of a normal number, an integer without trailing zeros. */
// @ts-ignore: decorator of AssemblyScript
@inline
function oddSignificand(value: f64): u64 {
  const significand = ((reinterpret<u64>(value) << 11) | INTEGER_BIT) >> 11;
  return significand >> ctz(significand);
}

/** Whether a × b has no more than 53 significant bits; the product being normal, or a or b zero. */
function exactProduct64(a: f64, b: f64): bool {
  if (a == 0 || b == 0) return true;
  const first = oddSignificand(a);
  const second = oddSignificand(b);
  const bits = 128 - i32(clz(first) + clz(second));
  return bits <= 53 || (bits == 54 && (first * second) >> 53 == 0);
}

function exactLane64(operation: i32, a: f64, b: f64, result: f64): bool {
  if (operation == ADD) return exactSum64(a, b, result);
  if (operation == SUB) return exactSum64(a, -b, result);
  if (operation == MUL) return exactProduct64(a, b);
  if (operation == DIV) return result * b == a && exactProduct64(result, b);
  return result * result == b && exactProduct64(result, result);
}

/** Whether both lanes of `result`, which is a `operation` b (ADD, SUB, MUL, DIV; SQRT of b), are exact. */
export function exact64(operation: i32, a: v128, b: v128, result: v128): bool {
  return exactLane64(
    operation, f64x2.extract_lane(a, 0), f64x2.extract_lane(b, 0), f64x2.extract_lane(result, 0),
  ) && exactLane64(
    operation, f64x2.extract_lane(a, 1), f64x2.extract_lane(b, 1), f64x2.extract_lane(result, 1),
  );
}

/** Whether a = b × c in the lower two lanes, which doubles hold exactly. */
// @ts-ignore: decorator of AssemblyScript
@inline
function isProduct(a: v128, b: v128, c: v128): bool {
  const product = f64x2.mul(f64x2.promote_low_f32x4(b), f64x2.promote_low_f32x4(c));
  return i64x2.all_true(f64x2.eq(f64x2.promote_low_f32x4(a), product));
}

// @ts-ignore: decorator of AssemblyScript
@inline
function isProductOfAll(a: v128, b: v128, c: v128): bool {
  return isProduct(a, b, c) && isProduct(upper(a), upper(b), upper(c));
}

// @ts-ignore: decorator of AssemblyScript
@inline
function upper(x: v128): v128 {
  return i64x2.splat(i64x2.extract_lane(x, 1));
}

/** The same of four lanes. */
export function exact32(operation: i32, a: v128, b: v128, result: v128): bool {
  if (operation == ADD) return exactSum32(a, b, result);
  if (operation == SUB) return exactSum32(a, f32x4.neg(b), result);
  if (operation == MUL) return isProductOfAll(result, a, b);
  if (operation == DIV) return isProductOfAll(a, result, b);
  return isProductOfAll(b, result, result);
}
