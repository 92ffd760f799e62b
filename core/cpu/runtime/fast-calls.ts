// SYSENTER, SYSEXIT, SYSCALL, SYSRET, where Intel and AMD differ by the model's vendor. [SDM] vol. 2;
// [APM] vol. 3.

import {
  CPL,
  CSTAR,
  EFER,
  FMASK,
  GPR,
  LSTAR,
  MODEL_AMD,
  MODEL_FLAGS,
  RIP,
  SEGMENT_ATTRIBUTES,
  SEGMENT_BASE,
  SEGMENT_LIMIT,
  STAR,
  SYSENTER_CS,
  SYSENTER_EIP,
  SYSENTER_ESP,
} from "../layout";
import { CPU } from "./cpu";
import { cancelTrap, trapAtOnce } from "./debug";
import { changeFlags, clearFlags, code64, IF, longMode, protectedMode, requirePrivilege, RF, VM, TF } from "./eflags";
import { GP, raise, raisePlain, UD } from "./exceptions";
import { getFlags, setFlags } from "./flags";
import { isCanonical } from "./frames";
import { CS, segment, setSegment, SS, updateMode } from "./processor";

/** Attributes of flat segments at level 0; the level comes in bits 5 and 6. */
const CODE_32: u32 = 0xc09b;
const CODE_64: u32 = 0xa09b;
const DATA: u32 = 0xc093;

const EFER_SCE: u32 = 1;
/** RFLAGS that SYSRET takes from R11. */
const SYSRET_FLAGS: u32 = 0x3c7fd7;

// @ts-ignore: decorator of AssemblyScript
@inline
function isAmd(): bool {
  return (load<u32>(CPU + MODEL_FLAGS) & MODEL_AMD) != 0;
}

function enterFlat(code: u32, stack: u32, level: u32, long: bool): void {
  const dpl = level << 5;
  setSegment(CS, code, 0, ~0, (long ? CODE_64 : CODE_32) | dpl);
  setSegment(SS, stack, 0, ~0, DATA | dpl);
  store<u32>(CPU + CPL, level);
  updateMode();
}

/** The selector in IA32_SYSENTER_CS, with which the fast calls of Intel's work in protected mode; AMD's not in long mode. */
function systemSelector(): u32 {
  if (isAmd() && longMode()) raisePlain(UD);
  const selector = load<u32>(CPU + SYSENTER_CS) & 0xfffc;
  if (!protectedMode() || selector == 0) raise(GP, 0);
  return selector;
}

export function sysenter(): void {
  const selector = systemSelector();
  clearFlags(VM | IF | RF);
  const long = longMode();
  enterFlat(selector, selector + 8, 0, long);
  const mask: u64 = long ? ~0 : 0xffffffff;
  store<u64>(CPU + GPR + 32, load<u64>(CPU + SYSENTER_ESP) & mask);
  store<u64>(CPU + RIP, load<u64>(CPU + SYSENTER_EIP) & mask);
}

/** `bytes` 8: to 64-bit code. */
export function sysexit(bytes: u32): void {
  const selector = systemSelector();
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
  if (!(load<u32>(CPU + EFER) & EFER_SCE)) raisePlain(UD);
}

/** `next` is where SYSRET goes. Outside 64-bit code only AMD's processors have it. */
export function syscall(next: u64): void {
  requireSyscall();
  const star = load<u64>(CPU + STAR);
  const selector = <u32>(star >> 32) & 0xfffc;
  if (!longMode()) {
    store<u64>(CPU + GPR + 8, next & 0xffffffff);
    clearFlags(VM | IF | RF);
    enterFlat(selector, selector + 8, 0, false);
    store<u64>(CPU + RIP, star & 0xffffffff);
    return;
  }
  const target = load<u64>(CPU + (code64() ? LSTAR : CSTAR));
  store<u64>(CPU + GPR + 8, next);
  const flags = getFlags();
  store<u64>(CPU + GPR + 11 * 8, flags & ~RF);
  const kept = flags & ~(<u32>load<u64>(CPU + FMASK) | RF);
  setFlags(kept);
  // Whether it is stepped goes by TF behind it, so that the system is not where FMASK has TF.
  if (!(kept & TF)) cancelTrap();
  enterFlat(selector, selector + 8, 0, true);
  store<u64>(CPU + RIP, target);
}

/** `bytes` 8: to 64-bit code. */
export function sysret(bytes: u32): void {
  requireSyscall();
  if (!protectedMode()) raise(GP, 0);
  requirePrivilege();
  const ip = load<u64>(CPU + GPR + 8);
  const from64 = code64();
  const long = from64 && bytes == 8;
  const amd = isAmd();
  // AMD's processors meet an address that is not canonical at the next fetch.
  if (long && !amd && !isCanonical(ip)) raise(GP, 0);
  const selector = <u32>(load<u64>(CPU + STAR) >> 48);
  const code = (long ? selector + 16 : selector) | 3;
  if (amd) enterWithSelectorAlone(code, selector + 8, long);
  else enterFlat(code, (selector + 8) | 3, 3, long);
  store<u64>(CPU + RIP, long ? ip : ip & 0xffffffff);
  if (from64) changeFlags(<u32>load<u64>(CPU + GPR + 11 * 8) & SYSRET_FLAGS, ~0);
  else changeFlags(IF, IF);
  if (getFlags() & TF) trapAtOnce();
}

/** To level 3 as AMD's SYSRET does it: of SS only the selector changes. */
function enterWithSelectorAlone(code: u32, stack: u32, long: bool): void {
  const place = segment(SS);
  const base = load<u64>(place + SEGMENT_BASE);
  const limit = load<u32>(place + SEGMENT_LIMIT);
  const attributes = load<u32>(place + SEGMENT_ATTRIBUTES);
  enterFlat(code, stack, 3, long);
  setSegment(SS, stack, base, limit, attributes);
  updateMode();
}
