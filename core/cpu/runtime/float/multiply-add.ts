/** a × b + c on numbers taken apart, before its one rounding. In the manner of `arithmetic.ts`. */
import { add, give, giveDifference, multiply, resultExponent, resultHigh, resultLow, resultSign } from "./arithmetic";
import { INFINITE, NORMAL, UNSUPPORTED, ZERO } from "./operands";
import { INTEGER_BIT } from "./rounding";
import { jammed, shiftPairRightJam } from "./wide";

/** |a| ≥ |b| > 0, both of 128 bits. */
function addOrdered(
  aSign: i32, exponent: i32, aHigh: u64, aLow: u64,
  bSign: i32, bExponent: i32, bHigh: u64, bLow: u64,
): i32 {
  bHigh = shiftPairRightJam(bHigh, bLow, exponent - bExponent);
  bLow = jammed;
  if (aSign != bSign) {
    return giveDifference(aSign, exponent, aHigh - bHigh - u64(aLow < bLow), aLow - bLow);
  }
  const low = aLow + bLow;
  const high = aHigh + bHigh + u64(low < aLow);
  if (high > aHigh || (high == aHigh && low >= aLow)) return give(aSign, exponent, high, low);
  return give(aSign, exponent + 1, INTEGER_BIT | (high >> 1), (high << 63) | (low >> 1) | (low & 1));
}

/**
 * a × b + c. Significands have 64 bits, of which the product's 128 keep all. If it is the smaller summand it may lose
 * bits to a sticky one: never those that a difference lays bare, as then the exponents are no more than 1 apart and, in
 * singles and doubles, at least 22 of the 128 bits are clear.
 */
export function multiplyAdd(
  aClass: i32, aSign: i32, aExponent: i32, a: u64,
  bClass: i32, bSign: i32, bExponent: i32, b: u64,
  cClass: i32, cSign: i32, cExponent: i32, c: u64,
): i32 {
  const kind = multiply(aClass, aSign, aExponent, a, bClass, bSign, bExponent, b);
  if (kind == UNSUPPORTED || (kind == NORMAL && cClass == ZERO)) return kind;
  const sign = resultSign;
  const exponent = resultExponent;
  const high = resultHigh;
  if (kind != NORMAL || cClass == INFINITE) return add(kind, sign, exponent, high, cClass, cSign, cExponent, c);
  if (exponent > cExponent || (exponent == cExponent && high >= c)) {
    return addOrdered(sign, exponent, high, resultLow, cSign, cExponent, c, 0);
  }
  return addOrdered(cSign, cExponent, c, 0, sign, exponent, high, resultLow);
}
