/** Tests of whole vectors for numbers that raise nothing: normal ones and zeros. */

const LARGEST_F64 = f64.MAX_VALUE;
export const NORMAL_F64 = f64.MIN_NORMAL_VALUE;
const LARGEST_F32 = f32.MAX_VALUE;
export const NORMAL_F32 = f32.MIN_NORMAL_VALUE;

/** Lanes whose magnitude is a finite one from `least` up. */
// @ts-ignore: decorator of AssemblyScript
@inline
export function between64(x: v128, least: f64): v128 {
  const magnitude = f64x2.abs(x);
  return v128.and(f64x2.ge(magnitude, f64x2.splat(least)), f64x2.le(magnitude, f64x2.splat(LARGEST_F64)));
}

// @ts-ignore: decorator of AssemblyScript
@inline
export function between32(x: v128, least: f32): v128 {
  const magnitude = f32x4.abs(x);
  return v128.and(f32x4.ge(magnitude, f32x4.splat(least)), f32x4.le(magnitude, f32x4.splat(LARGEST_F32)));
}

// @ts-ignore: decorator of AssemblyScript
@inline
export function zero64(x: v128): v128 {
  return f64x2.eq(x, f64x2.splat(0));
}

// @ts-ignore: decorator of AssemblyScript
@inline
export function zero32(x: v128): v128 {
  return f32x4.eq(x, f32x4.splat(0));
}

/** Whether all lanes are normal or zero. */
// @ts-ignore: decorator of AssemblyScript
@inline
export function plain64(x: v128): bool {
  return i64x2.all_true(v128.or(between64(x, NORMAL_F64), zero64(x)));
}

// @ts-ignore: decorator of AssemblyScript
@inline
export function plain32(x: v128): bool {
  return i32x4.all_true(v128.or(between32(x, NORMAL_F32), zero32(x)));
}

/** 1 if either of the numbers at two addresses is neither normal nor zero. */
export function sse_strange_sd(first: u32, second: u32): i32 {
  return i32(!plain64(v128.load64_zero(first)) || !plain64(v128.load64_zero(second)));
}

export function sse_strange_ss(first: u32, second: u32): i32 {
  return i32(!plain32(v128.load32_zero(first)) || !plain32(v128.load32_zero(second)));
}
