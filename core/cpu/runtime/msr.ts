// RDMSR, WRMSR, RDPMC, RDTSC. A register is one of those that do something, which are here; or the model's, which only
// keep their value; or the board's (the APIC base); or it does not exist, #GP(0). [SDM] vol. 4.

import {
  BUDGET,
  BUDGET_GIVEN,
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
  MODEL_AMD,
  MODEL_APIC,
  MODEL_FLAGS,
  MODEL_MCA,
  MODEL_MSR_SIZE,
  MODEL_MSR_TABLE,
  MODEL_MSR_VALUES,
  MODEL_MSRS,
  MODEL_MTRR,
  MODEL_PAT,
  MODEL_SEP,
  MODEL_SYSCALL,
  MODEL_TSC_AUX,
  MODEL_TSC_DEADLINE,
  MODEL_XSAVES,
  MTRR,
  PAT,
  RETIRED,
  SEGMENT_BASE,
  STAR,
  SYSENTER_CS,
  SYSENTER_EIP,
  SYSENTER_ESP,
  TIME_BASE,
  TIME_MARK,
  TIME_STEP,
  TSC_AUX,
  TSC_OFFSET,
  XSS,
  MODEL_BEYOND,
} from "../layout";
import { CPU } from "./cpu";
import { privilege, requirePrivilege } from "./eflags";
import { GP, raise } from "./exceptions";
import { isCanonical } from "./frames";
import { readMsr, writeMsr } from "./host";
import { flushTlb } from "./tlb";
import { FS, GS, segment } from "./processor";

const IA32_P5_MC_ADDR: u32 = 0x0;
const IA32_P5_MC_TYPE: u32 = 0x1;
const IA32_TIME_STAMP_COUNTER: u32 = 0x10;
export const IA32_APIC_BASE: u32 = 0x1b;
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
const IA32_MC0_STATUS: u32 = 0x401;
const IA32_MC0_ADDR: u32 = 0x402;
const IA32_MC4_MISC: u32 = 0x413;
const IA32_TSC_DEADLINE: u32 = 0x6e0;
const IA32_XSS: u32 = 0xda0;
const IA32_EFER: u32 = 0xc0000080;
const IA32_STAR: u32 = 0xc0000081;
const IA32_LSTAR: u32 = 0xc0000082;
const IA32_CSTAR: u32 = 0xc0000083;
const IA32_FMASK: u32 = 0xc0000084;
const IA32_FS_BASE: u32 = 0xc0000100;
const IA32_GS_BASE: u32 = 0xc0000101;
const IA32_KERNEL_GS_BASE: u32 = 0xc0000102;
const IA32_TSC_AUX: u32 = 0xc0000103;

/** Bits of IA32_MISC_ENABLE: MONITOR is there; CPUID tells no basic leaf above 2; NX is not there. */
export const MISC_MONITOR: u64 = 1 << 18;
export const MISC_LIMIT_CPUID: u64 = 1 << 22;
export const MISC_DISABLE_NX: u64 = 1 << 34;

/** Eight variable ranges, fixed ranges, write combining. */
const MTRRCAP: u64 = 0x508;
/** Five banks, IA32_MCG_CTL present. */
const MCG_CAP: u64 = 0x105;

const CR0_PG: u32 = 1 << 31;
const CR4_TSD: u32 = 1 << 2;
const EFER_LME: u64 = 1 << 8;
const EFER_LMA: u64 = 1 << 10;
const EFER_NXE: u64 = 1 << 11;

const CR4_PCE: u32 = 1 << 8;

/** Memory types: UC WC WT WP WB. PAT knows UC- besides, 7. */
const MTRR_TYPES: u32 = 0x73;
const PAT_TYPES: u32 = 0xf3;

/** Reserved bits of MTRR_PHYSBASE and MTRR_PHYSMASK, as are those from MAXPHYADDR on, and of MTRR_DEF_TYPE. */
const PHYSBASE_RESERVED: u64 = 0xf00;
const PHYSMASK_RESERVED: u64 = 0x7ff;
const DEF_TYPE_RESERVED: u64 = 0xfffffffffffff300;

/** Offsets of the groups of MTRRs from the first. */
const MTRR_FIXED: u32 = 128;
const MTRR_DEFAULT: u32 = 216;

// @ts-ignore: decorator of AssemblyScript
@inline
function has(flags: u32): bool {
  return (load<u32>(CPU + MODEL_FLAGS) & flags) != 0;
}

// @ts-ignore: decorator of AssemblyScript
@inline
function hasLongMode(): bool {
  return (load<u64>(CPU + EFER_ALLOWED) & EFER_LME) != 0;
}

// @ts-ignore: decorator of AssemblyScript
@inline
function isType(value: u64, known: u32): bool {
  const type = <u32>value & 0xff;
  return type < 8 && ((known >> type) & 1) != 0;
}

/** Whether each byte is a memory type. */
function areTypes(value: u64, known: u32): bool {
  for (let n = 0; n < 8; n++) if (!isType(value >> (8 * n), known)) return false;
  return true;
}

/** Offset of an MTRR from the first; -1 if the number is of none. */
function mtrrOffset(number: u32): i32 {
  if (number >= IA32_MTRR_PHYSBASE0 && number <= IA32_MTRR_PHYSMASK7) return (number - IA32_MTRR_PHYSBASE0) * 8;
  if (number == IA32_MTRR_FIX64K) return MTRR_FIXED;
  if (number == IA32_MTRR_FIX16K_80000 || number == IA32_MTRR_FIX16K_A0000) {
    return MTRR_FIXED + 8 + (number - IA32_MTRR_FIX16K_80000) * 8;
  }
  if (number >= IA32_MTRR_FIX4K_C0000 && number <= IA32_MTRR_FIX4K_F8000) {
    return MTRR_FIXED + 24 + (number - IA32_MTRR_FIX4K_C0000) * 8;
  }
  return number == IA32_MTRR_DEF_TYPE ? MTRR_DEFAULT : -1;
}

/** Whether an MTRR may hold a value: its types known, its reserved bits clear. */
function isMtrrValue(offset: u32, value: u64): bool {
  if (offset == MTRR_DEFAULT) return isType(value, MTRR_TYPES) && !(value & DEF_TYPE_RESERVED);
  if (offset >= MTRR_FIXED) return areTypes(value, MTRR_TYPES);
  if (offset & 8) return !(value & (PHYSMASK_RESERVED | load<u64>(CPU + MODEL_BEYOND)));
  return isType(value, MTRR_TYPES) && !(value & (PHYSBASE_RESERVED | load<u64>(CPU + MODEL_BEYOND)));
}

/** Offset in the state of a register that is storage and nothing else; 0 if it is none. */
function storagePlace(number: u32): usize {
  if (has(MODEL_SEP)) {
    if (number == IA32_SYSENTER_CS) return SYSENTER_CS;
    if (number == IA32_SYSENTER_ESP) return SYSENTER_ESP;
    if (number == IA32_SYSENTER_EIP) return SYSENTER_EIP;
  }
  if (has(MODEL_MCA)) {
    // The Pentium's two registers are those of the first bank. [SDM] vol. 3B, 16.3.3
    if (number == IA32_P5_MC_ADDR) number = IA32_MC0_ADDR;
    else if (number == IA32_P5_MC_TYPE) number = IA32_MC0_STATUS;
    if (number == IA32_MCG_STATUS) return MACHINE_CHECK;
    if (number == IA32_MCG_CTL) return MACHINE_CHECK + 8;
    if (number >= IA32_MC0_CTL && number <= IA32_MC4_MISC) return MACHINE_CHECK + 16 + (number - IA32_MC0_CTL) * 8;
  }
  return 0;
}

/** Offset of a register of 64-bit processors and their fast calls, EFER apart; 0 if it is none, or not the model's. */
function longPlace(number: u32): usize {
  if (number == IA32_STAR) return has(MODEL_SYSCALL) ? STAR : 0;
  if (number == IA32_TSC_AUX) return has(MODEL_TSC_AUX) ? TSC_AUX : 0;
  if (!hasLongMode()) return 0;
  switch (number) {
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
  }
  return 0;
}

/** Fields of an entry in the model's table of registers. */
const ENTRY_WRITE_ONLY: usize = 4;
const ENTRY_WRITABLE: usize = 16;

/** Index in the model's table; -1 if the register is not there. */
function modelIndex(number: u32): i32 {
  const count = load<i32>(CPU + MODEL_MSRS);
  for (let n = 0; n < count; n++) {
    if (load<u32>(CPU + MODEL_MSR_TABLE + n * MODEL_MSR_SIZE) == number) return n;
  }
  return -1;
}

/** Bits of IA32_DEBUGCTL: LBR and BTF. */
const DEBUGCTL_BTF: u64 = 2;
const DEBUGCTL_CLEARED: u64 = 3;

/** Whether TF steps over branches only; only models with IA32_DEBUGCTL can. */
export function stepsBranches(): bool {
  const index = modelIndex(IA32_DEBUGCTL);
  return index >= 0 && (load<u64>(CPU + MODEL_MSR_VALUES + index * 8) & DEBUGCTL_BTF) != 0;
}

/** #DB is delivered: it ends the recording of branches and the stepping over them. [SDM] vol. 3B, 18.4.2 and 18.4.4 */
export function endBranchTracing(): void {
  const index = modelIndex(IA32_DEBUGCTL);
  if (index < 0) return;
  const place = CPU + MODEL_MSR_VALUES + index * 8;
  store<u64>(place, load<u64>(place) & ~DEBUGCTL_CLEARED);
}

/** Whether a bit of IA32_MISC_ENABLE is set; not where there is no such register. */
export function miscEnable(bit: u64): bool {
  const index = modelIndex(IA32_MISC_ENABLE);
  return index >= 0 && (load<u64>(CPU + MODEL_MSR_VALUES + index * 8) & bit) != 0;
}

function readOfModel(index: i32): u64 {
  if (load<u32>(CPU + MODEL_MSR_TABLE + index * MODEL_MSR_SIZE + ENTRY_WRITE_ONLY)) raise(GP, 0);
  return load<u64>(CPU + MODEL_MSR_VALUES + index * 8);
}

function writeOfModel(index: i32, value: u64): void {
  const entry = CPU + MODEL_MSR_TABLE + index * MODEL_MSR_SIZE;
  const place = CPU + MODEL_MSR_VALUES + index * 8;
  const writable = load<u64>(entry + ENTRY_WRITABLE);
  if (!writable || (value ^ load<u64>(place)) & ~writable) raise(GP, 0);
  if (!load<u32>(entry + ENTRY_WRITE_ONLY)) store<u64>(place, value);
}

/** Whether a register that the board keeps is one of the model's. */
function isOfBoard(number: u32): bool {
  if (number == IA32_APIC_BASE) return has(MODEL_APIC);
  return number != IA32_TSC_DEADLINE || has(MODEL_TSC_DEADLINE);
}

/** The time-stamp counter, without TSC_OFFSET. */
function timeStamp(): u64 {
  const given = load<i32>(CPU + BUDGET_GIVEN) - load<i32>(CPU + BUDGET);
  const retired = load<u64>(CPU + RETIRED) + <u64>(<i64>given);
  const elapsed = (<f64>retired - load<f64>(CPU + TIME_MARK)) * load<f64>(CPU + TIME_STEP);
  return <u64>(load<f64>(CPU + TIME_BASE) + Math.max(0, elapsed));
}

function readRegister(number: u32): u64 {
  const place = storagePlace(number);
  if (place) return load<u64>(CPU + place);
  const long = longPlace(number);
  if (long) return load<u64>(CPU + long);
  const mtrr = mtrrOffset(number);
  if (mtrr >= 0 && has(MODEL_MTRR)) return load<u64>(CPU + MTRR + mtrr);
  if (number == IA32_EFER && load<u64>(CPU + EFER_ALLOWED)) return load<u64>(CPU + EFER);
  if (number == IA32_TIME_STAMP_COUNTER) return timeStamp() + load<u64>(CPU + TSC_OFFSET);
  if (number == IA32_MTRRCAP && has(MODEL_MTRR)) return MTRRCAP;
  if (number == IA32_MCG_CAP && has(MODEL_MCA)) return MCG_CAP;
  if (number == IA32_PAT && has(MODEL_PAT)) return load<u64>(CPU + PAT);
  if (number == IA32_XSS && has(MODEL_XSAVES)) return load<u64>(CPU + XSS);
  const index = modelIndex(number);
  if (index >= 0) return readOfModel(index);
  if (!isOfBoard(number)) raise(GP, 0);
  return readMsr(number);
}

function writeEfer(value: u64): void {
  const allowed = load<u64>(CPU + EFER_ALLOWED) & ~(miscEnable(MISC_DISABLE_NX) ? EFER_NXE : 0);
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

function writeStorage(place: usize, value: u64): void {
  // 64-bit processors want canonical addresses; MCi_CTL takes all or nothing on Intel's; MCi_STATUS can only be cleared.
  if ((place == SYSENTER_ESP || place == SYSENTER_EIP) && hasLongMode() && !isCanonical(value)) raise(GP, 0);
  if (place >= <usize>MACHINE_CHECK + 16) {
    const field = (place - MACHINE_CHECK - 16) % 32;
    if (field == 0 && value && ~value && !has(MODEL_AMD)) raise(GP, 0);
    if (field == 8 && value) raise(GP, 0);
  }
  store<u64>(CPU + place, value);
}

/** WRMSR at level 0; leaves by #GP(0). */
export function writeRegister(number: u32, value: u64): void {
  const place = storagePlace(number);
  if (place) {
    writeStorage(place, value);
    return;
  }
  const long = longPlace(number);
  if (long) {
    writeLong(number, long, value);
    return;
  }
  const mtrr = mtrrOffset(number);
  if (mtrr >= 0 && has(MODEL_MTRR)) {
    if (!isMtrrValue(mtrr, value)) raise(GP, 0);
    store<u64>(CPU + MTRR + mtrr, value);
  } else if (number == IA32_EFER) writeEfer(value);
  else if (number == IA32_TIME_STAMP_COUNTER) store<u64>(CPU + TSC_OFFSET, value - timeStamp());
  else if (number == IA32_PAT && has(MODEL_PAT)) {
    if (!areTypes(value, PAT_TYPES)) raise(GP, 0);
    store<u64>(CPU + PAT, value);
  } else if (number == IA32_XSS && has(MODEL_XSAVES)) {
    // No supervisor state component exists.
    if (value) raise(GP, 0);
  } else {
    const index = modelIndex(number);
    if (index >= 0) writeOfModel(index, value);
    else if (!isOfBoard(number) || !writeMsr(number, value)) raise(GP, 0);
  }
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

function requireTimeStamp(): void {
  if (load<u32>(CPU + CR4) & CR4_TSD && privilege() > 0) raise(GP, 0);
}

export function rdtsc(): void {
  requireTimeStamp();
  setPair(timeStamp() + load<u64>(CPU + TSC_OFFSET));
}

export function rdtscp(): void {
  rdtsc();
  store<u64>(CPU + GPR + 8, load<u32>(CPU + TSC_AUX));
}

/** PERFCTR0 of the P6 and of the K7. */
const P6_COUNTER: u32 = 0xc1;
const K7_COUNTER: u32 = 0xc0010004;

/** RDPMC: the counters of the models that have some. */
export function rdpmc(): void {
  if (!(load<u32>(CPU + CR4) & CR4_PCE) && privilege() > 0) raise(GP, 0);
  const counter = load<u32>(CPU + GPR + 8);
  const amd = has(MODEL_AMD);
  const index = modelIndex((amd ? K7_COUNTER : P6_COUNTER) + counter);
  if (counter >= (amd ? <u32>4 : 2) || index < 0) raise(GP, 0);
  setPair(readOfModel(index));
}
