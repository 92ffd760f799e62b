/**
 * Arithmetic with 128-bit significands, for the transcendental instructions. Two forms:
 * wide floats, (exponent, high, low) as in `rounding.ts`, bit 127 set (or high = low = 0 for zero), never negative;
 * fractions from 0 to below 1, (high:low) / 2^128.
 * Results are truncated and in error by a few units of the last place.
 */
import { divide, mulHigh, remainder } from "./wide";
import { INTEGER_BIT } from "./rounding";

/** Result of the functions on wide floats, and of `product`. */
export let wideExponent: i32 = 0;
export let wideHigh: u64 = 0;
export let wideLow: u64 = 0;
/** Result of the functions on fractions. */
export let fractionHigh: u64 = 0;
export let fractionLow: u64 = 0;

/** The exponent of a wide float that is a fraction as it is. */
export const FRACTION_EXPONENT: i32 = 16382;

/** π: its significand, to 128 bits, and the exponent of its half. */
export const PI_HIGH: u64 = 0xc90fdaa22168c234;
export const PI_LOW: u64 = 0xc4c6628b80dc1cd1;
export const HALF_PI_EXPONENT: i32 = 16383;

/** High 128 bits of a product of 128-bit numbers, to wideHigh and wideLow. */
export function product(aHigh: u64, aLow: u64, bHigh: u64, bLow: u64): void {
  const cross = mulHigh(aHigh, bLow);
  const other = mulHigh(aLow, bHigh);
  let high = mulHigh(aHigh, bHigh);
  let low = aHigh * bHigh;
  low += cross;
  high += u64(low < cross);
  low += other;
  high += u64(low < other);
  wideHigh = high;
  wideLow = low;
}

/** Sets the wide result, shifting significant bits up. */
export function setWide(exponent: i32, high: u64, low: u64): void {
  if (high == 0) {
    high = low;
    low = 0;
    exponent -= 64;
  }
  const shift = i32(clz(high));
  if (high != 0 && shift != 0) {
    high = (high << shift) | (low >> (64 - shift));
    low <<= shift;
  }
  wideExponent = exponent - shift;
  wideHigh = high;
  wideLow = low;
}

export function multiplyWide(aExponent: i32, aHigh: u64, aLow: u64, bExponent: i32, bHigh: u64, bLow: u64): void {
  product(aHigh, aLow, bHigh, bLow);
  setWide(aExponent + bExponent - 16382, wideHigh, wideLow);
}

/** a ÷ b, by two digits of 64 bits; b is not zero. */
export function divideWide(aExponent: i32, aHigh: u64, aLow: u64, bExponent: i32, bHigh: u64, bLow: u64): void {
  let exponent = aExponent - bExponent + FRACTION_EXPONENT;
  if (aHigh > bHigh || (aHigh == bHigh && aLow >= bLow)) {
    aLow = (aHigh << 63) | (aLow >> 1);
    aHigh >>= 1;
    exponent++;
  }
  const first = digit(aHigh, aLow, bHigh, bLow);
  const second = digit(restHigh, restLow, bHigh, bLow);
  setWide(exponent, first, second);
}

/** What is left of the number that `digit` has divided. */
let restHigh: u64 = 0;
let restLow: u64 = 0;

/** floor((high:middle:0) / (b:c)), for high:middle < b:c, b ≥ 2^63. */
function digit(high: u64, middle: u64, b: u64, c: u64): u64 {
  let quotient = u64.MAX_VALUE;
  let rest = middle + b;
  // With high = b the digit is the largest or one less: rest is then middle + b, which may have a carry.
  const carries = high == b && rest < b;
  if (high < b) {
    quotient = divide(high, middle, b);
    rest = remainder;
  }
  const below = quotient * c;
  const above = mulHigh(quotient, c) + u64(below != 0);
  restLow = 0 - below;
  let borrow = !carries && rest < above;
  rest -= above;
  while (borrow) {
    quotient--;
    restLow += c;
    const sum = rest + b;
    const whole = sum + u64(restLow < c);
    borrow = sum >= rest && whole >= sum;
    rest = whole;
  }
  restHigh = rest;
  return quotient;
}

/** a + b, or a − b with `subtract`; a ≥ b ≥ 0. */
export function addWide(
  aExponent: i32, aHigh: u64, aLow: u64, bExponent: i32, bHigh: u64, bLow: u64, subtract: bool,
): void {
  shiftDown(bHigh, bLow, aExponent - bExponent);
  if (subtract) {
    setWide(aExponent, aHigh - shiftedHigh - u64(aLow < shiftedLow), aLow - shiftedLow);
    return;
  }
  const low = aLow + shiftedLow;
  const high = aHigh + shiftedHigh + u64(low < aLow);
  if (high > aHigh || (high == aHigh && shiftedHigh == 0)) setWide(aExponent, high, low);
  else setWide(aExponent + 1, INTEGER_BIT | (high >> 1), (high << 63) | (low >> 1));
}

let shiftedHigh: u64 = 0;
let shiftedLow: u64 = 0;

function shiftDown(high: u64, low: u64, count: i32): void {
  if (count >= 64) {
    shiftedHigh = 0;
    shiftedLow = count < 128 ? high >> (count - 64) : 0;
  } else {
    shiftedHigh = high >> count;
    shiftedLow = count == 0 ? low : (low >> count) | (high << (64 - count));
  }
}

/** A wide float below 1 as a fraction. */
export function toFraction(exponent: i32, high: u64, low: u64): void {
  shiftDown(high, low, FRACTION_EXPONENT - exponent);
  fractionHigh = shiftedHigh;
  fractionLow = shiftedLow;
}

/** Sets the fraction to a + b, or a − b with `subtract`; results are fractions too. */
// @ts-ignore: decorator of AssemblyScript
@inline
export function addFraction(aHigh: u64, aLow: u64, bHigh: u64, bLow: u64, subtract: bool): void {
  if (subtract) {
    fractionHigh = aHigh - bHigh - u64(aLow < bLow);
    fractionLow = aLow - bLow;
  } else {
    fractionLow = aLow + bLow;
    fractionHigh = aHigh + bHigh + u64(fractionLow < aLow);
  }
}

/** Sets the fraction to its product with another. */
export function scaleFraction(high: u64, low: u64): void {
  product(fractionHigh, fractionLow, high, low);
  fractionHigh = wideHigh;
  fractionLow = wideLow;
}

/**
 * Sets the fraction to c₀ ± x (c₁ ± x (c₂ …)), x a fraction, by a table of `heads` coefficients of 128 bits and `tails`
 * of 64. What 64 bits leave in error, below 2^-62, counts by x to the power of `heads`. With minus the result is always
 * less than c₀, so that a rounding sees on which side the value lies.
 */
export function sumSeries(coefficients: usize, heads: i32, tails: i32, xHigh: u64, xLow: u64, minus: bool): void {
  let at = coefficients + (usize(heads) << 4) + (usize(tails) << 3) - 8;
  let high = load<u64>(at);
  while (--tails > 0) {
    at -= 8;
    const term = mulHigh(high, xHigh);
    high = minus ? load<u64>(at) - term : load<u64>(at) + term;
  }
  fractionHigh = high;
  fractionLow = 0;
  while (heads-- > 0) {
    at -= 16;
    scaleFraction(xHigh, xLow);
    if (minus && fractionLow != u64.MAX_VALUE) fractionLow++;
    addFraction(load<u64>(at), load<u64>(at, 8), fractionHigh, fractionLow, minus);
  }
}
