// IRET, IRETD and IRETQ in all modes. [SDM] vol. 2, IRET.

import { CPL, EFLAGS, GPR, NMI, NMI_BLOCKED, NMI_PENDING, RIP, SEGMENT_BASE } from "../layout";
import { CPU } from "./cpu";
import { armed } from "./debug";
import {
  attributesOf,
  BUSY,
  findDescriptor,
  NOWHERE,
  PRESENT,
  raiseSelector,
  setVirtual8086,
  systemType,
  TYPE_TSS16,
  TYPE_TSS32,
} from "./descriptors";
import {
  ALWAYS_16,
  ALWAYS_32,
  changeFlags,
  code64,
  IF,
  IOPL,
  ioPrivilege,
  longMode,
  NT,
  privilege,
  protectedMode,
  RF,
  setVirtualImage,
  VIF,
  VIP,
  virtual8086,
  virtualInterrupts,
  VM,
} from "./eflags";
import { GP, NP, raise, stopSoon, TS } from "./exceptions";
import { closeStack, openCurrentStack, popFrame } from "./frames";
import { systemRead16, systemRead64 } from "./memory";
import { CS, DS, ES, FS, GS, segment, SS, TR, updateMode } from "./processor";
import { switchTask, TASK_RETURN } from "./task-switch";
import { checkEntry, enterCode, enterSimpleCode, returnCode, returnOutside, returnStack } from "./transfers";

/** `bytes` is the operand size; `next` where a task that returns to another would go on. */
export function interruptReturn(bytes: u32, next: u64): void {
  const nmi = load<u32>(CPU + NMI);
  if (nmi) {
    store<u32>(CPU + NMI, nmi & ~NMI_BLOCKED);
    if (nmi & NMI_PENDING) stopSoon();
  }
  if (!protectedMode()) returnReal(bytes);
  else if (virtual8086()) returnInVirtual(bytes);
  else if (load<u32>(CPU + EFLAGS) & NT) returnToTask(next);
  else returnProtected(bytes);
}

/** RF is of use only where instruction breakpoints are; elsewhere the next instruction would clear it unseen. */
function resumeMask(bytes: u32): u32 {
  return bytes > 2 && armed() ? RF : 0;
}

function returnReal(bytes: u32): void {
  openCurrentStack();
  const ip = popFrame(bytes);
  const selector = <u32>popFrame(bytes) & 0xffff;
  const image = <u32>popFrame(bytes);
  enterSimpleCode(selector, ip);
  closeStack();
  changeFlags(image, (bytes == 2 ? ALWAYS_16 : ALWAYS_32) | IF | IOPL | resumeMask(bytes));
}

function returnInVirtual(bytes: u32): void {
  const virtual = virtualInterrupts(bytes);
  openCurrentStack();
  const ip = popFrame(bytes);
  const selector = <u32>popFrame(bytes) & 0xffff;
  const image = <u32>popFrame(bytes);
  if (virtual) {
    if (ip > 0xffff) raise(GP, 0);
    setVirtualImage(image);
  }
  enterSimpleCode(selector, ip);
  closeStack();
  if (!virtual) changeFlags(image, (bytes == 2 ? ALWAYS_16 : ALWAYS_32) | IF | resumeMask(bytes));
}

/** To the task that the back link names. */
function returnToTask(next: u64): void {
  if (longMode()) raise(GP, 0);
  const selector = systemRead16(load<u64>(segment(TR) + SEGMENT_BASE));
  const place = selector & 4 ? NOWHERE : findDescriptor(selector, 8);
  if (place == NOWHERE) raiseSelector(TS, selector);
  const attributes = attributesOf(systemRead64(place));
  const type = systemType(attributes);
  if (type != (TYPE_TSS16 | BUSY) && type != (TYPE_TSS32 | BUSY)) raiseSelector(TS, selector);
  if (!(attributes & PRESENT)) raiseSelector(NP, selector);
  switchTask(selector, TASK_RETURN, next);
}

function returnProtected(bytes: u32): void {
  openCurrentStack();
  const ip = popFrame(bytes);
  const selector = <u32>popFrame(bytes) & 0xffff;
  const image = <u32>popFrame(bytes);
  if (image & VM && bytes == 4 && privilege() == 0 && !longMode()) {
    returnToVirtual(selector, ip, image);
    return;
  }
  const code = returnCode(selector);
  const level = selector & 3;
  // Flags are changed with the privilege of the level that returns.
  let mask = (bytes == 2 ? ALWAYS_16 : ALWAYS_32) | resumeMask(bytes);
  if (privilege() <= ioPrivilege()) mask |= IF;
  if (privilege() == 0) mask |= IOPL | (bytes == 2 ? 0 : VIF | VIP);
  if (level == privilege() && !code64()) {
    checkEntry(code, ip);
    closeStack();
    enterCode(selector, code, level, ip);
  } else {
    const pointer = popFrame(bytes);
    const stack = <u32>popFrame(bytes) & 0xffff;
    const stackDescriptor = returnStack(stack, level, code);
    checkEntry(code, ip);
    returnOutside(selector, code, ip, stack, stackDescriptor, pointer);
  }
  changeFlags(image, mask);
}

/** From level 0 to a virtual-8086 task: all segment registers are on the stack. */
function returnToVirtual(selector: u32, ip: u64, image: u32): void {
  const pointer = popFrame(4);
  const stack = <u32>popFrame(4) & 0xffff;
  const es = <u32>popFrame(4) & 0xffff;
  const ds = <u32>popFrame(4) & 0xffff;
  const fs = <u32>popFrame(4) & 0xffff;
  const gs = <u32>popFrame(4) & 0xffff;
  if (ip > 0xffff) raise(GP, 0);
  setVirtual8086(CS, selector);
  setVirtual8086(SS, stack);
  setVirtual8086(ES, es);
  setVirtual8086(DS, ds);
  setVirtual8086(FS, fs);
  setVirtual8086(GS, gs);
  store<u64>(CPU + GPR + 32, pointer);
  store<u64>(CPU + RIP, ip);
  store<u32>(CPU + CPL, 3);
  changeFlags(image, ~(armed() ? 0 : RF));
  updateMode();
}
