/**
 * SSE4.1: DPPS and DPPD, products of the lanes that the immediate's upper half names, their sum in those that its lower
 * half names, zeros in the others. [SDM] vol. 2A
 */
import { CPU } from "../../cpu";
import { SSE_EXCEPTION, SSE_FIRST, XMM, YMM_HIGH } from "../../../layout";
import { ADD, MUL } from "../arithmetic";
import { laneF32, laneF64 } from "./lanes";
import { beginSse, endLane, finishSse, finishVector, setResult64 } from "./status";

/** From a YMM register's lower half to its upper one. */
const UPPER: u32 = YMM_HIGH - XMM;

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

/** Where the lanes of a part are from one step to the next, and at the end its result. */
// @ts-ignore: decorator of AssemblyScript
@inline
function lanesOf(part: u32): usize {
  return CPU + SSE_FIRST + (part << 4);
}

/**
 * DPPS of one vector or both halves of two registers, to SSE_FIRST and SSE_SECOND. From one to the next there are `apart` bytes of the
 * source. Returns 0, or the unmasked exceptions of the first step that has some, in either.
 */
function dotProducts(first: u32, source: u32, apart: u32, immediate: i32, parts: u32): i32 {
  beginSse();
  for (let part: u32 = 0; part < parts; part++) {
    const a = first + part * UPPER;
    const b = source + part * apart;
    const to = lanesOf(part);
    for (let lane = 0; lane < 4; lane++) store<u32>(to + (lane << 2), product32(a, b, immediate, lane));
  }
  if (nextStep()) return load<i32>(CPU + SSE_EXCEPTION);
  for (let part: u32 = 0; part < parts; part++) {
    const at = lanesOf(part);
    store<u32>(at, sum32(load<u32>(at), load<u32>(at, 4)));
    store<u32>(at, sum32(load<u32>(at, 8), load<u32>(at, 12)), 4);
  }
  if (nextStep()) return load<i32>(CPU + SSE_EXCEPTION);
  for (let part: u32 = 0; part < parts; part++) {
    const at = lanesOf(part);
    const sum = sum32(load<u32>(at), load<u32>(at, 4));
    for (let lane = 0; lane < 4; lane++) store<u32>(at + (lane << 2), immediate & (1 << lane) ? sum : 0);
  }
  return finishSse();
}

/** DPPS. The destination is unchanged where there are unmasked exceptions. */
export function sse_dp_ps(destination: u32, source: u32, immediate: i32): i32 {
  const unmasked = dotProducts(destination, source, 0, immediate, 1);
  if (unmasked == 0) memory.copy(destination, lanesOf(0), 16);
  return unmasked;
}

/** VDPPS of a YMM register with a source of which one half lies `apart` bytes from the other; results are at SSE_FIRST and SSE_SECOND. */
export function sse_dp_ps_halves(first: u32, source: u32, apart: u32, immediate: i32): i32 {
  return dotProducts(first, source, apart, immediate, 2);
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
