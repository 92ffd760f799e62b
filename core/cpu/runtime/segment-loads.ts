// MOV, POP and LDS to LGS: loading of data and stack segment registers.

import { DR, EFLAGS, MODE, SEGMENT_ATTRIBUTES, SEGMENT_BASE, SEGMENT_LIMIT, SHADOW } from "../layout";
import { CPU } from "./cpu";
import {
  attributesOf,
  CODE,
  CONFORMING,
  descriptorPlace,
  dplOf,
  isNull,
  isWritableData,
  markAccessed,
  NORMAL,
  PRESENT,
  raiseSelector,
  READABLE,
  setFromDescriptor,
  setNull,
  setRealMode,
  setVirtual8086,
  UNUSABLE,
} from "./descriptors";
import { code64, privilege, protectedMode, TF, virtual8086 } from "./eflags";
import { GP, NP, raise, SS as STACK_FAULT } from "./exceptions";
import { systemRead64 } from "./memory";
import { FS, segment, setSegment, SS, updateMode } from "./processor";

/** Loads ES, SS, DS, FS or GS with every check. Whether the MODE, which later records were decoded for, changed. */
export function loadSegment(number: u32, selector: u32): bool {
  const place = segment(number);
  const base = load<u64>(place + SEGMENT_BASE);
  const limit = load<u32>(place + SEGMENT_LIMIT);
  const attributes = load<u32>(place + SEGMENT_ATTRIBUTES);
  if (!protectedMode()) setRealMode(number, selector);
  else if (virtual8086()) setVirtual8086(number, selector);
  else if (number == SS) loadStackSegment(selector);
  else loadDataSegment(number, selector);
  // MODE does not depend on FS and GS, nor on a selector alone.
  if (number >= FS) return false;
  const same =
    load<u64>(place + SEGMENT_BASE) == base &&
    load<u32>(place + SEGMENT_LIMIT) == limit &&
    load<u32>(place + SEGMENT_ATTRIBUTES) == attributes;
  if (same) return false;
  const before = load<u32>(CPU + MODE);
  updateMode();
  return load<u32>(CPU + MODE) != before;
}

/** The same for MOV and POP, after which SS casts a shadow. */
export function moveToSegment(number: u32, selector: u32): bool {
  const changed = loadSegment(number, selector);
  if (number == SS) {
    // Debug traps are held only where instructions are run singly, so that no stale shadow holds a later one.
    const stepping = load<u32>(CPU + EFLAGS) & TF || load<u32>(CPU + DR + 56) & 0xff;
    store<i32>(CPU + SHADOW, stepping ? 2 : 1);
  }
  return changed;
}

function loadDataSegment(number: u32, selector: u32): void {
  if (isNull(selector)) {
    setNull(number, selector);
    return;
  }
  const place = descriptorPlace(selector, GP);
  const descriptor = systemRead64(place);
  const attributes = attributesOf(descriptor);
  if (!(attributes & NORMAL) || (attributes & (CODE | READABLE)) == CODE) raiseSelector(GP, selector);
  if ((attributes & (CODE | CONFORMING)) != (CODE | CONFORMING)) {
    const dpl = dplOf(attributes);
    if ((selector & 3) > dpl || privilege() > dpl) raiseSelector(GP, selector);
  }
  if (!(attributes & PRESENT)) raiseSelector(NP, selector);
  markAccessed(place, descriptor);
  setFromDescriptor(number, selector, descriptor);
}

function loadStackSegment(selector: u32): void {
  if (isNull(selector)) {
    if (!code64() || privilege() == 3 || (selector & 3) != privilege()) raise(GP, 0);
    setNullStack(selector);
    return;
  }
  const place = descriptorPlace(selector, GP);
  const descriptor = systemRead64(place);
  const attributes = attributesOf(descriptor);
  if ((selector & 3) != privilege() || dplOf(attributes) != privilege() || !isWritableData(attributes)) {
    raiseSelector(GP, selector);
  }
  if (!(attributes & PRESENT)) raiseSelector(STACK_FAULT, selector);
  markAccessed(place, descriptor);
  setFromDescriptor(SS, selector, descriptor);
}

/** SS in 64-bit code below privilege level 3 may be null; its DPL remains the privilege level. */
export function setNullStack(selector: u32): void {
  setSegment(SS, selector, 0, 0, UNUSABLE | ((selector & 3) << 5));
}

/** ES DS FS GS after a return to an outer level: what that may not see becomes null. */
export function dropPrivilegedSegments(): void {
  dropIfPrivileged(0);
  dropIfPrivileged(3);
  dropIfPrivileged(4);
  dropIfPrivileged(5);
}

function dropIfPrivileged(number: u32): void {
  const attributes = load<u32>(segment(number) + SEGMENT_ATTRIBUTES);
  if (attributes & UNUSABLE) return;
  if ((attributes & (CODE | CONFORMING)) == (CODE | CONFORMING)) return;
  // The selector becomes null; 64-bit code goes on with the bases of FS and GS, for only loading a selector clears them.
  if (dplOf(attributes) < privilege()) setSegment(number, 0, load<u64>(segment(number) + SEGMENT_BASE), 0, UNUSABLE);
}
