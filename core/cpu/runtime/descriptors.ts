// Segment descriptors: their fields, and where they are. [SDM] vol. 3A, 3.4.5 and 3.5.

import {
  GDTR_BASE,
  GDTR_LIMIT,
  MODEL_FLAGS,
  MODEL_NULL_CLEARS_BASE,
  SEGMENT_ATTRIBUTES,
  SEGMENT_BASE,
  SEGMENT_LIMIT,
} from "../layout";
import { CPU } from "./cpu";
import { longMode } from "./eflags";
import { raise } from "./exceptions";
import { systemRead64, systemWrite8 } from "./memory";
import { LDTR, segment, setSegment } from "./processor";

// Attributes: a descriptor's bits 40 to 55, without the limit's.
export const ACCESSED: u32 = 0x01;
/** Data: writable. Code: readable. */
export const WRITABLE: u32 = 0x02;
export const READABLE: u32 = 0x02;
/** System: busy task. */
export const BUSY: u32 = 0x02;
export const CONFORMING: u32 = 0x04;
export const CODE: u32 = 0x08;
/** Not a system segment. */
export const NORMAL: u32 = 0x10;
export const PRESENT: u32 = 0x80;
export const LONG: u32 = 0x2000;
export const BIG: u32 = 0x4000;
export const GRANULAR: u64 = 1 << 55;
/** Granularity, default size, and the bit for software. */
const KEPT_IN_REAL_MODE: u32 = 0xd000;
/** Only in a segment register: it holds no descriptor. */
export const UNUSABLE: u32 = 0x10000;

// Types of system segments and gates.
export const TYPE_TSS16: u32 = 1;
export const TYPE_LDT: u32 = 2;
export const TYPE_CALL_GATE16: u32 = 4;
export const TYPE_TASK_GATE: u32 = 5;
export const TYPE_INTERRUPT_GATE16: u32 = 6;
export const TYPE_TRAP_GATE16: u32 = 7;
export const TYPE_TSS32: u32 = 9;
export const TYPE_CALL_GATE32: u32 = 12;
export const TYPE_INTERRUPT_GATE32: u32 = 14;
export const TYPE_TRAP_GATE32: u32 = 15;

/** No descriptor there. */
export const NOWHERE: u64 = ~0;

/** EXT of the error codes of faults met now: 1 while an event from outside the program is delivered. */
export let external: i32 = 0;

export function setExternal(value: i32): void {
  external = value;
}

/** Leaves by an exception whose error code is a selector. */
export function raiseSelector(vector: i32, selector: u32): void {
  raise(vector, (selector & 0xfffc) | external);
}

// @ts-ignore: decorator of AssemblyScript
@inline
export function attributesOf(descriptor: u64): u32 {
  return <u32>(descriptor >> 40) & 0xf0ff;
}

// @ts-ignore: decorator of AssemblyScript
@inline
export function baseOf(descriptor: u64): u64 {
  return ((descriptor >> 16) & 0xffffff) | ((descriptor >> 32) & 0xff000000);
}

/** In bytes, the last one that belongs. */
// @ts-ignore: decorator of AssemblyScript
@inline
export function limitOf(descriptor: u64): u32 {
  const raw = <u32>(descriptor & 0xffff) | (<u32>(descriptor >> 32) & 0xf0000);
  return descriptor & GRANULAR ? (raw << 12) | 0xfff : raw;
}

// @ts-ignore: decorator of AssemblyScript
@inline
export function dplOf(attributes: u32): u32 {
  return (attributes >> 5) & 3;
}

// @ts-ignore: decorator of AssemblyScript
@inline
export function isCode(attributes: u32): bool {
  return (attributes & (NORMAL | CODE)) == (NORMAL | CODE);
}

// @ts-ignore: decorator of AssemblyScript
@inline
export function isWritableData(attributes: u32): bool {
  return (attributes & (NORMAL | CODE | WRITABLE)) == (NORMAL | WRITABLE);
}

/** Type of a system segment or gate; 0, which is none, for code and data. */
// @ts-ignore: decorator of AssemblyScript
@inline
export function systemType(attributes: u32): u32 {
  return attributes & NORMAL ? 0 : attributes & 15;
}

// @ts-ignore: decorator of AssemblyScript
@inline
export function isNull(selector: u32): bool {
  return (selector & 0xfffc) == 0;
}

/** A sum of linear addresses, cut to the linear address space. */
// @ts-ignore: decorator of AssemblyScript
@inline
export function linearSum(base: u64, offset: u64): u64 {
  return longMode() ? base + offset : (base + offset) & 0xffffffff;
}

/** Linear address of a selector's descriptor of `bytes` bytes, NOWHERE if its table does not reach there. */
export function findDescriptor(selector: u32, bytes: u32): u64 {
  const offset = selector & 0xfff8;
  if (selector & 4) {
    const ldt = segment(LDTR);
    if (load<u32>(ldt + SEGMENT_ATTRIBUTES) & UNUSABLE) return NOWHERE;
    if (offset + bytes - 1 > load<u32>(ldt + SEGMENT_LIMIT)) return NOWHERE;
    return linearSum(load<u64>(ldt + SEGMENT_BASE), offset);
  }
  if (offset + bytes - 1 > load<u32>(CPU + GDTR_LIMIT)) return NOWHERE;
  return linearSum(load<u64>(CPU + GDTR_BASE), offset);
}

/** The same; leaves by #vector(selector) where there is none. */
export function descriptorPlace(selector: u32, vector: i32): u64 {
  const place = findDescriptor(selector, 8);
  if (place == NOWHERE) raiseSelector(vector, selector);
  return place;
}

/** Sets the accessed bit of a descriptor in memory. */
// @ts-ignore: decorator of AssemblyScript
@inline
export function markAccessed(place: u64, descriptor: u64): void {
  if (!(attributesOf(descriptor) & ACCESSED)) systemWrite8(place + 5, (<u32>(descriptor >> 40) & 0xff) | ACCESSED);
}

/** Loads a segment register from a code or data descriptor. */
export function setFromDescriptor(number: u32, selector: u32, descriptor: u64): void {
  setSegment(number, selector, baseOf(descriptor), limitOf(descriptor), attributesOf(descriptor) | ACCESSED);
}

/** A segment register that holds no segment. Not every model clears base and limit. [APM] vol. 3, Fn8000_0021 */
export function setNull(number: u32, selector: u32): void {
  const clears = (load<u32>(CPU + MODEL_FLAGS) & MODEL_NULL_CLEARS_BASE) != 0;
  const place = segment(number);
  const base = clears ? 0 : load<u64>(place + SEGMENT_BASE);
  setSegment(number, selector, base, clears ? 0 : load<u32>(place + SEGMENT_LIMIT), UNUSABLE);
}

/** As segment registers are in virtual-8086 mode. */
export function setVirtual8086(number: u32, selector: u32): void {
  setSegment(number, selector, <u64>selector << 4, 0xffff, 0xf3);
}

/**
 * A segment register in real mode: base and selector are new, the limit and the size stay, and the segment, even CS, can
 * be read and written. [SDM] vol. 3A, 21.1.1
 */
export function setRealMode(number: u32, selector: u32): void {
  const place = segment(number);
  const kept = load<u32>(place + SEGMENT_ATTRIBUTES) & KEPT_IN_REAL_MODE;
  const attributes = kept | PRESENT | NORMAL | WRITABLE | ACCESSED;
  setSegment(number, selector, <u64>selector << 4, load<u32>(place + SEGMENT_LIMIT), attributes);
}

/** Base of a system descriptor, whose upper half in long mode are the next 8 bytes. */
export function systemBase(place: u64, descriptor: u64): u64 {
  const low = baseOf(descriptor);
  return longMode() ? low | (systemRead64(place + 8) << 32) : low;
}
