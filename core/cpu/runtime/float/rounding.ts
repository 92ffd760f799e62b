/**
 * Rounding and the exceptions that come of it, common to x87 and SSE. Numbers between operations are
 * (sign, exponent, high:low): a 128-bit significand with bit 127 set, worth ±(high.low / 2^63) × 2^(exponent − 16383);
 * the exponent is not bounded. [SDM] vol. 1, chapter 4.8 and 4.9
 */
import { jammed, shiftPairRightJam } from "./wide";

/** Exception flags, at their place in the x87 status word, in MXCSR and, as masks, in the x87 control word. */
export const IE: i32 = 0x01;
export const DE: i32 = 0x02;
export const ZE: i32 = 0x04;
export const OE: i32 = 0x08;
export const UE: i32 = 0x10;
export const PE: i32 = 0x20;
export const EXCEPTIONS: i32 = 0x3f;
/** Stack fault, condition codes, exception summary and busy: bits of the x87 status word. */
export const SF: i32 = 0x40;
export const ES: i32 = 0x80;
export const C0: i32 = 0x100;
export const C1: i32 = 0x200;
export const C2: i32 = 0x400;
export const C3: i32 = 0x4000;
export const BUSY: i32 = 0x8000;

/** Rounding control, as encoded in both control words. */
export const NEAREST: i32 = 0;
export const DOWN: i32 = 1;
export const UP: i32 = 2;
export const TRUNCATE: i32 = 3;

/** Bits of a 64-bit significand that a format does not have. */
export const DROP_F80: i32 = 0;
export const DROP_F64: i32 = 11;
export const DROP_F32: i32 = 40;
export const DROP_F16: i32 = 53;

/** Smallest and largest normal exponents of the formats, in the bias of the 80-bit one. */
export const MIN_F80: i32 = 1;
export const MAX_F80: i32 = 0x7ffe;
export const MIN_F64: i32 = 16383 - 1022;
export const MAX_F64: i32 = 16383 + 1023;
export const MIN_F32: i32 = 16383 - 126;
export const MAX_F32: i32 = 16383 + 127;
export const MIN_F16: i32 = 16383 - 14;
export const MAX_F16: i32 = 16383 + 15;

/** What is added to (taken from) the exponent of an 80-bit result by an unmasked underflow (overflow). */
const WRAP: i32 = 24576;

export const INTEGER_BIT: u64 = 0x8000000000000000;
const HALF: u64 = 0x8000000000000000;

/** Rounding control of the instruction under way. */
export let mode: i32 = NEAREST;
/** Masked exceptions of the instruction under way. */
export let masks: i32 = EXCEPTIONS;
/** MXCSR.FTZ: tiny results become zero. Never with x87. */
let flushToZero: bool = false;
/** Status bits raised by the instruction under way. */
export let raised: i32 = 0;
/** Exponent of the last `round`. */
export let roundedExponent: i32 = 0;

export function beginRounding(control: i32, exceptionMasks: i32, flush: bool): void {
  mode = control;
  masks = exceptionMasks;
  flushToZero = flush;
  raised = 0;
}

export function setMode(control: i32): void {
  mode = control;
}

/** For the instructions that do without MXCSR.FTZ. */
export function keepTiny(): void {
  flushToZero = false;
}

export function raise(flags: i32): void {
  raised |= flags;
}

export function setRaised(flags: i32): void {
  raised = flags;
}

/** Whether an exception that prevents the result (IE, DE or ZE) is raised and not masked. */
export function prevented(): bool {
  return (raised & ~masks & (IE | DE | ZE)) != 0;
}

/** Whether a magnitude is rounded away from zero, where `rest` is its fraction of the last unit, in 2^-64, sticky. */
export function roundsAway(sign: i32, odd: bool, rest: u64): bool {
  if (mode == NEAREST) return rest > HALF || (rest == HALF && odd);
  if (mode == TRUNCATE) return false;
  return rest != 0 && (sign != 0) == (mode == DOWN);
}

// @ts-ignore: decorator of AssemblyScript
@inline
function restOf(high: u64, low: u64, drop: i32): u64 {
  return drop == 0 ? low : (high << (64 - drop)) | u64(low != 0);
}

/**
 * Rounds to a format: its dropped bits, its smallest and largest normal exponents. Raises OE, UE, PE and C1.
 * Returns the significand; its exponent is `roundedExponent`: `smallest` with bit 63 clear for a denormal or zero,
 * `largest` + 1 for infinity, or, in 80 bits, a wrapped one for an unmasked overflow or underflow. In the narrower
 * formats these have no result.
 * Tininess is detected after rounding, as x86 does.
 */
export function round(sign: i32, exponent: i32, high: u64, low: u64, drop: i32, smallest: i32, largest: i32): u64 {
  let denormal = false;
  if (exponent < smallest) {
    const unit: u64 = 1 << drop;
    const carries =
      high >= 0 - unit && roundsAway(sign, (high & unit) != 0, restOf(high, low, drop));
    const tiny = exponent < smallest - 1 || !carries;
    if (masks & UE) {
      if (tiny && flushToZero) {
        raised |= UE | PE;
        roundedExponent = smallest;
        return 0;
      }
      high = shiftPairRightJam(high, low, smallest - exponent);
      low = jammed;
      exponent = smallest;
      denormal = tiny;
    } else if (tiny) {
      raised |= UE;
      if (largest == MAX_F80) exponent += WRAP;
      if (largest == MAX_F80 && exponent < smallest) {
        // Only FSCALE goes so far.
        roundedExponent = smallest;
        raised |= PE;
        return 0;
      }
    }
  }
  const rest = restOf(high, low, drop);
  const unit: u64 = 1 << drop;
  let result = high & (0 - unit);
  if (rest != 0) {
    raised |= PE;
    if (denormal) raised |= UE;
    if (roundsAway(sign, (high & unit) != 0, rest)) {
      raised |= C1;
      result += unit;
      if (result == 0) {
        result = INTEGER_BIT;
        exponent++;
      }
    }
  }
  if (exponent > largest) {
    raised |= OE;
    if (masks & OE) return overflowed(sign, drop, largest);
    if (largest == MAX_F80) exponent -= WRAP;
    if (largest == MAX_F80 && exponent > largest) {
      raised |= PE | C1;
      roundedExponent = largest + 1;
      return INTEGER_BIT;
    }
  }
  roundedExponent = exponent;
  return result;
}

/** Masked response to overflow: infinity, or the largest number where the rounding mode leads towards zero. */
function overflowed(sign: i32, drop: i32, largest: i32): u64 {
  raised |= PE;
  const infinite = mode == NEAREST || (mode != TRUNCATE && (sign != 0) == (mode == DOWN));
  if (infinite) {
    raised |= C1;
    roundedExponent = largest + 1;
    return INTEGER_BIT;
  }
  raised &= ~C1;
  roundedExponent = largest;
  return 0 - ((1 as u64) << drop);
}

/**
 * Rounds a finite number to an integer of `bits` bits in two's complement. Raises PE with C1; or IE alone when it
 * does not fit, returning the integer indefinite (the most negative one).
 */
export function roundToInteger(sign: i32, exponent: i32, significand: u64, bits: i32): i64 {
  const limit: u64 = (1 as u64) << (bits - 1);
  const shift = 16383 + 63 - exponent;
  if (shift >= 0) {
    let value: u64 = 0;
    let rest: u64 = 1;
    if (shift == 0) {
      value = significand;
      rest = 0;
    } else if (shift < 64) {
      value = significand >> shift;
      rest = significand << (64 - shift);
    } else if (shift == 64) rest = significand;
    const away = roundsAway(sign, (value & 1) != 0, rest);
    if (away) value++;
    if (value < limit || (value == limit && sign != 0)) {
      if (rest != 0) raised |= away ? PE | C1 : PE;
      return sign ? 0 - <i64>value : <i64>value;
    }
  }
  raised |= IE;
  return 0 - <i64>limit;
}
