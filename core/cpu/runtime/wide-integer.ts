// 128-bit products and quotients.

import { CPU } from "./cpu";
import { SCRATCH } from "../layout";

/** High half of the unsigned product. */
export function multiplyHighUnsigned(a: u64, b: u64): u64 {
  const a0 = a & 0xffffffff;
  const a1 = a >> 32;
  const b0 = b & 0xffffffff;
  const b1 = b >> 32;
  const middle = a1 * b0 + ((a0 * b0) >> 32);
  const low = a0 * b1 + (middle & 0xffffffff);
  return a1 * b1 + (middle >> 32) + (low >> 32);
}

/** High half of the signed product. */
export function multiplyHighSigned(a: i64, b: i64): i64 {
  let high = <i64>multiplyHighUnsigned(<u64>a, <u64>b);
  if (a < 0) high -= b;
  if (b < 0) high -= a;
  return high;
}

/**
 * Quotient of the unsigned 128-bit high:low by a divisor greater than `high`; the remainder is left in the
 * scratch area.
 */
export function divideUnsigned(high: u64, low: u64, divisor: u64): u64 {
  let remainder = high;
  let quotient: u64 = 0;
  for (let bit = 63; bit >= 0; bit--) {
    const carry = remainder >> 63;
    remainder = (remainder << 1) | ((low >> <u64>bit) & 1);
    quotient <<= 1;
    if (carry || remainder >= divisor) {
      remainder -= divisor;
      quotient |= 1;
    }
  }
  store<u64>(CPU + SCRATCH, remainder);
  return quotient;
}

/** Whether the signed 128-bit high:low divided by `divisor` has a quotient of 64 bits; results in the scratch area. */
export function divideSigned(high: i64, low: u64, divisor: i64): i32 {
  if (divisor == 0) return 0;
  const negative = high < 0;
  let magnitudeHigh = <u64>high;
  let magnitudeLow = low;
  if (negative) {
    magnitudeLow = 0 - low;
    magnitudeHigh = ~(<u64>high) + (magnitudeLow == 0 ? 1 : 0);
  }
  const magnitude: u64 = divisor < 0 ? 0 - <u64>divisor : <u64>divisor;
  if (magnitudeHigh >= magnitude) return 0;
  const quotient = divideUnsigned(magnitudeHigh, magnitudeLow, magnitude);
  const remainder = load<u64>(CPU + SCRATCH);
  const opposite = negative != divisor < 0;
  if (quotient > (opposite ? <u64>1 << 63 : ((<u64>1 << 63) - 1))) return 0;
  store<u64>(CPU + SCRATCH, opposite ? 0 - quotient : quotient);
  store<u64>(CPU + SCRATCH + 8, negative ? 0 - remainder : remainder);
  return 1;
}
