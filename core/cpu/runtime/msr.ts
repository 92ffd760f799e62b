// RDMSR, WRMSR, RDTSC. What is not kept here the board knows (the APIC base), or it is #GP(0). [SDM] vol. 4.

import {
  CR0,
  CR4,
  CSTAR,
  EFER,
  EFER_ALLOWED,
  FMASK,
  GPR,
  KERNEL_GS_BASE,
  LSTAR,
  MACHINE_CHECK,
  MISC_ENABLE,
  MTRR,
  PAT,
  SEGMENT_BASE,
  STAR,
  SYSENTER_CS,
  SYSENTER_EIP,
  SYSENTER_ESP,
  TSC_AUX,
  TSC_OFFSET,
} from "../layout";
import { CPU } from "./cpu";
import { hasExtended, RDTSCP } from "./cpuid";
import { privilege, requirePrivilege } from "./eflags";
import { GP, raise, raisePlain, UD } from "./exceptions";
import { isCanonical } from "./frames";
import { readMsr, timeStamp, writeMsr } from "./host";
import { flushTlb } from "./tlb";
import { FS, GS, segment } from "./processor";

const IA32_TIME_STAMP_COUNTER: u32 = 0x10;
const IA32_PLATFORM_ID: u32 = 0x17;
const IA32_BIOS_UPDT_TRIG: u32 = 0x79;
const IA32_BIOS_SIGN_ID: u32 = 0x8b;
const IA32_MTRRCAP: u32 = 0xfe;
const IA32_SYSENTER_CS: u32 = 0x174;
const IA32_SYSENTER_ESP: u32 = 0x175;
const IA32_SYSENTER_EIP: u32 = 0x176;
const IA32_MCG_CAP: u32 = 0x179;
const IA32_MCG_STATUS: u32 = 0x17a;
const IA32_MCG_CTL: u32 = 0x17b;
const IA32_MISC_ENABLE: u32 = 0x1a0;
const IA32_DEBUGCTL: u32 = 0x1d9;
const IA32_MTRR_PHYSBASE0: u32 = 0x200;
const IA32_MTRR_PHYSMASK7: u32 = 0x20f;
const IA32_MTRR_FIX64K: u32 = 0x250;
const IA32_MTRR_FIX16K_80000: u32 = 0x258;
const IA32_MTRR_FIX16K_A0000: u32 = 0x259;
const IA32_MTRR_FIX4K_C0000: u32 = 0x268;
const IA32_MTRR_FIX4K_F8000: u32 = 0x26f;
const IA32_PAT: u32 = 0x277;
const IA32_MTRR_DEF_TYPE: u32 = 0x2ff;
const IA32_MC0_CTL: u32 = 0x400;
const IA32_MC4_MISC: u32 = 0x413;
const IA32_EFER: u32 = 0xc0000080;
const IA32_STAR: u32 = 0xc0000081;
const IA32_LSTAR: u32 = 0xc0000082;
const IA32_CSTAR: u32 = 0xc0000083;
const IA32_FMASK: u32 = 0xc0000084;
const IA32_FS_BASE: u32 = 0xc0000100;
const IA32_GS_BASE: u32 = 0xc0000101;
const IA32_KERNEL_GS_BASE: u32 = 0xc0000102;
const IA32_TSC_AUX: u32 = 0xc0000103;

/** Eight variable ranges, fixed ranges, write combining. */
const MTRRCAP: u64 = 0x508;
/** Five banks, IA32_MCG_CTL present. */
const MCG_CAP: u64 = 0x105;

const CR0_PG: u32 = 1 << 31;
const CR4_TSD: u32 = 1 << 2;
const EFER_LME: u64 = 1 << 8;
const EFER_LMA: u64 = 1 << 10;
const EFER_NXE: u64 = 1 << 11;

/** Memory types that PAT and the MTRRs know: 0 1 4 5 6, in PAT 7 too. */
function validTypes(value: u64, known: u32): bool {
  for (let n = 0; n < 8; n++) {
    const type = <u32>(value >> (8 * n)) & 0xff;
    if (type > 7 || !((known >> type) & 1)) return false;
  }
  return true;
}

/** Offset in the state of an MTRR; 0 if the number is of none. */
function mtrrPlace(number: u32): usize {
  if (number >= IA32_MTRR_PHYSBASE0 && number <= IA32_MTRR_PHYSMASK7) return MTRR + (number - IA32_MTRR_PHYSBASE0) * 8;
  if (number == IA32_MTRR_FIX64K) return MTRR + 128;
  if (number == IA32_MTRR_FIX16K_80000 || number == IA32_MTRR_FIX16K_A0000) {
    return MTRR + 136 + (number - IA32_MTRR_FIX16K_80000) * 8;
  }
  if (number >= IA32_MTRR_FIX4K_C0000 && number <= IA32_MTRR_FIX4K_F8000) {
    return MTRR + 152 + (number - IA32_MTRR_FIX4K_C0000) * 8;
  }
  return number == IA32_MTRR_DEF_TYPE ? MTRR + 216 : 0;
}

/** Offset in the state of a register that is storage and nothing else; 0 if it is none. */
function storagePlace(number: u32): usize {
  switch (number) {
    case IA32_SYSENTER_CS:
      return SYSENTER_CS;
    case IA32_SYSENTER_ESP:
      return SYSENTER_ESP;
    case IA32_SYSENTER_EIP:
      return SYSENTER_EIP;
    case IA32_MISC_ENABLE:
      return MISC_ENABLE;
    case IA32_MCG_STATUS:
      return MACHINE_CHECK;
    case IA32_MCG_CTL:
      return MACHINE_CHECK + 8;
  }
  if (number >= IA32_MC0_CTL && number <= IA32_MC4_MISC) return MACHINE_CHECK + 16 + (number - IA32_MC0_CTL) * 8;
  return mtrrPlace(number);
}

/** Offset of a register that only 64-bit processors have, all but EFER of which must be canonical or 32 bits. */
function longPlace(number: u32): usize {
  switch (number) {
    case IA32_STAR:
      return STAR;
    case IA32_LSTAR:
      return LSTAR;
    case IA32_CSTAR:
      return CSTAR;
    case IA32_FMASK:
      return FMASK;
    case IA32_FS_BASE:
      return segment(FS) - CPU + SEGMENT_BASE;
    case IA32_GS_BASE:
      return segment(GS) - CPU + SEGMENT_BASE;
    case IA32_KERNEL_GS_BASE:
      return KERNEL_GS_BASE;
    case IA32_TSC_AUX:
      return TSC_AUX;
  }
  return 0;
}

// @ts-ignore: decorator of AssemblyScript
@inline
function hasLongMode(): bool {
  return (load<u64>(CPU + EFER_ALLOWED) & EFER_LME) != 0;
}

function readRegister(number: u32): u64 {
  const place = storagePlace(number);
  if (place) return load<u64>(CPU + place);
  if (number >= IA32_EFER) {
    if (number == IA32_EFER && load<u64>(CPU + EFER_ALLOWED)) return load<u64>(CPU + EFER);
    const long = longPlace(number);
    if (long && hasLongMode()) return load<u64>(CPU + long);
  }
  switch (number) {
    case IA32_TIME_STAMP_COUNTER:
      return timeStamp() + load<u64>(CPU + TSC_OFFSET);
    case IA32_MTRRCAP:
      return MTRRCAP;
    case IA32_MCG_CAP:
      return MCG_CAP;
    case IA32_PAT:
      return load<u64>(CPU + PAT);
    case IA32_PLATFORM_ID:
    case IA32_BIOS_SIGN_ID:
    case IA32_DEBUGCTL:
      return 0;
  }
  return readMsr(number);
}

function writeEfer(value: u64): void {
  const allowed = load<u64>(CPU + EFER_ALLOWED);
  const old = load<u64>(CPU + EFER);
  if (!allowed || value & ~(allowed | EFER_LMA)) raise(GP, 0);
  if ((value ^ old) & EFER_LME && load<u32>(CPU + CR0) & CR0_PG) raise(GP, 0);
  store<u64>(CPU + EFER, (value & ~EFER_LMA) | (old & EFER_LMA));
  if ((value ^ old) & EFER_NXE) flushTlb();
}

function writeLong(number: u32, place: usize, value: u64): void {
  if (number == IA32_TSC_AUX || number == IA32_FMASK) {
    if (value >> 32) raise(GP, 0);
  } else if (number != IA32_STAR && !isCanonical(value)) raise(GP, 0);
  store<u64>(CPU + place, value);
}

/** WRMSR at level 0; leaves by #GP(0). */
export function writeRegister(number: u32, value: u64): void {
  const place = storagePlace(number);
  if (place) {
    if (place >= <usize>MTRR + 128 && place < <usize>MTRR + 216 && !validTypes(value, 0x73)) raise(GP, 0);
    store<u64>(CPU + place, value);
    return;
  }
  if (number >= IA32_EFER) {
    if (number == IA32_EFER) {
      writeEfer(value);
      return;
    }
    const long = longPlace(number);
    if (long && hasLongMode()) {
      writeLong(number, long, value);
      return;
    }
  }
  switch (number) {
    case IA32_TIME_STAMP_COUNTER:
      store<u64>(CPU + TSC_OFFSET, value - timeStamp());
      return;
    case IA32_PAT:
      if (!validTypes(value, 0xf3)) raise(GP, 0);
      store<u64>(CPU + PAT, value);
      return;
    case IA32_BIOS_UPDT_TRIG:
    case IA32_BIOS_SIGN_ID:
    case IA32_DEBUGCTL:
      return;
  }
  if (!writeMsr(number, value)) raise(GP, 0);
}

function setPair(value: u64): void {
  store<u64>(CPU + GPR, value & 0xffffffff);
  store<u64>(CPU + GPR + 16, value >> 32);
}

export function rdmsr(): void {
  requirePrivilege();
  setPair(readRegister(load<u32>(CPU + GPR + 8)));
}

export function wrmsr(): void {
  requirePrivilege();
  writeRegister(load<u32>(CPU + GPR + 8), load<u32>(CPU + GPR) | (<u64>load<u32>(CPU + GPR + 16) << 32));
}

export function rdtsc(): void {
  if (load<u32>(CPU + CR4) & CR4_TSD && privilege() > 0) raise(GP, 0);
  setPair(timeStamp() + load<u64>(CPU + TSC_OFFSET));
}

export function rdtscp(): void {
  if (!hasExtended(RDTSCP)) raisePlain(UD);
  rdtsc();
  store<u64>(CPU + GPR + 8, load<u32>(CPU + TSC_AUX));
}
