/** 128-bit integer arithmetic on pairs of u64. A second result, where there is one, is left in a global. */

/** Remainder of the last `divide`. */
export let remainder: u64 = 0;
/** Low half of the last `shiftRightJam` or `shiftPairRightJam`. */
export let jammed: u64 = 0;

/** High 64 bits of a × b (the low 64 are `a * b`). */
// @ts-ignore: decorator of AssemblyScript
@inline
export function mulHigh(a: u64, b: u64): u64 {
  const al = a & 0xffffffff;
  const ah = a >> 32;
  const bl = b & 0xffffffff;
  const bh = b >> 32;
  const middle = ah * bl + ((al * bl) >> 32);
  const cross = al * bh + (middle & 0xffffffff);
  return ah * bh + (middle >> 32) + (cross >> 32);
}

/** floor((high:low) / divisor), for high < divisor and divisor ≥ 2^63. Sets `remainder`. (Knuth's algorithm D, base 2^32.) */
export function divide(high: u64, low: u64, divisor: u64): u64 {
  const dh = divisor >> 32;
  const dl = divisor & 0xffffffff;
  const first = quotientDigit(high, low >> 32, dh, dl);
  const partial = ((high << 32) | (low >> 32)) - first * divisor;
  const second = quotientDigit(partial, low & 0xffffffff, dh, dl);
  remainder = ((partial << 32) | (low & 0xffffffff)) - second * divisor;
  return (first << 32) + second;
}

// @ts-ignore: decorator of AssemblyScript
@inline
function quotientDigit(high: u64, next: u64, dh: u64, dl: u64): u64 {
  let digit = high / dh;
  let rest = high - digit * dh;
  while (digit >> 32 != 0 || digit * dl > ((rest << 32) | next)) {
    digit--;
    rest += dh;
    if (rest >> 32 != 0) break;
  }
  return digit;
}

/** (value:0) >> count, every bit lost kept as a sticky bit 0. Returns the high half, sets `jammed` to the low one. */
export function shiftRightJam(value: u64, count: i32): u64 {
  if (count == 0) {
    jammed = 0;
    return value;
  }
  if (count < 64) {
    jammed = value << (64 - count);
    return value >> count;
  }
  if (count == 64) jammed = value;
  else if (count < 128) jammed = (value >> (count - 64)) | u64(value << (128 - count) != 0);
  else jammed = u64(value != 0);
  return 0;
}

/** (high:low) >> count, in the same manner. */
export function shiftPairRightJam(high: u64, low: u64, count: i32): u64 {
  if (count == 0) {
    jammed = low;
    return high;
  }
  if (count < 64) {
    jammed = (high << (64 - count)) | (low >> count) | u64(low << (64 - count) != 0);
    return high >> count;
  }
  const result = shiftRightJam(high, count);
  jammed |= u64(low != 0);
  return result;
}

/** floor(√(high:low)) for high ≥ 2^62. */
export function squareRoot(high: u64, low: u64): u64 {
  if (high == u64.MAX_VALUE) return u64.MAX_VALUE;
  // A double gives the root to about 2^12 in 2^64; one Newton step then leaves an error of at most a unit or two.
  const estimate = sqrt<f64>(f64(high)) * 4294967296.0;
  let root = estimate >= 18446744073709551615.0 ? u64.MAX_VALUE : u64(estimate);
  if (root <= high) root = u64.MAX_VALUE;
  if (root >> 63 == 0) root = 1 << 63;
  const quotient = divide(high, low, root);
  root = (root >> 1) + (quotient >> 1) + (root & quotient & 1);
  while (exceeds(root, high, low)) root--;
  while (root != u64.MAX_VALUE && !exceeds(root + 1, high, low)) root++;
  return root;
}

/** Whether root² > (high:low). */
function exceeds(root: u64, high: u64, low: u64): bool {
  const square = mulHigh(root, root);
  return square > high || (square == high && root * root > low);
}
