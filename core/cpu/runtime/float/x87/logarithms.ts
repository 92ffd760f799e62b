/** F2XM1, FYL2X, FYL2XP1. Their results are correctly rounded but for about one in 2^50. [SDM] vol. 2 */
import { DE, INTEGER_BIT, PE, ZE, prevented, raise } from "../rounding";
import {
  DENORMAL, INFINITE, ZERO, operandExponent, operandSign, operandSignificand, takeF80,
} from "../operands";
import {
  EXPONENTIAL, LN2_EXPONENT, LN2_HIGH, LN2_LOW, LOG2E_EXPONENT, LOG2E_HIGH, LOG2E_LOW, addWide, divideWide,
  factorialSeries, fixedHigh, fixedLow, multiplyWide, oddSeries, setWide, toFixed, toWide, wideExponent, wideHigh,
  wideLow,
} from "../wide-float";
import { give, giveInvalid, isSpecial, outHigh, outSignificand, propagateOne, propagateTwo } from "./arithmetic";
import {
  begin, finish, highOf, isEmpty, pop, roundF80, roundedHigh, setIndefinite, setRegister, significandOf, underflowed,
} from "./stack";

const ONE_EXPONENT: i32 = 16383;
/** Significand of √2. */
const SQRT2: u64 = 0xb504f333f9de6484;
/** Significands of √2 − 1 and 1 − 1/√2, both with exponent −2: the range of FYL2XP1. */
const SQRT2_LESS_1: u64 = 0xd413cccfe7799211;
const LESS_HALF_SQRT2: u64 = 0x95f619980c4336f7;
/** Terms that atanh's series needs for arguments up to (√2 − 1)/(√2 + 1). */
const ATANH_TERMS: u64 = 24;

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
  multiplyWide(operandExponent, operandSignificand, 0, LN2_EXPONENT, LN2_HIGH, LN2_LOW);
  const exponent = wideExponent;
  const high = wideHigh;
  const low = wideLow;
  toFixed(exponent, high, low);
  factorialSeries(EXPONENTIAL, fixedHigh, fixedLow, sign != 0);
  toWide();
  multiplyWide(exponent, high, low, wideExponent, wideHigh, wideLow);
  if (giveWide(sign)) setRegister(0, outSignificand, outHigh);
  return finish();
}

/** Sign of the last logarithm; its magnitude is the wide result. */
let logarithmSign: i32 = 0;

/** log2((1 + s)/(1 − s)) for s = numerator ÷ denominator: (2 / ln 2) atanh s. */
function twiceAtanh(nExponent: i32, nHigh: u64, nLow: u64, dExponent: i32, dHigh: u64, dLow: u64): void {
  divideWide(nExponent, nHigh, nLow, dExponent, dHigh, dLow);
  const exponent = wideExponent;
  const high = wideHigh;
  const low = wideLow;
  multiplyWide(exponent, high, low, exponent, high, low);
  toFixed(wideExponent, wideHigh, wideLow);
  oddSeries(fixedHigh, fixedLow, false, ATANH_TERMS);
  toWide();
  multiplyWide(exponent, high, low, wideExponent, wideHigh, wideLow);
  multiplyWide(wideExponent, wideHigh, wideLow, LOG2E_EXPONENT + 1, LOG2E_HIGH, LOG2E_LOW);
}

/** log2 of a positive wide float; 0 is given as high = low = 0. Returns whether it is exact: of a power of two. */
function logarithm(exponent: i32, high: u64, low: u64): bool {
  // x = m × 2^e, with m from 1/√2 to √2.
  const less = high > SQRT2;
  const e = exponent - ONE_EXPONENT + i32(less);
  const integerSign = e < 0 ? 1 : 0;
  const magnitude: u64 = e < 0 ? -e : e;
  if (high == INTEGER_BIT && low == 0) {
    logarithmSign = integerSign;
    setWide(ONE_EXPONENT + 63, magnitude, 0);
    return true;
  }
  const mExponent = less ? ONE_EXPONENT - 1 : ONE_EXPONENT;
  if (less) addWide(ONE_EXPONENT, INTEGER_BIT, 0, mExponent, high, low, true);
  else addWide(mExponent, high, low, ONE_EXPONENT, INTEGER_BIT, 0, true);
  const nExponent = wideExponent;
  const nHigh = wideHigh;
  const nLow = wideLow;
  if (less) addWide(ONE_EXPONENT, INTEGER_BIT, 0, mExponent, high, low, false);
  else addWide(mExponent, high, low, ONE_EXPONENT, INTEGER_BIT, 0, false);
  twiceAtanh(nExponent, nHigh, nLow, wideExponent, wideHigh, wideLow);
  logarithmSign = i32(less);
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
  const limit = sign ? LESS_HALF_SQRT2 : SQRT2_LESS_1;
  const near = exponent < ONE_EXPONENT - 2 || (exponent == ONE_EXPONENT - 2 && significand < limit);
  if (near) {
    addWide(ONE_EXPONENT + 1, INTEGER_BIT, 0, exponent, significand, 0, sign != 0);
    twiceAtanh(exponent, significand, 0, wideExponent, wideHigh, wideLow);
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
