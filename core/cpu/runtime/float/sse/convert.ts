/**
 * SSE and SSE2 conversions. Vector forms return 0 or the unmasked exceptions, leaving the destination alone; forms with
 * a result for a general register leave them in SSE_EXCEPTION only. [SDM] vol. 2, CVT…
 */
import { TRUNCATE, setMode } from "../rounding";
import { f32ToF64, f32ToInteger, f64ToF32, f64ToInteger, integerToF32, integerToF64 } from "./lanes";
import { beginSse, endLane, finishSse, finishVector, setResult32, setResult64 } from "./status";

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
  beginSse();
  setResult32(0, integerToF32(value));
  return finishVector(destination, 4);
}

export function sse_cvtsi2sd(destination: u32, value: i64): i32 {
  beginSse();
  setResult64(0, integerToF64(value));
  return finishVector(destination, 8);
}

/** CVTSS2SI to `bits` 32 or 64; truncating: CVTTSS2SI. Returns the integer, sign-extended: see SSE_EXCEPTION. */
export function sse_cvtss2si(source: u32, bits: i32, truncating: i32): i64 {
  beginSse();
  if (truncating) setMode(TRUNCATE);
  const value = f32ToInteger(load<u32>(source), bits);
  finishSse();
  return value;
}

/** CVTSD2SI and CVTTSD2SI. */
export function sse_cvtsd2si(source: u32, bits: i32, truncating: i32): i64 {
  beginSse();
  if (truncating) setMode(TRUNCATE);
  const value = f64ToInteger(load<u64>(source), bits);
  finishSse();
  return value;
}
