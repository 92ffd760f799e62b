/**
 * Fused multiply-add: destination ← ±(first × second) ± third with one rounding, on operands in memory. Each function
 * returns 0, or the unmasked exceptions: #XM is then due and the destination unchanged. [SDM] vol. 1, 14.5; vol. 2,
 * VFMADD…
 *
 * Operands come in the order of the manual's formulas, by which the result is chosen from several NaNs: of the forms
 * 132, 213 and 231, the instruction's first, second and third operands are 1 3 2, 2 1 3 and 2 3 1.
 *
 * Where nothing but PE can arise and rounding is to nearest, hardware arithmetic does the work, by way of errors that
 * are numbers themselves and sums rounded to odd: a number so rounded is odd in its last place unless it is exact, so
 * that rounding it once more, to at least two bits less, is like rounding but once (S. Boldo and G. Melquiond,
 * "Emulation of FMA and correctly rounded sums: proved algorithms using rounding to odd", 2008).
 */
import { NORMAL_F32, NORMAL_F64, plain32 } from "./plain";
import { fusedF32, fusedF64 } from "./fused-lanes";
import { beginSse, endLane, finishVector, isInexact, isNearest, raiseInexact, setResult32, setResult64 } from "./status";

/** Bits of `kind`: what is negated, in all lanes, in those with even numbers and in those with odd ones. */
const PRODUCT: i32 = 1;
const THIRD: i32 = 2;
const EVEN_THIRD: i32 = 4;
const ODD_THIRD: i32 = 8;

const SIGN: u64 = 0x8000000000000000;

/** Multiplied by this a double falls into halves of 26 bits. (Veltkamp) */
const SPLITTER: f64 = 134217729.0;
/** Factors from 2^-480 to 2^480 have products whose errors are doubles; third operands up to 2^1000 never overflow. */
const LEAST_FACTOR = reinterpret<f64>(<u64>(1023 - 480) << 52);
const LARGEST_FACTOR = reinterpret<f64>(<u64>(1023 + 480) << 52);
const LARGEST_THIRD = reinterpret<f64>(<u64>(1023 + 1000) << 52);

/** Signs that `kind` changes in two lanes: of the product, or of the third operand. */
// @ts-ignore: decorator of AssemblyScript
@inline
function productSigns(kind: i32): v128 {
  return i64x2.splat(kind & PRODUCT ? SIGN : 0);
}

// @ts-ignore: decorator of AssemblyScript
@inline
function thirdSigns(kind: i32): v128 {
  const even: u64 = kind & (THIRD | EVEN_THIRD) ? SIGN : 0;
  const odd: u64 = kind & (THIRD | ODD_THIRD) ? SIGN : 0;
  return i64x2.replace_lane(i64x2.splat(even), 1, odd);
}

/** Lanes with a magnitude between two, or zero. */
// @ts-ignore: decorator of AssemblyScript
@inline
function within(x: v128, least: f64, largest: f64): v128 {
  const magnitude = f64x2.abs(x);
  const between = v128.and(f64x2.ge(magnitude, f64x2.splat(least)), f64x2.le(magnitude, f64x2.splat(largest)));
  return v128.or(between, f64x2.eq(x, f64x2.splat(0)));
}

/** a + b − sum, where `sum` is a + b rounded to nearest. (Møller and Knuth) */
// @ts-ignore: decorator of AssemblyScript
@inline
function sumError(a: v128, b: v128, sum: v128): v128 {
  const second = f64x2.sub(sum, a);
  return f64x2.add(f64x2.sub(a, f64x2.sub(sum, second)), f64x2.sub(b, second));
}

/** a + b rounded to odd: an even sum that is not exact goes one place on, to where the error points. */
// @ts-ignore: decorator of AssemblyScript
@inline
function sumToOdd(a: v128, b: v128): v128 {
  const sum = f64x2.add(a, b);
  const error = sumError(a, b, sum);
  const even = i64x2.eq(v128.and(sum, i64x2.splat(1)), i64x2.splat(0));
  const moves = v128.and(even, f64x2.ne(error, f64x2.splat(0)));
  const step = v128.or(i64x2.shr_s(v128.xor(sum, error), 63), i64x2.splat(1));
  return i64x2.add(sum, v128.and(step, moves));
}

/** a × b − product, where `product` is a × b rounded to nearest. (Dekker) */
// @ts-ignore: decorator of AssemblyScript
@inline
function productError(a: v128, b: v128, product: v128): v128 {
  const aScaled = f64x2.mul(a, f64x2.splat(SPLITTER));
  const bScaled = f64x2.mul(b, f64x2.splat(SPLITTER));
  const aHigh = f64x2.sub(aScaled, f64x2.sub(aScaled, a));
  const bHigh = f64x2.sub(bScaled, f64x2.sub(bScaled, b));
  const aLow = f64x2.sub(a, aHigh);
  const bLow = f64x2.sub(b, bHigh);
  const high = f64x2.sub(f64x2.mul(aHigh, bHigh), product);
  const cross = f64x2.add(f64x2.add(high, f64x2.mul(aHigh, bLow)), f64x2.mul(aLow, bHigh));
  return f64x2.add(cross, f64x2.mul(aLow, bLow));
}

/** Does two doubles, or one in both lanes, if they are usual ones. */
function short64(destination: usize, a: v128, b: v128, c: v128, lanes: i32): bool {
  const usual = v128.and(
    v128.and(within(a, LEAST_FACTOR, LARGEST_FACTOR), within(b, LEAST_FACTOR, LARGEST_FACTOR)),
    within(c, NORMAL_F64, LARGEST_THIRD),
  );
  if (!i64x2.all_true(usual)) return false;
  const product = f64x2.mul(a, b);
  const below = productError(a, b, product);
  const low = f64x2.add(c, below);
  const high = f64x2.add(product, low);
  const rest = sumToOdd(sumError(c, below, low), sumError(product, low, high));
  const rounded = f64x2.add(high, rest);
  if (!i64x2.all_true(within(rounded, NORMAL_F64 * 2, f64.MAX_VALUE))) return false;
  // The sign of a zero, which is exact, is that of a simple sum.
  const zero = f64x2.eq(rounded, f64x2.splat(0));
  const result = v128.bitselect(f64x2.add(product, c), rounded, zero);
  if (!isInexact() && v128.any_true(f64x2.ne(sumError(high, rest, rounded), f64x2.splat(0)))) raiseInexact();
  if (lanes == 2) v128.store(destination, result);
  else store<f64>(destination, f64x2.extract_lane(result, 0));
  return true;
}

/** ±(a × b) ± c of the lower two singles, as doubles: the products are exact, the sums rounded to odd. */
// @ts-ignore: decorator of AssemblyScript
@inline
function sum32(a: v128, b: v128, c: v128, kind: i32): v128 {
  const product = f64x2.mul(f64x2.promote_low_f32x4(a), f64x2.promote_low_f32x4(b));
  return sumToOdd(
    v128.xor(product, productSigns(kind)),
    v128.xor(f64x2.promote_low_f32x4(c), thirdSigns(kind)),
  );
}

/** Whether a sum, rounded to a single, is neither tiny nor infinite. */
// @ts-ignore: decorator of AssemblyScript
@inline
function fits32(sum: v128): bool {
  return i64x2.all_true(within(sum, NORMAL_F32 * 2, f32.MAX_VALUE));
}

// @ts-ignore: decorator of AssemblyScript
@inline
function differs32(rounded: v128, sum: v128): bool {
  return v128.any_true(f64x2.ne(f64x2.promote_low_f32x4(rounded), sum));
}

// @ts-ignore: decorator of AssemblyScript
@inline
function upper(x: v128): v128 {
  return v128.shuffle<i64>(x, x, 1, 1);
}

/** Does four singles if they are usual ones. */
function shortVector32(destination: usize, a: v128, b: v128, c: v128, kind: i32): bool {
  if (!plain32(a) || !plain32(b) || !plain32(c)) return false;
  const low = sum32(a, b, c, kind);
  const high = sum32(upper(a), upper(b), upper(c), kind);
  if (!fits32(low) || !fits32(high)) return false;
  const first = f32x4.demote_f64x2_zero(low);
  const last = f32x4.demote_f64x2_zero(high);
  if (!isInexact() && (differs32(first, low) || differs32(last, high))) raiseInexact();
  v128.store(destination, v128.shuffle<i64>(first, last, 0, 2));
  return true;
}

/** Does one single, in all lanes, if it is a usual one. */
function shortScalar32(destination: usize, a: v128, b: v128, c: v128, kind: i32): bool {
  if (!plain32(a) || !plain32(b) || !plain32(c)) return false;
  const sum = sum32(a, b, c, kind);
  if (!fits32(sum)) return false;
  const rounded = f32x4.demote_f64x2_zero(sum);
  if (!isInexact() && differs32(rounded, sum)) raiseInexact();
  store<f32>(destination, f32x4.extract_lane(rounded, 0));
  return true;
}

function isSubtracted(kind: i32, lane: i32): i32 {
  return i32((kind & (lane & 1 ? THIRD | ODD_THIRD : THIRD | EVEN_THIRD)) != 0);
}

function byLanes64(destination: u32, first: u32, second: u32, third: u32, kind: i32, lanes: i32): i32 {
  beginSse();
  for (let lane = 0; lane < lanes; lane++) {
    const at = lane << 3;
    const result = fusedF64(
      load<u64>(first + at), load<u64>(second + at), load<u64>(third + at), kind & PRODUCT, isSubtracted(kind, lane),
    );
    setResult64(lane, result);
    endLane();
  }
  return finishVector(destination, lanes << 3);
}

function byLanes32(destination: u32, first: u32, second: u32, third: u32, kind: i32, lanes: i32): i32 {
  beginSse();
  for (let lane = 0; lane < lanes; lane++) {
    const at = lane << 2;
    const result = fusedF32(
      load<u32>(first + at), load<u32>(second + at), load<u32>(third + at), kind & PRODUCT, isSubtracted(kind, lane),
    );
    setResult32(lane, result);
    endLane();
  }
  return finishVector(destination, lanes << 2);
}

export function sse_fma_ps(destination: u32, first: u32, second: u32, third: u32, kind: i32): i32 {
  const short =
    isNearest() && shortVector32(destination, v128.load(first), v128.load(second), v128.load(third), kind);
  return short ? 0 : byLanes32(destination, first, second, third, kind, 4);
}

export function sse_fma_pd(destination: u32, first: u32, second: u32, third: u32, kind: i32): i32 {
  if (isNearest()) {
    const a = v128.xor(v128.load(first), productSigns(kind));
    const c = v128.xor(v128.load(third), thirdSigns(kind));
    if (short64(destination, a, v128.load(second), c, 2)) return 0;
  }
  return byLanes64(destination, first, second, third, kind, 2);
}

/** The scalar forms write the lowest lane alone. */
export function sse_fma_ss(destination: u32, first: u32, second: u32, third: u32, kind: i32): i32 {
  if (isNearest()) {
    const b = v128.load32_splat(second);
    if (shortScalar32(destination, v128.load32_splat(first), b, v128.load32_splat(third), kind)) return 0;
  }
  return byLanes32(destination, first, second, third, kind, 1);
}

export function sse_fma_sd(destination: u32, first: u32, second: u32, third: u32, kind: i32): i32 {
  if (isNearest()) {
    const a = v128.xor(v128.load64_splat(first), productSigns(kind));
    const c = v128.xor(v128.load64_splat(third), thirdSigns(kind));
    if (short64(destination, a, v128.load64_splat(second), c, 1)) return 0;
  }
  return byLanes64(destination, first, second, third, kind, 1);
}
