// MOV CRn, LMSW, CLTS, INVLPG, INVPCID and HLT. [SDM] vol. 3A, 2.5, 4.4.1 and 4.10.4.

import {
  CR0,
  CR2,
  CR3,
  CR4,
  CR4_ALLOWED,
  EFER,
  HALTED,
  MODEL_BEYOND,
  PDPTE,
  SEGMENT_ATTRIBUTES,
  SEGMENT_BASE,
} from "../layout";
import { CPU } from "./cpu";
import { LONG } from "./descriptors";
import { code64, longMode, privilege, requirePrivilege } from "./eflags";
import { GP, raise, raisePlain, stopSoon, UD } from "./exceptions";
import { isCanonical } from "./frames";
import { readTaskPriority, writeTaskPriority } from "./host";
import { MISC_MONITOR, miscEnable } from "./msr";
import { chooseTable, flushLocal, flushPage, flushTlb } from "./tlb";
import { readEntry64 } from "./paging";
import { CS, FS, segment, updateMode } from "./processor";

const CR0_PE: u64 = 1 << 0;
const CR0_TS: u64 = 1 << 3;
const CR0_ET: u64 = 1 << 4;
const CR0_WP: u64 = 1 << 16;
const CR0_NW: u64 = 1 << 29;
const CR0_CD: u64 = 1 << 30;
const CR0_PG: u64 = 1 << 31;
/** PE MP EM TS ET NE WP AM NW CD PG. */
const CR0_DEFINED: u64 = 0xe005003f;
/** What LMSW sets. */
const CR0_MSW: u64 = 0xf;

const CR4_PSE: u64 = 1 << 4;
const CR4_PAE: u64 = 1 << 5;
const CR4_PGE: u64 = 1 << 7;
const CR4_PCIDE: u64 = 1 << 17;
const CR4_SMEP: u64 = 1 << 20;
const CR4_SMAP: u64 = 1 << 21;

const EFER_LME: u64 = 1 << 8;
const EFER_LMA: u64 = 1 << 10;

const PDPTE_PRESENT: u64 = 1;
/** Bits 1, 2, 5 to 8; those from MAXPHYADDR on are too. */
const PDPTE_RESERVED: u64 = 0x1e6;
/** With CR4.PCIDE, a MOV to CR3 with it may keep what is cached for the PCID. */
const CR3_KEEP: u64 = 1 << 63;
const PCID: u64 = 0xfff;

// Types of INVPCID.
const ONE_ADDRESS: u64 = 0;
const ONE_PCID: u64 = 1;
const ALL_WITH_GLOBAL: u64 = 2;
const ALL: u64 = 3;

export function readControl(number: u32): u64 {
  checkNumber(number);
  requirePrivilege();
  if (number == 0) return load<u64>(CPU + CR0);
  if (number == 2) return load<u64>(CPU + CR2);
  if (number == 3) return load<u64>(CPU + CR3);
  if (number == 4) return load<u64>(CPU + CR4);
  return readTaskPriority();
}

export function writeControl(number: u32, value: u64): void {
  checkNumber(number);
  requirePrivilege();
  if (number == 0) writeCr0(value);
  else if (number == 2) store<u64>(CPU + CR2, value);
  else if (number == 3) {
    // What may be kept need not be: the tables hold the current PCID's pages alone.
    if (load<u64>(CPU + CR4) & CR4_PCIDE) value &= ~CR3_KEEP;
    if (longMode() && value & load<u64>(CPU + MODEL_BEYOND)) raise(GP, 0);
    loadPageDirectory(value);
  } else if (number == 4) writeCr4(value);
  else {
    if (value > 15) raise(GP, 0);
    writeTaskPriority(<u32>value);
  }
}

function checkNumber(number: u32): void {
  const exists = number == 0 || (number >= 2 && number <= 4) || (number == 8 && code64());
  // The i486 has no CR4.
  if (!exists || (number == 4 && !load<u64>(CPU + CR4_ALLOWED))) raisePlain(UD);
}

/** Whether paging is, or would be, that of PAE with its four PDPTEs in registers. */
function usesPdptes(cr0: u64, cr4: u64): bool {
  return (cr0 & CR0_PG) != 0 && (cr4 & CR4_PAE) != 0 && !(load<u64>(CPU + EFER) & EFER_LME);
}

function writeCr0(value: u64): void {
  if (value >> 32) raise(GP, 0);
  value = (value & CR0_DEFINED) | CR0_ET;
  if (value & CR0_PG && !(value & CR0_PE)) raise(GP, 0);
  if (value & CR0_NW && !(value & CR0_CD)) raise(GP, 0);
  const changed = load<u64>(CPU + CR0) ^ value;
  const cr4 = load<u64>(CPU + CR4);
  const efer = load<u64>(CPU + EFER);
  if (changed & CR0_PG && efer & EFER_LME) {
    if (value & CR0_PG) {
      if (!(cr4 & CR4_PAE) || load<u32>(segment(CS) + SEGMENT_ATTRIBUTES) & LONG) raise(GP, 0);
    } else if (code64() || cr4 & CR4_PCIDE) raise(GP, 0);
  }
  if (changed & (CR0_PG | CR0_CD | CR0_NW) && usesPdptes(value, cr4)) loadPdptes(load<u64>(CPU + CR3));
  store<u64>(CPU + CR0, value);
  if (changed & CR0_PG) store<u64>(CPU + EFER, value & CR0_PG && efer & EFER_LME ? efer | EFER_LMA : efer & ~EFER_LMA);
  if (changed & (CR0_PG | CR0_WP | CR0_PE)) flushTlb();
  updateMode();
}

function writeCr4(value: u64): void {
  if (value & ~<u64>load<u32>(CPU + CR4_ALLOWED)) raise(GP, 0);
  if (longMode() && !(value & CR4_PAE)) raise(GP, 0);
  const changed = load<u64>(CPU + CR4) ^ value;
  if (changed & value & CR4_PCIDE && (!longMode() || load<u64>(CPU + CR3) & PCID)) raise(GP, 0);
  const paging = changed & (CR4_PSE | CR4_PAE | CR4_PGE | CR4_PCIDE | CR4_SMEP | CR4_SMAP);
  if (paging && usesPdptes(load<u64>(CPU + CR0), value)) loadPdptes(load<u64>(CPU + CR3));
  store<u64>(CPU + CR4, value);
  if (paging) flushTlb();
  if (changed & CR4_SMAP) chooseTable();
}

/** CR3, with what PAE paging loads along with it; #GP(0) for its reserved bits. */
export function loadPageDirectory(value: u64): void {
  if (usesPdptes(load<u64>(CPU + CR0), load<u64>(CPU + CR4))) loadPdptes(value);
  store<u64>(CPU + CR3, value);
  flushLocal();
}

function loadPdptes(directory: u64): void {
  const place = directory & 0xffffffe0;
  const reserved = PDPTE_RESERVED | load<u64>(CPU + MODEL_BEYOND);
  for (let n = 0; n < 4; n++) {
    const entry = readEntry64(place + n * 8);
    if (entry & PDPTE_PRESENT && entry & reserved) raise(GP, 0);
  }
  for (let n = 0; n < 4; n++) store<u64>(CPU + PDPTE + n * 8, readEntry64(place + n * 8));
}

/** LMSW can set PE, but not clear it. */
export function loadMachineStatus(value: u32): void {
  requirePrivilege();
  const old = load<u64>(CPU + CR0);
  writeCr0((old & ~CR0_MSW) | (old & CR0_PE) | (value & CR0_MSW));
}

export function clearTaskSwitched(): void {
  requirePrivilege();
  store<u64>(CPU + CR0, load<u64>(CPU + CR0) & ~CR0_TS);
}

/** INVLPG of an offset in a segment, which is not checked. */
export function invalidatePage(number: u32, offset: u64): void {
  requirePrivilege();
  const base = load<u64>(segment(number) + SEGMENT_BASE);
  if (code64()) {
    const linear = number >= FS ? base + offset : offset;
    // Of an address that is not canonical nothing is cached.
    if (isCanonical(linear)) flushPage(linear);
  } else flushPage((base + offset) & 0xffffffff);
}

/** INVPCID with a descriptor of 128 bits: PCID, then linear address. Other PCIDs than the current have nothing cached. */
export function invalidatePcid(type: u64, low: u64, linear: u64): void {
  if (type > ALL || low & ~PCID) raise(GP, 0);
  const enabled = (load<u64>(CPU + CR4) & CR4_PCIDE) != 0;
  if (type <= ONE_PCID && low && !enabled) raise(GP, 0);
  if (type == ONE_ADDRESS && !isCanonical(linear)) raise(GP, 0);
  if (type == ALL_WITH_GLOBAL) flushTlb();
  else if (type == ALL) flushLocal();
  else if (!enabled || low == (load<u64>(CPU + CR3) & PCID)) {
    if (type == ONE_ADDRESS) flushPage(linear);
    else flushLocal();
  }
}

/** MONITOR and MWAIT are there at level 0, while IA32_MISC_ENABLE says so; no hint or extension in rCX is. */
export function requireMonitor(extensions: u64): void {
  if (privilege() != 0 || !miscEnable(MISC_MONITOR)) raisePlain(UD);
  if (extensions) raise(GP, 0);
}

export function halt(): void {
  requirePrivilege();
  store<i32>(CPU + HALTED, 1);
  stopSoon();
}
