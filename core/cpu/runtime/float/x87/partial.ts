/** FPREM, FPREM1, FSCALE, FXTRACT and FRNDINT. [SDM] vol. 2 */
import { C0, C1, C2, C3, DE, IE, INTEGER_BIT, PE, SF, ZE, masks, prevented, raise, roundsAway } from "../rounding";
import {
  DENORMAL, INDEFINITE_HIGH, INDEFINITE_SIGNIFICAND, INFINITE, QNAN, UNSUPPORTED, ZERO,
  operandExponent, operandSign, operandSignificand, takeF80, takeInteger,
} from "../operands";
import { divide, remainder } from "../wide";
import { give, giveInvalid, isSpecial, outHigh, outSignificand, propagateOne, propagateTwo } from "./arithmetic";
import {
  begin, finish, finishWith, highOf, isEmpty, push, roundF80, roundedHigh, setIndefinite, setRegister, significandOf,
  underflowed,
} from "./stack";

/** Condition codes of the last remainder: quotient bits 2, 1, 0 in C0, C3, C1, or C2 when it is not complete. */
let quotientCodes: i32 = 0;
/** Condition codes that it sets: only C2 when there is no quotient. */
let quotientMask: i32 = 0;

/** FPREM (`nearest` 0: quotient truncated) and FPREM1 (1: quotient to nearest even). */
export function fprem(nearest: i32): i32 {
  begin();
  quotientCodes = 0;
  quotientMask = C2;
  if (isEmpty(0) || isEmpty(1)) {
    if (underflowed()) setIndefinite(0);
    return finishWith(C2, 0);
  }
  const aClass = takeF80(significandOf(0), highOf(0));
  const aSign = operandSign;
  const aExponent = operandExponent;
  const a = operandSignificand;
  const bClass = takeF80(significandOf(1), highOf(1));
  let given: bool;
  if (isSpecial(aClass) || isSpecial(bClass)) {
    given = propagateTwo(aClass, aSign, a, bClass, operandSign, operandSignificand);
  } else if (aClass == INFINITE || bClass == ZERO) given = giveInvalid();
  else {
    if (aClass == DENORMAL || bClass == DENORMAL) raise(DE);
    given = !prevented() && reduceOrKeep(aClass, aSign, aExponent, a, bClass, nearest);
  }
  if (given) setRegister(0, outSignificand, outHigh);
  return finishWith(quotientMask, quotientCodes);
}

/** The remainder by the operand last taken apart, which is not zero. */
function reduceOrKeep(aClass: i32, aSign: i32, aExponent: i32, a: u64, bClass: i32, nearest: i32): bool {
  quotientMask = C0 | C2 | C3;
  if (aClass == ZERO) return give(0, aSign << 15);
  if (bClass == INFINITE) return giveReduced(aSign, aExponent, a);
  return reduce(aSign, aExponent, a, operandExponent, operandSignificand, nearest);
}

/** Gives an exact remainder: only its exponent may need rounding, to a denormal. */
function giveReduced(sign: i32, exponent: i32, significand: u64): bool {
  if (significand == 0) return give(0, sign << 15);
  const shift = i32(clz(significand));
  const rounded = roundF80(sign, exponent - shift, significand << shift, 0);
  return give(rounded, roundedHigh);
}

function reduce(sign: i32, aExponent: i32, a: u64, bExponent: i32, b: u64, nearest: i32): bool {
  const distance = aExponent - bExponent;
  const least = nearest ? -1 : 0;
  if (distance < least) return giveReduced(sign, aExponent, a);
  if (distance >= 64) {
    // The exponents come closer by 32 to 63, to a multiple of 32: AMD processors choose so, [SDM] leaves it open.
    const step = 32 + (distance & 31);
    remainderOf(a, step, b);
    quotientCodes = C2;
    return giveReduced(sign, aExponent - step, remainder);
  }
  let quotient: u64 = 0;
  let rest = a;
  let exponent = aExponent;
  if (distance >= 0) {
    quotient = remainderOf(a, distance, b);
    rest = remainder;
    exponent = bExponent;
  }
  let outSign = sign;
  if (nearest) {
    // For a distance of -1, `rest` counts half units of b.
    const up = distance < 0 ? rest > b : rest > b - rest || (rest == b - rest && (quotient & 1) != 0);
    if (up) {
      // b × 2 − a: at this distance a > b, so it fits in 64 bits.
      rest = distance < 0 ? b - (rest - b) : b - rest;
      outSign ^= 1;
      quotient++;
    }
  }
  if (quotient & 1) quotientCodes |= C1;
  if (quotient & 2) quotientCodes |= C3;
  if (quotient & 4) quotientCodes |= C0;
  return giveReduced(rest == 0 ? sign : outSign, exponent, rest);
}

/** Quotient (low 64 bits) and `remainder` of a × 2^shift by b, both with bit 63 set, shift below 64. */
function remainderOf(a: u64, shift: i32, b: u64): u64 {
  const first: u64 = a >= b ? 1 : 0;
  const rest = first ? a - b : a;
  if (shift == 0) {
    divide(0, rest, b);
    return first;
  }
  return (first << shift) + divide(rest >> (64 - shift), rest << shift, b);
}

/** FSCALE: ST(0) × 2^trunc(ST(1)). */
export function fscale(): i32 {
  begin();
  if (isEmpty(0) || isEmpty(1)) {
    if (underflowed()) setIndefinite(0);
    return finish();
  }
  const bClass = takeF80(significandOf(1), highOf(1));
  const bSign = operandSign;
  const bExponent = operandExponent;
  const b = operandSignificand;
  const aClass = takeF80(significandOf(0), highOf(0));
  if (isSpecial(aClass) || isSpecial(bClass)) {
    if (propagateTwo(aClass, operandSign, operandSignificand, bClass, bSign, b)) setRegister(0, outSignificand, outHigh);
    return finish();
  }
  if (scale(aClass, bClass, bSign, bExponent, b)) setRegister(0, outSignificand, outHigh);
  return finish();
}

function scale(aClass: i32, bClass: i32, bSign: i32, bExponent: i32, b: u64): bool {
  const sign = operandSign;
  if (bClass == INFINITE) {
    if (bSign ? aClass == INFINITE : aClass == ZERO) return giveInvalid();
    if (aClass == DENORMAL) raise(DE);
    if (prevented()) return false;
    return bSign ? give(0, sign << 15) : give(INTEGER_BIT, (sign << 15) | 0x7fff);
  }
  if (aClass == DENORMAL || bClass == DENORMAL) raise(DE);
  if (prevented()) return false;
  if (aClass == ZERO) return give(0, sign << 15);
  if (aClass == INFINITE) return give(INTEGER_BIT, (sign << 15) | 0x7fff);
  // 2^17 is beyond every exponent, also a wrapped one.
  let by = 0;
  if (bClass != ZERO && bExponent >= 16383) by = bExponent > 16383 + 16 ? 0x20000 : i32(b >> (63 - (bExponent - 16383)));
  const significand = roundF80(sign, operandExponent + (bSign ? -by : by), operandSignificand, 0);
  return give(significand, roundedHigh);
}

/** FXTRACT: ST(0) becomes its exponent, and its significand is pushed. */
export function fxtract(): i32 {
  begin();
  if (isEmpty(0)) {
    if (underflowed()) {
      setIndefinite(0);
      push(INDEFINITE_SIGNIFICAND, INDEFINITE_HIGH);
    }
    return finish();
  }
  if (!isEmpty(7)) {
    raise(IE | SF | C1);
    if (masks & IE) {
      setIndefinite(0);
      push(INDEFINITE_SIGNIFICAND, INDEFINITE_HIGH);
    }
    return finish();
  }
  const kind = takeF80(significandOf(0), highOf(0));
  if (kind == UNSUPPORTED || kind >= QNAN) {
    if (propagateOne(kind)) {
      setRegister(0, outSignificand, outHigh);
      push(outSignificand, outHigh);
    }
    return finish();
  }
  if (kind == DENORMAL) raise(DE);
  if (kind == ZERO) raise(ZE);
  if (prevented()) return finish();
  const sign = operandSign;
  const significand = operandSignificand;
  if (kind == INFINITE) {
    setRegister(0, INTEGER_BIT, 0x7fff);
    push(INTEGER_BIT, (sign << 15) | 0x7fff);
  } else if (kind == ZERO) {
    setRegister(0, INTEGER_BIT, 0xffff);
    push(0, sign << 15);
  } else {
    takeInteger(operandExponent - 16383);
    setRegister(0, operandSignificand, (operandSign << 15) | operandExponent);
    push(significand, (sign << 15) | 16383);
  }
  return finish();
}

/** FRNDINT. */
export function frndint(): i32 {
  begin();
  if (isEmpty(0)) {
    if (underflowed()) setIndefinite(0);
    return finish();
  }
  const kind = takeF80(significandOf(0), highOf(0));
  if (kind >= QNAN) {
    if (propagateOne(kind)) setRegister(0, outSignificand, outHigh);
    return finish();
  }
  if (kind == DENORMAL) raise(DE);
  if (kind == ZERO || kind == INFINITE || prevented() || operandExponent >= 16383 + 63) return finish();
  // Bits under the unit: 1 to 63 of the significand, or all of it.
  const fraction = 16383 + 63 - operandExponent;
  let units: u64 = 0;
  let rest: u64 = 1;
  if (fraction < 64) {
    units = operandSignificand >> fraction;
    rest = operandSignificand << (64 - fraction);
  } else if (fraction == 64) rest = operandSignificand;
  if (rest == 0) return finish();
  raise(PE);
  if (roundsAway(operandSign, (units & 1) != 0, rest)) {
    raise(C1);
    units++;
  }
  const sign = operandSign << 15;
  takeInteger(units);
  setRegister(0, operandSignificand, sign | operandExponent);
  return finish();
}
