// The processor as a whole: reset, and what is derived from its registers.

import {
  A20_MASK,
  CPL,
  CR0,
  CR2,
  CR3,
  CR4,
  DR,
  EFER,
  EFLAGS,
  EXCEPTION,
  FLAGS_AUX,
  FLAGS_KIND,
  FLAGS_RESULT,
  FPU_CONTROL,
  FPU_STATUS,
  FPU_TAGS,
  GDTR_BASE,
  GDTR_LIMIT,
  GPR,
  HALTED,
  IDTR_BASE,
  IDTR_LIMIT,
  MODE,
  MODE_CODE_SIZE,
  MODE_FLAT,
  MODE_FLAT_CODE,
  MODE_LONG,
  MODE_STACK_32,
  MODEL_MSR_SIZE,
  MODEL_MSR_TABLE,
  MODEL_MSR_VALUES,
  MODEL_MSRS,
  MODEL_SIGNATURE,
  MTRR,
  MXCSR,
  PAT,
  RIP,
  SEGMENT_ATTRIBUTES,
  SEGMENT_BASE,
  SEGMENT_LIMIT,
  SEGMENT_SELECTOR,
  SEGMENT_SIZE,
  SEGMENTS,
  NMI,
  SHADOW,
  SYSENTER_CS,
  TSC_AUX,
  TSC_OFFSET,
  XCR0,
  XMM,
  XSS,
} from "../layout";
import { CPU } from "./cpu";
import { chooseTable, flushHigh, resetTlb } from "./tlb";

export const ES: u32 = 0;
export const CS: u32 = 1;
export const SS: u32 = 2;
export const DS: u32 = 3;
export const FS: u32 = 4;
export const GS: u32 = 5;
export const LDTR: u32 = 6;
export const TR: u32 = 7;

const ATTRIBUTE_LONG = 0x2000;
const ATTRIBUTE_BIG = 0x4000;
const UNUSABLE = 0x10000;
const EFER_LMA: u64 = 1 << 10;
const CR0_ET: u64 = 1 << 4;
/** CR0.CD and NW. */
const CACHE_CONTROL: u64 = 0x60000000;

/** Place of a segment register in memory. */
// @ts-ignore: decorator of AssemblyScript
@inline
export function segment(number: u32): usize {
  return CPU + SEGMENTS + number * SEGMENT_SIZE;
}

export function setSegment(number: u32, selector: u32, base: u64, limit: u32, attributes: u32): void {
  const place = segment(number);
  store<u64>(place + SEGMENT_BASE, base);
  store<u32>(place + SEGMENT_LIMIT, limit);
  store<u32>(place + SEGMENT_SELECTOR, selector);
  store<u32>(place + SEGMENT_ATTRIBUTES, attributes);
}

/** INIT#: x87 and SSE state, caches, the time-stamp counter and most model-specific registers stay. [SDM] vol. 3A, table 10-1 */
export function initialize(): void {
  memory.fill(CPU + GPR, 0, 128);
  store<u64>(CPU + GPR + 16, load<u32>(CPU + MODEL_SIGNATURE));
  store<u64>(CPU + RIP, 0xfff0);
  store<i64>(CPU + FLAGS_RESULT, 0x100);
  store<u32>(CPU + FLAGS_AUX, 0x100);
  store<u32>(CPU + FLAGS_KIND, 0);
  store<u32>(CPU + EFLAGS, 2);
  store<i32>(CPU + CPL, 0);
  store<u64>(CPU + CR0, (load<u64>(CPU + CR0) & CACHE_CONTROL) | CR0_ET);
  store<u64>(CPU + CR2, 0);
  store<u64>(CPU + CR3, 0);
  store<u64>(CPU + CR4, 0);
  store<u64>(CPU + EFER, 0);
  memory.fill(CPU + DR, 0, 64);
  store<u64>(CPU + DR + 48, 0xffff0ff0);
  store<u64>(CPU + DR + 56, 0x400);
  store<u64>(CPU + GDTR_BASE, 0);
  store<u32>(CPU + GDTR_LIMIT, 0xffff);
  store<u64>(CPU + IDTR_BASE, 0);
  store<u32>(CPU + IDTR_LIMIT, 0xffff);
  for (let number: u32 = ES; number <= GS; number++) setSegment(number, 0, 0, 0xffff, 0x93);
  setSegment(CS, 0xf000, 0xffff0000, 0xffff, 0x93);
  setSegment(LDTR, 0, 0, 0xffff, 0x82);
  setSegment(TR, 0, 0, 0xffff, 0x8b);
  store<i32>(CPU + EXCEPTION, -1);
  store<i32>(CPU + HALTED, 0);
  store<i32>(CPU + SHADOW, 0);
  store<u32>(CPU + NMI, 0);
  resetTlb();
  updateMode();
}

/** RESET#: [SDM] vol. 3A, table 10-1. */
export function reset(): void {
  initialize();
  store<u64>(CPU + CR0, CACHE_CONTROL | CR0_ET);
  store<u64>(CPU + XCR0, 1);
  memory.fill(CPU + SYSENTER_CS, 0, PAT - SYSENTER_CS);
  memory.fill(CPU + TSC_AUX, 0, TSC_OFFSET + 8 - TSC_AUX);
  memory.fill(CPU + MTRR, 0, XSS - MTRR);
  store<u64>(CPU + XSS, 0);
  store<u64>(CPU + PAT, 0x0007040600070406);
  for (let n = 0; n < load<i32>(CPU + MODEL_MSRS); n++) {
    const reset = load<u64>(CPU + MODEL_MSR_TABLE + n * MODEL_MSR_SIZE + 8);
    store<u64>(CPU + MODEL_MSR_VALUES + n * 8, reset);
  }
  store<u32>(CPU + FPU_CONTROL, 0x40);
  store<u32>(CPU + FPU_STATUS, 0);
  store<u32>(CPU + FPU_TAGS, 0);
  store<u32>(CPU + MXCSR, 0x1f80);
  memory.fill(CPU + XMM, 0, 512);
  store<i32>(CPU + A20_MASK, -1);
}

/** Whether a data segment is present, writable, expands up and spans 4 GiB from 0. */
function isFlat(number: u32): bool {
  const place = segment(number);
  const attributes = load<u32>(place + SEGMENT_ATTRIBUTES);
  return (
    load<u64>(place + SEGMENT_BASE) == 0 &&
    load<u32>(place + SEGMENT_LIMIT) == 0xffffffff &&
    (attributes & (UNUSABLE | 0x9e)) == 0x92
  );
}

/** Sets MODE, CPL's translation table and nothing else, from the registers. To be called when these change. */
export function updateMode(): void {
  const code = load<u32>(segment(CS) + SEGMENT_ATTRIBUTES);
  const long = (load<u64>(CPU + EFER) & EFER_LMA) != 0;
  let mode: u32;
  // In 64-bit code segments are of no concern: one mode, whatever the registers hold.
  if (long && code & ATTRIBUTE_LONG) mode = 2 | MODE_STACK_32 | MODE_FLAT | MODE_FLAT_CODE;
  else {
    mode = code & ATTRIBUTE_BIG ? 1 : 0;
    if (load<u32>(segment(SS) + SEGMENT_ATTRIBUTES) & ATTRIBUTE_BIG) mode |= MODE_STACK_32;
    if (isFlat(DS) && isFlat(ES) && isFlat(SS)) mode |= MODE_FLAT;
    if (load<u64>(segment(CS) + SEGMENT_BASE) == 0 && load<u32>(segment(CS) + SEGMENT_LIMIT) == 0xffffffff) {
      mode |= MODE_FLAT_CODE;
    }
  }
  if (long) mode |= MODE_LONG;
  store<u32>(CPU + MODE, mode);
  chooseTable();
  if (long && (mode & MODE_CODE_SIZE) != 2) flushHigh();
}
