/** CMPPS and its kin, COMISS and its kin. [SDM] vol. 2 */
import { compareF32, compareF64, orderF32, orderF64, relationsOf } from "./lanes";
import { plain32, plain64 } from "./plain";
import { beginSse, endLane, finishSse, finishVector, setResult32, setResult64 } from "./status";

/**
 * Each lane of the destination becomes all ones or zeros: destination `predicate` source. Predicates 0 to 7 are those
 * of CMPPS, up to 31 those of VCMPPS. Returns 0, or the unmasked exceptions.
 */
export function sse_cmp_ps(destination: u32, source: u32, predicate: i32): i32 {
  const a = v128.load(destination);
  const b = v128.load(source);
  // Numbers that are normal or zero raise nothing and are never unordered.
  if (!plain32(a) || !plain32(b)) return exact32(destination, source, predicate, 4);
  const relations = relationsOf(predicate);
  let result = i32x4.splat(0);
  if (relations & 1) result = f32x4.gt(a, b);
  if (relations & 2) result = v128.or(result, f32x4.lt(a, b));
  if (relations & 4) result = v128.or(result, f32x4.eq(a, b));
  v128.store(destination, result);
  return 0;
}

export function sse_cmp_pd(destination: u32, source: u32, predicate: i32): i32 {
  const a = v128.load(destination);
  const b = v128.load(source);
  if (!plain64(a) || !plain64(b)) return exact64(destination, source, predicate, 2);
  const relations = relationsOf(predicate);
  let result = i32x4.splat(0);
  if (relations & 1) result = f64x2.gt(a, b);
  if (relations & 2) result = v128.or(result, f64x2.lt(a, b));
  if (relations & 4) result = v128.or(result, f64x2.eq(a, b));
  v128.store(destination, result);
  return 0;
}

export function sse_cmp_ss(destination: u32, source: u32, predicate: i32): i32 {
  return exact32(destination, source, predicate, 1);
}

export function sse_cmp_sd(destination: u32, source: u32, predicate: i32): i32 {
  return exact64(destination, source, predicate, 1);
}

function exact32(destination: u32, source: u32, predicate: i32, lanes: i32): i32 {
  beginSse();
  for (let lane = 0; lane < lanes; lane++) {
    const at = lane << 2;
    const holds = compareF32(predicate, load<u32>(destination + at), load<u32>(source + at));
    setResult32(lane, holds ? u32.MAX_VALUE : 0);
    endLane();
  }
  return finishVector(destination, lanes << 2);
}

function exact64(destination: u32, source: u32, predicate: i32, lanes: i32): i32 {
  beginSse();
  for (let lane = 0; lane < lanes; lane++) {
    const at = lane << 3;
    const holds = compareF64(predicate, load<u64>(destination + at), load<u64>(source + at));
    setResult64(lane, holds ? u64.MAX_VALUE : 0);
    endLane();
  }
  return finishVector(destination, lanes << 3);
}

/**
 * COMISS (`signals` 1: every NaN is invalid) and UCOMISS (0). Returns ZF (bit 6), PF (bit 2) and CF (bit 0), OF, SF
 * and AF being cleared; or -1 with SSE_EXCEPTION set, EFLAGS then staying as they are.
 */
export function sse_comi_ss(first: u32, second: u32, signals: i32): i32 {
  beginSse();
  const flags = orderF32(load<u32>(first), load<u32>(second), signals != 0);
  return finishSse() ? -1 : flags;
}

/** COMISD and UCOMISD. */
export function sse_comi_sd(first: u32, second: u32, signals: i32): i32 {
  beginSse();
  const flags = orderF64(load<u64>(first), load<u64>(second), signals != 0);
  return finishSse() ? -1 : flags;
}
