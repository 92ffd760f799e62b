/** FCOM, FUCOM, FCOMI, FUCOMI, FTST, FXAM. [SDM] vol. 1, chapter 8.3.6 */
import { C0, C1, C2, C3, DE, IE, prevented, raise } from "../rounding";
import {
  DENORMAL, INFINITE, NORMAL, QNAN, SNAN, UNSUPPORTED, ZERO, operandExponent, operandSign, operandSignificand,
  takeF32, takeF64, takeF80, takeInteger,
} from "../operands";
import { begin, finish, finishWith, highOf, isEmpty, pop, significandOf, status, underflowed } from "./stack";
import { UNUSUAL, usualCompare, usualCompareF64 } from "./usual";

/** Outcomes, as condition codes of the status word. */
const GREATER: i32 = 0;
const LESS: i32 = C0;
const EQUAL: i32 = C3;
const UNORDERED: i32 = C0 | C2 | C3;
const CODES: i32 = C0 | C2 | C3;

/** Orders two operands of which the second was last taken apart. Raises DE; IE for signalling NaNs, or all if not quiet. */
function relate(aClass: i32, aSign: i32, aExponent: i32, a: u64, bClass: i32, quiet: i32): i32 {
  const bSign = operandSign;
  if (aClass >= QNAN || bClass >= QNAN) {
    if (!quiet || aClass >= SNAN || bClass >= SNAN) raise(IE);
    return UNORDERED;
  }
  if (aClass == DENORMAL || bClass == DENORMAL) raise(DE);
  if (aClass == ZERO && bClass == ZERO) return EQUAL;
  if (aClass == ZERO) return bSign ? GREATER : LESS;
  if (bClass == ZERO || aSign != bSign) return aSign ? LESS : GREATER;
  const bExponent = operandExponent;
  const b = operandSignificand;
  if (aExponent == bExponent && a == b) return EQUAL;
  const smaller = aExponent < bExponent || (aExponent == bExponent && a < b);
  return smaller == (aSign == 0) ? LESS : GREATER;
}

/** Compares ST(0) with the operand last taken apart. */
function relateTop(bClass: i32, quiet: i32): i32 {
  const bSign = operandSign;
  const bExponent = operandExponent;
  const b = operandSignificand;
  const aClass = takeF80(significandOf(0), highOf(0));
  // The other way round, so that the second operand is ST(0).
  const outcome = relate(bClass, bSign, bExponent, b, aClass, quiet);
  return outcome == GREATER ? LESS : outcome == LESS ? GREATER : outcome;
}

/**
 * Sets the condition codes and, unless an unmasked exception prevents it, pops. That the codes are set all the same
 * is what AMD processors do; [SDM] lets them be.
 */
function conclude(outcome: i32, pops: i32): i32 {
  if (!prevented()) pop(pops);
  return finishWith(CODES, outcome);
}

/** FCOM, FUCOM (quiet) and their popping forms with ST(index). Returns 1 when an unmasked exception is pending. */
export function fcom(index: i32, quiet: i32, pops: i32): i32 {
  if (usualCompare(index, pops, false) != UNUSUAL) return 0;
  begin();
  if (isEmpty(0) || isEmpty(index)) {
    underflowed();
    return conclude(UNORDERED, pops);
  }
  return conclude(relateTop(takeF80(significandOf(index), highOf(index)), quiet), pops);
}

function comparesWithMemory(): bool {
  begin();
  if (!isEmpty(0)) return true;
  underflowed();
  return false;
}

/** FCOM and FCOMP m32fp. */
export function fcom_f32(bits: u32, pops: i32): i32 {
  return conclude(comparesWithMemory() ? relateTop(takeF32(bits), 0) : UNORDERED, pops);
}

/** FCOM and FCOMP m64fp. */
export function fcom_f64(bits: u64, pops: i32): i32 {
  if (usualCompareF64(bits, pops)) return 0;
  return conclude(comparesWithMemory() ? relateTop(takeF64(bits), 0) : UNORDERED, pops);
}

/** FICOM and FICOMP, m16int or m32int sign-extended. */
export function fcom_int(value: i32, pops: i32): i32 {
  return conclude(comparesWithMemory() ? relateTop(takeInteger(value), 0) : UNORDERED, pops);
}

/** FTST. */
export function ftst(): i32 {
  return fcom_int(0, 0);
}

/**
 * FCOMI, FUCOMI (quiet) and their popping forms. Returns ZF (bit 6), PF (bit 2) and CF (bit 0) of EFLAGS; OF, SF and
 * AF are to be cleared. An exception pending afterwards shows in the status word.
 *
 * As on AMD processors C1 stays as it was unless the stack underflows, and EFLAGS are set also with an unmasked
 * exception; [SDM] has C1 cleared, and EFLAGS left alone.
 */
export function fcomi(index: i32, quiet: i32, pops: i32): i32 {
  let outcome = usualCompare(index, pops, true);
  if (outcome != UNUSUAL) return eflagsOf(outcome);
  begin();
  outcome = UNORDERED;
  if (isEmpty(0) || isEmpty(index)) underflowed();
  else {
    raise(status() & C1);
    outcome = relateTop(takeF80(significandOf(index), highOf(index)), quiet);
  }
  if (!prevented()) pop(pops);
  finish();
  return eflagsOf(outcome);
}

/** Condition codes as ZF, PF and CF, which have the order of C3, C2 and C0 and the same distances. */
function eflagsOf(outcome: i32): i32 {
  return (outcome & CODES) >> 8;
}

/** FXAM: the class of ST(0) in C3, C2 and C0, its sign in C1, also when it is empty. */
export function fxam(): i32 {
  begin();
  const kind = takeF80(significandOf(0), highOf(0));
  let codes = 0;
  if (isEmpty(0)) codes = C3 | C0;
  else if (kind == NORMAL) codes = C2;
  else if (kind == ZERO) codes = C3;
  else if (kind == DENORMAL) codes = C3 | C2;
  else if (kind == INFINITE) codes = C2 | C0;
  else if (kind != UNSUPPORTED) codes = C0;
  return finishWith(CODES, codes | (operandSign ? C1 : 0));
}
