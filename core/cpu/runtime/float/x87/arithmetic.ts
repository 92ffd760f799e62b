/** FADD to FDIVR, FSQRT, FABS, FCHS, in all their operand forms. [SDM] vol. 1, chapter 8.3.5 */
import { C1, DE, IE, INTEGER_BIT, masks, prevented, raise, raised } from "../rounding";
import {
  DENORMAL, INDEFINITE_HIGH, INDEFINITE_SIGNIFICAND, NORMAL, QNAN, QUIET_BIT, SNAN, UNSUPPORTED, ZERO,
  operandExponent, operandSign, operandSignificand, takeF32, takeF64, takeF80, takeInteger,
} from "../operands";
import { DIVR, SUBR, operate, resultExponent, resultHigh, resultLow, resultSign, root } from "../arithmetic";
import {
  begin, finish, free, highOf, isEmpty, pop, registerAddress, roundControlled, roundedHigh, setIndefinite,
  setRegister, setTop, significandOf, status, top, underflowed,
} from "./stack";
import { usualArithmeticF32 } from "./usual";

/** Result of the functions below that answer whether there is one: significand, sign and exponent word. */
export let outSignificand: u64 = 0;
export let outHigh: i32 = 0;

export function give(significand: u64, high: i32): bool {
  outSignificand = significand;
  outHigh = high;
  return true;
}

/** Response to an invalid operation: the indefinite if IE is masked. */
export function giveInvalid(): bool {
  raise(IE);
  return (masks & IE) != 0 ? give(INDEFINITE_SIGNIFICAND, INDEFINITE_HIGH) : false;
}

/** Parts of the first operand, kept while the second is taken apart. */
let aClass: i32 = 0;
let aSign: i32 = 0;
let aExponent: i32 = 0;
let aSignificand: u64 = 0;

function keepFirst(kind: i32): void {
  aClass = kind;
  aSign = operandSign;
  aExponent = operandExponent;
  aSignificand = operandSignificand;
}

/** Whether a class is a NaN or unsupported. */
// @ts-ignore: decorator of AssemblyScript
@inline
export function isSpecial(kind: i32): bool {
  return kind >= QNAN;
}

/** A NaN as the only special operand: quieted, IE if it was signalling. Returns whether there is a result. */
export function propagateOne(kind: i32): bool {
  if (kind == UNSUPPORTED) return giveInvalid();
  if (kind == SNAN) raise(IE);
  if (prevented()) return false;
  return give(operandSignificand | QUIET_BIT, (operandSign << 15) | 0x7fff);
}

/**
 * Result of two operands one of which at least is special: a quiet one before a signalling one, else the larger
 * significand, else the positive one. The second is the one last taken apart. [SDM] vol. 1, table 4-7
 */
export function propagateTwo(
  firstClass: i32, firstSign: i32, first: u64,
  secondClass: i32, secondSign: i32, second: u64,
): bool {
  if (firstClass == UNSUPPORTED || secondClass == UNSUPPORTED) return giveInvalid();
  if (firstClass == SNAN || secondClass == SNAN) raise(IE);
  if (prevented()) return false;
  let takeFirst: bool;
  if (!isSpecial(secondClass)) takeFirst = true;
  else if (!isSpecial(firstClass)) takeFirst = false;
  else if (firstClass != secondClass) takeFirst = firstClass == QNAN;
  else if (first != second) takeFirst = first > second;
  else takeFirst = firstSign == 0;
  return takeFirst
    ? give(first | QUIET_BIT, (firstSign << 15) | 0x7fff)
    : give(second | QUIET_BIT, (secondSign << 15) | 0x7fff);
}

/** Gives the class of result that arithmetic returned, rounded as the control word says. */
function giveResult(kind: i32): bool {
  if (kind == NORMAL) {
    const significand = roundControlled(resultSign, resultExponent, resultHigh, resultLow);
    return give(significand, roundedHigh);
  }
  if (kind == ZERO) return give(0, resultSign << 15);
  return give(INTEGER_BIT, (resultSign << 15) | 0x7fff);
}

/** The kept first operand and the one last taken apart. */
function binary(operation: i32, bClass: i32): bool {
  const bSign = operandSign;
  const bSignificand = operandSignificand;
  if (isSpecial(aClass) || isSpecial(bClass)) {
    return propagateTwo(aClass, aSign, aSignificand, bClass, bSign, bSignificand);
  }
  const bExponent = operandExponent;
  const reversed = operation == SUBR || operation == DIVR;
  const kind = reversed
    ? operate(operation - 1, bClass, bSign, bExponent, bSignificand, aClass, aSign, aExponent, aSignificand)
    : operate(operation, aClass, aSign, aExponent, aSignificand, bClass, bSign, bExponent, bSignificand);
  if (kind == UNSUPPORTED) return giveInvalid();
  if (raised == 0 && (aClass == DENORMAL || bClass == DENORMAL)) raise(DE);
  if (prevented()) return false;
  return giveResult(kind);
}

/**
 * ST(destination) ← ST(destination) operation ST(source), then `pops` pops. `operation` is ADD, MUL, SUB, SUBR, DIV
 * or DIVR as in the reg field of D8; SUBR and DIVR have the destination as second operand.
 * Returns 1 when an unmasked exception is pending.
 */
export function exactArithmetic(operation: i32, destination: i32, source: i32, pops: i32): i32 {
  begin();
  if (isEmpty(destination) || isEmpty(source)) {
    if (underflowed()) {
      setIndefinite(destination);
      pop(pops);
    }
    return finish();
  }
  keepFirst(takeF80(significandOf(destination), highOf(destination)));
  if (binary(operation, takeF80(significandOf(source), highOf(source)))) {
    setRegister(destination, outSignificand, outHigh);
    pop(pops);
  }
  return finish();
}

/** Begins an instruction on ST(0) and memory. Returns whether ST(0) is there, and keeps it as first operand. */
function beginWithTop(): bool {
  begin();
  if (isEmpty(0)) {
    if (underflowed()) setIndefinite(0);
    return false;
  }
  keepFirst(takeF80(significandOf(0), highOf(0)));
  return true;
}

function endWithTop(operation: i32, kind: i32): i32 {
  if (binary(operation, kind)) setRegister(0, outSignificand, outHigh);
  return finish();
}

/** ST(0) ← ST(0) operation m32fp, whose bits are given. Returns 1 when an unmasked exception is pending. */
export function fpu_arith_f32(operation: i32, bits: u32): i32 {
  if (usualArithmeticF32(operation, bits)) return 0;
  return beginWithTop() ? endWithTop(operation, takeF32(bits)) : finish();
}

/** ST(0) ← ST(0) operation m64fp. */
export function exactArithmeticF64(operation: i32, bits: u64): i32 {
  return beginWithTop() ? endWithTop(operation, takeF64(bits)) : finish();
}

/** ST(0) ← ST(0) operation m16int or m32int, sign-extended. */
export function fpu_arith_int(operation: i32, value: i32): i32 {
  return beginWithTop() ? endWithTop(operation, takeInteger(value)) : finish();
}

/** FSQRT. */
export function fsqrt(): i32 {
  if (!beginWithTop()) return finish();
  let given: bool;
  if (isSpecial(aClass)) given = propagateOne(aClass);
  else {
    const kind = root(aClass, aSign, aExponent, aSignificand);
    if (kind == UNSUPPORTED) given = giveInvalid();
    else {
      if (aClass == DENORMAL) raise(DE);
      given = !prevented() && giveResult(kind);
    }
  }
  if (given) setRegister(0, outSignificand, outHigh);
  return finish();
}

/** FCHS and FABS: ST(0)'s sign word and-ed, then xor-ed; no number is invalid to them. */
function changeSign(keep: i32, flip: i32): i32 {
  begin();
  if (!isEmpty(0)) {
    const address = registerAddress(0);
    store<u16>(address, (load<u16>(address, 8) & keep) ^ flip, 8);
  } else if (underflowed()) setIndefinite(0);
  return finish();
}

export function fchs(): i32 {
  return changeSign(0xffff, 0x8000);
}

export function fabs(): i32 {
  return changeSign(0x7fff, 0);
}

/** FXCH: an empty register becomes the indefinite first. */
export function fxch(index: i32): i32 {
  begin();
  if (isEmpty(0) || isEmpty(index)) {
    if (!underflowed()) return finish();
    if (isEmpty(0)) setIndefinite(0);
    if (isEmpty(index)) setIndefinite(index);
  }
  const significand = significandOf(0);
  const high = highOf(0);
  setRegister(0, significandOf(index), highOf(index));
  setRegister(index, significand, high);
  return finish();
}

/** FCMOVcc, `condition` not 0 when it holds. C1 stays as it was unless the stack underflows. */
export function fcmov(index: i32, condition: i32): i32 {
  begin();
  if (isEmpty(0) || isEmpty(index)) {
    if (underflowed()) setIndefinite(0);
    return finish();
  }
  if (condition) setRegister(0, significandOf(index), highOf(index));
  raise(status() & C1);
  return finish();
}

/** FFREE, and FFREEP with a pop. C1 is cleared, as by AMD processors; to [SDM] it is undefined. */
export function ffree(index: i32, pops: i32): i32 {
  begin();
  free(index);
  pop(pops);
  return finish();
}

export function fincstp(): i32 {
  begin();
  setTop(top() + 1);
  return finish();
}

export function fdecstp(): i32 {
  begin();
  setTop(top() - 1);
  return finish();
}
