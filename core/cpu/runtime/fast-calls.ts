// SYSENTER, SYSEXIT, SYSCALL, SYSRET, SWAPGS. [SDM] vol. 2.

import {
  CPL,
  EFER,
  FMASK,
  GPR,
  KERNEL_GS_BASE,
  LSTAR,
  RIP,
  SEGMENT_BASE,
  STAR,
  SYSENTER_CS,
  SYSENTER_EIP,
  SYSENTER_ESP,
} from "../layout";
import { CPU } from "./cpu";
import { changeFlags, clearFlags, code64, IF, longMode, protectedMode, requirePrivilege, RF, VM } from "./eflags";
import { GP, raise, raisePlain, UD } from "./exceptions";
import { getFlags, setFlags } from "./flags";
import { isCanonical } from "./frames";
import { CS, GS, segment, setSegment, SS, updateMode } from "./processor";

/** Attributes of flat segments at level 0; the level comes in bits 5 and 6. */
const CODE_32: u32 = 0xc09b;
const CODE_64: u32 = 0xa09b;
const DATA: u32 = 0xc093;

const EFER_SCE: u32 = 1;
/** RFLAGS that SYSRET takes from R11. */
const SYSRET_FLAGS: u32 = 0x3c7fd7;

function enterFlat(code: u32, stack: u32, level: u32, long: bool): void {
  const dpl = level << 5;
  setSegment(CS, code, 0, ~0, (long ? CODE_64 : CODE_32) | dpl);
  setSegment(SS, stack, 0, ~0, DATA | dpl);
  store<u32>(CPU + CPL, level);
  updateMode();
}

export function sysenter(): void {
  const selector = load<u32>(CPU + SYSENTER_CS) & 0xfffc;
  if (!protectedMode() || selector == 0) raise(GP, 0);
  clearFlags(VM | IF | RF);
  const long = longMode();
  enterFlat(selector, selector + 8, 0, long);
  const mask: u64 = long ? ~0 : 0xffffffff;
  store<u64>(CPU + GPR + 32, load<u64>(CPU + SYSENTER_ESP) & mask);
  store<u64>(CPU + RIP, load<u64>(CPU + SYSENTER_EIP) & mask);
}

/** `bytes` 8: to 64-bit code. */
export function sysexit(bytes: u32): void {
  const selector = load<u32>(CPU + SYSENTER_CS) & 0xfffc;
  if (!protectedMode() || selector == 0) raise(GP, 0);
  requirePrivilege();
  const ip = load<u64>(CPU + GPR + 16);
  const stack = load<u64>(CPU + GPR + 8);
  if (bytes == 8) {
    if (!isCanonical(ip) || !isCanonical(stack)) raise(GP, 0);
    enterFlat((selector + 32) | 3, (selector + 40) | 3, 3, true);
  } else enterFlat((selector + 16) | 3, (selector + 24) | 3, 3, false);
  const mask: u64 = bytes == 8 ? ~0 : 0xffffffff;
  store<u64>(CPU + GPR + 32, stack & mask);
  store<u64>(CPU + RIP, ip & mask);
}

function requireSyscall(): void {
  if (!code64() || !(load<u32>(CPU + EFER) & EFER_SCE)) raisePlain(UD);
}

export function syscall(next: u64): void {
  requireSyscall();
  store<u64>(CPU + GPR + 8, next);
  const flags = getFlags();
  store<u64>(CPU + GPR + 11 * 8, flags & ~RF);
  const selector = <u32>(load<u64>(CPU + STAR) >> 32) & 0xfffc;
  setFlags(flags & ~(<u32>load<u64>(CPU + FMASK) | RF));
  enterFlat(selector, selector + 8, 0, true);
  store<u64>(CPU + RIP, load<u64>(CPU + LSTAR));
}

export function sysret(bytes: u32): void {
  requireSyscall();
  requirePrivilege();
  const ip = load<u64>(CPU + GPR + 8);
  const long = bytes == 8;
  if (long && !isCanonical(ip)) raise(GP, 0);
  const selector = <u32>(load<u64>(CPU + STAR) >> 48);
  enterFlat((long ? selector + 16 : selector) | 3, (selector + 8) | 3, 3, long);
  store<u64>(CPU + RIP, long ? ip : ip & 0xffffffff);
  changeFlags(<u32>load<u64>(CPU + GPR + 11 * 8) & SYSRET_FLAGS, ~0);
}

export function swapGs(): void {
  requirePrivilege();
  const base = load<u64>(segment(GS) + SEGMENT_BASE);
  store<u64>(segment(GS) + SEGMENT_BASE, load<u64>(CPU + KERNEL_GS_BASE));
  store<u64>(CPU + KERNEL_GS_BASE, base);
}
