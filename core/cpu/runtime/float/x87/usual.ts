/**
 * What most programs do nearly always, on a short way: operands in use that are normal numbers, all exceptions masked,
 * rounding to nearest to 64 or 53 bits, results well within the range of exponents, so that PE and C1 are all that can
 * be raised. Each function says whether that was so; if not, it has changed nothing, and the instruction goes the way
 * that knows every case. [SDM] vol. 1, chapters 4.8 and 8.1
 */
import { CPU } from "../../cpu";
import { FPU_REGISTERS, FPU_STATUS, FPU_TAGS } from "../../../layout";
import { C0, C1, C2, C3, INTEGER_BIT } from "../rounding";
import { ADD, DIV, DIVR, MUL, SUB, SUBR } from "../arithmetic";
import { divide, mulHigh, remainder } from "../wide";
import { control, status, tags } from "./stack";

/** Control word: masks, precision and rounding; all masked and to nearest with 64 bits of precision. */
const CONTROLS: i32 = 0x0f3f;
const USUAL: i32 = 0x033f;
/** The bit of the precision that 64 bits have and 53 have not. */
const WIDE: i32 = 0x0100;
const TOP: i32 = 0x3800;
const CODES: i32 = C0 | C1 | C2 | C3;
/** Smallest and largest exponents of operands and results here: away from both ends, whatever rounding does. */
const LEAST: i32 = 2;
const MOST: i32 = 0x7ffd;
const HALF: u64 = 0x8000000000000000;
/** Places of bits of the status word. */
const PE_BIT: i32 = 5;
const C0_BIT: i32 = 8;
const C1_BIT: i32 = 9;
const C3_BIT: i32 = 14;
const REBIAS_F64: i32 = 16383 - 1023;
const REBIAS_F32: i32 = 16383 - 127;
/** Fraction of 64 bits that a 53-bit significand does not have. */
const BELOW_F64: u64 = 0x7ff;

/** Answer of the functions below that return flags: not on this way. */
export const UNUSUAL: i32 = -1;

/** Address of ST(index) by the status word. */
// @ts-ignore: decorator of AssemblyScript
@inline
function place(word: i32, index: i32): i32 {
  return ((word >> 11) + index) & 7;
}

// @ts-ignore: decorator of AssemblyScript
@inline
function address(physical: i32): usize {
  return CPU + FPU_REGISTERS + (physical << 4);
}

// @ts-ignore: decorator of AssemblyScript
@inline
function isNormal(significand: u64, high: i32): bool {
  return i64(significand) < 0 && u32((high & 0x7fff) - 1) < 0x7ffe;
}

// @ts-ignore: decorator of AssemblyScript
@inline
function isZero(significand: u64, high: i32): bool {
  return (significand | u64(high & 0x7fff)) == 0;
}

/** Pops up to two registers and sets the status word. */
// @ts-ignore: decorator of AssemblyScript
@inline
function end(word: i32, pops: i32): void {
  if (pops != 0) {
    const top = (word >> 11) & 7;
    let freed = 1 << top;
    if (pops == 2) freed |= 1 << ((top + 1) & 7);
    store<u8>(CPU + FPU_TAGS, tags() | freed);
    word = (word & ~TOP) | (((top + pops) & 7) << 11);
  }
  store<u16>(CPU + FPU_STATUS, word);
}

/**
 * Rounds to nearest, to 64 or 53 bits, and stores. Returns the flags, or UNUSUAL near the ends of the exponents. Which way
 * a number is rounded is as good as random: no branch asks, here and in what follows.
 */
// @ts-ignore: decorator of AssemblyScript
@inline
function give(at: usize, sign: i32, exponent: i32, high: u64, low: u64, narrow: bool): i32 {
  if (u32(exponent - LEAST) > u32(MOST - LEAST)) return UNUSUAL;
  let away: u64;
  if (narrow) {
    low = (high << 53) | u64(low != 0);
    away = u64(low > HALF - ((high >> 11) & 1));
    high = (high & ~BELOW_F64) + (away << 11);
  } else {
    away = u64(low > HALF - (high & 1));
    high += away;
  }
  if (high == 0) {
    high = INTEGER_BIT;
    exponent++;
  }
  store<u64>(at, high);
  store<u16>(at, (sign << 15) | exponent, 8);
  return (i32(low != 0) << PE_BIT) | (i32(away) << C1_BIT);
}

/** a ± b, with the sign and the exponent of a; a is the larger unless the exponents are the same. */
// @ts-ignore: decorator of AssemblyScript
@inline
function sum(at: usize, sign: i32, exponent: i32, a: u64, differ: i32, distance: i32, b: u64, narrow: bool): i32 {
  // Both are halved, so that there is no carry.
  let high: u64;
  let low: u64;
  if (distance < 63) {
    high = (b >> 1) >> distance;
    low = b << (63 - distance);
  } else {
    // Below a half of the last place, or at a half: what lies below its first two bits only sticks.
    high = 0;
    low = distance == 63 ? b : distance == 64 ? (b >> 1) | (b & 1) : distance == 65 ? (b >> 2) | u64((b & 3) != 0) : 1;
  }
  const flip = 0 - u64(differ);
  low = (low ^ flip) + u64(differ);
  high = (high ^ flip) + (u64(differ) & u64(low == 0));
  const below = a << 63;
  low += below;
  high += (a >> 1) + u64(low < below);
  exponent++;
  if ((differ & i32(i64(high) <= 0)) != 0) {
    // b was the larger, or nearly all has gone.
    if (i64(high) < 0) {
      low = 0 - low;
      high = ~high + u64(low == 0);
      sign ^= 1;
    }
    if (high == 0) {
      if (low == 0) {
        store<u64>(at, 0);
        store<u16>(at, 0, 8);
        return 0;
      }
      high = low;
      low = 0;
      exponent -= 64;
    }
  }
  const shift = clz(high);
  high = (high << shift) | ((low >> 1) >> (63 - shift));
  return give(at, sign, exponent - i32(shift), high, low << shift, narrow);
}

/** Stores a number at an address, unless it would have to be rounded. Returns the flags, or UNUSUAL. */
function giveExactly(at: usize, significand: u64, high: i32, narrow: bool): i32 {
  if (narrow && (significand & BELOW_F64) != 0) return UNUSUAL;
  store<u64>(at, significand);
  store<u16>(at, high & 0xffff, 8);
  return 0;
}

/** The same as `operate` where an operand, or both, may be 0. */
function operateWithZero(operation: i32, at: usize, a: u64, aHigh: i32, b: u64, bHigh: i32): i32 {
  const controls = control();
  if (((controls | WIDE) & CONTROLS) != USUAL) return UNUSUAL;
  const aZero = isZero(a, aHigh);
  const bZero = isZero(b, bHigh);
  if (!(aZero || isNormal(a, aHigh)) || !(bZero || isNormal(b, bHigh)) || !(aZero || bZero)) return UNUSUAL;
  const narrow = (controls & WIDE) == 0;
  if (operation == MUL || operation == DIV || operation == DIVR) {
    // Division by 0 raises ZE, or is invalid.
    if (operation == DIV ? bZero : operation == DIVR && aZero) return UNUSUAL;
    return giveExactly(at, 0, (aHigh ^ bHigh) & 0x8000, narrow);
  }
  if (operation == SUB) bHigh ^= 0x8000;
  else if (operation == SUBR) aHigh ^= 0x8000;
  // Zeros of different signs make a positive one.
  if (aZero && bZero) return giveExactly(at, 0, aHigh & bHigh, narrow);
  return aZero ? giveExactly(at, b, bHigh, narrow) : giveExactly(at, a, aHigh, narrow);
}

/** The register at an address ← a `operation` b. Returns the flags, or UNUSUAL. */
// @ts-ignore: decorator of AssemblyScript
@inline
export function operate(operation: i32, at: usize, a: u64, aHigh: i32, b: u64, bHigh: i32): i32 {
  const controls = control();
  const narrow = (controls & WIDE) == 0;
  const aExponent = aHigh & 0x7fff;
  const bExponent = bHigh & 0x7fff;
  const special = i32(u32(aExponent - 1) >= 0x7ffe) | i32(u32(bExponent - 1) >= 0x7ffe);
  if (((((controls | WIDE) & CONTROLS) ^ USUAL) | special) != 0 || i64(a & b) >= 0) {
    return operateWithZero(operation, at, a, aHigh, b, bHigh);
  }
  let sign = ((aHigh ^ bHigh) >> 15) & 1;
  if (operation == MUL) {
    const high = mulHigh(a, b);
    const low = a * b;
    // One or none.
    const shift = clz(high);
    const exponent = aExponent + bExponent - 16382 - i32(shift);
    return give(at, sign, exponent, (high << shift) | ((low >> 1) >> (63 - shift)), low << shift, narrow);
  }
  if (operation == DIV) return quotient(at, sign, aExponent - bExponent, a, b, narrow);
  if (operation == DIVR) return quotient(at, sign, bExponent - aExponent, b, a, narrow);
  const differ = sign ^ i32(operation != ADD);
  const distance = aExponent - bExponent;
  sign = aHigh >> 15;
  if (operation == SUBR) sign ^= 1;
  const less = distance < 0;
  return sum(
    at, sign ^ (differ & i32(less)), less ? bExponent : aExponent, less ? b : a, differ, less ? -distance : distance,
    less ? a : b, narrow,
  );
}

// @ts-ignore: decorator of AssemblyScript
@inline
function quotient(at: usize, sign: i32, exponent: i32, a: u64, b: u64, narrow: bool): i32 {
  const less = a < b;
  const high = less ? divide(a, 0, b) : divide(a >> 1, a << 63, b);
  // Below, at or above a half.
  const complement = b - remainder;
  const low: u64 = remainder < complement ? u64(remainder != 0) : remainder == complement ? HALF : HALF | 1;
  return give(at, sign, exponent + (less ? 16382 : 16383), high, low, narrow);
}

/** ST(destination) ← ST(destination) `operation` ST(source), then pops. The operation is known where this is inlined. */
// @ts-ignore: decorator of AssemblyScript
@inline
export function usualArithmetic(operation: i32, destination: i32, source: i32, pops: i32): bool {
  const word = status();
  const first = place(word, destination);
  const second = place(word, source);
  if ((tags() & ((1 << first) | (1 << second))) != 0) return false;
  const at = address(first);
  const from = address(second);
  const flags = operate(operation, at, load<u64>(at), load<u16>(at, 8), load<u64>(from), load<u16>(from, 8));
  if (flags == UNUSUAL) return false;
  end((word & ~C1) | flags, pops);
  return true;
}

/** ST(0) ← ST(0) `operation` a number of 80 bits. */
// @ts-ignore: decorator of AssemblyScript
@inline
function withTop(operation: i32, significand: u64, high: i32): bool {
  const word = status();
  const top = place(word, 0);
  if (((tags() >> top) & 1) != 0) return false;
  const at = address(top);
  const flags = operate(operation, at, load<u64>(at), load<u16>(at, 8), significand, high);
  if (flags == UNUSUAL) return false;
  store<u16>(CPU + FPU_STATUS, (word & ~C1) | flags);
  return true;
}

/** ST(0) ← ST(0) `operation` m64fp. */
// @ts-ignore: decorator of AssemblyScript
@inline
export function usualArithmeticF64(operation: i32, bits: u64): bool {
  const exponent = i32(bits >> 52) & 0x7ff;
  if (u32(exponent - 1) >= 0x7fe) return false;
  return withTop(operation, INTEGER_BIT | ((bits << 12) >> 1), (i32(bits >> 63) << 15) | (exponent + REBIAS_F64));
}

/** The same with m32fp, one function for all operations. */
export function usualArithmeticF32(operation: i32, bits: u32): bool {
  const exponent = (bits >> 23) & 0xff;
  if (u32(exponent - 1) >= 0xfe) return false;
  return withTop(operation, INTEGER_BIT | ((u64(bits) << 41) >> 1), ((bits >> 31) << 15) | (exponent + REBIAS_F32));
}

/** How two numbers compare, as condition codes; UNUSUAL if one is neither normal nor zero. */
export function fast_order(a: u64, aHigh: i32, b: u64, bHigh: i32): i32 {
  return relate(a, aHigh, b, bHigh);
}

// @ts-ignore: decorator of AssemblyScript
@inline
function relate(a: u64, aHigh: i32, b: u64, bHigh: i32): i32 {
  if (!isNormal(a, aHigh) && !isZero(a, aHigh)) return UNUSUAL;
  if (!isNormal(b, bHigh) && !isZero(b, bHigh)) return UNUSUAL;
  const aMagnitude = aHigh & 0x7fff;
  const bMagnitude = bHigh & 0x7fff;
  const level = i32(aMagnitude == bMagnitude);
  const below = i32(aMagnitude < bMagnitude) | (level & i32(a < b));
  const negative = aHigh >> 15;
  const alike = i32(((aHigh ^ bHigh) & 0x8000) == 0);
  const equal = (level & alike & i32(a == b)) | i32((a | b) == 0);
  const less = (negative ^ (below & alike)) & (equal ^ 1);
  return (less << C0_BIT) | (equal << C3_BIT);
}

/** Compares ST(0) with ST(index): the condition codes, or UNUSUAL; pops. FCOMI keeps them, and C1, as they are. */
export function usualCompare(index: i32, pops: i32, toFlags: bool): i32 {
  const word = status();
  const first = place(word, 0);
  const second = place(word, index);
  if ((tags() & ((1 << first) | (1 << second))) != 0) return UNUSUAL;
  const a = address(first);
  const b = address(second);
  const codes = relate(load<u64>(a), load<u16>(a, 8), load<u64>(b), load<u16>(b, 8));
  if (codes == UNUSUAL) return UNUSUAL;
  end(toFlags ? word : (word & ~CODES) | codes, pops);
  return codes;
}

/** Compares ST(0) with m64fp and pops. */
export function usualCompareF64(bits: u64, pops: i32): bool {
  const word = status();
  const top = place(word, 0);
  const exponent = i32(bits >> 52) & 0x7ff;
  if (((tags() >> top) & 1) != 0 || u32(exponent - 1) >= 0x7fe) return false;
  const high = (i32(bits >> 63) << 15) | (exponent + REBIAS_F64);
  const at = address(top);
  const codes = relate(load<u64>(at), load<u16>(at, 8), INTEGER_BIT | ((bits << 12) >> 1), high);
  if (codes == UNUSUAL) return false;
  end((word & ~CODES) | codes, pops);
  return true;
}
