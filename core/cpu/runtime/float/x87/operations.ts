/**
 * FADD to FDIVR on registers and m64fp, one function each, so that the short way is straight code. They work on
 * ST(destination) and ST(source), then pop `pops` registers; or on ST(0) and the bits of m64fp. SUBR and DIVR have the
 * destination as second operand. Each returns 1 when an unmasked exception is pending. [SDM] vol. 1, chapter 8.3.5
 *
 * `fast_…` are the short ways by themselves: the number at an address ← a operation b, both given, where neither tags nor
 * the status word are looked at. They return the flags to be raised, or UNUSUAL, having done nothing.
 */
import { ADD, DIV, DIVR, MUL, SUB, SUBR } from "../arithmetic";
import { exactArithmetic, exactArithmeticF64 } from "./arithmetic";
import { operate, usualArithmetic, usualArithmeticF64 } from "./usual";

// @ts-ignore: decorator of AssemblyScript
@inline
function arithmetic(operation: i32, destination: i32, source: i32, pops: i32): i32 {
  if (usualArithmetic(operation, destination, source, pops)) return 0;
  return exactArithmetic(operation, destination, source, pops);
}

// @ts-ignore: decorator of AssemblyScript
@inline
function arithmeticF64(operation: i32, bits: u64): i32 {
  return usualArithmeticF64(operation, bits) ? 0 : exactArithmeticF64(operation, bits);
}

export function fpu_add(destination: i32, source: i32, pops: i32): i32 {
  return arithmetic(ADD, destination, source, pops);
}
export function fpu_mul(destination: i32, source: i32, pops: i32): i32 {
  return arithmetic(MUL, destination, source, pops);
}
export function fpu_sub(destination: i32, source: i32, pops: i32): i32 {
  return arithmetic(SUB, destination, source, pops);
}
export function fpu_subr(destination: i32, source: i32, pops: i32): i32 {
  return arithmetic(SUBR, destination, source, pops);
}
export function fpu_div(destination: i32, source: i32, pops: i32): i32 {
  return arithmetic(DIV, destination, source, pops);
}
export function fpu_divr(destination: i32, source: i32, pops: i32): i32 {
  return arithmetic(DIVR, destination, source, pops);
}

export function fpu_add_f64(bits: u64): i32 {
  return arithmeticF64(ADD, bits);
}
export function fpu_mul_f64(bits: u64): i32 {
  return arithmeticF64(MUL, bits);
}
export function fpu_sub_f64(bits: u64): i32 {
  return arithmeticF64(SUB, bits);
}
export function fpu_subr_f64(bits: u64): i32 {
  return arithmeticF64(SUBR, bits);
}
export function fpu_div_f64(bits: u64): i32 {
  return arithmeticF64(DIV, bits);
}
export function fpu_divr_f64(bits: u64): i32 {
  return arithmeticF64(DIVR, bits);
}

export function fast_add(at: u32, a: u64, aHigh: i32, b: u64, bHigh: i32): i32 {
  return operate(ADD, at, a, aHigh, b, bHigh);
}
export function fast_mul(at: u32, a: u64, aHigh: i32, b: u64, bHigh: i32): i32 {
  return operate(MUL, at, a, aHigh, b, bHigh);
}
export function fast_sub(at: u32, a: u64, aHigh: i32, b: u64, bHigh: i32): i32 {
  return operate(SUB, at, a, aHigh, b, bHigh);
}
export function fast_subr(at: u32, a: u64, aHigh: i32, b: u64, bHigh: i32): i32 {
  return operate(SUBR, at, a, aHigh, b, bHigh);
}
export function fast_div(at: u32, a: u64, aHigh: i32, b: u64, bHigh: i32): i32 {
  return operate(DIV, at, a, aHigh, b, bHigh);
}
export function fast_divr(at: u32, a: u64, aHigh: i32, b: u64, bHigh: i32): i32 {
  return operate(DIVR, at, a, aHigh, b, bHigh);
}
