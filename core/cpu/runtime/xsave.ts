// The XSAVE family: x87 and SSE state in an image of 512 bytes and a header of 64, AVX state behind them. [SDM] vol. 1,
// chapter 13.

import {
  CR4,
  GPR,
  MODEL_FLAGS,
  MODEL_XSAVEC,
  MXCSR,
  XCR0,
  XCR0_ALLOWED,
  XMM,
  XSS,
  YMM_HIGH,
} from "../layout";
import { CPU } from "./cpu";
import { requirePrivilege } from "./eflags";
import { GP, raise, raisePlain, UD } from "./exceptions";
import { isBadMxcsr, isX87Initial, loadX87, mxcsrMask, resetX87, saveX87 } from "./float/x87/control";
import { throwFault } from "./host";
import { commitWrite, slowModify, slowRead } from "./memory";

const CR4_OSXSAVE: u32 = 1 << 18;

/** State components. That of AVX is the upper halves of the YMM registers. */
const X87: u64 = 1;
const SSE: u64 = 2;
const AVX: u64 = 4;

/** Offsets in the image. */
const IMAGE_MXCSR: usize = 24;
const IMAGE_XMM: usize = 160;
const XSTATE_BV: usize = 512;
const XCOMP_BV: usize = 520;
const HEADER_END: usize = 576;
/** In either format: it is the first of the extended components. */
const IMAGE_YMM: usize = 576;
/** XCOMP_BV: the image is compacted. */
const COMPACTED: u64 = 1 << 63;

/** The components that MXCSR goes with in the standard format. In the compacted one it is SSE's alone. */
const MXCSR_OWNERS: u64 = SSE | AVX;
const INITIAL_MXCSR: u32 = 0x1f80;

/** What an instruction of the family is, in the order of `KINDS` in semantics/xsave.ts. */
const XSAVE: u32 = 0;
const XSAVEC: u32 = 2;
const XSAVES: u32 = 3;

/** Bytes of an image that has these components. */
export function imageBytes(components: u64): u32 {
  return components & AVX ? 832 : 576;
}

function requireEnabled(): void {
  if (!(load<u32>(CPU + CR4) & CR4_OSXSAVE)) raisePlain(UD);
}

/** EDX:EAX. */
function pair(): u64 {
  return load<u32>(CPU + GPR) | (<u64>load<u32>(CPU + GPR + 16) << 32);
}

/** Whether a range of the processor's state is not all zeros. */
function isUsed(from: usize, bytes: usize): bool {
  let bits: u64 = 0;
  for (let at: usize = 0; at < bytes; at += 8) bits |= load<u64>(CPU + from + at);
  return bits != 0;
}

/** XINUSE: the components that are not in their initial state. MXCSR does not count. */
function inUse(registers: i32): u64 {
  const bytes = <usize>registers << 4;
  const used = (isX87Initial() ? 0 : X87) | (isUsed(XMM, bytes) ? SSE : 0);
  return used | (isUsed(YMM_HIGH, bytes) ? AVX : 0);
}

/** XSAVE, XSAVEOPT, XSAVEC and XSAVES. `wide` 1: with 64-bit pointers; `registers`: XMM and YMM ones that the mode has. */
export function xsave(linear: u64, kind: u32, wide: i32, registers: i32): void {
  if (linear & 63) raise(GP, 0);
  const compact = kind == XSAVEC || kind == XSAVES;
  const requested = pair() & (load<u64>(CPU + XCR0) | (kind == XSAVES ? load<u64>(CPU + XSS) : 0));
  const used = inUse(registers) & requested;
  let saved = kind == XSAVE ? requested : used;
  if (compact && requested & SSE && load<u32>(CPU + MXCSR) != INITIAL_MXCSR) saved |= SSE;
  const image = slowModify(linear, imageBytes(saved));
  if (!image) throwFault();
  if (saved & X87) saveX87(image, wide);
  if (saved & SSE) memory.copy(image + IMAGE_XMM, CPU + XMM, registers << 4);
  if (saved & AVX) memory.copy(image + IMAGE_YMM, CPU + YMM_HIGH, registers << 4);
  if (compact ? saved & SSE : requested & MXCSR_OWNERS) {
    store<u32>(image + IMAGE_MXCSR, load<u32>(CPU + MXCSR));
    store<u32>(image + IMAGE_MXCSR, mxcsrMask(), 4);
  }
  if (compact) {
    store<u64>(image + XSTATE_BV, saved);
    store<u64>(image + XCOMP_BV, requested | COMPACTED);
  } else store<u64>(image + XSTATE_BV, (load<u64>(image + XSTATE_BV) & ~requested) | used);
  commitWrite();
}

/** Whether all bytes of an image's header from an offset on are 0. */
function isClear(image: usize, from: usize, to: usize): bool {
  for (let at = from; at < to; at += 8) if (load<u64>(image + at)) return false;
  return true;
}

/** #GP(0) for a header that no XSAVE has made. */
function checkHeader(image: usize, compact: bool): void {
  const enabled = load<u64>(CPU + XCR0);
  const present = load<u64>(image + XSTATE_BV);
  if (compact) {
    const components = load<u64>(image + XCOMP_BV) & ~COMPACTED;
    const known = (load<u32>(CPU + MODEL_FLAGS) & MODEL_XSAVEC) != 0;
    if (!known || components & ~enabled || present & ~components || !isClear(image, XCOMP_BV + 8, HEADER_END)) {
      raise(GP, 0);
    }
  } else if (present & ~enabled || !isClear(image, XCOMP_BV, XCOMP_BV + 16)) raise(GP, 0);
}

/** Loads a component's registers, or clears them where the image has none. */
function restore(to: usize, from: usize, registers: i32, present: u64, requested: u64): void {
  if (present) memory.copy(CPU + to, from, registers << 4);
  else if (requested) memory.fill(CPU + to, 0, registers << 4);
}

/** XRSTOR, and XRSTORS with `privileged`. */
export function xrstor(linear: u64, privileged: bool, wide: i32, registers: i32): void {
  if (linear & 63) raise(GP, 0);
  let image = slowRead(linear, imageBytes(0));
  if (!image) throwFault();
  const compact = (load<u64>(image + XCOMP_BV) & COMPACTED) != 0;
  if (privileged && !compact) raise(GP, 0);
  checkHeader(image, compact);
  const requested = pair() & load<u64>(CPU + XCR0);
  const present = load<u64>(image + XSTATE_BV) & requested;
  if (present & AVX) {
    image = slowRead(linear, imageBytes(AVX));
    if (!image) throwFault();
  }
  // Of a standard image MXCSR is taken even where the registers are not.
  const takesMxcsr = (compact ? present & SSE : requested & MXCSR_OWNERS) != 0;
  if (takesMxcsr && isBadMxcsr(load<u32>(image + IMAGE_MXCSR))) raise(GP, 0);
  if (present & X87) loadX87(image, wide);
  else if (requested & X87) resetX87();
  restore(XMM, image + IMAGE_XMM, registers, present & SSE, requested & SSE);
  restore(YMM_HIGH, image + IMAGE_YMM, registers, present & AVX, requested & AVX);
  if (takesMxcsr) store<u32>(CPU + MXCSR, load<u32>(image + IMAGE_MXCSR));
  else if (requested & SSE) store<u32>(CPU + MXCSR, INITIAL_MXCSR);
}

/** XGETBV: XCR0, and what of it is in use. */
export function xgetbv(registers: i32): void {
  requireEnabled();
  const number = load<u32>(CPU + GPR + 8);
  if (number > 1) raise(GP, 0);
  const enabled = load<u64>(CPU + XCR0);
  const value = number ? enabled & inUse(registers) : enabled;
  store<u64>(CPU + GPR, value & 0xffffffff);
  store<u64>(CPU + GPR + 16, value >> 32);
}

export function xsetbv(): void {
  requireEnabled();
  requirePrivilege();
  const value = pair();
  if (load<u32>(CPU + GPR + 8) || !(value & X87) || value & ~load<u64>(CPU + XCR0_ALLOWED)) raise(GP, 0);
  if (value & AVX && !(value & SSE)) raise(GP, 0);
  store<u64>(CPU + XCR0, value);
}
