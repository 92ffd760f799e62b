/** MXCSR and the exceptions of an SSE instruction, over all its lanes. [SDM] vol. 1, chapter 11.5 */
import { CPU } from "../../cpu";
import { MXCSR, SSE_EXCEPTION, SSE_RESULT } from "../../../layout";
import { DE, EXCEPTIONS, IE, OE, PE, UE, ZE, beginRounding, masks, raised, setRaised } from "../rounding";

/** MXCSR: denormals are zeros; rounding control; flush to zero. The masks lie 7 bits above their flags. */
const DAZ: u32 = 0x40;
const RC_SHIFT: u32 = 13;
const RC: u32 = 0x6000;
const FTZ: u32 = 0x8000;
const MASK_SHIFT: u32 = 7;

/** Whether denormal operands are taken for zeros. */
export let denormalsAreZeros: bool = false;
/** Flags of the lanes done. */
let flags: i32 = 0;

export function beginSse(): void {
  const word = load<u32>(CPU + MXCSR);
  beginRounding((word & RC) >> RC_SHIFT, (word >> MASK_SHIFT) & EXCEPTIONS, (word & FTZ) != 0);
  denormalsAreZeros = (word & DAZ) != 0;
  flags = 0;
}

/** Between two lanes: the exceptions of one do not prevent another's. */
export function endLane(): void {
  flags |= raised & EXCEPTIONS;
  setRaised(0);
}

/**
 * Ends an instruction: flags go to MXCSR, those of results only when no operand has an unmasked exception.
 * Returns the unmasked exceptions, kept in SSE_EXCEPTION too: not 0 means #XM, and no result.
 */
export function finishSse(): i32 {
  endLane();
  const before = flags & (IE | DE | ZE);
  if (before & ~masks) flags = before;
  store<u32>(CPU + MXCSR, load<u32>(CPU + MXCSR) | flags);
  const unmasked = flags & ~masks;
  store<u32>(CPU + SSE_EXCEPTION, unmasked);
  return unmasked;
}

/**
 * After an instruction that was done in two parts, of which one or both have unmasked exceptions: those of results stay as they
 * were in MXCSR `before` if operands have some in either part. `unmasked`: of both.
 */
export function sse_settle_parts(before: u32, unmasked: u32): void {
  if (!(unmasked & (IE | DE | ZE))) return;
  const ofResults: u32 = OE | UE | PE;
  store<u32>(CPU + MXCSR, (load<u32>(CPU + MXCSR) & ~ofResults) | (before & ofResults));
}

/** Ends an instruction as finishSse does; then `bytes` of results go from SSE_RESULT to `destination`. */
export function finishVector(destination: usize, bytes: i32): i32 {
  const unmasked = finishSse();
  if (unmasked == 0) memory.copy(destination, CPU + SSE_RESULT, bytes);
  return unmasked;
}

export function setResult32(lane: i32, bits: u32): void {
  store<u32>(CPU + SSE_RESULT + (lane << 2), bits);
}

export function setResult64(lane: i32, bits: u64): void {
  store<u64>(CPU + SSE_RESULT + (lane << 3), bits);
}

/** Whether rounding is to nearest, PE being masked. */
export function isNearest(): bool {
  return (load<u32>(CPU + MXCSR) & (RC | (PE << MASK_SHIFT))) == PE << MASK_SHIFT;
}

/** Whether PE is raised already. */
export function isInexact(): bool {
  return (load<u32>(CPU + MXCSR) & PE) != 0;
}

/** Raises PE, which is masked. */
export function raiseInexact(): void {
  store<u32>(CPU + MXCSR, load<u32>(CPU + MXCSR) | PE);
}

/** Whether rounding is to nearest and an inexact result changes nothing: PE is raised already, and masked. */
export function inexactIsFree(): bool {
  return (load<u32>(CPU + MXCSR) & (RC | (PE << MASK_SHIFT) | PE)) == (PE << MASK_SHIFT | PE);
}
