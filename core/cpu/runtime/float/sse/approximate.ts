/**
 * RCPPS, RCPSS, RSQRTPS, RSQRTSS. They raise no exception; denormals count as zeros, tiny results are zeros. [SDM]
 * allows a relative error of 1.5 × 2^-12 and processors differ in what they make of it; here results are those of the
 * exact function, to the last bit or nearly.
 */
import { INDEFINITE_F32 } from "../operands";

const MAGNITUDE: u32 = 0x7fffffff;
const INFINITY: u32 = 0x7f800000;
const QUIET: u32 = 0x00400000;
const SMALLEST_NORMAL: u32 = 0x00800000;

function reciprocal(bits: u32): u32 {
  const magnitude = bits & MAGNITUDE;
  const sign = bits & ~MAGNITUDE;
  if (magnitude > INFINITY) return bits | QUIET;
  if (magnitude < SMALLEST_NORMAL) return sign | INFINITY;
  const result = reinterpret<u32>(1 / reinterpret<f32>(magnitude));
  return sign | (result < SMALLEST_NORMAL ? 0 : result);
}

function reciprocalRoot(bits: u32): u32 {
  const magnitude = bits & MAGNITUDE;
  if (magnitude > INFINITY) return bits | QUIET;
  if (magnitude < SMALLEST_NORMAL) return (bits & ~MAGNITUDE) | INFINITY;
  if (bits != magnitude) return INDEFINITE_F32;
  return reinterpret<u32>(1 / sqrt<f32>(reinterpret<f32>(bits)));
}

/** RCPSS with one lane, RCPPS with four. */
export function sse_rcp(destination: u32, source: u32, lanes: i32): void {
  for (let at = 0; at < lanes << 2; at += 4) store<u32>(destination + at, reciprocal(load<u32>(source + at)));
}

/** RSQRTSS with one lane, RSQRTPS with four. */
export function sse_rsqrt(destination: u32, source: u32, lanes: i32): void {
  for (let at = 0; at < lanes << 2; at += 4) store<u32>(destination + at, reciprocalRoot(load<u32>(source + at)));
}
