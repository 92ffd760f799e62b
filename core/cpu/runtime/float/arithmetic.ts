/**
 * The four operations and the square root on numbers taken apart, before rounding. Operands are no NaNs and not
 * unsupported (see `operands.ts`). Each function returns the class of the result, whose parts are in `result…`:
 * UNSUPPORTED stands for an invalid operation, IE being raised.
 */
import { divide, jammed, mulHigh, remainder, shiftRightJam, squareRoot } from "./wide";
import { DOWN, IE, INTEGER_BIT, ZE, mode, raise } from "./rounding";
import { INFINITE, NORMAL, UNSUPPORTED, ZERO } from "./operands";

export let resultSign: i32 = 0;
export let resultExponent: i32 = 0;
export let resultHigh: u64 = 0;
export let resultLow: u64 = 0;

/** Operations by the number in the reg field of D8 (2 and 3 are the comparisons). */
export const ADD: i32 = 0;
export const MUL: i32 = 1;
export const SUB: i32 = 4;
export const SUBR: i32 = 5;
export const DIV: i32 = 6;
export const DIVR: i32 = 7;

export function give(sign: i32, exponent: i32, high: u64, low: u64): i32 {
  resultSign = sign;
  resultExponent = exponent;
  resultHigh = high;
  resultLow = low;
  return NORMAL;
}

function giveClass(sign: i32, kind: i32): i32 {
  resultSign = sign;
  return kind;
}

function invalid(): i32 {
  raise(IE);
  return UNSUPPORTED;
}

/** a + b. */
export function add(
  aClass: i32, aSign: i32, aExponent: i32, a: u64,
  bClass: i32, bSign: i32, bExponent: i32, b: u64,
): i32 {
  if (aClass == INFINITE) {
    if (bClass == INFINITE && aSign != bSign) return invalid();
    return giveClass(aSign, INFINITE);
  }
  if (bClass == INFINITE) return giveClass(bSign, INFINITE);
  if (aClass == ZERO) {
    if (bClass == ZERO) return giveClass(aSign == bSign ? aSign : i32(mode == DOWN), ZERO);
    return give(bSign, bExponent, b, 0);
  }
  if (bClass == ZERO) return give(aSign, aExponent, a, 0);
  if (aExponent > bExponent || (aExponent == bExponent && a >= b)) {
    return addOrdered(aSign, aExponent, a, bSign, bExponent, b);
  }
  return addOrdered(bSign, bExponent, b, aSign, aExponent, a);
}

/** |a| ≥ |b| > 0. */
function addOrdered(aSign: i32, exponent: i32, a: u64, bSign: i32, bExponent: i32, b: u64): i32 {
  let high = shiftRightJam(b, exponent - bExponent);
  let low = jammed;
  if (aSign == bSign) {
    high += a;
    if (high >= a) return give(aSign, exponent, high, low);
    low = (high << 63) | (low >> 1) | (low & 1);
    return give(aSign, exponent + 1, INTEGER_BIT | (high >> 1), low);
  }
  return giveDifference(aSign, exponent, a - high - u64(low != 0), 0 - low);
}

/** What is left of a number when one of the other sign and no greater magnitude is added: perhaps nothing. */
// @ts-ignore: decorator of AssemblyScript
@inline
export function giveDifference(sign: i32, exponent: i32, high: u64, low: u64): i32 {
  if ((high | low) == 0) return giveClass(i32(mode == DOWN), ZERO);
  if (high == 0) {
    high = low;
    low = 0;
    exponent -= 64;
  }
  const shift = i32(clz(high));
  if (shift != 0) {
    high = (high << shift) | (low >> (64 - shift));
    low <<= shift;
  }
  return give(sign, exponent - shift, high, low);
}

/** a × b. */
export function multiply(
  aClass: i32, aSign: i32, aExponent: i32, a: u64,
  bClass: i32, bSign: i32, bExponent: i32, b: u64,
): i32 {
  const sign = aSign ^ bSign;
  if (aClass == INFINITE) return bClass == ZERO ? invalid() : giveClass(sign, INFINITE);
  if (bClass == INFINITE) return aClass == ZERO ? invalid() : giveClass(sign, INFINITE);
  if (aClass == ZERO || bClass == ZERO) return giveClass(sign, ZERO);
  const high = mulHigh(a, b);
  const low = a * b;
  const exponent = aExponent + bExponent - 16382;
  if (high >> 63 != 0) return give(sign, exponent, high, low);
  return give(sign, exponent - 1, (high << 1) | (low >> 63), low << 1);
}

/** a ÷ b. Raises ZE for a finite a and b = 0. */
export function divideBy(
  aClass: i32, aSign: i32, aExponent: i32, a: u64,
  bClass: i32, bSign: i32, bExponent: i32, b: u64,
): i32 {
  const sign = aSign ^ bSign;
  if (aClass == INFINITE) return bClass == INFINITE ? invalid() : giveClass(sign, INFINITE);
  if (bClass == INFINITE) return giveClass(sign, ZERO);
  if (bClass == ZERO) {
    if (aClass == ZERO) return invalid();
    raise(ZE);
    return giveClass(sign, INFINITE);
  }
  if (aClass == ZERO) return giveClass(sign, ZERO);
  const less = a < b;
  const quotient = less ? divide(a, 0, b) : divide(a >> 1, a << 63, b);
  // Twice the remainder against the divisor tells below, at or above half a unit.
  let low: u64 = 0;
  if (remainder != 0) {
    const complement = b - remainder;
    low = remainder < complement ? 1 : remainder == complement ? INTEGER_BIT : INTEGER_BIT | 1;
  }
  return give(sign, aExponent - bExponent + (less ? 16382 : 16383), quotient, low);
}

/** √a. */
export function root(aClass: i32, aSign: i32, aExponent: i32, a: u64): i32 {
  if (aClass == ZERO) return giveClass(aSign, ZERO);
  if (aSign != 0) return invalid();
  if (aClass == INFINITE) return giveClass(0, INFINITE);
  const exponent = aExponent - 16383;
  const odd = (exponent & 1) != 0;
  const high = odd ? a : a >> 1;
  const low: u64 = odd ? 0 : a << 63;
  const value = squareRoot(high, low);
  // What is left is at most 2 × value: above half a unit when it is more than value.
  const leftLow = low - value * value;
  const leftHigh = high - mulHigh(value, value) - u64(low < value * value);
  let rest: u64 = 0;
  if ((leftHigh | leftLow) != 0) rest = leftHigh != 0 || leftLow > value ? INTEGER_BIT | 1 : 1;
  return give(0, 16383 + (exponent >> 1), value, rest);
}

/** a `operation` b; the reversed operations are for the caller to swap. */
export function operate(
  operation: i32,
  aClass: i32, aSign: i32, aExponent: i32, a: u64,
  bClass: i32, bSign: i32, bExponent: i32, b: u64,
): i32 {
  if (operation == ADD) return add(aClass, aSign, aExponent, a, bClass, bSign, bExponent, b);
  if (operation == SUB) return add(aClass, aSign, aExponent, a, bClass, bSign ^ 1, bExponent, b);
  if (operation == MUL) return multiply(aClass, aSign, aExponent, a, bClass, bSign, bExponent, b);
  return divideBy(aClass, aSign, aExponent, a, bClass, bSign, bExponent, b);
}
