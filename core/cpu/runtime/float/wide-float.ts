/**
 * Arithmetic with 128-bit significands, for the transcendental instructions. Two forms:
 * wide floats, (exponent, high, low) as in `rounding.ts`, bit 127 set (or high = low = 0 for zero), never negative;
 * fixed-point numbers from 0 to below 2, (high:low) / 2^127.
 * Results are truncated and in error by a few units of the last place, 2^-124 in a whole series at most.
 */
import { mulHigh } from "./wide";
import { INTEGER_BIT } from "./rounding";

/** Result of the functions on wide floats. */
export let wideExponent: i32 = 0;
export let wideHigh: u64 = 0;
export let wideLow: u64 = 0;
/** Result of the functions on fixed-point numbers. */
export let fixedHigh: u64 = 0;
export let fixedLow: u64 = 0;

/** log2 e, ln 2 and π/2: their significands, to 128 bits, and exponents. */
export const LOG2E_HIGH: u64 = 0xb8aa3b295c17f0bb;
export const LOG2E_LOW: u64 = 0xbe87fed0691d3e88;
export const LOG2E_EXPONENT: i32 = 16383;
export const LN2_HIGH: u64 = 0xb17217f7d1cf79ab;
export const LN2_LOW: u64 = 0xc9e3b39803f2f6af;
export const LN2_EXPONENT: i32 = 16382;
export const PI_HIGH: u64 = 0xc90fdaa22168c234;
export const PI_LOW: u64 = 0xc4c6628b80dc1cd1;
export const HALF_PI_EXPONENT: i32 = 16383;

/** High 128 bits of a product of 128-bit numbers, to wideHigh and wideLow. */
function product(aHigh: u64, aLow: u64, bHigh: u64, bLow: u64): void {
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

/** a ÷ b, bit by bit; b is not zero. */
export function divideWide(aExponent: i32, aHigh: u64, aLow: u64, bExponent: i32, bHigh: u64, bLow: u64): void {
  let high: u64 = 0;
  let low: u64 = 0;
  let restHigh = aHigh;
  let restLow = aLow;
  let carry = false;
  for (let bit = 0; ; bit++) {
    high = (high << 1) | (low >> 63);
    low <<= 1;
    if (carry || restHigh > bHigh || (restHigh == bHigh && restLow >= bLow)) {
      restHigh = restHigh - bHigh - u64(restLow < bLow);
      restLow -= bLow;
      low |= 1;
    }
    // The first bit is the one before the point; 128 are significant after bit 127 or 128.
    if (high >> 63 != 0) {
      wideExponent = aExponent - bExponent + 16383 + 127 - bit;
      wideHigh = high;
      wideLow = low;
      return;
    }
    carry = restHigh >> 63 != 0;
    restHigh = (restHigh << 1) | (restLow >> 63);
    restLow <<= 1;
  }
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

/** A wide float below 2 as a fixed-point number, which is not zero unless the float is. */
export function toFixed(exponent: i32, high: u64, low: u64): void {
  shiftDown(high, low, 16383 - exponent);
  fixedHigh = shiftedHigh;
  fixedLow = (fixedHigh | shiftedLow) == 0 ? 1 : shiftedLow;
}

/** The fixed-point result as a wide float. */
export function toWide(): void {
  setWide(16383, fixedHigh, fixedLow);
}

/** Sets the fixed-point result to its product with x. */
function scaleFixed(xHigh: u64, xLow: u64): void {
  product(fixedHigh, fixedLow, xHigh, xLow);
  fixedHigh = (wideHigh << 1) | (wideLow >> 63);
  fixedLow = wideLow << 1;
}

/** Divides the fixed-point result by a number below 2^32. */
function divideFixed(divisor: u64): void {
  const rest = fixedHigh % divisor;
  const middle = (rest << 32) | (fixedLow >> 32);
  fixedHigh /= divisor;
  fixedLow = (middle / divisor << 32) | (((middle % divisor << 32) | (fixedLow & 0xffffffff)) / divisor);
}

/** 1 plus or minus the fixed-point result. Never 1 itself, so that a rounding sees on which side the value lies. */
function fromOne(minus: bool): void {
  if ((fixedHigh | fixedLow) == 0) fixedLow = 1;
  if (minus) {
    fixedHigh = INTEGER_BIT - fixedHigh - u64(fixedLow != 0);
    fixedLow = 0 - fixedLow;
  } else fixedHigh += INTEGER_BIT;
}

/** The series with factorials, see `factorialSeries`. */
export const EXPONENTIAL: i32 = 0;
export const SINE: i32 = 1;
export const COSINE: i32 = 2;

/**
 * Horner's scheme of 1 ± x/d₁ (1 ± x/d₂ (1 ± …)), where dₙ is n + 1: (eˣ − 1)/x, for x ≤ ln 2; 2n(2n + 1): sin √x / √x; or
 * (2n − 1)2n: cos √x, these two with minus and x ≤ (π/4)².
 */
export function factorialSeries(kind: i32, xHigh: u64, xLow: u64, minus: bool): void {
  fixedHigh = INTEGER_BIT;
  fixedLow = 0;
  for (let n: u64 = kind == EXPONENTIAL ? 30 : 16; n > 0; n--) {
    scaleFixed(xHigh, xLow);
    divideFixed(kind == EXPONENTIAL ? n + 1 : kind == SINE ? 2 * n * (2 * n + 1) : (2 * n - 1) * 2 * n);
    fromOne(minus);
  }
}

/** 1 ± x/3 + x²/5 ± x³/7 …, to `terms`: atanh √x / √x, or with minus atan √x / √x. */
export function oddSeries(xHigh: u64, xLow: u64, minus: bool, terms: u64): void {
  fixedHigh = 0;
  fixedLow = 0;
  for (let n = terms; n > 0; n--) {
    const tailHigh = fixedHigh;
    const tailLow = fixedLow;
    fixedHigh = INTEGER_BIT;
    fixedLow = 0;
    divideFixed(2 * n + 1);
    const low = fixedLow;
    fixedLow = minus ? low - tailLow : low + tailLow;
    fixedHigh = minus ? fixedHigh - tailHigh - u64(low < tailLow) : fixedHigh + tailHigh + u64(fixedLow < low);
    scaleFixed(xHigh, xLow);
  }
  fromOne(minus);
}
