// LLDT, LTR, and the instructions that look at descriptors: LAR, LSL, VERR, VERW. [SDM] vol. 2.

import { LDTR, setSegment, TR } from "./processor";
import {
  attributesOf,
  BUSY,
  CODE,
  CONFORMING,
  dplOf,
  findDescriptor,
  isNull,
  limitOf,
  NORMAL,
  NOWHERE,
  PRESENT,
  raiseSelector,
  READABLE,
  setNull,
  systemBase,
  systemType,
  TYPE_CALL_GATE16,
  TYPE_CALL_GATE32,
  TYPE_LDT,
  TYPE_TASK_GATE,
  TYPE_TSS16,
  TYPE_TSS32,
  WRITABLE,
} from "./descriptors";
import { longMode, privilege, protectedMode, requirePrivilege, setZero, virtual8086 } from "./eflags";
import { GP, NP, raise, raisePlain, UD } from "./exceptions";
import { isCanonical } from "./frames";
import { systemRead64, systemWrite8 } from "./memory";

/** Leaves by #UD in real and virtual-8086 mode. */
export function requireProtected(): void {
  if (!protectedMode() || virtual8086()) raisePlain(UD);
}

/** Place of a system descriptor in the GDT, all of it. */
function systemPlace(selector: u32): u64 {
  const place = selector & 4 ? NOWHERE : findDescriptor(selector, longMode() ? 16 : 8);
  if (place == NOWHERE) raiseSelector(GP, selector);
  return place;
}

/** The type in the upper half of a descriptor of 16 bytes; below it, that half is an address. */
const UPPER_TYPE: u64 = 0x1f00 << 32;

/** Base of the LDT or task; leaves by #GP(selector) where there cannot be one. */
function checkedBase(selector: u32, place: u64, descriptor: u64): u64 {
  const base = systemBase(place, descriptor);
  if (!isCanonical(base) || (longMode() && systemRead64(place + 8) & UPPER_TYPE)) raiseSelector(GP, selector);
  return base;
}

export function loadLdt(selector: u32): void {
  requireProtected();
  requirePrivilege();
  if (isNull(selector)) {
    setNull(LDTR, selector);
    return;
  }
  const place = systemPlace(selector);
  const descriptor = systemRead64(place);
  const attributes = attributesOf(descriptor);
  if (systemType(attributes) != TYPE_LDT) raiseSelector(GP, selector);
  if (!(attributes & PRESENT)) raiseSelector(NP, selector);
  const base = checkedBase(selector, place, descriptor);
  setSegment(LDTR, selector, base, limitOf(descriptor), attributes);
}

export function loadTask(selector: u32): void {
  requireProtected();
  requirePrivilege();
  if (isNull(selector)) raise(GP, 0);
  const place = systemPlace(selector);
  const descriptor = systemRead64(place);
  const attributes = attributesOf(descriptor);
  const type = systemType(attributes);
  if (type != TYPE_TSS32 && (type != TYPE_TSS16 || longMode())) raiseSelector(GP, selector);
  if (!(attributes & PRESENT)) raiseSelector(NP, selector);
  const base = checkedBase(selector, place, descriptor);
  systemWrite8(place + 5, (<u32>(descriptor >> 40) & 0xff) | BUSY);
  setSegment(TR, selector, base, limitOf(descriptor), attributes | BUSY);
}

/** Descriptor that a program may ask about; 0 if its selector or its privilege does not allow that. */
function visible(selector: u32): u64 {
  if (isNull(selector)) return 0;
  const place = findDescriptor(selector, 8);
  if (place == NOWHERE) return 0;
  const descriptor = systemRead64(place);
  const attributes = attributesOf(descriptor);
  const conforming = NORMAL | CODE | CONFORMING;
  if ((attributes & conforming) == conforming) return descriptor;
  const dpl = dplOf(attributes);
  return privilege() > dpl || (selector & 3) > dpl ? 0 : descriptor;
}

/** Whether a system segment has a limit: TSSs and LDTs. */
function hasLimit(type: u32): bool {
  if (type == TYPE_LDT || (type & ~BUSY) == TYPE_TSS32) return true;
  return (type & ~BUSY) == TYPE_TSS16 && !longMode();
}

function isGateForLar(type: u32): bool {
  if (type == TYPE_CALL_GATE32) return true;
  return (type == TYPE_CALL_GATE16 || type == TYPE_TASK_GATE) && !longMode();
}

/** LAR: the upper half of the descriptor but for its base, and ZF; -1 and no ZF if it cannot be had. */
export function accessRights(selector: u32): i64 {
  requireProtected();
  const descriptor = visible(selector);
  const attributes = attributesOf(descriptor);
  const type = systemType(attributes);
  const valid = descriptor != 0 && (attributes & NORMAL || hasLimit(type) || isGateForLar(type));
  setZero(valid);
  return valid ? <i64>((descriptor >> 32) & 0xffff00) : -1;
}

/** LSL: the limit in bytes, and ZF; -1 and no ZF if it cannot be had. */
export function segmentLimit(selector: u32): i64 {
  requireProtected();
  const descriptor = visible(selector);
  const attributes = attributesOf(descriptor);
  const valid = descriptor != 0 && (attributes & NORMAL || hasLimit(systemType(attributes)));
  setZero(valid);
  return valid ? limitOf(descriptor) : -1;
}

/** VERR and VERW: ZF tells whether the segment can be read, or written. */
export function verifySegment(selector: u32, write: bool): void {
  requireProtected();
  const attributes = attributesOf(visible(selector));
  let ok = (attributes & NORMAL) != 0;
  if (write) ok = ok && (attributes & (CODE | WRITABLE)) == WRITABLE;
  else ok = ok && (attributes & (CODE | READABLE)) != CODE;
  setZero(ok);
}
