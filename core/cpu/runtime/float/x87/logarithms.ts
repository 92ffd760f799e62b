/**
 * F2XM1, FYL2X, FYL2XP1. Arguments are cut into one that a table knows and a rest below 2^-6, whose series is short. What
 * is rounded is in error by less than 2^-80 of itself: results are wrong by at most 0.50002 units of the last place.
 * [SDM] vol. 2
 */
import { DE, INTEGER_BIT, PE, ZE, prevented, raise } from "../rounding";
import {
  DENORMAL, INFINITE, ZERO, operandExponent, operandSign, operandSignificand, takeF80,
} from "../operands";
import {
  ABOVE_ROOT, LOGARITHM, LOGARITHM_HEADS, LOGARITHM_TAILS, LOG_STEPS, NEGATIVE_POWERS, POWER, POWERS, POWER_HEADS,
  POWER_TAILS, RECIPROCALS, STEPS,
} from "../tables";
import { mulHigh } from "../wide";
import {
  FRACTION_EXPONENT, addFraction, addWide, fractionHigh, fractionLow, multiplyWide, product, setWide, sumSeries,
  toFraction, wideExponent, wideHigh, wideLow,
} from "../wide-float";
import { give, giveInvalid, isSpecial, outHigh, outSignificand, propagateOne, propagateTwo } from "./arithmetic";
import {
  begin, finish, highOf, isEmpty, pop, roundF80, roundedHigh, setIndefinite, setRegister, significandOf, underflowed,
} from "./stack";

const ONE_EXPONENT: i32 = 16383;
/** 2^-7: the logarithm of a number that is nearer to 1 is a series in its distance. */
const NEAR_EXPONENT: i32 = ONE_EXPONENT - 7;
/** Words of an entry of RECIPROCALS, in bytes. */
const RECIPROCAL_SIZE: usize = 24;

/** Rounds the wide result, which is not exact. */
export function giveWide(sign: i32): bool {
  const significand = roundF80(sign, wideExponent, wideHigh, wideLow | 1);
  return give(significand, roundedHigh);
}

/** F2XM1: ST(0) ← 2^ST(0) − 1. Out of its range, −1 to 1, ST(0) stays and PE is raised, as by AMD processors. */
export function f2xm1(): i32 {
  begin();
  if (isEmpty(0)) {
    if (underflowed()) setIndefinite(0);
    return finish();
  }
  const kind = takeF80(significandOf(0), highOf(0));
  if (isSpecial(kind)) {
    if (propagateOne(kind)) setRegister(0, outSignificand, outHigh);
    return finish();
  }
  if (kind == DENORMAL) raise(DE);
  if (kind == ZERO || prevented()) return finish();
  const sign = operandSign;
  if (operandExponent >= ONE_EXPONENT) {
    // 2^-1 − 1 and 2^-∞ − 1 are exact, and 2^1 − 1 is the operand.
    if (kind != INFINITE) raise(PE);
    else if (sign) setRegister(0, INTEGER_BIT, 0xbfff);
    if (sign && operandExponent == ONE_EXPONENT && operandSignificand == INTEGER_BIT) {
      setRegister(0, INTEGER_BIT, 0xbffe);
    }
    return finish();
  }
  powerLessOne(operandExponent, operandSignificand, sign != 0);
  if (giveWide(sign)) setRegister(0, outSignificand, outHigh);
  return finish();
}

/** Sets the wide result to 2^x − 1, or with minus to 1 − 2^-x, for 0 < x < 1. */
function powerLessOne(exponent: i32, significand: u64, minus: bool): void {
  toFraction(exponent, significand, 0);
  // x = i/64 + t.
  const index = usize(fractionHigh / (u64.MAX_VALUE / STEPS + 1));
  const tHigh = fractionHigh % (u64.MAX_VALUE / STEPS + 1);
  const tLow = fractionLow;
  sumSeries(POWER, POWER_HEADS, POWER_TAILS, tHigh, tLow, minus);
  if (index == 0) {
    multiplyWide(exponent, significand, 0, FRACTION_EXPONENT, fractionHigh, fractionLow);
    return;
  }
  // 2^±x − 1 = p + (2^±t − 1)(p + 1), where p is 2^(±i/64) − 1, of which the magnitude is in the table.
  product(fractionHigh, fractionLow, tHigh, tLow);
  const high = wideHigh;
  const low = wideLow;
  const entry = (minus ? NEGATIVE_POWERS : POWERS) + (index << 4);
  const pHigh = load<u64>(entry);
  const pLow = load<u64>(entry, 8);
  product(high, low, pHigh, pLow);
  addFraction(high, low, wideHigh, wideLow, minus);
  addFraction(pHigh, pLow, fractionHigh, fractionLow, false);
  setWide(FRACTION_EXPONENT, fractionHigh, fractionLow);
}

/** Sign of the last logarithm; its magnitude is the wide result. */
let logarithmSign: i32 = 0;

/** Sets the wide result to the magnitude of log2(1 + u), or with minus of log2(1 − u), for 0 < u ≤ 2^-6.8. */
function nearOne(exponent: i32, high: u64, low: u64, minus: bool): void {
  toFraction(exponent, high, low);
  sumSeries(LOGARITHM, LOGARITHM_HEADS, LOGARITHM_TAILS, fractionHigh, fractionLow, !minus);
  multiplyWide(exponent, high, low, FRACTION_EXPONENT + 1, fractionHigh, fractionLow);
}

/** log2 of a positive wide float. Returns whether it is exact: of a power of two. */
function logarithm(exponent: i32, high: u64, low: u64): bool {
  // x = m × 2^e, with m from about 1/√2 to √2; the index is of the significand.
  const index = i32((high << 1) / (u64.MAX_VALUE / LOG_STEPS + 1));
  const less = index >= ABOVE_ROOT;
  const e = exponent - ONE_EXPONENT + i32(less);
  const integerSign = e < 0 ? 1 : 0;
  const magnitude: u64 = e < 0 ? -e : e;
  if (high == INTEGER_BIT && low == 0) {
    logarithmSign = integerSign;
    setWide(ONE_EXPONENT + 63, magnitude, 0);
    return true;
  }
  logarithmSign = i32(less);
  if (index == 0) {
    setWide(ONE_EXPONENT, high - INTEGER_BIT, low);
    nearOne(wideExponent, wideHigh, wideLow, false);
  } else if (index == LOG_STEPS - 1) {
    setWide(ONE_EXPONENT - 1, 0 - high - u64(low != 0), 0 - low);
    nearOne(wideExponent, wideHigh, wideLow, true);
  } else {
    // log2 s = log2(sc) − log2 c, with sc − 1 small and not negative.
    const entry = RECIPROCALS + usize(index) * RECIPROCAL_SIZE;
    const c = load<u64>(entry);
    const scLow = high * c + mulHigh(low, c);
    setWide(ONE_EXPONENT, mulHigh(high, c) + u64(scLow < high * c) - INTEGER_BIT, scLow);
    const zero = (wideHigh | wideLow) == 0;
    if (!zero) nearOne(wideExponent, wideHigh, wideLow, false);
    toFraction(zero ? 0 : wideExponent, wideHigh, wideLow);
    addFraction(load<u64>(entry, 8), load<u64>(entry, 16), fractionHigh, fractionLow, less);
    setWide(FRACTION_EXPONENT, fractionHigh, fractionLow);
  }
  if (e == 0) return false;
  // e + log2 m, of which the integer is the larger by far.
  const fExponent = wideExponent;
  const fHigh = wideHigh;
  const fLow = wideLow;
  const subtract = integerSign != logarithmSign;
  setWide(ONE_EXPONENT + 63, magnitude, 0);
  addWide(wideExponent, wideHigh, wideLow, fExponent, fHigh, fLow, subtract);
  logarithmSign = integerSign;
  return false;
}

/** log2(1 + x) for a finite x ≠ 0 above −1. Returns whether it is exact. */
function logarithmPlusOne(sign: i32, exponent: i32, significand: u64): bool {
  if (exponent < NEAR_EXPONENT) {
    nearOne(exponent, significand, 0, sign != 0);
    logarithmSign = sign;
    return false;
  }
  if (exponent >= ONE_EXPONENT) addWide(exponent, significand, 0, ONE_EXPONENT, INTEGER_BIT, 0, false);
  else addWide(ONE_EXPONENT, INTEGER_BIT, 0, exponent, significand, 0, sign != 0);
  return logarithm(wideExponent, wideHigh, wideLow);
}

/** FYL2X: ST(1) ← ST(1) × log2 ST(0), then a pop. */
export function fyl2x(): i32 {
  return logarithmic(false);
}

/** FYL2XP1: ST(1) ← ST(1) × log2(ST(0) + 1), then a pop. */
export function fyl2xp1(): i32 {
  return logarithmic(true);
}

function logarithmic(plusOne: bool): i32 {
  begin();
  if (isEmpty(0) || isEmpty(1)) {
    if (underflowed()) {
      setIndefinite(1);
      pop(1);
    }
    return finish();
  }
  const yClass = takeF80(significandOf(1), highOf(1));
  const ySign = operandSign;
  const yExponent = operandExponent;
  const y = operandSignificand;
  const xClass = takeF80(significandOf(0), highOf(0));
  const given = isSpecial(xClass) || isSpecial(yClass)
    ? propagateTwo(xClass, operandSign, operandSignificand, yClass, ySign, y)
    : timesLogarithm(plusOne, xClass, yClass, ySign, yExponent, y);
  if (given) {
    setRegister(1, outSignificand, outHigh);
    pop(1);
  }
  return finish();
}

/** Whether the logarithm of the operand last taken apart is of a number above 1, 1 itself or below: 1, 0, -1. */
function sideOfOne(plusOne: bool, xClass: i32): i32 {
  if (plusOne) return xClass == ZERO ? 0 : operandSign ? -1 : 1;
  if (xClass == ZERO || operandExponent < ONE_EXPONENT) return -1;
  return operandExponent == ONE_EXPONENT && operandSignificand == INTEGER_BIT ? 0 : 1;
}

/** y times the logarithm of the operand last taken apart; neither is special. [SDM] vol. 2, tables of FYL2X and FYL2XP1 */
function timesLogarithm(plusOne: bool, xClass: i32, yClass: i32, ySign: i32, yExponent: i32, y: u64): bool {
  const xSign = operandSign;
  const xExponent = operandExponent;
  const x = operandSignificand;
  if (xSign && (plusOne ? xClass == INFINITE : xClass != ZERO)) return giveInvalid();
  const side = sideOfOne(plusOne, xClass);
  const sign = ySign ^ i32(side < 0);
  if (!plusOne && xClass == ZERO) {
    if (yClass == ZERO) return giveInvalid();
    if (yClass != INFINITE) raise(ZE);
    return !prevented() && give(INTEGER_BIT, (sign << 15) | 0x7fff);
  }
  if (xClass == INFINITE ? yClass == ZERO : yClass == INFINITE && side == 0) return giveInvalid();
  if (xClass == DENORMAL || yClass == DENORMAL) raise(DE);
  if (prevented()) return false;
  if (xClass == INFINITE || yClass == INFINITE) return give(INTEGER_BIT, (sign << 15) | 0x7fff);
  // log2(−0 + 1) is −0.
  if (side == 0) return give(0, (plusOne ? ySign ^ xSign : ySign) << 15);
  if (yClass == ZERO) return give(0, sign << 15);
  if (plusOne && xSign && xExponent >= ONE_EXPONENT) {
    // [SDM] leaves this undefined. AMD processors give ST(0).
    raise(PE);
    return give(x, (xSign << 15) | xExponent);
  }
  const exact = plusOne ? logarithmPlusOne(xSign, xExponent, x) : logarithm(xExponent, x, 0);
  multiplyWide(wideExponent, wideHigh, wideLow, yExponent, y, 0);
  if (!exact) return giveWide(ySign ^ logarithmSign);
  // PE is raised also by what is exact, as AMD processors do.
  raise(PE);
  const significand = roundF80(ySign ^ logarithmSign, wideExponent, wideHigh, wideLow);
  return give(significand, roundedHigh);
}
