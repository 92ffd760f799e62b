/** One lane of each SSE operation, exact in value and flags. [SDM] vol. 1, chapter 4.8 and 11.5 */
import {
  DE, DROP_F32, DROP_F64, IE, INTEGER_BIT, MAX_F32, MAX_F64, MIN_F32, MIN_F64, raise, raised, round, roundToInteger,
  roundedExponent,
} from "../rounding";
import {
  DENORMAL, INDEFINITE_F32, INDEFINITE_F64, INFINITE, QNAN, QUIET_BIT, SNAN, UNSUPPORTED, ZERO,
  operandExponent, operandSign, operandSignificand, packF32, packF64, takeF32, takeF64, takeInteger,
} from "../operands";
import { operate, resultExponent, resultHigh, resultLow, resultSign, root } from "../arithmetic";
import { denormalsAreZeros } from "./status";

export const QUIET_F32: u32 = 0x00400000;
export const QUIET_F64: u64 = 0x0008000000000000;

/** Operations beside those of `arithmetic.ts`. */
export const MIN: i32 = 8;
export const MAX: i32 = 9;
export const SQRT: i32 = 10;

/** Relations, as bits of a set. */
const GREATER: i32 = 1;
const LESS: i32 = 2;
const EQUAL: i32 = 4;
const UNORDERED: i32 = 8;
/** For each predicate modulo 16, from the lowest four bits, the relations for which it is true. */
const PREDICATES: u64 = 0xf1530eac79db8624;

/** Exponents from which on numbers have no fraction, in the bias of the 80-bit format. */
const LEAST_INTEGRAL_F64: i32 = 16383 + 52;
const LEAST_INTEGRAL_F32: i32 = 16383 + 23;

/** The class of an operand, denormals being zeros if MXCSR.DAZ says so. */
export function zeroed(kind: i32): i32 {
  return denormalsAreZeros && kind == DENORMAL ? ZERO : kind;
}

/** The result of arithmetic, of the class `kind`, rounded. */
export function packResult64(kind: i32): u64 {
  if (kind == UNSUPPORTED) return INDEFINITE_F64;
  if (kind == ZERO) return u64(resultSign) << 63;
  if (kind == INFINITE) return packF64(resultSign, MAX_F64 + 1, INTEGER_BIT);
  const sign = resultSign;
  const significand = round(sign, resultExponent, resultHigh, resultLow, DROP_F64, MIN_F64, MAX_F64);
  return packF64(sign, roundedExponent, significand);
}

export function packResult32(kind: i32): u32 {
  if (kind == UNSUPPORTED) return INDEFINITE_F32;
  if (kind == ZERO) return resultSign << 31;
  if (kind == INFINITE) return packF32(resultSign, MAX_F32 + 1, INTEGER_BIT);
  const sign = resultSign;
  const significand = round(sign, resultExponent, resultHigh, resultLow, DROP_F32, MIN_F32, MAX_F32);
  return packF32(sign, roundedExponent, significand);
}

/** First operand of the lane under way. */
let aClass: i32 = 0;
let aSign: i32 = 0;
let aExponent: i32 = 0;
let aSignificand: u64 = 0;

function keepFirst(kind: i32): void {
  aClass = zeroed(kind);
  aSign = operandSign;
  aExponent = operandExponent;
  aSignificand = operandSignificand;
}

/** Whether an operand is a NaN; raises IE if one signals. */
function meetsNan(bClass: i32): bool {
  if (aClass < QNAN && bClass < QNAN) return false;
  if (aClass == SNAN || bClass == SNAN) raise(IE);
  return true;
}

function raiseDenormal(bClass: i32): void {
  if (raised == 0 && (aClass == DENORMAL || bClass == DENORMAL)) raise(DE);
}

function binary(operation: i32, bClass: i32): i32 {
  const kind = operate(
    operation, aClass, aSign, aExponent, aSignificand, bClass, operandSign, operandExponent, operandSignificand,
  );
  raiseDenormal(bClass);
  return kind;
}

/** a `operation` b, for ADD, MUL, SUB, DIV, MIN, MAX; for SQRT the root of b. */
export function laneF64(operation: i32, a: u64, b: u64): u64 {
  if (operation == SQRT) return rootF64(b);
  keepFirst(takeF64(a));
  const bClass = zeroed(takeF64(b));
  if (operation >= MIN) {
    if (selectsSecond(operation, bClass)) return bClass == ZERO ? u64(operandSign) << 63 : b;
    return aClass == ZERO ? u64(aSign) << 63 : a;
  }
  if (meetsNan(bClass)) return (aClass >= QNAN ? a : b) | QUIET_F64;
  return packResult64(binary(operation, bClass));
}

export function laneF32(operation: i32, a: u32, b: u32): u32 {
  if (operation == SQRT) return rootF32(b);
  keepFirst(takeF32(a));
  const bClass = zeroed(takeF32(b));
  if (operation >= MIN) {
    if (selectsSecond(operation, bClass)) return bClass == ZERO ? operandSign << 31 : b;
    return aClass == ZERO ? aSign << 31 : a;
  }
  if (meetsNan(bClass)) return (aClass >= QNAN ? a : b) | QUIET_F32;
  return packResult32(binary(operation, bClass));
}

/** MIN and MAX give the second operand when both are zeros, or one is a NaN, which is always invalid. */
function selectsSecond(operation: i32, bClass: i32): bool {
  const relation = relate(bClass, true);
  return relation != (operation == MIN ? LESS : GREATER);
}

function rootF64(bits: u64): u64 {
  const kind = zeroed(takeF64(bits));
  if (kind >= QNAN) {
    if (kind == SNAN) raise(IE);
    return bits | QUIET_F64;
  }
  const result = root(kind, operandSign, operandExponent, operandSignificand);
  if (raised == 0 && kind == DENORMAL) raise(DE);
  return packResult64(result);
}

function rootF32(bits: u32): u32 {
  const kind = zeroed(takeF32(bits));
  if (kind >= QNAN) {
    if (kind == SNAN) raise(IE);
    return bits | QUIET_F32;
  }
  const result = root(kind, operandSign, operandExponent, operandSignificand);
  if (raised == 0 && kind == DENORMAL) raise(DE);
  return packResult32(result);
}

/** How the kept operand relates to the one last taken apart. IE for signalling NaNs, or all if `signals`. */
function relate(bClass: i32, signals: bool): i32 {
  if (aClass >= QNAN || bClass >= QNAN) {
    if (signals || aClass == SNAN || bClass == SNAN) raise(IE);
    return UNORDERED;
  }
  raiseDenormal(bClass);
  if (aClass == ZERO && bClass == ZERO) return EQUAL;
  if (aClass == ZERO) return operandSign ? GREATER : LESS;
  if (bClass == ZERO || aSign != operandSign) return aSign ? LESS : GREATER;
  if (aExponent == operandExponent && aSignificand == operandSignificand) return EQUAL;
  const smaller =
    aExponent < operandExponent || (aExponent == operandExponent && aSignificand < operandSignificand);
  return smaller == (aSign == 0) ? LESS : GREATER;
}

/** Relations for which a predicate of CMPPS (0 to 7) or VCMPPS (0 to 31) is true. */
export function relationsOf(predicate: i32): i32 {
  return i32(PREDICATES >> (u64(predicate & 15) << 2)) & 15;
}

/** Whether a predicate raises IE for quiet NaNs. */
function signalsQuiet(predicate: i32): bool {
  const ordering = ((predicate + 1) & 2) != 0;
  return ordering == ((predicate & 16) == 0);
}

/** Whether a predicate holds between a and b. */
export function compareF64(predicate: i32, a: u64, b: u64): bool {
  keepFirst(takeF64(a));
  return (relate(zeroed(takeF64(b)), signalsQuiet(predicate)) & relationsOf(predicate)) != 0;
}

export function compareF32(predicate: i32, a: u32, b: u32): bool {
  keepFirst(takeF32(a));
  return (relate(zeroed(takeF32(b)), signalsQuiet(predicate)) & relationsOf(predicate)) != 0;
}

/** ZF (bit 6), PF (bit 2) and CF (bit 0), as COMISS sets them. */
function flagsOf(relation: i32): i32 {
  return relation == UNORDERED ? 0x45 : relation == LESS ? 1 : relation == EQUAL ? 0x40 : 0;
}

export function orderF64(a: u64, b: u64, signals: bool): i32 {
  keepFirst(takeF64(a));
  return flagsOf(relate(zeroed(takeF64(b)), signals));
}

export function orderF32(a: u32, b: u32, signals: bool): i32 {
  keepFirst(takeF32(a));
  return flagsOf(relate(zeroed(takeF32(b)), signals));
}

/** The integer of `bits` bits for the operand last taken apart. A denormal is no exception here. */
function integerOf(kind: i32, bits: i32): i64 {
  if (kind == ZERO) return 0;
  if (kind < INFINITE) return roundToInteger(operandSign, operandExponent, operandSignificand, bits);
  raise(IE);
  return 0 - ((1 as i64) << (bits - 1));
}

export function f64ToInteger(value: u64, bits: i32): i64 {
  return integerOf(zeroed(takeF64(value)), bits);
}

export function f32ToInteger(value: u32, bits: i32): i64 {
  return integerOf(zeroed(takeF32(value)), bits);
}

export function integerToF64(value: i64): u64 {
  if (takeInteger(value) == ZERO) return 0;
  const sign = operandSign;
  const significand = round(sign, operandExponent, operandSignificand, 0, DROP_F64, MIN_F64, MAX_F64);
  return packF64(sign, roundedExponent, significand);
}

export function integerToF32(value: i64): u32 {
  if (takeInteger(value) == ZERO) return 0;
  const sign = operandSign;
  const significand = round(sign, operandExponent, operandSignificand, 0, DROP_F32, MIN_F32, MAX_F32);
  return packF32(sign, roundedExponent, significand);
}

export function f32ToF64(bits: u32): u64 {
  const kind = zeroed(takeF32(bits));
  const sign = operandSign;
  if (kind == ZERO) return u64(sign) << 63;
  if (kind == SNAN) raise(IE);
  if (kind == DENORMAL) raise(DE);
  if (kind >= QNAN) return packF64(sign, MAX_F64 + 1, operandSignificand | QUIET_BIT);
  if (kind == INFINITE) return packF64(sign, MAX_F64 + 1, INTEGER_BIT);
  return packF64(sign, operandExponent, operandSignificand);
}

export function f64ToF32(bits: u64): u32 {
  const kind = zeroed(takeF64(bits));
  const sign = operandSign;
  if (kind == ZERO) return sign << 31;
  if (kind == SNAN) raise(IE);
  if (kind == DENORMAL) raise(DE);
  if (kind >= QNAN) return packF32(sign, MAX_F32 + 1, operandSignificand | QUIET_BIT);
  if (kind == INFINITE) return packF32(sign, MAX_F32 + 1, INTEGER_BIT);
  const significand = round(sign, operandExponent, operandSignificand, 0, DROP_F32, MIN_F32, MAX_F32);
  return packF32(sign, roundedExponent, significand);
}

/** Rounds to an integral number. A denormal is no exception here. */
export function integralF64(bits: u64): u64 {
  const kind = zeroed(takeF64(bits));
  if (kind == SNAN) raise(IE);
  if (kind >= QNAN) return bits | QUIET_F64;
  if (kind == ZERO) return u64(operandSign) << 63;
  if (kind == INFINITE || operandExponent >= LEAST_INTEGRAL_F64) return bits;
  const integer = roundToInteger(operandSign, operandExponent, operandSignificand, 64);
  return (u64(operandSign) << 63) | reinterpret<u64>(f64(abs<i64>(integer)));
}

export function integralF32(bits: u32): u32 {
  const kind = zeroed(takeF32(bits));
  if (kind == SNAN) raise(IE);
  if (kind >= QNAN) return bits | QUIET_F32;
  if (kind == ZERO) return operandSign << 31;
  if (kind == INFINITE || operandExponent >= LEAST_INTEGRAL_F32) return bits;
  const integer = roundToInteger(operandSign, operandExponent, operandSignificand, 64);
  return (operandSign << 31) | reinterpret<u32>(f32(abs<i64>(integer)));
}
