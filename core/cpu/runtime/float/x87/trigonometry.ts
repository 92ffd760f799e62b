/**
 * FSIN, FCOS, FSINCOS, FPTAN, FPATAN. Angles are reduced by the x87's π of 66 bits, exactly, then cut into one that a table
 * knows and a rest below 2^-6, whose series is short. What is rounded is in error by less than 2^-80 of itself: results are
 * wrong by at most 0.50002 units of the last place. [SDM] vol. 1, chapter 8.3.8
 */
import { C1, C2, DE, IE, INTEGER_BIT, SF, masks, prevented, raise, raised, setRaised } from "../rounding";
import {
  DENORMAL, INDEFINITE_HIGH, INDEFINITE_SIGNIFICAND, INFINITE, ZERO, operandExponent, operandSign, operandSignificand,
  takeF80,
} from "../operands";
import {
  ARCTANGENT, ARCTANGENTS, ARCTANGENT_HEADS, ARCTANGENT_TAILS, COSINE, COSINE_HEADS, COSINE_TAILS, SINE, SINES,
  SINE_HEADS, SINE_TAILS, STEPS,
} from "../tables";
import {
  FRACTION_EXPONENT, HALF_PI_EXPONENT, PI_HIGH, PI_LOW, addFraction, addWide, divideWide, fractionHigh, fractionLow,
  multiplyWide, product, setWide, sumSeries, toFraction, wideExponent, wideHigh, wideLow,
} from "../wide-float";
import { give, giveInvalid, isSpecial, outHigh, outSignificand, propagateOne, propagateTwo } from "./arithmetic";
import { giveWide } from "./logarithms";
import {
  begin, finish, finishWith, highOf, isEmpty, pop, push, setIndefinite, setRegister, significandOf, underflowed,
} from "./stack";

const ONE_EXPONENT: i32 = 16383;
/** 2^63: arguments from here on are not reduced. */
const TOO_LARGE: i32 = 16383 + 63;
/** 2^-60: a tangent below is its argument and too little more for 128 bits to show. */
const LINEAR: i32 = 16383 - 60;
/** π/2 as an integer of 66 bits, in units of 2^-65. */
const HALF_PI_66_HIGH: u64 = 3;
const HALF_PI_66_LOW: u64 = 0x243f6a8885a308d3;

/** The last argument is `quadrant` × π/2 ± r, with r from 0 to π/4. */
let quadrant: i32 = 0;
let restNegative: bool = false;
let restExponent: i32 = 0;
let restHigh: u64 = 0;
let restLow: u64 = 0;

/** Reduces a magnitude below 2^63. */
function reduce(exponent: i32, significand: u64): void {
  quadrant = 0;
  restNegative = false;
  restExponent = exponent;
  restHigh = significand;
  restLow = 0;
  // Below a half there is nothing to do.
  if (exponent < ONE_EXPONENT - 1) return;
  let high: u64 = 0;
  let low = significand;
  for (let bit = ONE_EXPONENT - 2; bit < exponent; bit++) {
    high = (high << 1) | (low >> 63);
    low <<= 1;
    quadrant <<= 1;
    if (high > HALF_PI_66_HIGH || (high == HALF_PI_66_HIGH && low >= HALF_PI_66_LOW)) {
      high = high - HALF_PI_66_HIGH - u64(low < HALF_PI_66_LOW);
      low -= HALF_PI_66_LOW;
      quadrant |= 1;
    }
  }
  const complementHigh = HALF_PI_66_HIGH - high - u64(HALF_PI_66_LOW < low);
  const complementLow = HALF_PI_66_LOW - low;
  if (high > complementHigh || (high == complementHigh && low > complementLow)) {
    high = complementHigh;
    low = complementLow;
    quadrant++;
    restNegative = true;
  }
  // Bit 127 of a wide float is worth 1; bit 0 here 2^-65.
  setWide(ONE_EXPONENT + 127 - 65, high, low);
  restExponent = wideExponent;
  restHigh = wideHigh;
  restLow = wideLow;
}

/** r = i/64 + t: the entry of i; t as a fraction; t² and sin t or 1 − cos t of it. */
let rowOfRest: usize = 0;
let tHigh: u64 = 0;
let tLow: u64 = 0;
let squareHigh: u64 = 0;
let squareLow: u64 = 0;

function cutRest(): void {
  toFraction(restExponent, restHigh, restLow);
  rowOfRest = SINES + (usize(fractionHigh / (u64.MAX_VALUE / STEPS + 1)) << 5);
  tHigh = fractionHigh % (u64.MAX_VALUE / STEPS + 1);
  tLow = fractionLow;
  product(tHigh, tLow, tHigh, tLow);
  squareHigh = wideHigh;
  squareLow = wideLow;
}

/** Sets the fraction to half of sin t / t. */
function sineSeries(): void {
  sumSeries(SINE, SINE_HEADS, SINE_TAILS, squareHigh, squareLow, true);
}

/** Sets the fraction to 1 − cos t, not 0. */
function cosineSeries(): void {
  sumSeries(COSINE, COSINE_HEADS, COSINE_TAILS, squareHigh, squareLow, true);
  product(fractionHigh, fractionLow, squareHigh, squareLow);
  addFraction(wideHigh, wideLow, 0, 1, false);
}

/** Sets the wide result to a ± b sin t − a (1 − cos t): a and b are the entry's at these offsets. */
function turn(a: usize, b: usize, minus: bool): void {
  const aHigh = load<u64>(rowOfRest + a);
  const aLow = load<u64>(rowOfRest + a, 8);
  cosineSeries();
  product(fractionHigh, fractionLow, aHigh, aLow);
  addFraction(aHigh, aLow, wideHigh, wideLow, true);
  const high = fractionHigh;
  const low = fractionLow;
  sineSeries();
  product(fractionHigh, fractionLow, tHigh, tLow);
  product((wideHigh << 1) | (wideLow >> 63), wideLow << 1, load<u64>(rowOfRest + b), load<u64>(rowOfRest + b, 8));
  addFraction(high, low, wideHigh, wideLow, minus);
  setWide(FRACTION_EXPONENT, fractionHigh, fractionLow);
}

/** Sets the wide result to sin r; `cutRest` went before. */
function sineOfRest(): void {
  if (rowOfRest != SINES) {
    turn(0, 16, false);
    return;
  }
  sineSeries();
  multiplyWide(restExponent, restHigh, restLow, FRACTION_EXPONENT + 1, fractionHigh, fractionLow);
}

/** Sets the wide result to cos r. */
function cosineOfRest(): void {
  if (rowOfRest != SINES) {
    turn(16, 0, true);
    return;
  }
  cosineSeries();
  setWide(FRACTION_EXPONENT, 0 - fractionHigh - u64(fractionLow != 0), 0 - fractionLow);
}

/** Gives the sine of the argument reduced, `turns` quadrants further on: 1 for the cosine. */
function giveSine(sign: i32, turns: i32): bool {
  const q = quadrant + turns;
  const half = (q >> 1) & 1;
  if (q & 1) {
    cosineOfRest();
    return giveWide(sign ^ half);
  }
  sineOfRest();
  return giveWide(sign ^ half ^ i32(restNegative));
}

/** Gives the tangent of the argument reduced. */
function giveTangent(sign: i32): bool {
  if (quadrant == 0 && restExponent < LINEAR) {
    setWide(restExponent, restHigh, restLow);
    return giveWide(sign);
  }
  cosineOfRest();
  const exponent = wideExponent;
  const high = wideHigh;
  const low = wideLow;
  sineOfRest();
  const flipped = sign ^ i32(restNegative);
  if (quadrant & 1) {
    divideWide(exponent, high, low, wideExponent, wideHigh, wideLow);
    return giveWide(flipped ^ 1);
  }
  divideWide(wideExponent, wideHigh, wideLow, exponent, high, low);
  return giveWide(flipped);
}

const FSIN: i32 = 0;
const FCOS: i32 = 1;
const FSINCOS: i32 = 2;
const FPTAN: i32 = 3;

export function fsin(): i32 {
  return trigonometric(FSIN);
}

export function fcos(): i32 {
  return trigonometric(FCOS);
}

/** FSINCOS: ST(0) becomes its sine, then its cosine is pushed. */
export function fsincos(): i32 {
  return trigonometric(FSINCOS);
}

/** FPTAN: ST(0) becomes its tangent, then 1 is pushed. */
export function fptan(): i32 {
  return trigonometric(FPTAN);
}

/** Both results of the pushing instructions, or the one of the others. */
function place(pushes: bool, significand: u64, high: i32): i32 {
  setRegister(0, significand, high);
  if (pushes) push(significand, high);
  return finishWith(C2, 0);
}

function trigonometric(instruction: i32): i32 {
  begin();
  const pushes = instruction >= FSINCOS;
  const absent = isEmpty(0);
  if (absent || (pushes && !isEmpty(7))) {
    raise(absent ? IE | SF : IE | SF | C1);
    return masks & IE ? place(pushes, INDEFINITE_SIGNIFICAND, INDEFINITE_HIGH) : finishWith(C2, 0);
  }
  const kind = takeF80(significandOf(0), highOf(0));
  if (isSpecial(kind)) return propagateOne(kind) ? place(pushes, outSignificand, outHigh) : finishWith(C2, 0);
  if (kind == INFINITE) return giveInvalid() ? place(pushes, outSignificand, outHigh) : finishWith(C2, 0);
  const sign = operandSign;
  if (kind == ZERO) {
    if (instruction == FCOS) setRegister(0, INTEGER_BIT, ONE_EXPONENT);
    else if (pushes) push(INTEGER_BIT, ONE_EXPONENT);
    return finishWith(C2, 0);
  }
  if (operandExponent >= TOO_LARGE) return finishWith(C2, C2);
  if (kind == DENORMAL) raise(DE);
  if (prevented()) return finishWith(C2, 0);
  reduce(operandExponent, operandSignificand);
  cutRest();
  let pushed: u64 = INTEGER_BIT;
  let pushedHigh = ONE_EXPONENT;
  if (instruction == FSINCOS) {
    giveSine(0, 1);
    pushed = outSignificand;
    pushedHigh = outHigh;
    // C1 tells of the sine.
    setRaised(raised & ~C1);
  }
  if (instruction == FCOS) giveSine(0, 1);
  else if (instruction == FPTAN) giveTangent(sign);
  else giveSine(sign, 0);
  setRegister(0, outSignificand, outHigh);
  if (pushes) push(pushed, pushedHigh);
  return finishWith(C2, 0);
}

/** log2 of the parts of 1 that the table of arctangents has. */
const STEPS_LOG2: i32 = 6;

/** Sets the wide result to atan(a/b), for 0 < a ≤ b. */
function arctangent(aExponent: i32, a: u64, bExponent: i32, b: u64): void {
  const distance = bExponent - aExponent;
  // Nearest 64th to a/b; a double is exact enough to choose one.
  const index: u64 =
    distance > STEPS_LOG2 + 1 ? 0 : u64((f64(a) * f64(STEPS)) / (f64(b) * f64(1 << distance)) + 0.5);
  if (index == 0) {
    divideWide(aExponent, a, 0, bExponent, b, 0);
    seriesOfArctangent();
    return;
  }
  // atan(a/b) = atan(i/64) ± atan(|64a − ib| / (64b + ia)).
  multiplyByIndex(index, aExponent, a);
  addWide(bExponent + STEPS_LOG2, b, 0, wideExponent, wideHigh, wideLow, false);
  const dExponent = wideExponent;
  const dHigh = wideHigh;
  const dLow = wideLow;
  multiplyByIndex(index, bExponent, b);
  const above =
    aExponent + STEPS_LOG2 > wideExponent || (aExponent + STEPS_LOG2 == wideExponent && (a > wideHigh || (a == wideHigh && wideLow == 0)));
  if (above) addWide(aExponent + STEPS_LOG2, a, 0, wideExponent, wideHigh, wideLow, true);
  else addWide(wideExponent, wideHigh, wideLow, aExponent + STEPS_LOG2, a, 0, true);
  const zero = (wideHigh | wideLow) == 0;
  let exponent = 0;
  let high: u64 = 0;
  let low: u64 = 0;
  if (!zero) {
    divideWide(wideExponent, wideHigh, wideLow, dExponent, dHigh, dLow);
    seriesOfArctangent();
    exponent = wideExponent;
    high = wideHigh;
    low = wideLow;
  }
  const entry = ARCTANGENTS + usize(index << 4);
  setWide(FRACTION_EXPONENT, load<u64>(entry), load<u64>(entry, 8));
  if (!zero) addWide(wideExponent, wideHigh, wideLow, exponent, high, low, !above);
}

function multiplyByIndex(index: u64, exponent: i32, significand: u64): void {
  setWide(ONE_EXPONENT + 63, index, 0);
  multiplyWide(wideExponent, wideHigh, wideLow, exponent, significand, 0);
}

/** Replaces the wide result r by atan r, for r up to 1/127. */
function seriesOfArctangent(): void {
  const exponent = wideExponent;
  const high = wideHigh;
  const low = wideLow;
  multiplyWide(exponent, high, low, exponent, high, low);
  toFraction(wideExponent, wideHigh, wideLow);
  sumSeries(ARCTANGENT, ARCTANGENT_HEADS, ARCTANGENT_TAILS, fractionHigh, fractionLow, true);
  multiplyWide(exponent, high, low, FRACTION_EXPONENT + 1, fractionHigh, fractionLow);
}

/** FPATAN: ST(1) ← the angle of (ST(0), ST(1)), from −π to π, then a pop. */
export function fpatan(): i32 {
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
    : angle(xClass, yClass, ySign, yExponent, y);
  if (given) {
    setRegister(1, outSignificand, outHigh);
    pop(1);
  }
  return finish();
}

/** Gives `quarters` × π/4. */
function givePi(sign: i32, quarters: u64): bool {
  setWide(ONE_EXPONENT + 63, quarters, 0);
  multiplyWide(wideExponent, wideHigh, wideLow, HALF_PI_EXPONENT - 1, PI_HIGH, PI_LOW);
  return giveWide(sign);
}

/** The angle of y and the operand last taken apart, neither special. [SDM] vol. 2, table of FPATAN */
function angle(xClass: i32, yClass: i32, ySign: i32, yExponent: i32, y: u64): bool {
  const xSign = operandSign;
  const xExponent = operandExponent;
  const x = operandSignificand;
  if (xClass == DENORMAL || yClass == DENORMAL) raise(DE);
  if (prevented()) return false;
  if (yClass == INFINITE) return givePi(ySign, xClass != INFINITE ? 2 : xSign ? 3 : 1);
  if (yClass == ZERO || xClass == INFINITE) return xSign ? givePi(ySign, 4) : give(0, ySign << 15);
  if (xClass == ZERO) return givePi(ySign, 2);
  const steep = yExponent > xExponent || (yExponent == xExponent && y > x);
  if (steep) arctangent(xExponent, x, yExponent, y);
  else arctangent(yExponent, y, xExponent, x);
  // From the nearer axis to the positive half of that of x.
  if (steep) addWide(HALF_PI_EXPONENT, PI_HIGH, PI_LOW, wideExponent, wideHigh, wideLow, xSign == 0);
  else if (xSign) addWide(HALF_PI_EXPONENT + 1, PI_HIGH, PI_LOW, wideExponent, wideHigh, wideLow, true);
  return giveWide(ySign);
}
