/** SSE4.1: ROUNDPS, ROUNDPD, ROUNDSS, ROUNDSD. [SDM] vol. 2B, table 4-19 */
import { PE, raised, setMode, setRaised } from "../rounding";
import { integralF32, integralF64 } from "./lanes";
import { beginSse, endLane, finishVector, setResult32, setResult64 } from "./status";

/** Fields of the immediate: rounding control, whether MXCSR's is taken instead, whether PE is left alone. */
const CONTROL: i32 = 3;
const BY_MXCSR: i32 = 4;
const QUIET: i32 = 8;

function begin(immediate: i32): void {
  beginSse();
  if (!(immediate & BY_MXCSR)) setMode(immediate & CONTROL);
}

function end(immediate: i32): void {
  if (immediate & QUIET) setRaised(raised & ~PE);
  endLane();
}

/** Rounds `lanes` lanes. Returns 0, or the unmasked exceptions: the destination is then unchanged. */
function round32(destination: u32, source: u32, immediate: i32, lanes: i32): i32 {
  begin(immediate);
  for (let lane = 0; lane < lanes; lane++) {
    setResult32(lane, integralF32(load<u32>(source + (lane << 2))));
    end(immediate);
  }
  return finishVector(destination, lanes << 2);
}

function round64(destination: u32, source: u32, immediate: i32, lanes: i32): i32 {
  begin(immediate);
  for (let lane = 0; lane < lanes; lane++) {
    setResult64(lane, integralF64(load<u64>(source + (lane << 3))));
    end(immediate);
  }
  return finishVector(destination, lanes << 3);
}

export function sse_round_ps(destination: u32, source: u32, immediate: i32): i32 {
  return round32(destination, source, immediate, 4);
}

export function sse_round_pd(destination: u32, source: u32, immediate: i32): i32 {
  return round64(destination, source, immediate, 2);
}

export function sse_round_ss(destination: u32, source: u32, immediate: i32): i32 {
  return round32(destination, source, immediate, 1);
}

export function sse_round_sd(destination: u32, source: u32, immediate: i32): i32 {
  return round64(destination, source, immediate, 1);
}
