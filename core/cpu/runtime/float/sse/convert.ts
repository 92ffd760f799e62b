/**
 * SSE and SSE2 conversions. Vector forms return 0 or the unmasked exceptions, leaving the destination alone; forms with
 * a result for a general register leave them in SSE_EXCEPTION only. [SDM] vol. 2, CVT…
 */
import { CPU } from "../../cpu";
import { SSE_EXCEPTION } from "../../../layout";
import { TRUNCATE, setMode } from "../rounding";
import { f32ToF64, f32ToInteger, f64ToF32, f64ToInteger, integerToF32, integerToF64 } from "./lanes";
import { plain32 } from "./plain";
import { beginSse, endLane, finishSse, finishVector, inexactIsFree, setResult32, setResult64 } from "./status";

/** Integers up to these are exact in the formats. */
const EXACT_F64: i64 = 1 << 53;
const EXACT_F32: i64 = 1 << 24;

/** CVTPS2PD; with one lane CVTSS2SD, which keeps the upper half. */
function widen(destination: u32, source: u32, lanes: i32): i32 {
  beginSse();
  for (let lane = 0; lane < lanes; lane++) {
    setResult64(lane, f32ToF64(load<u32>(source + (lane << 2))));
    endLane();
  }
  return finishVector(destination, lanes << 3);
}

export function sse_cvtps2pd(destination: u32, source: u32): i32 {
  return widen(destination, source, 2);
}

export function sse_cvtss2sd(destination: u32, source: u32): i32 {
  const value = load<f32>(source);
  if (plain32(f32x4.splat(value))) {
    store<f64>(destination, f64(value));
    return 0;
  }
  return widen(destination, source, 1);
}

/** The upper half becomes zero. */
export function sse_cvtpd2ps(destination: u32, source: u32): i32 {
  beginSse();
  for (let lane = 0; lane < 2; lane++) {
    setResult32(lane, f64ToF32(load<u64>(source + (lane << 3))));
    endLane();
  }
  setResult64(1, 0);
  return finishVector(destination, 16);
}

export function sse_cvtsd2ss(destination: u32, source: u32): i32 {
  beginSse();
  setResult32(0, f64ToF32(load<u64>(source)));
  return finishVector(destination, 4);
}

/** CVTDQ2PS with 4 lanes; CVTPI2PS with 2, which keeps the upper half. */
export function sse_cvtdq2ps(destination: u32, source: u32, lanes: i32): i32 {
  if (lanes == 4 && inexactIsFree()) {
    v128.store(destination, f32x4.convert_i32x4_s(v128.load(source)));
    return 0;
  }
  beginSse();
  for (let lane = 0; lane < lanes; lane++) {
    setResult32(lane, integerToF32(load<i32>(source + (lane << 2))));
    endLane();
  }
  return finishVector(destination, lanes << 2);
}

/** CVTDQ2PD and CVTPI2PD: always exact. */
export function sse_cvtdq2pd(destination: u32, source: u32): void {
  v128.store(destination, f64x2.convert_low_i32x4_s(v128.load64_zero(source)));
}

/** CVTPS2DQ with 4 lanes, CVTPS2PI (to an MMX register) with 2; truncating: CVTTPS2DQ, CVTTPS2PI. */
export function sse_cvtps2dq(destination: u32, source: u32, lanes: i32, truncating: i32): i32 {
  beginSse();
  if (truncating) setMode(TRUNCATE);
  for (let lane = 0; lane < lanes; lane++) {
    setResult32(lane, <u32>f32ToInteger(load<u32>(source + (lane << 2)), 32));
    endLane();
  }
  return finishVector(destination, lanes << 2);
}

/** CVTPD2DQ, upper half zero, with 16 `bytes`; CVTPD2PI (to an MMX register) with 8; truncating: CVTTPD2DQ, CVTTPD2PI. */
export function sse_cvtpd2dq(destination: u32, source: u32, bytes: i32, truncating: i32): i32 {
  beginSse();
  if (truncating) setMode(TRUNCATE);
  for (let lane = 0; lane < 2; lane++) {
    setResult32(lane, <u32>f64ToInteger(load<u64>(source + (lane << 3)), 32));
    endLane();
  }
  setResult64(1, 0);
  return finishVector(destination, bytes);
}

/** CVTSI2SS with a 32-bit (sign-extended) or 64-bit integer. */
export function sse_cvtsi2ss(destination: u32, value: i64): i32 {
  if (value >= -EXACT_F32 && value <= EXACT_F32) {
    store<f32>(destination, f32(value));
    return 0;
  }
  beginSse();
  setResult32(0, integerToF32(value));
  return finishVector(destination, 4);
}

export function sse_cvtsi2sd(destination: u32, value: i64): i32 {
  if (value >= -EXACT_F64 && value <= EXACT_F64) {
    store<f64>(destination, f64(value));
    return 0;
  }
  beginSse();
  setResult64(0, integerToF64(value));
  return finishVector(destination, 8);
}

/** Whether a number may be converted to an integer of `bits` by the hardware: in range, and no flag to be set. */
function convertsFreely(value: f64, bits: i32): bool {
  const limit: f64 = bits == 32 ? 2147483646.0 : 4611686018427387904.0;
  if (!(abs(value) <= limit) || !(inexactIsFree() || nearest(value) == value)) return false;
  store<u32>(CPU + SSE_EXCEPTION, 0);
  return true;
}

/** CVTSS2SI to `bits` 32 or 64; truncating: CVTTSS2SI. Returns the integer, sign-extended: see SSE_EXCEPTION. */
export function sse_cvtss2si(source: u32, bits: i32, truncating: i32): i64 {
  const number: f64 = load<f32>(source);
  if (convertsFreely(number, bits)) return i64(truncating ? trunc(number) : nearest(number));
  beginSse();
  if (truncating) setMode(TRUNCATE);
  const value = f32ToInteger(load<u32>(source), bits);
  finishSse();
  return value;
}

/** CVTSD2SI and CVTTSD2SI. */
export function sse_cvtsd2si(source: u32, bits: i32, truncating: i32): i64 {
  const number: f64 = load<f64>(source);
  if (convertsFreely(number, bits)) return i64(truncating ? trunc(number) : nearest(number));
  beginSse();
  if (truncating) setMode(TRUNCATE);
  const value = f64ToInteger(load<u64>(source), bits);
  finishSse();
  return value;
}
