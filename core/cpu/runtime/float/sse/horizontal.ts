/**
 * SSE3: sums and differences of neighbours (HADDPS …), and of every other lane (ADDSUBPS, ADDSUBPD). Each function
 * returns 0, or the unmasked exceptions: #XM is then due and the destination unchanged. [SDM] vol. 1, 12.3
 */
import { CPU } from "../../cpu";
import { SSE_FIRST, SSE_SECOND } from "../../../layout";
import { ADD, SUB } from "../arithmetic";
import { arithmetic32, arithmetic64 } from "./arithmetic";
import { laneF32, laneF64 } from "./lanes";
import { beginSse, endLane, finishVector, setResult32, setResult64 } from "./status";

/** Even lanes, the destination's below the source's, `operation` odd ones. */
function neighbours32(operation: i32, destination: u32, source: u32): i32 {
  const a = v128.load(destination);
  const b = v128.load(source);
  const first = CPU + SSE_FIRST;
  v128.store(first, v128.shuffle<i32>(a, b, 0, 2, 4, 6));
  v128.store(CPU + SSE_SECOND, v128.shuffle<i32>(a, b, 1, 3, 5, 7));
  const unmasked = arithmetic32(operation, first, CPU + SSE_SECOND, 4);
  if (unmasked == 0) v128.store(destination, v128.load(first));
  return unmasked;
}

function neighbours64(operation: i32, destination: u32, source: u32): i32 {
  const a = v128.load(destination);
  const b = v128.load(source);
  const first = CPU + SSE_FIRST;
  v128.store(first, v128.shuffle<i64>(a, b, 0, 2));
  v128.store(CPU + SSE_SECOND, v128.shuffle<i64>(a, b, 1, 3));
  const unmasked = arithmetic64(operation, first, CPU + SSE_SECOND, 2);
  if (unmasked == 0) v128.store(destination, v128.load(first));
  return unmasked;
}

export function sse_hadd_ps(destination: u32, source: u32): i32 {
  return neighbours32(ADD, destination, source);
}

export function sse_hsub_ps(destination: u32, source: u32): i32 {
  return neighbours32(SUB, destination, source);
}

export function sse_hadd_pd(destination: u32, source: u32): i32 {
  return neighbours64(ADD, destination, source);
}

export function sse_hsub_pd(destination: u32, source: u32): i32 {
  return neighbours64(SUB, destination, source);
}

/** ADDSUBPS: even lanes are differences, odd ones sums. */
export function sse_addsub_ps(destination: u32, source: u32): i32 {
  beginSse();
  for (let lane = 0; lane < 4; lane++) {
    const at = lane << 2;
    setResult32(lane, laneF32(lane & 1 ? ADD : SUB, load<u32>(destination + at), load<u32>(source + at)));
    endLane();
  }
  return finishVector(destination, 16);
}

/** ADDSUBPD. */
export function sse_addsub_pd(destination: u32, source: u32): i32 {
  beginSse();
  for (let lane = 0; lane < 2; lane++) {
    const at = lane << 3;
    setResult64(lane, laneF64(lane & 1 ? ADD : SUB, load<u64>(destination + at), load<u64>(source + at)));
    endLane();
  }
  return finishVector(destination, 16);
}
