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

const DIGIT: u64 = 1 << 32;

/** A digit of 32 bits of the quotient: of `rest`, followed by `next`, by a divisor whose highest bit is 1. */
// @ts-ignore: decorator of AssemblyScript
@inline
function quotientDigit(rest: u64, next: u64, divisor: u64): u64 {
  const first = divisor >> 32;
  const second = divisor & (DIGIT - 1);
  let digit = rest / first;
  let left = rest - digit * first;
  // By its first digit alone it may be too large, by two at most.
  while (digit >= DIGIT || digit * second > ((left << 32) | next)) {
    digit--;
    left += first;
    if (left >= DIGIT) break;
  }
  return digit;
}

/**
 * Quotient of the unsigned 128-bit high:low by a divisor greater than `high`; the remainder is left in the
 * scratch area. Two digits of 32 bits, by long division. [TAOCP] 4.3.1, algorithm D
 */
export function divideUnsigned(high: u64, low: u64, divisor: u64): u64 {
  if (high == 0) {
    const quotient = low / divisor;
    store<u64>(CPU + SCRATCH, low - quotient * divisor);
    return quotient;
  }
  const shift = clz(divisor);
  const by = divisor << shift;
  const top = shift ? (high << shift) | (low >> (64 - shift)) : high;
  const bottom = low << shift;
  const first = quotientDigit(top, bottom >> 32, by);
  const rest = ((top << 32) | (bottom >> 32)) - first * by;
  const second = quotientDigit(rest, bottom & (DIGIT - 1), by);
  store<u64>(CPU + SCRATCH, (((rest << 32) | (bottom & (DIGIT - 1))) - second * by) >> shift);
  return (first << 32) | second;
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
