/** Taking numbers of each format apart, and putting results together. [SDM] vol. 1, chapter 4.2 and 8.2 */
import { INTEGER_BIT } from "./rounding";

/** Classes of operands; results of arithmetic are ZERO, NORMAL (yet to be rounded), INFINITE or UNSUPPORTED (invalid). */
export const ZERO: i32 = 0;
export const NORMAL: i32 = 1;
export const DENORMAL: i32 = 2;
export const INFINITE: i32 = 3;
export const QNAN: i32 = 4;
export const SNAN: i32 = 5;
/** Unnormals, pseudo-infinities and pseudo-NaNs: invalid since the 80387. */
export const UNSUPPORTED: i32 = 6;

export const QUIET_BIT: u64 = 0x4000000000000000;
export const INDEFINITE_SIGNIFICAND: u64 = 0xc000000000000000;
export const INDEFINITE_HIGH: i32 = 0xffff;
export const INDEFINITE_F64: u64 = 0xfff8000000000000;
export const INDEFINITE_F32: u32 = 0xffc00000;

/**
 * Parts of the operand last taken apart: exponents in the 80-bit bias, significands with bit 63 set for finite
 * numbers; a NaN keeps its significand, aligned as in 80 bits.
 */
export let operandSign: i32 = 0;
export let operandExponent: i32 = 0;
export let operandSignificand: u64 = 0;

/** `high` is the sign and exponent word. Returns the class. */
export function takeF80(significand: u64, high: i32): i32 {
  const exponent = high & 0x7fff;
  operandSign = (high >> 15) & 1;
  operandExponent = exponent;
  operandSignificand = significand;
  if (exponent == 0) return significand == 0 ? ZERO : normalise(1);
  if (significand >> 63 == 0) return UNSUPPORTED;
  if (exponent != 0x7fff) return NORMAL;
  if (significand << 1 == 0) return INFINITE;
  return (significand & QUIET_BIT) != 0 ? QNAN : SNAN;
}

export function takeF64(bits: u64): i32 {
  return takeNarrow(i32(bits >> 63), i32(bits >> 52) & 0x7ff, bits << 12, 0x7ff, 16383 - 1023);
}

export function takeF32(bits: u32): i32 {
  return takeNarrow(bits >> 31, (bits >> 23) & 0xff, u64(bits) << 41, 0xff, 16383 - 127);
}

export function takeF16(bits: u32): i32 {
  return takeNarrow((bits >> 15) & 1, (bits >> 10) & 0x1f, u64(bits) << 54, 0x1f, 16383 - 15);
}

/** A format without integer bit; `fraction` is aligned to bit 63. */
// @ts-ignore: decorator of AssemblyScript
@inline
function takeNarrow(sign: i32, exponent: i32, fraction: u64, special: i32, rebias: i32): i32 {
  operandSign = sign;
  operandExponent = exponent + rebias;
  operandSignificand = INTEGER_BIT | (fraction >> 1);
  if (exponent == special) {
    operandExponent = 0x7fff;
    if (fraction == 0) return INFINITE;
    return fraction >> 63 != 0 ? QNAN : SNAN;
  }
  if (exponent != 0) return NORMAL;
  operandSignificand = fraction >> 1;
  return fraction == 0 ? ZERO : normalise(rebias + 1);
}

function normalise(exponent: i32): i32 {
  const shift = i32(clz(operandSignificand));
  operandExponent = exponent - shift;
  operandSignificand <<= shift;
  return DENORMAL;
}

/** Takes the magnitude of an integer, which is never denormal. */
export function takeInteger(value: i64): i32 {
  operandSign = value < 0 ? 1 : 0;
  if (value == 0) {
    operandExponent = 0;
    operandSignificand = 0;
    return ZERO;
  }
  const magnitude: u64 = value < 0 ? 0 - <u64>value : <u64>value;
  const shift = i32(clz(magnitude));
  operandExponent = 16383 + 63 - shift;
  operandSignificand = magnitude << shift;
  return NORMAL;
}

/** Sign and exponent word of a rounded 80-bit result. */
export function highWord(sign: i32, exponent: i32, significand: u64): i32 {
  return (sign << 15) | (significand >> 63 != 0 ? exponent : 0);
}

export function packF64(sign: i32, exponent: i32, significand: u64): u64 {
  const field: u64 = significand >> 63 != 0 ? exponent - (16383 - 1023) : 0;
  return (u64(sign) << 63) | (field << 52) | ((significand << 1) >> 12);
}

export function packF32(sign: i32, exponent: i32, significand: u64): u32 {
  const field: u32 = significand >> 63 != 0 ? exponent - (16383 - 127) : 0;
  return (sign << 31) | (field << 23) | u32((significand << 1) >> 41);
}

export function packF16(sign: i32, exponent: i32, significand: u64): u32 {
  const field: u32 = significand >> 63 != 0 ? exponent - (16383 - 15) : 0;
  return (sign << 15) | (field << 10) | u32((significand << 1) >> 54);
}
