/** One lane of a fused multiply-add, exact in value and flags. [SDM] vol. 1, chapter 14.5 */
import { multiplyAdd } from "../multiply-add";
import { DENORMAL, QNAN, SNAN, operandExponent, operandSign, operandSignificand, takeF32, takeF64 } from "../operands";
import { DE, IE, raise, raised } from "../rounding";
import { QUIET_F32, QUIET_F64, packResult32, packResult64, zeroed } from "./lanes";

/** Multiplicand and multiplier of the lane under way. */
let aClass: i32 = 0;
let aSign: i32 = 0;
let aExponent: i32 = 0;
let aSignificand: u64 = 0;
let bClass: i32 = 0;
let bSign: i32 = 0;
let bExponent: i32 = 0;
let bSignificand: u64 = 0;

function keepFirst(kind: i32): void {
  aClass = zeroed(kind);
  aSign = operandSign;
  aExponent = operandExponent;
  aSignificand = operandSignificand;
}

function keepSecond(kind: i32): void {
  bClass = zeroed(kind);
  bSign = operandSign;
  bExponent = operandExponent;
  bSignificand = operandSignificand;
}

/** Whether an operand is a NaN; raises IE if one signals. The product of 0 and ∞ is then no exception. */
function meetsNan(cClass: i32): bool {
  if (aClass < QNAN && bClass < QNAN && cClass < QNAN) return false;
  if (aClass == SNAN || bClass == SNAN || cClass == SNAN) raise(IE);
  return true;
}

/** The class of ±(a × b) ± c, which is yet to be rounded. */
function fuse(cClass: i32, negated: i32, subtracted: i32): i32 {
  const kind = multiplyAdd(
    aClass, aSign ^ negated, aExponent, aSignificand,
    bClass, bSign, bExponent, bSignificand,
    cClass, operandSign ^ subtracted, operandExponent, operandSignificand,
  );
  const denormal = aClass == DENORMAL || bClass == DENORMAL || cClass == DENORMAL;
  if (raised == 0 && denormal) raise(DE);
  return kind;
}

/**
 * ±(a × b) ± c, where 1 says that the product is `negated` or c `subtracted`. Of several NaNs the first in this order is
 * the result, its sign as it was.
 */
export function fusedF64(a: u64, b: u64, c: u64, negated: i32, subtracted: i32): u64 {
  keepFirst(takeF64(a));
  keepSecond(takeF64(b));
  const cClass = zeroed(takeF64(c));
  if (meetsNan(cClass)) return (aClass >= QNAN ? a : bClass >= QNAN ? b : c) | QUIET_F64;
  return packResult64(fuse(cClass, negated, subtracted));
}

export function fusedF32(a: u32, b: u32, c: u32, negated: i32, subtracted: i32): u32 {
  keepFirst(takeF32(a));
  keepSecond(takeF32(b));
  const cClass = zeroed(takeF32(c));
  if (meetsNan(cClass)) return (aClass >= QNAN ? a : bClass >= QNAN ? b : c) | QUIET_F32;
  return packResult32(fuse(cClass, negated, subtracted));
}
