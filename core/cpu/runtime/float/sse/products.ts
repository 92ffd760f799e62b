/**
 * SSE4.1: DPPS and DPPD, products of the lanes that the immediate's upper half names, their sum in those that its lower
 * half names, zeros in the others. [SDM] vol. 2A
 */
import { CPU } from "../../cpu";
import { SSE_EXCEPTION } from "../../../layout";
import { ADD, MUL } from "../arithmetic";
import { laneF32, laneF64 } from "./lanes";
import { beginSse, endLane, finishSse, finishVector, setResult32, setResult64 } from "./status";

/** Flags of each step stay raised, whatever the next one meets. Returns whether the next one is not to be done. */
function nextStep(): bool {
  if (finishSse()) return true;
  beginSse();
  return false;
}

function product32(destination: u32, source: u32, immediate: i32, lane: i32): u32 {
  if (!(immediate & (0x10 << lane))) return 0;
  const product = laneF32(MUL, load<u32>(destination + (lane << 2)), load<u32>(source + (lane << 2)));
  endLane();
  return product;
}

function sum32(a: u32, b: u32): u32 {
  const sum = laneF32(ADD, a, b);
  endLane();
  return sum;
}

/** Returns 0, or the unmasked exceptions of the first step that has some: the destination is then unchanged. */
export function sse_dp_ps(destination: u32, source: u32, immediate: i32): i32 {
  beginSse();
  const first = product32(destination, source, immediate, 0);
  const second = product32(destination, source, immediate, 1);
  const third = product32(destination, source, immediate, 2);
  const fourth = product32(destination, source, immediate, 3);
  if (nextStep()) return load<i32>(CPU + SSE_EXCEPTION);
  const lower = sum32(first, second);
  const upper = sum32(third, fourth);
  if (nextStep()) return load<i32>(CPU + SSE_EXCEPTION);
  const sum = sum32(lower, upper);
  for (let lane = 0; lane < 4; lane++) setResult32(lane, immediate & (1 << lane) ? sum : 0);
  return finishVector(destination, 16);
}

function product64(destination: u32, source: u32, immediate: i32, lane: i32): u64 {
  if (!(immediate & (0x10 << lane))) return 0;
  const product = laneF64(MUL, load<u64>(destination + (lane << 3)), load<u64>(source + (lane << 3)));
  endLane();
  return product;
}

export function sse_dp_pd(destination: u32, source: u32, immediate: i32): i32 {
  beginSse();
  const first = product64(destination, source, immediate, 0);
  const second = product64(destination, source, immediate, 1);
  if (nextStep()) return load<i32>(CPU + SSE_EXCEPTION);
  const sum = laneF64(ADD, first, second);
  endLane();
  for (let lane = 0; lane < 2; lane++) setResult64(lane, immediate & (1 << lane) ? sum : 0);
  return finishVector(destination, 16);
}
