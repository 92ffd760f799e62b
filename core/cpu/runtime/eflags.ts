// EFLAGS as system software sees them, and the instructions that change them: CLI, STI, PUSHF, POPF.

import { CPL, CR0, CR4, EFER, EFLAGS, EFLAGS_KNOWN, INTERRUPT_LINE, MODE, MODE_CODE_SIZE, SHADOW } from "../layout";
import { CPU } from "./cpu";
import { GP, raise, stopSoon } from "./exceptions";
import { getFlags, setFlags } from "./flags";
import { chooseTable } from "./tlb";

export const TF: u32 = 1 << 8;
export const IF: u32 = 1 << 9;
export const IOPL: u32 = 3 << 12;
export const NT: u32 = 1 << 14;
export const RF: u32 = 1 << 16;
export const VM: u32 = 1 << 17;
export const AC: u32 = 1 << 18;
export const VIF: u32 = 1 << 19;
export const VIP: u32 = 1 << 20;
export const ID: u32 = 1 << 21;

/** CF PF AF ZF SF TF DF OF NT: what POPF and IRET may always change … */
export const ALWAYS_16: u32 = 0x4dd5;
/** … and with 32 bits AC and ID too. */
export const ALWAYS_32: u32 = ALWAYS_16 | AC | ID;

export const CR4_VME: u32 = 1 << 0;
export const CR4_PVI: u32 = 1 << 1;

/** SHADOW: interrupts are held off for one instruction. */
const HOLD_INTERRUPTS = 1;

// @ts-ignore: decorator of AssemblyScript
@inline
export function protectedMode(): bool {
  return (load<u32>(CPU + CR0) & 1) != 0;
}

// @ts-ignore: decorator of AssemblyScript
@inline
export function virtual8086(): bool {
  return (load<u32>(CPU + EFLAGS) & VM) != 0;
}

/** EFER.LMA. */
// @ts-ignore: decorator of AssemblyScript
@inline
export function longMode(): bool {
  return (load<u32>(CPU + EFER) & (1 << 10)) != 0;
}

/** Whether 64-bit code runs. */
// @ts-ignore: decorator of AssemblyScript
@inline
export function code64(): bool {
  return (load<u32>(CPU + MODE) & MODE_CODE_SIZE) == 2;
}

// @ts-ignore: decorator of AssemblyScript
@inline
export function privilege(): u32 {
  return load<u32>(CPU + CPL);
}

// @ts-ignore: decorator of AssemblyScript
@inline
export function ioPrivilege(): u32 {
  return (load<u32>(CPU + EFLAGS) >> 12) & 3;
}

/** Leaves by #GP(0) unless CPL is 0. */
export function requirePrivilege(): void {
  if (privilege() != 0) raise(GP, 0);
}

/** Sets the flags in `mask` from an image, and lets the run loop see what that makes possible. */
export function changeFlags(image: u32, mask: u32): void {
  const known = mask & load<u32>(CPU + EFLAGS_KNOWN);
  const flags = (getFlags() & ~known) | (image & known);
  setFlags(flags);
  if (flags & TF || (flags & IF && load<u32>(CPU + INTERRUPT_LINE))) stopSoon();
}

/** Clears system flags, which lie in EFLAGS alone. */
// @ts-ignore: decorator of AssemblyScript
@inline
export function clearFlags(mask: u32): void {
  store<u32>(CPU + EFLAGS, load<u32>(CPU + EFLAGS) & ~mask);
  if (mask & AC) chooseTable();
}

/** Which flag CLI and STI are about: IF, VIF, or none (0), which is #GP(0). [SDM] vol. 2, CLI, table 3-7. */
function interruptFlag(): u32 {
  if (!protectedMode() || privilege() <= ioPrivilege()) return IF;
  const cr4 = load<u32>(CPU + CR4);
  return (virtual8086() ? cr4 & CR4_VME : cr4 & CR4_PVI && privilege() == 3) ? VIF : 0;
}

/** CLI. False: #GP(0). */
export function clearInterruptFlag(): bool {
  const flag = interruptFlag();
  clearFlags(flag);
  return flag != 0;
}

/** STI. False: #GP(0). */
export function setInterruptFlag(): bool {
  const flag = interruptFlag();
  const flags = load<u32>(CPU + EFLAGS);
  if (flag == 0 || (flag == VIF && flags & VIP)) return false;
  store<u32>(CPU + EFLAGS, flags | flag);
  if (flag == IF && !(flags & IF)) {
    store<i32>(CPU + SHADOW, HOLD_INTERRUPTS);
    if (load<u32>(CPU + INTERRUPT_LINE)) stopSoon();
  }
  return true;
}

/** Whether PUSHF, POPF and IRET of a virtual-8086 task with IOPL below 3 act on VIF; if not, #GP(0). */
export function virtualInterrupts(bytes: u32): bool {
  if (!virtual8086() || ioPrivilege() == 3) return false;
  if (bytes != 2 || !(load<u32>(CPU + CR4) & CR4_VME)) raise(GP, 0);
  return true;
}

/** The flags as a virtual-8086 task with IOPL below 3 sees them: VIF as IF, IOPL as 3. */
export function virtualImage(): u32 {
  const flags = getFlags();
  return (flags & ~(IF | IOPL)) | IOPL | (flags & VIF ? IF : 0);
}

/** Takes the low 16 flags from an image the same way; #GP(0) for what VIP or TF make impossible. */
export function setVirtualImage(image: u32): void {
  const flags = load<u32>(CPU + EFLAGS);
  if (image & TF || (image & IF && flags & VIP)) raise(GP, 0);
  changeFlags(image | (image & IF ? VIF : 0), ALWAYS_16 | VIF);
}

/** What PUSHF pushes. */
export function flagsToPush(bytes: u32): u32 {
  if (virtualInterrupts(bytes)) return virtualImage();
  return getFlags() & ~(RF | VM);
}

/** POPF, with an image of 2, 4 or 8 bytes. */
export function popFlags(image: u32, bytes: u32): void {
  if (virtualInterrupts(bytes)) {
    setVirtualImage(image);
    return;
  }
  let mask = bytes == 2 ? ALWAYS_16 : ALWAYS_32 | RF;
  if (!protectedMode()) mask |= IF | IOPL;
  else {
    if (privilege() <= ioPrivilege()) mask |= IF;
    if (privilege() == 0) mask |= IOPL;
  }
  changeFlags(image & ~RF, mask);
}

/** ZF, and nothing else. */
export function setZero(value: bool): void {
  setFlags((getFlags() & ~0x40) | (value ? 0x40 : 0));
}

/** STAC and CLAC at level 0. */
export function setAlignmentFlag(value: i32): void {
  const flags = load<u32>(CPU + EFLAGS);
  store<u32>(CPU + EFLAGS, value ? flags | AC : flags & ~AC);
  chooseTable();
}
