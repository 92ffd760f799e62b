/**
 * SSE arithmetic on operands in memory: destination ← destination op source, packed or scalar (which leaves the other
 * lanes alone). Each function returns 0, or the unmasked exceptions: #XM is then due and the destination unchanged.
 *
 * Hardware arithmetic does the work where it is provably the same: rounding to nearest, PE masked, operands normal or zero, results so far from the denormals that they are not tiny. [SDM] vol. 1, 11.5
 */
import { ADD, DIV, MUL, SUB } from "../arithmetic";
import { MAX, MIN, SQRT, laneF32, laneF64 } from "./lanes";
import { exact32, exact64 } from "./exactness";
import { NORMAL_F32, NORMAL_F64, between32, between64, plain32, plain64, zero32, zero64 } from "./plain";
import { beginSse, endLane, finishVector, isInexact, isNearest, raiseInexact, setResult32, setResult64 } from "./status";

/** Whether plain operands may give this zero: a sum always, a product or quotient only if an operand is zero. */
// @ts-ignore: decorator of AssemblyScript
@inline
function safe64(operation: i32, a: v128, b: v128, result: v128): bool {
  let zero = zero64(result);
  if (operation == MUL || operation == DIV) zero = v128.and(zero, v128.or(zero64(a), zero64(b)));
  return i64x2.all_true(v128.or(between64(result, NORMAL_F64 * 2), zero));
}

// @ts-ignore: decorator of AssemblyScript
@inline
function safe32(operation: i32, a: v128, b: v128, result: v128): bool {
  let zero = zero32(result);
  if (operation == MUL || operation == DIV) zero = v128.and(zero, v128.or(zero32(a), zero32(b)));
  return i32x4.all_true(v128.or(between32(result, NORMAL_F32 * 2), zero));
}

// @ts-ignore: decorator of AssemblyScript
@inline
function hardware64(operation: i32, a: v128, b: v128): v128 {
  if (operation == ADD) return f64x2.add(a, b);
  if (operation == SUB) return f64x2.sub(a, b);
  if (operation == MUL) return f64x2.mul(a, b);
  if (operation == DIV) return f64x2.div(a, b);
  if (operation == MIN) return f64x2.pmin(b, a);
  if (operation == MAX) return f64x2.pmax(b, a);
  return f64x2.sqrt(b);
}

// @ts-ignore: decorator of AssemblyScript
@inline
function hardware32(operation: i32, a: v128, b: v128): v128 {
  if (operation == ADD) return f32x4.add(a, b);
  if (operation == SUB) return f32x4.sub(a, b);
  if (operation == MUL) return f32x4.mul(a, b);
  if (operation == DIV) return f32x4.div(a, b);
  if (operation == MIN) return f32x4.pmin(b, a);
  if (operation == MAX) return f32x4.pmax(b, a);
  return f32x4.sqrt(b);
}

/** A scalar operand as a vector whose other lanes are harmless. */
// @ts-ignore: decorator of AssemblyScript
@inline
function take64(address: usize, lanes: i32): v128 {
  return lanes == 2 ? v128.load(address) : f64x2.splat(load<f64>(address));
}

// @ts-ignore: decorator of AssemblyScript
@inline
function take32(address: usize, lanes: i32): v128 {
  return lanes == 4 ? v128.load(address) : f32x4.splat(load<f32>(address));
}

// @ts-ignore: decorator of AssemblyScript
@inline
export function arithmetic64(operation: i32, destination: usize, source: usize, lanes: i32): i32 {
  const selects = operation == MIN || operation == MAX;
  if (selects || isNearest()) {
    const b = take64(source, lanes);
    const a = operation == SQRT ? b : take64(destination, lanes);
    if (plain64(b) && (operation == SQRT || plain64(a))) {
      const result = hardware64(operation, a, b);
      if (selects || safe64(operation, a, b, result)) {
        if (!selects && !isInexact() && !exact64(operation, a, b, result)) raiseInexact();
        if (lanes == 2) v128.store(destination, result);
        else store<f64>(destination, f64x2.extract_lane(result, 0));
        return 0;
      }
    }
  }
  return byLanes64(operation, destination, source, lanes);
}

// @ts-ignore: decorator of AssemblyScript
@inline
export function arithmetic32(operation: i32, destination: usize, source: usize, lanes: i32): i32 {
  const selects = operation == MIN || operation == MAX;
  if (selects || isNearest()) {
    const b = take32(source, lanes);
    const a = operation == SQRT ? b : take32(destination, lanes);
    if (plain32(b) && (operation == SQRT || plain32(a))) {
      const result = hardware32(operation, a, b);
      if (selects || safe32(operation, a, b, result)) {
        if (!selects && !isInexact() && !exact32(operation, a, b, result)) raiseInexact();
        if (lanes == 4) v128.store(destination, result);
        else store<f32>(destination, f32x4.extract_lane(result, 0));
        return 0;
      }
    }
  }
  return byLanes32(operation, destination, source, lanes);
}

function byLanes64(operation: i32, destination: usize, source: usize, lanes: i32): i32 {
  beginSse();
  for (let lane = 0; lane < lanes; lane++) {
    const at = lane << 3;
    setResult64(lane, laneF64(operation, load<u64>(destination + at), load<u64>(source + at)));
    endLane();
  }
  return finishVector(destination, lanes << 3);
}

function byLanes32(operation: i32, destination: usize, source: usize, lanes: i32): i32 {
  beginSse();
  for (let lane = 0; lane < lanes; lane++) {
    const at = lane << 2;
    setResult32(lane, laneF32(operation, load<u32>(destination + at), load<u32>(source + at)));
    endLane();
  }
  return finishVector(destination, lanes << 2);
}

export function sse_add_ps(destination: u32, source: u32): i32 {
  return arithmetic32(ADD, destination, source, 4);
}
export function sse_add_pd(destination: u32, source: u32): i32 {
  return arithmetic64(ADD, destination, source, 2);
}
export function sse_add_ss(destination: u32, source: u32): i32 {
  return arithmetic32(ADD, destination, source, 1);
}
export function sse_add_sd(destination: u32, source: u32): i32 {
  return arithmetic64(ADD, destination, source, 1);
}

export function sse_mul_ps(destination: u32, source: u32): i32 {
  return arithmetic32(MUL, destination, source, 4);
}
export function sse_mul_pd(destination: u32, source: u32): i32 {
  return arithmetic64(MUL, destination, source, 2);
}
export function sse_mul_ss(destination: u32, source: u32): i32 {
  return arithmetic32(MUL, destination, source, 1);
}
export function sse_mul_sd(destination: u32, source: u32): i32 {
  return arithmetic64(MUL, destination, source, 1);
}

export function sse_sub_ps(destination: u32, source: u32): i32 {
  return arithmetic32(SUB, destination, source, 4);
}
export function sse_sub_pd(destination: u32, source: u32): i32 {
  return arithmetic64(SUB, destination, source, 2);
}
export function sse_sub_ss(destination: u32, source: u32): i32 {
  return arithmetic32(SUB, destination, source, 1);
}
export function sse_sub_sd(destination: u32, source: u32): i32 {
  return arithmetic64(SUB, destination, source, 1);
}

export function sse_div_ps(destination: u32, source: u32): i32 {
  return arithmetic32(DIV, destination, source, 4);
}
export function sse_div_pd(destination: u32, source: u32): i32 {
  return arithmetic64(DIV, destination, source, 2);
}
export function sse_div_ss(destination: u32, source: u32): i32 {
  return arithmetic32(DIV, destination, source, 1);
}
export function sse_div_sd(destination: u32, source: u32): i32 {
  return arithmetic64(DIV, destination, source, 1);
}

export function sse_min_ps(destination: u32, source: u32): i32 {
  return arithmetic32(MIN, destination, source, 4);
}
export function sse_min_pd(destination: u32, source: u32): i32 {
  return arithmetic64(MIN, destination, source, 2);
}
export function sse_min_ss(destination: u32, source: u32): i32 {
  return arithmetic32(MIN, destination, source, 1);
}
export function sse_min_sd(destination: u32, source: u32): i32 {
  return arithmetic64(MIN, destination, source, 1);
}

export function sse_max_ps(destination: u32, source: u32): i32 {
  return arithmetic32(MAX, destination, source, 4);
}
export function sse_max_pd(destination: u32, source: u32): i32 {
  return arithmetic64(MAX, destination, source, 2);
}
export function sse_max_ss(destination: u32, source: u32): i32 {
  return arithmetic32(MAX, destination, source, 1);
}
export function sse_max_sd(destination: u32, source: u32): i32 {
  return arithmetic64(MAX, destination, source, 1);
}

export function sse_sqrt_ps(destination: u32, source: u32): i32 {
  return arithmetic32(SQRT, destination, source, 4);
}
export function sse_sqrt_pd(destination: u32, source: u32): i32 {
  return arithmetic64(SQRT, destination, source, 2);
}
export function sse_sqrt_ss(destination: u32, source: u32): i32 {
  return arithmetic32(SQRT, destination, source, 1);
}
export function sse_sqrt_sd(destination: u32, source: u32): i32 {
  return arithmetic64(SQRT, destination, source, 1);
}
