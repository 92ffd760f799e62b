// Task switches by JMP, CALL, interrupt and IRET, between 16- and 32-bit TSSs. [SDM] vol. 3A, 7.3.

import {
  CPL,
  CR0,
  CURRENT_RECORD,
  DR,
  GPR,
  RIP,
  SEGMENT_ATTRIBUTES,
  SEGMENT_BASE,
  SEGMENT_LIMIT,
  SEGMENT_SELECTOR,
} from "../layout";
import { loadPageDirectory } from "./control-registers";
import { CPU } from "./cpu";
import {
  attributesOf,
  baseOf,
  BUSY,
  CODE,
  CONFORMING,
  descriptorPlace,
  dplOf,
  external,
  isCode,
  isNull,
  isWritableData,
  limitOf,
  linearSum,
  markAccessed,
  NORMAL,
  PRESENT,
  raiseSelector,
  READABLE,
  setFromDescriptor,
  setNull,
  setVirtual8086,
  systemType,
  TYPE_LDT,
  TYPE_TSS32,
} from "./descriptors";
import { changeFlags, NT, privilege, VM } from "./eflags";
import { DB, GP, NP, raise, setException, SS as STACK_FAULT, TS } from "./exceptions";
import { getFlags } from "./flags";
import {
  systemProbeWrite,
  systemRead16,
  systemRead32,
  systemRead64,
  systemRead8,
  systemWrite16,
  systemWrite32,
  systemWrite8,
} from "./memory";
import { CS, DS, ES, FS, GS, LDTR, segment, setSegment, SS, TR, updateMode } from "./processor";

// What causes a switch.
export const TASK_JUMP = 0;
export const TASK_CALL = 1;
export const TASK_INTERRUPT = 2;
export const TASK_RETURN = 3;

const CR0_TS: u32 = 8;
const DR6_BT: u64 = 0x8000;

// TSS with 32 bits.
const CR3_32: u32 = 0x1c;
const EIP_32: u32 = 0x20;
const EFLAGS_32: u32 = 0x24;
const GPR_32: u32 = 0x28;
const SEGMENTS_32: u32 = 0x48;
const LDT_32: u32 = 0x60;
const TRAP_32: u32 = 0x64;
const LAST_32: u32 = 0x67;
// TSS with 16 bits.
const IP_16: u32 = 0x0e;
const FLAGS_16: u32 = 0x10;
const GPR_16: u32 = 0x12;
const SEGMENTS_16: u32 = 0x22;
const LDT_16: u32 = 0x2a;
const LAST_16: u32 = 0x2b;
/** Upper halves of a 16-bit task's registers: the manual is silent, the 80386 sets them. [test386] */
const UPPER_HALF: u32 = 0xffff0000;

/** The registers of the task to come: 8 general, then ES CS SS DS FS GS, 4 bytes each. */
const INCOMING: usize = memory.data(14 * 4);

/** Whether a TSS, by its attributes, has 32 bits. */
function isWide(attributes: u32): bool {
  return (attributes & ~BUSY & 15) == TYPE_TSS32;
}

/**
 * Switches to the task whose TSS descriptor a selector names, which its caller has checked. `next`: where the
 * present task goes on later. Faults before anything has changed belong to this instruction; later ones, to
 * the new task.
 */
export function switchTask(selector: u32, cause: i32, next: u64): void {
  const place = descriptorPlace(selector, TS);
  const descriptor = systemRead64(place);
  const attributes = attributesOf(descriptor);
  const wide = isWide(attributes);
  const base = baseOf(descriptor);
  if (limitOf(descriptor) < (wide ? LAST_32 : LAST_16)) raiseSelector(TS, selector);

  const old = segment(TR);
  const oldSelector = load<u32>(old + SEGMENT_SELECTOR);
  const oldBase = load<u64>(old + SEGMENT_BASE);
  const oldWide = isWide(load<u32>(old + SEGMENT_ATTRIBUTES));
  if (load<u32>(old + SEGMENT_LIMIT) < (oldWide ? LAST_32 : LAST_16)) raiseSelector(TS, oldSelector);
  const oldPlace = descriptorPlace(oldSelector, TS);

  const ip: u64 = wide ? systemRead32(linearSum(base, EIP_32)) : systemRead16(linearSum(base, IP_16));
  let flags = wide ? systemRead32(linearSum(base, EFLAGS_32)) : systemRead16(linearSum(base, FLAGS_16));
  const ldt = systemRead16(linearSum(base, wide ? LDT_32 : LDT_16));
  const directory = wide ? systemRead32(linearSum(base, CR3_32)) : 0;
  const trap = wide && (systemRead16(linearSum(base, TRAP_32)) & 1) != 0;
  readIncoming(base, wide);

  if (oldWide) systemProbeWrite(linearSum(oldBase, EIP_32), LDT_32 - EIP_32);
  else systemProbeWrite(linearSum(oldBase, IP_16), LDT_16 - IP_16);
  systemProbeWrite(oldPlace + 5, 1);
  if (cause != TASK_RETURN) systemProbeWrite(place + 5, 1);
  const nests = cause == TASK_CALL || cause == TASK_INTERRUPT;
  if (nests) systemProbeWrite(base, 2);

  // Nothing up to here has changed anything; nothing of the old task can fail from here on.
  let oldFlags = getFlags();
  if (cause == TASK_RETURN) oldFlags &= ~NT;
  saveOutgoing(oldBase, oldWide, next, oldFlags);
  if (!nests) systemWrite8(oldPlace + 5, systemRead8(oldPlace + 5) & ~BUSY);
  if (cause != TASK_RETURN) systemWrite8(place + 5, systemRead8(place + 5) | BUSY);
  if (nests) {
    systemWrite16(base, oldSelector);
    flags |= NT;
  }
  store<u32>(CPU + CURRENT_RECORD, 0);
  setSegment(TR, selector, base, limitOf(descriptor), attributes | BUSY);
  store<u64>(CPU + CR0, load<u64>(CPU + CR0) | CR0_TS);
  store<u64>(CPU + RIP, ip);
  enterTask(flags, wide, directory, ldt);
  if (ip > load<u32>(segment(CS) + SEGMENT_LIMIT)) raise(GP, external);
  if (trap) {
    store<u64>(CPU + DR + 48, load<u64>(CPU + DR + 48) | DR6_BT);
    setException(DB, -1);
  }
}

function readIncoming(base: u64, wide: bool): void {
  for (let n: u32 = 0; n < 8; n++) {
    const value = wide
      ? systemRead32(linearSum(base, GPR_32 + n * 4))
      : UPPER_HALF | systemRead16(linearSum(base, GPR_16 + n * 2));
    store<u32>(INCOMING + (n << 2), value);
  }
  for (let n: u32 = ES; n <= GS; n++) {
    let value: u32 = 0;
    if (wide) value = systemRead16(linearSum(base, SEGMENTS_32 + n * 4));
    else if (n <= DS) value = systemRead16(linearSum(base, SEGMENTS_16 + n * 2));
    store<u32>(INCOMING + ((8 + n) << 2), value);
  }
}

function saveOutgoing(base: u64, wide: bool, next: u64, flags: u32): void {
  if (wide) {
    systemWrite32(linearSum(base, EIP_32), <u32>next);
    systemWrite32(linearSum(base, EFLAGS_32), flags);
    for (let n: u32 = 0; n < 8; n++) systemWrite32(linearSum(base, GPR_32 + n * 4), load<u32>(CPU + GPR + n * 8));
    for (let n: u32 = ES; n <= GS; n++) systemWrite16(linearSum(base, SEGMENTS_32 + n * 4), selectorOf(n));
  } else {
    systemWrite16(linearSum(base, IP_16), <u32>next);
    systemWrite16(linearSum(base, FLAGS_16), flags);
    for (let n: u32 = 0; n < 8; n++) systemWrite16(linearSum(base, GPR_16 + n * 2), load<u32>(CPU + GPR + n * 8));
    for (let n: u32 = ES; n <= DS; n++) systemWrite16(linearSum(base, SEGMENTS_16 + n * 2), selectorOf(n));
  }
}

function selectorOf(number: u32): u32 {
  return load<u32>(segment(number) + SEGMENT_SELECTOR);
}

function incomingSelector(number: u32): u32 {
  return load<u32>(INCOMING + ((8 + number) << 2));
}

/** Loads the new task's registers. The selectors are all there before the first descriptor is looked at. */
function enterTask(flags: u32, wide: bool, directory: u32, ldt: u32): void {
  for (let n: u32 = 0; n < 8; n++) {
    store<u64>(CPU + GPR + n * 8, load<u32>(INCOMING + (n << 2)));
  }
  for (let n: u32 = ES; n <= GS; n++) setNull(n, incomingSelector(n));
  setNull(LDTR, ldt);
  changeFlags(flags, ~0);
  store<u32>(CPU + CPL, flags & VM ? 3 : incomingSelector(CS) & 3);
  updateMode();
  if (wide && load<u32>(CPU + CR0) >> 31) loadPageDirectory(directory);
  loadTaskLdt(ldt);
  if (flags & VM) {
    for (let n: u32 = ES; n <= GS; n++) setVirtual8086(n, incomingSelector(n));
  } else {
    loadTaskCode(incomingSelector(CS));
    loadTaskStack(incomingSelector(SS));
    updateMode();
    loadTaskData(ES);
    loadTaskData(DS);
    loadTaskData(FS);
    loadTaskData(GS);
  }
  updateMode();
}

function loadTaskLdt(selector: u32): void {
  if (isNull(selector)) return;
  if (selector & 4) raiseSelector(TS, selector);
  const descriptor = systemRead64(descriptorPlace(selector, TS));
  const attributes = attributesOf(descriptor);
  if (systemType(attributes) != TYPE_LDT || !(attributes & PRESENT)) raiseSelector(TS, selector);
  setSegment(LDTR, selector, baseOf(descriptor), limitOf(descriptor), attributes);
}

function loadTaskCode(selector: u32): void {
  if (isNull(selector)) raiseSelector(TS, selector);
  const place = descriptorPlace(selector, TS);
  const descriptor = systemRead64(place);
  const attributes = attributesOf(descriptor);
  const dpl = dplOf(attributes);
  const rpl = selector & 3;
  if (!isCode(attributes) || (attributes & CONFORMING ? dpl > rpl : dpl != rpl)) raiseSelector(TS, selector);
  if (!(attributes & PRESENT)) raiseSelector(NP, selector);
  markAccessed(place, descriptor);
  setFromDescriptor(CS, selector, descriptor);
}

function loadTaskStack(selector: u32): void {
  if (isNull(selector)) raiseSelector(TS, selector);
  const place = descriptorPlace(selector, TS);
  const descriptor = systemRead64(place);
  const attributes = attributesOf(descriptor);
  const level = privilege();
  if (!isWritableData(attributes) || dplOf(attributes) != level || (selector & 3) != level) raiseSelector(TS, selector);
  if (!(attributes & PRESENT)) raiseSelector(STACK_FAULT, selector);
  markAccessed(place, descriptor);
  setFromDescriptor(SS, selector, descriptor);
}

function loadTaskData(number: u32): void {
  const selector = incomingSelector(number);
  if (isNull(selector)) return;
  const place = descriptorPlace(selector, TS);
  const descriptor = systemRead64(place);
  const attributes = attributesOf(descriptor);
  const dpl = dplOf(attributes);
  if (!(attributes & NORMAL) || (attributes & (CODE | READABLE)) == CODE) raiseSelector(TS, selector);
  const conforming = (attributes & (CODE | CONFORMING)) == (CODE | CONFORMING);
  if (!conforming && (dpl < privilege() || dpl < (selector & 3))) raiseSelector(TS, selector);
  if (!(attributes & PRESENT)) raiseSelector(NP, selector);
  markAccessed(place, descriptor);
  setFromDescriptor(number, selector, descriptor);
}
