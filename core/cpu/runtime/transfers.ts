// Far JMP, CALL and RET: to code segments, through call gates, to tasks. [SDM] vol. 3A, 5.8.

import { CPL, GPR, RIP, SEGMENT_ATTRIBUTES, SEGMENT_BASE, SEGMENT_LIMIT, SEGMENT_SELECTOR } from "../layout";
import { CPU } from "./cpu";
import {
  attributesOf,
  BIG,
  BUSY,
  CONFORMING,
  descriptorPlace,
  dplOf,
  external,
  findDescriptor,
  isCode,
  isNull,
  isWritableData,
  limitOf,
  linearSum,
  LONG,
  markAccessed,
  NOWHERE,
  PRESENT,
  raiseSelector,
  setFromDescriptor,
  setRealMode,
  setVirtual8086,
  systemType,
  TYPE_CALL_GATE16,
  TYPE_CALL_GATE32,
  TYPE_TASK_GATE,
  TYPE_TSS16,
  TYPE_TSS32,
} from "./descriptors";
import { code64, longMode, privilege, protectedMode, virtual8086 } from "./eflags";
import { GP, NP, raise, SS as STACK_FAULT, TS } from "./exceptions";
import {
  closeStack,
  isCanonical,
  openCurrentStack,
  openStack,
  openWideStack,
  popFrame,
  pushFrame,
  returnStackPointer,
  skipFrame,
} from "./frames";
import { systemRead16, systemRead32, systemRead64 } from "./memory";
import { CS, segment, SS, TR, updateMode } from "./processor";
import { dropPrivilegedSegments, setNullStack } from "./segment-loads";
import { switchTask, TASK_CALL, TASK_JUMP } from "./task-switch";

/** Where an inner level's stack is, as the TSS says: set by readInnerStack. */
export let innerSelector: u32 = 0;
export let innerPointer: u64 = 0;

/** Real mode and virtual-8086 mode: the segment is the selector times 16. */
export function enterSimpleCode(selector: u32, ip: u64): void {
  const place = segment(CS);
  if (ip > load<u32>(place + SEGMENT_LIMIT)) raise(GP, external);
  if (virtual8086()) setVirtual8086(CS, selector);
  else setRealMode(CS, selector);
  store<u64>(CPU + RIP, ip);
  updateMode();
}

/** An entry point must lie within its code segment, or be canonical. */
export function checkEntry(descriptor: u64, ip: u64): void {
  if (longMode() && attributesOf(descriptor) & LONG) {
    if (!isCanonical(ip)) raise(GP, external);
  } else if (ip > limitOf(descriptor)) raise(GP, external);
}

/** CS, CPL and RIP; nothing can fail any more. */
export function enterCode(selector: u32, descriptor: u64, level: u32, ip: u64): void {
  setFromDescriptor(CS, (selector & 0xfffc) | level, descriptor);
  // 64-bit code starts at 0 whatever its descriptor says.
  if (longMode() && attributesOf(descriptor) & LONG) store<u64>(segment(CS) + SEGMENT_BASE, 0);
  store<u32>(CPU + CPL, level);
  store<u64>(CPU + RIP, ip);
  updateMode();
}

/** L and D together are reserved in long mode. */
// @ts-ignore: decorator of AssemblyScript
@inline
function impossibleSize(attributes: u32): bool {
  return longMode() && (attributes & (LONG | BIG)) == (LONG | BIG);
}

/** Code that JMP and CALL reach without a gate. */
function checkDirect(selector: u32, attributes: u32): void {
  const dpl = dplOf(attributes);
  if (attributes & CONFORMING) {
    if (dpl > privilege()) raiseSelector(GP, selector);
  } else if ((selector & 3) > privilege() || dpl != privilege()) raiseSelector(GP, selector);
  if (!(attributes & PRESENT)) raiseSelector(NP, selector);
  if (impossibleSize(attributes)) raiseSelector(GP, selector);
}

/** Gates and tasks: DPL must be at least CPL and RPL, and they must be present. */
function checkSystem(selector: u32, attributes: u32): void {
  const dpl = dplOf(attributes);
  if (dpl < privilege() || dpl < (selector & 3)) raiseSelector(GP, selector);
  if (!(attributes & PRESENT)) raiseSelector(NP, selector);
}

/** JMP far; `next` is the instruction after it. */
export function farJump(selector: u32, offset: u64, next: u64): void {
  if (!protectedMode() || virtual8086()) {
    enterSimpleCode(selector, offset);
    return;
  }
  if (isNull(selector)) raise(GP, 0);
  const place = descriptorPlace(selector, GP);
  const descriptor = systemRead64(place);
  const attributes = attributesOf(descriptor);
  if (isCode(attributes)) {
    checkDirect(selector, attributes);
    checkEntry(descriptor, offset);
    markAccessed(place, descriptor);
    enterCode(selector, descriptor, privilege(), offset);
    return;
  }
  const type = systemType(attributes);
  if (!longMode() && jumpToTask(selector, descriptor, type, TASK_JUMP, next)) return;
  if (!isCallGate(type)) raiseSelector(GP, selector);
  checkSystem(selector, attributes);
  const target = readCallGate(selector, place, descriptor);
  const targetPlace = codePlace(target);
  const code = systemRead64(targetPlace);
  const codeAttributes = attributesOf(code);
  checkGateCode(target, codeAttributes);
  if (!(codeAttributes & CONFORMING) && dplOf(codeAttributes) != privilege()) raiseSelector(GP, target);
  if (!(codeAttributes & PRESENT)) raiseSelector(NP, target);
  checkEntry(code, gateOffset);
  markAccessed(targetPlace, code);
  enterCode(target, code, privilege(), gateOffset);
}

/** CALL far; `bytes` is the operand size, `next` the return address. */
export function farCall(selector: u32, offset: u64, bytes: u32, next: u64): void {
  const oldSelector = load<u32>(segment(CS) + SEGMENT_SELECTOR);
  if (!protectedMode() || virtual8086()) {
    openCurrentStack();
    pushFrame(oldSelector, bytes);
    pushFrame(next, bytes);
    enterSimpleCode(selector, offset);
    closeStack();
    return;
  }
  if (isNull(selector)) raise(GP, 0);
  const place = descriptorPlace(selector, GP);
  const descriptor = systemRead64(place);
  const attributes = attributesOf(descriptor);
  if (isCode(attributes)) {
    checkDirect(selector, attributes);
    openCurrentStack();
    pushFrame(oldSelector, bytes);
    pushFrame(next, bytes);
    checkEntry(descriptor, offset);
    markAccessed(place, descriptor);
    closeStack();
    enterCode(selector, descriptor, privilege(), offset);
    return;
  }
  const type = systemType(attributes);
  if (!longMode() && jumpToTask(selector, descriptor, type, TASK_CALL, next)) return;
  if (!isCallGate(type)) raiseSelector(GP, selector);
  checkSystem(selector, attributes);
  callThroughGate(selector, place, descriptor, next);
}

/** JMP or CALL to a TSS or task gate: true if the selector was one. */
function jumpToTask(selector: u32, descriptor: u64, type: u32, cause: i32, next: u64): bool {
  let task = selector;
  if (type == TYPE_TASK_GATE) {
    checkSystem(selector, attributesOf(descriptor));
    task = <u32>(descriptor >> 16) & 0xffff;
    checkTask(task, GP);
  } else if (type == TYPE_TSS16 || type == TYPE_TSS32) {
    if (selector & 4) raiseSelector(GP, selector);
    checkSystem(selector, attributesOf(descriptor));
  } else return false;
  switchTask(task, cause, next);
  return true;
}

/** The TSS that a task gate names: in the GDT, available and present. */
export function checkTask(selector: u32, vector: i32): void {
  const place = selector & 4 ? NOWHERE : findDescriptor(selector, 8);
  if (place == NOWHERE) raiseSelector(vector, selector);
  const attributes = attributesOf(systemRead64(place));
  const type = systemType(attributes);
  if (type != TYPE_TSS16 && type != TYPE_TSS32) raiseSelector(vector, selector);
  if (!(attributes & PRESENT)) raiseSelector(NP, selector);
}

// @ts-ignore: decorator of AssemblyScript
@inline
function isCallGate(type: u32): bool {
  return type == TYPE_CALL_GATE32 || (type == TYPE_CALL_GATE16 && !longMode());
}

/** Entry point of the gate read last. */
let gateOffset: u64 = 0;

/** Selector of a call gate's code; gateOffset is set. */
function readCallGate(selector: u32, place: u64, gate: u64): u32 {
  gateOffset = gate & 0xffff;
  if (systemType(attributesOf(gate)) == TYPE_CALL_GATE32) gateOffset |= (gate >> 32) & 0xffff0000;
  if (longMode()) {
    if (findDescriptor(selector, 16) == NOWHERE) raiseSelector(GP, selector);
    const high = systemRead64(place + 8);
    if ((high >> 40) & 0x1f) raiseSelector(GP, selector);
    gateOffset |= high << 32;
  }
  return <u32>(gate >> 16) & 0xffff;
}

function codePlace(selector: u32): u64 {
  if (isNull(selector)) raise(GP, external);
  return descriptorPlace(selector, GP);
}

function checkGateCode(selector: u32, attributes: u32): void {
  if (!isCode(attributes) || dplOf(attributes) > privilege()) raiseSelector(GP, selector);
  if (longMode() && (attributes & (LONG | BIG)) != LONG) raiseSelector(GP, selector);
}

function callThroughGate(selector: u32, gatePlace: u64, gate: u64, next: u64): void {
  const target = readCallGate(selector, gatePlace, gate);
  const ip = gateOffset;
  const place = codePlace(target);
  const code = systemRead64(place);
  const attributes = attributesOf(code);
  checkGateCode(target, attributes);
  if (!(attributes & PRESENT)) raiseSelector(NP, target);
  const bytes: u32 = longMode() ? 8 : systemType(attributesOf(gate)) == TYPE_CALL_GATE32 ? 4 : 2;
  const oldSelector = load<u32>(segment(CS) + SEGMENT_SELECTOR);
  const level = dplOf(attributes);
  if (attributes & CONFORMING || level == privilege()) {
    openCurrentStack();
    pushFrame(oldSelector, bytes);
    pushFrame(next, bytes);
    checkEntry(code, ip);
    markAccessed(place, code);
    closeStack();
    enterCode(target, code, privilege(), ip);
    return;
  }
  const count = longMode() ? 0 : <u32>(gate >> 32) & 31;
  const stack = openInnerStack(level, count, bytes);
  pushFrame(oldSelector, bytes);
  pushFrame(next, bytes);
  checkEntry(code, ip);
  markAccessed(place, code);
  loadInnerStack(level, stack);
  closeStack();
  enterCode(target, code, level, ip);
}

/** Opens the stack of an inner level, with the old SS:RSP and so many parameters on it. Its descriptor. */
function openInnerStack(level: u32, count: u32, bytes: u32): u64 {
  const oldStack = load<u32>(segment(SS) + SEGMENT_SELECTOR);
  const oldPointer = load<u64>(CPU + GPR + 32);
  readInnerStack(level);
  if (longMode()) {
    openWideStack(level, innerPointer);
    pushFrame(oldStack, 8);
    pushFrame(oldPointer, 8);
    return 0;
  }
  const descriptor = innerStackDescriptor(innerSelector, level);
  // The parameters are all read from the old stack first.
  openCurrentStack();
  for (let n: u32 = 0; n < count; n++) store<u32>(PARAMETERS + (n << 2), <u32>popFrame(bytes));
  openStack(innerSelector, descriptor, innerPointer);
  pushFrame(oldStack, bytes);
  pushFrame(oldPointer, bytes);
  for (let n = count; n > 0; n--) pushFrame(load<u32>(PARAMETERS + ((n - 1) << 2)), bytes);
  return descriptor;
}

const PARAMETERS: usize = memory.data(31 * 4);

/** SS of an inner level; in long mode it is null. */
export function loadInnerStack(level: u32, descriptor: u64): void {
  if (longMode()) setNullStack(level);
  else setFromDescriptor(SS, innerSelector, descriptor);
}

/** Reads the SS:RSP of an inner level from the TSS. */
export function readInnerStack(level: u32): void {
  const tss = segment(TR);
  const base = load<u64>(tss + SEGMENT_BASE);
  const limit = load<u32>(tss + SEGMENT_LIMIT);
  const task = load<u32>(tss + SEGMENT_SELECTOR);
  if (longMode()) {
    innerPointer = readTssPointer(4 + level * 8);
    innerSelector = level;
    return;
  }
  const wide = (load<u32>(tss + SEGMENT_ATTRIBUTES) & ~BUSY & 15) == TYPE_TSS32;
  const offset: u32 = wide ? 4 + level * 8 : 2 + level * 4;
  if (offset + (wide ? 5 : 3) > limit) raiseSelector(TS, task);
  innerPointer = wide ? systemRead32(linearSum(base, offset)) : systemRead16(linearSum(base, offset));
  innerSelector = systemRead16(linearSum(base, offset + (wide ? 4 : 2)));
}

/** RSP0 to RSP2 and IST1 to IST7 of a 64-bit TSS. */
export function readTssPointer(offset: u32): u64 {
  const tss = segment(TR);
  if (offset + 7 > load<u32>(tss + SEGMENT_LIMIT)) raiseSelector(TS, load<u32>(tss + SEGMENT_SELECTOR));
  return systemRead64(load<u64>(tss + SEGMENT_BASE) + offset);
}

/** Descriptor of a stack that the TSS gives for an inner level. */
export function innerStackDescriptor(selector: u32, level: u32): u64 {
  if (isNull(selector)) raise(TS, external);
  const place = descriptorPlace(selector, TS);
  const descriptor = systemRead64(place);
  const attributes = attributesOf(descriptor);
  if ((selector & 3) != level || dplOf(attributes) != level || !isWritableData(attributes)) {
    raiseSelector(TS, selector);
  }
  if (!(attributes & PRESENT)) raiseSelector(STACK_FAULT, selector);
  markAccessed(place, descriptor);
  return descriptor;
}

/** RET far; `bytes` is the operand size, `release` what it adds to the stack pointer besides. */
export function farReturn(bytes: u32, release: u32): void {
  openCurrentStack();
  const ip = popFrame(bytes);
  const selector = <u32>popFrame(bytes) & 0xffff;
  if (!protectedMode() || virtual8086()) {
    enterSimpleCode(selector, ip);
    skipFrame(release);
    closeStack();
    return;
  }
  const descriptor = returnCode(selector);
  const level = selector & 3;
  if (level == privilege()) {
    checkEntry(descriptor, ip);
    skipFrame(release);
    closeStack();
    enterCode(selector, descriptor, level, ip);
    return;
  }
  skipFrame(release);
  const pointer = popFrame(bytes);
  const stack = <u32>popFrame(bytes) & 0xffff;
  const stackDescriptor = returnStack(stack, level, descriptor);
  checkEntry(descriptor, ip);
  returnOutside(selector, descriptor, ip, stack, stackDescriptor, pointer + release);
}

/** Descriptor of the code that a far RET or IRET goes to. */
export function returnCode(selector: u32): u64 {
  if (isNull(selector)) raise(GP, external);
  const place = descriptorPlace(selector, GP);
  const descriptor = systemRead64(place);
  const attributes = attributesOf(descriptor);
  const level = selector & 3;
  if (!isCode(attributes) || level < privilege() || impossibleSize(attributes)) raiseSelector(GP, selector);
  if (attributes & CONFORMING ? dplOf(attributes) > level : dplOf(attributes) != level) raiseSelector(GP, selector);
  if (!(attributes & PRESENT)) raiseSelector(NP, selector);
  markAccessed(place, descriptor);
  return descriptor;
}

/** Descriptor of the stack that a return to level `level` pops; 0 for a null one, which 64-bit code may have. */
export function returnStack(selector: u32, level: u32, code: u64): u64 {
  if (isNull(selector)) {
    const allowed = longMode() && attributesOf(code) & LONG && level != 3 && (selector & 3) == level;
    if (!allowed) raise(GP, external);
    return 0;
  }
  const place = descriptorPlace(selector, GP);
  const descriptor = systemRead64(place);
  const attributes = attributesOf(descriptor);
  if ((selector & 3) != level || dplOf(attributes) != level || !isWritableData(attributes)) {
    raiseSelector(GP, selector);
  }
  if (!(attributes & PRESENT)) raiseSelector(STACK_FAULT, selector);
  markAccessed(place, descriptor);
  return descriptor;
}

/** The end of a return that loads SS:RSP; nothing can fail any more. */
export function returnOutside(selector: u32, code: u64, ip: u64, stack: u32, stackDescriptor: u64, pointer: u64): void {
  if (stackDescriptor) setFromDescriptor(SS, stack, stackDescriptor);
  else setNullStack(stack);
  const outer = (selector & 3) != privilege();
  enterCode(selector, code, selector & 3, ip);
  returnStackPointer(pointer, code64());
  if (!outer) return;
  dropPrivilegedSegments();
  updateMode();
}
