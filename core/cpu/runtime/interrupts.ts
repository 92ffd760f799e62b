// Delivery of interrupts and exceptions through the interrupt table of every mode. [SDM] vol. 3A, chapter 6;
// virtual-8086 mode: chapter 20.

import {
  BREAKPOINT_MET,
  BUDGET,
  CR4,
  CURRENT_RECORD,
  DR,
  EFLAGS,
  EXCEPTION,
  EXCEPTION_ERROR,
  HALTED,
  IDTR_BASE,
  IDTR_LIMIT,
  GPR,
  RIP,
  SEGMENT_ATTRIBUTES,
  SEGMENT_BASE,
  SEGMENT_LIMIT,
  SEGMENT_SELECTOR,
  SHADOW,
} from "../layout";
import { CPU } from "./cpu";
import { cancelTrap, joinTraps, singleStepping, takeGeneralDetect } from "./debug";
import {
  attributesOf,
  BIG,
  CONFORMING,
  descriptorPlace,
  dplOf,
  external,
  isCode,
  isNull,
  linearSum,
  LONG,
  markAccessed,
  PRESENT,
  raiseSelector,
  setExternal,
  setNull,
  systemType,
  TYPE_INTERRUPT_GATE16,
  TYPE_INTERRUPT_GATE32,
  TYPE_TASK_GATE,
  TYPE_TRAP_GATE16,
  TYPE_TRAP_GATE32,
  TYPE_TSS32,
} from "./descriptors";
import {
  AC,
  clearFlags,
  CR4_VME,
  IF,
  ioPrivilege,
  longMode,
  NT,
  privilege,
  protectedMode,
  RF,
  TF,
  VIF,
  virtual8086,
  virtualImage,
  VM,
} from "./eflags";
import { BP, DB, DE, DF, GP, NP, OF, PF, raise, stopSoon, TS } from "./exceptions";
import { getFlags } from "./flags";
import { closeStack, openCurrentStack, openStack, openWideStack, pushFrame } from "./frames";
import { read16, systemRead16, systemRead64, systemRead8 } from "./memory";
import { endBranchTracing } from "./msr";
import { CS, DS, ES, FS, GS, segment, SS, TR } from "./processor";
import { switchTask, TASK_INTERRUPT } from "./task-switch";
import {
  checkEntry,
  checkTask,
  enterCode,
  enterSimpleCode,
  innerPointer,
  innerSelector,
  innerStackDescriptor,
  loadInnerStack,
  readInnerStack,
  readTssPointer,
} from "./transfers";

/** HALTED after a triple fault. */
const SHUTDOWN = 2;
const NO_ERROR: i32 = -1;
/** Bit of an error code that says: an entry of the interrupt table. */
const IN_IDT = 2;
const DR7_GD: u64 = 1 << 13;

/** The exception whose delivery has not ended yet; -1 if none. */
let delivering: i32 = -1;

/** Exceptions that make a double fault of another. [SDM] vol. 3A, table 6-4. */
function isContributory(vector: i32): bool {
  return vector == DE || (vector >= TS && vector <= GP);
}

/** Exceptions that are faults: the image pushed has RF set, so that no instruction breakpoint repeats. */
function isFault(vector: i32): bool {
  if (vector == DB) return takeGeneralDetect();
  return vector != BP && vector != OF && vector != DF && vector != 2 && vector != 18;
}

/** Delivers an external interrupt. */
export function interrupt(vector: i32): void {
  setExternal(1);
  deliver(vector, false, NO_ERROR, load<u64>(CPU + RIP), getFlags());
  setExternal(0);
}

/** Delivers an exception that has been met, `error` NO_ERROR or its code; with one not yet delivered, both. */
function deliverException(vector: i32, error: i32): void {
  const first = delivering;
  if (first == DF && (isContributory(vector) || vector == PF)) {
    delivering = -1;
    setExternal(0);
    store<i32>(CPU + HALTED, SHUTDOWN);
    stopSoon();
    return;
  }
  if (
    (isContributory(first) && isContributory(vector)) ||
    (first == PF && (vector == PF || isContributory(vector)))
  ) {
    vector = DF;
    error = 0;
  }
  delivering = vector;
  setExternal(1);
  // The trap of a step over HLT ends it.
  store<i32>(CPU + HALTED, 0);
  let image = getFlags();
  if (isFault(vector)) image |= RF;
  deliver(vector, false, error, load<u64>(CPU + RIP), image);
  if (vector == DB) {
    store<u64>(CPU + DR + 56, load<u64>(CPU + DR + 56) & ~DR7_GD);
    endBranchTracing();
  }
  delivering = -1;
  setExternal(0);
}

/**
 * Delivers the exception that an instruction has met. True: blocks may go on; false: there was none, or it is the
 * debugger's, or instructions must be run by themselves from here on.
 */
export function deliverMet(): bool {
  const vector = load<i32>(CPU + EXCEPTION);
  if (vector < 0 || vector >= BREAKPOINT_MET) return false;
  store<i32>(CPU + EXCEPTION, -1);
  store<u32>(CPU + CURRENT_RECORD, 0);
  store<i32>(CPU + SHADOW, 0);
  // One after another, without an instruction between them, they must not go on for ever.
  store<i32>(CPU + BUDGET, load<i32>(CPU + BUDGET) - 1);
  deliverException(vector, load<i32>(CPU + EXCEPTION_ERROR));
  return !singleStepping();
}

/** INT n; `next` is the instruction after it. */
export function softwareInterrupt(vector: i32, next: u64): void {
  cancelTrap();
  if (virtual8086() && !(load<u32>(CPU + CR4) & CR4_VME && !redirected(vector))) {
    if (ioPrivilege() < 3) raise(GP, 0);
  } else if (virtual8086()) {
    deliverVirtual(vector, next);
    return;
  }
  deliver(vector, true, NO_ERROR, next, getFlags());
}

/** INT3 and INTO: of no concern to IOPL. */
export function softwareException(vector: i32, next: u64): void {
  cancelTrap();
  deliver(vector, true, NO_ERROR, next, getFlags());
}

/** INT1: like the debug exception of the hardware, but a trap that no gate's DPL forbids. */
export function hardwareBreakpoint(next: u64): void {
  joinTraps();
  deliver(DB, false, NO_ERROR, next, getFlags());
  endBranchTracing();
}

/** Delivers in any mode. `software`: the gate's DPL counts. `ip` and `image` are what is pushed. */
function deliver(vector: i32, software: bool, error: i32, ip: u64, image: u32): void {
  if (!protectedMode()) deliverReal(vector, ip, image);
  else if (longMode()) deliverLong(vector, software, error, ip, image);
  else deliverProtected(vector, software, error, ip, image);
}

function deliverReal(vector: i32, ip: u64, image: u32): void {
  const entry = vector * 4;
  if (<u32>entry + 3 > load<u32>(CPU + IDTR_LIMIT)) raise(GP, external);
  const place = load<u64>(CPU + IDTR_BASE) + entry;
  const target = systemRead16(place);
  const selector = systemRead16(place + 2);
  openCurrentStack();
  pushFrame(image & 0xffff, 2);
  pushFrame(load<u32>(segment(CS) + SEGMENT_SELECTOR), 2);
  pushFrame(ip, 2);
  enterSimpleCode(selector, target);
  closeStack();
  clearFlags(IF | TF | AC | RF);
}

/** Whether the redirection bitmap of the TSS sends an INT n of a virtual-8086 task to protected mode. */
function redirected(vector: i32): bool {
  const tss = segment(TR);
  const limit = load<u32>(tss + SEGMENT_LIMIT);
  if ((load<u32>(tss + SEGMENT_ATTRIBUTES) & 13) != TYPE_TSS32 || limit < 0x67) return true;
  const base = load<u64>(tss + SEGMENT_BASE);
  const offset = systemRead16(linearSum(base, 0x66)) - 32 + (<u32>vector >> 3);
  if (offset > limit) return true;
  return ((systemRead8(linearSum(base, offset)) >> (vector & 7)) & 1) != 0;
}

/** An INT n that a virtual-8086 task's own table handles. */
function deliverVirtual(vector: i32, next: u64): void {
  const virtual = ioPrivilege() < 3;
  const image = virtual ? virtualImage() : getFlags();
  const target = read16(vector * 4);
  const selector = read16(vector * 4 + 2);
  openCurrentStack();
  pushFrame(image & 0xffff, 2);
  pushFrame(load<u32>(segment(CS) + SEGMENT_SELECTOR), 2);
  pushFrame(next, 2);
  enterSimpleCode(selector, target);
  closeStack();
  clearFlags((virtual ? VIF : IF) | TF);
}

/** Error code for a fault on an entry of the interrupt table. */
function entryError(vector: i32): i32 {
  return vector * 8 + IN_IDT + external;
}

function deliverProtected(vector: i32, software: bool, error: i32, ip: u64, image: u32): void {
  if (<u32>vector * 8 + 7 > load<u32>(CPU + IDTR_LIMIT)) raise(GP, entryError(vector));
  const gate = systemRead64(linearSum(load<u64>(CPU + IDTR_BASE), vector * 8));
  const gateAttributes = attributesOf(gate);
  const type = systemType(gateAttributes);
  const isGate = type == TYPE_TASK_GATE || (type & 7) == TYPE_INTERRUPT_GATE16 || (type & 7) == TYPE_TRAP_GATE16;
  if (!isGate) raise(GP, entryError(vector));
  if (software && dplOf(gateAttributes) < privilege()) raise(GP, entryError(vector));
  if (!(gateAttributes & PRESENT)) raise(NP, entryError(vector));
  const selector = <u32>(gate >> 16) & 0xffff;
  if (type == TYPE_TASK_GATE) {
    deliverToTask(selector, error, ip, image);
    return;
  }
  if (isNull(selector)) raise(GP, external);
  const place = descriptorPlace(selector, GP);
  const code = systemRead64(place);
  const attributes = attributesOf(code);
  const level = dplOf(attributes);
  if (!isCode(attributes) || level > privilege()) raiseSelector(GP, selector);
  if (!(attributes & PRESENT)) raiseSelector(NP, selector);
  const bytes: u32 = type & 8 ? 4 : 2;
  const target = (gate & 0xffff) | (bytes == 4 ? (gate >> 32) & 0xffff0000 : 0);
  const inner = !(attributes & CONFORMING) && level < privilege();
  const fromVirtual = virtual8086();
  if (fromVirtual && (!inner || level != 0)) raiseSelector(GP, selector);
  checkEntry(code, target);
  let stack: u64 = 0;
  if (inner) {
    const oldStack = load<u32>(segment(SS) + SEGMENT_SELECTOR);
    const oldPointer = load<u64>(CPU + GPR + 32);
    readInnerStack(level);
    stack = innerStackDescriptor(innerSelector, level);
    openStack(innerSelector, stack, innerPointer);
    if (fromVirtual) {
      pushFrame(load<u32>(segment(GS) + SEGMENT_SELECTOR), bytes);
      pushFrame(load<u32>(segment(FS) + SEGMENT_SELECTOR), bytes);
      pushFrame(load<u32>(segment(DS) + SEGMENT_SELECTOR), bytes);
      pushFrame(load<u32>(segment(ES) + SEGMENT_SELECTOR), bytes);
    }
    pushFrame(oldStack, bytes);
    pushFrame(oldPointer, bytes);
  } else openCurrentStack();
  pushFrame(image, bytes);
  pushFrame(load<u32>(segment(CS) + SEGMENT_SELECTOR), bytes);
  pushFrame(ip, bytes);
  if (error != NO_ERROR) pushFrame(error, bytes);
  markAccessed(place, code);

  clearFlags(TF | NT | RF | VM | (type & 1 ? 0 : IF));
  if (fromVirtual) {
    setNull(ES, 0);
    setNull(DS, 0);
    setNull(FS, 0);
    setNull(GS, 0);
  }
  if (inner) loadInnerStack(level, stack);
  closeStack();
  enterCode(selector, code, inner ? level : privilege(), target);
}

/** Through a task gate: the error code goes to the stack of the new task. */
function deliverToTask(selector: u32, error: i32, ip: u64, image: u32): void {
  checkTask(selector, GP);
  // The image saved in the old TSS is that of the interrupted program.
  store<u32>(CPU + EFLAGS, load<u32>(CPU + EFLAGS) | (image & RF));
  switchTask(selector, TASK_INTERRUPT, ip);
  if (error == NO_ERROR) return;
  const wide = (load<u32>(segment(TR) + SEGMENT_ATTRIBUTES) & 8) != 0;
  openCurrentStack();
  pushFrame(error, wide ? 4 : 2);
  closeStack();
}

function deliverLong(vector: i32, software: bool, error: i32, ip: u64, image: u32): void {
  if (<u32>vector * 16 + 15 > load<u32>(CPU + IDTR_LIMIT)) raise(GP, entryError(vector));
  const gatePlace = load<u64>(CPU + IDTR_BASE) + vector * 16;
  const gate = systemRead64(gatePlace);
  const gateAttributes = attributesOf(gate);
  const type = systemType(gateAttributes);
  if (type != TYPE_INTERRUPT_GATE32 && type != TYPE_TRAP_GATE32) raise(GP, entryError(vector));
  if (software && dplOf(gateAttributes) < privilege()) raise(GP, entryError(vector));
  if (!(gateAttributes & PRESENT)) raise(NP, entryError(vector));
  const target = (gate & 0xffff) | ((gate >> 32) & 0xffff0000) | (systemRead64(gatePlace + 8) << 32);
  const selector = <u32>(gate >> 16) & 0xffff;
  if (isNull(selector)) raise(GP, external);
  const place = descriptorPlace(selector, GP);
  const code = systemRead64(place);
  const attributes = attributesOf(code);
  const dpl = dplOf(attributes);
  if (!isCode(attributes) || dpl > privilege()) raiseSelector(GP, selector);
  if ((attributes & (LONG | BIG)) != LONG) raiseSelector(GP, selector);
  if (!(attributes & PRESENT)) raiseSelector(NP, selector);
  checkEntry(code, target);
  const level = attributes & CONFORMING ? privilege() : dpl;
  const oldStack = load<u32>(segment(SS) + SEGMENT_SELECTOR);
  const oldPointer = load<u64>(CPU + GPR + 32);
  const stackTable = <u32>(gate >> 32) & 7;
  let top = oldPointer;
  if (stackTable) top = readTssPointer(0x1c + stackTable * 8);
  else if (level < privilege()) top = readTssPointer(4 + level * 8);
  openWideStack(level, top & ~15);
  pushFrame(oldStack, 8);
  pushFrame(oldPointer, 8);
  pushFrame(image, 8);
  pushFrame(load<u32>(segment(CS) + SEGMENT_SELECTOR), 8);
  pushFrame(ip, 8);
  if (error != NO_ERROR) pushFrame(error, 8);
  markAccessed(place, code);

  clearFlags(TF | NT | RF | (type & 1 ? 0 : IF));
  if (level < privilege()) loadInnerStack(level, 0);
  closeStack();
  enterCode(selector, code, level, target);
}
