// Linear to physical: the page walk of every paging mode, [SDM] vol. 3A, chapter 4.

import {
  A20_MASK,
  CR0,
  CR2,
  CR3,
  CR4,
  EFER,
  MODEL_BEYOND,
  MODEL_FLAGS,
  MODEL_HUGE_PAGES,
  PAGE_READ,
  PAGE_TABLES,
  PAGE_TABLES_KNOWN,
  PDPTE,
  PHYSICAL_MAP,
} from "../layout";
import { CPU } from "./cpu";
import { PF, setException } from "./exceptions";

export const READ = 0;
export const WRITE = 1;
export const EXECUTE = 2;
/** Only to see where a page is: with every right, and without a trace in the paging entries. */
export const LOOK = 3;

// Who makes an access. These are also the numbers of the translation tables.

/** The supervisor, who may not read or write the user's pages under SMAP; all implicit accesses. */
export const SUPERVISOR = 0;
export const USER = 1;
/** The supervisor in an instruction's own accesses under SMAP while EFLAGS.AC is set. */
export const EXCUSED = 2;

/** Sizes of a page, as {@link walkSize} tells them. */
export const SMALL = 0;
/** 2 or 4 MiB. */
export const LARGE = 1;
/** 1 GiB. */
export const HUGE = 2;

/** Result of a walk, valid until the next: physical page of the 4 KiB that hold the address … */
export let walkPhysical: u32 = 0;
/** … whether a store there needs no second walk (writable, and its dirty bit set) … */
export let walkWritable: bool = false;
/** … the size of the page … */
export let walkSize: i32 = SMALL;
/** … and whether it is global. */
export let walkGlobal: bool = false;

const PRESENT: u64 = 1;
const WRITABLE: u64 = 2;
const OF_USER: u64 = 4;
const ACCESSED: u64 = 0x20;
const DIRTY: u64 = 0x40;
const PAGE_SIZE: u64 = 0x80;
const GLOBAL: u64 = 0x100;
const NO_EXECUTE: u64 = 1 << 63;
/** Physical address bits 12 to 51. */
const ADDRESS: u64 = 0x000ffffffffff000;
/** What PAE paging reserves above them, and 4-level paging ignores. */
const BEYOND_PAE: u64 = 0x7ff0000000000000;
/** PSE-36: from bit 13 on are the address bits from 32 on, as far as there are any; the rest to bit 21 is reserved. */
const PSE36: u64 = 0x3fe000;
const PSE36_SHIFT = 19;

/**
 * Beyond 4 GiB there is nothing: such a page behaves as this one, between the local APIC and the firmware, which
 * nothing claims.
 */
const NOTHING: u32 = 0xfef00000;

const CR0_WP: u64 = 1 << 16;
const CR4_PSE: u64 = 1 << 4;
const CR4_PAE: u64 = 1 << 5;
const CR4_PGE: u64 = 1 << 7;
const CR4_SMEP: u64 = 1 << 20;
const CR4_SMAP: u64 = 1 << 21;
const EFER_LMA: u64 = 1 << 10;
const EFER_NXE: u64 = 1 << 11;

const ERROR_PROTECTION = 1;
const ERROR_WRITE = 2;
const ERROR_USER = 4;
const ERROR_RESERVED = 8;
const ERROR_FETCH = 16;

/** Host address of a physical one that is memory, 0 if it is not. */
// @ts-ignore: decorator of AssemblyScript
@inline
function host(physical: u64): usize {
  if (physical >> 32) return 0;
  const entry = load<u32>(PHYSICAL_MAP + ((<usize>physical >> 12) << 2));
  return entry & PAGE_READ ? (entry & ~0xfff) | (<usize>physical & 0xfff) : 0;
}

function readEntry32(physical: u64): u64 {
  const address = host(physical);
  return address ? load<u32>(address) : 0xffffffff;
}

/** A paging entry in physical memory; all ones where none is. */
export function readEntry64(physical: u64): u64 {
  const address = host(physical);
  return address ? load<u64>(address) : 0xffffffffffffffff;
}

function setBits(physical: u64, bits: u8): void {
  const address = host(physical);
  if (address) store<u8>(address, load<u8>(address) | bits);
}

function pageFault(linear: u64, access: i32, who: i32, code: i32): bool {
  if (access == LOOK) return false;
  store<u64>(CPU + CR2, linear);
  let error = code | (access == WRITE ? ERROR_WRITE : 0) | (who == USER ? ERROR_USER : 0);
  const cr4 = load<u64>(CPU + CR4);
  if (access == EXECUTE && ((load<u64>(CPU + EFER) & EFER_NXE && cr4 & CR4_PAE) || cr4 & CR4_SMEP)) {
    error |= ERROR_FETCH;
  }
  setException(PF, error);
  return false;
}

/**
 * Finds the physical page of a linear address, setting accessed and dirty bits. False: not allowed; #PF and CR2 are
 * set unless the access is LOOK. A20 is applied to the result.
 */
export function walk(linear: u64, access: i32, who: i32): bool {
  const cr0 = load<u64>(CPU + CR0);
  if (!(cr0 >> 31)) {
    walkPhysical = <u32>linear & ~0xfff & load<u32>(CPU + A20_MASK);
    walkWritable = true;
    walkSize = SMALL;
    walkGlobal = false;
    return true;
  }
  return load<u64>(CPU + CR4) & CR4_PAE ? walkWide(linear, access, who) : walkNarrow(linear, access, who);
}

/** 32-bit paging: two levels, 4 MiB pages with PSE (and PSE-36). */
function walkNarrow(linear: u64, access: i32, who: i32): bool {
  const directory = (load<u64>(CPU + CR3) & 0xfffff000) + ((linear >> 20) & 0xffc);
  const pde = readEntry32(directory);
  if (!(pde & PRESENT)) return pageFault(linear, access, who, 0);
  if (pde & PAGE_SIZE && load<u64>(CPU + CR4) & CR4_PSE) {
    if (pde & PSE36 & (load<u64>(CPU + MODEL_BEYOND) >> PSE36_SHIFT)) {
      return pageFault(linear, access, who, ERROR_PROTECTION | ERROR_RESERVED);
    }
    if (!allowed(linear, access, who, pde, false)) return false;
    markUsed(directory, pde, access);
    const base = (pde & 0xffc00000) | (((pde >> 13) & 0xff) << 32);
    return finish(base + (linear & 0x3ff000), pde, access, LARGE);
  }
  const table = (pde & 0xfffff000) + ((linear >> 10) & 0xffc);
  const pte = readEntry32(table);
  if (!(pte & PRESENT)) return pageFault(linear, access, who, 0);
  const rights = pde & pte;
  if (!allowed(linear, access, who, rights, false)) return false;
  markUsed(directory, pde, access == LOOK ? LOOK : READ);
  markUsed(table, pte, access);
  return finish(pte & 0xfffff000, withLeaf(rights, pte), access, SMALL);
}

/** What PAGE_TABLES holds of an older generation is forgotten. */
let generation: u64 = 1;
const LAST_GENERATION: u64 = (1 << 21) - 1;
const GENERATION_SHIFT: u64 = 43;

/** Forgets the page tables that walks have found: with all, or with one page, of the translation tables. */
export function forgetPageTables(): void {
  if (++generation <= LAST_GENERATION) return;
  generation = 1;
  memory.fill(CPU + PAGE_TABLES, 0, PAGE_TABLES_KNOWN * 16);
}

/** Place of what is known of the page table for an address. */
// @ts-ignore: decorator of AssemblyScript
@inline
function knownPlace(linear: u64): usize {
  return CPU + PAGE_TABLES + (<usize>(linear >> 21) & (PAGE_TABLES_KNOWN - 1)) * 16;
}

// @ts-ignore: decorator of AssemblyScript
@inline
function knownTag(linear: u64): u64 {
  return (linear >> 21) | (generation << GENERATION_SHIFT);
}

/**
 * The last step of a walk, from a page table that is known. False: it does not succeed by what is known, which may be
 * out of date; a fault is found by a whole walk. [SDM] vol. 3A, 4.10.3 and 4.10.4.1
 */
function walkKnown(linear: u64, access: i32, who: i32, known: u64, reserved: u64): bool {
  const place = (known & ADDRESS) + (((linear >> 12) & 0x1ff) << 3);
  const entry = readEntry64(place);
  if (!(entry & PRESENT) || entry & reserved) return false;
  const rights = known & entry;
  if (!permits(access, who, rights, ((known | entry) & NO_EXECUTE) != 0)) return false;
  markUsed(place, entry, access);
  return finish(entry & ADDRESS, withLeaf(rights, entry), access, SMALL);
}

/** PAE and 4-level paging: 8-byte entries, 2 MiB and 1 GiB pages. */
function walkWide(linear: u64, access: i32, who: i32): bool {
  const long = (load<u64>(CPU + EFER) & EFER_LMA) != 0;
  const nxe = (load<u64>(CPU + EFER) & EFER_NXE) != 0;
  const reserved = (load<u64>(CPU + MODEL_BEYOND) & ADDRESS) | (nxe ? 0 : NO_EXECUTE) | (long ? 0 : BEYOND_PAE);
  const slot = knownPlace(linear);
  if (load<u64>(slot) == knownTag(linear) && access != LOOK) {
    if (walkKnown(linear, access, who, load<u64>(slot + 8), reserved)) return true;
    store<u64>(slot, 0);
  }
  let rights: u64 = WRITABLE | OF_USER;
  let noExecute: u64 = 0;
  let table: u64;
  let level: i32;
  if (long) {
    table = load<u64>(CPU + CR3) & ADDRESS;
    level = 3;
  } else {
    const pdpte = load<u64>(CPU + PDPTE + (<usize>(linear >> 30) & 3) * 8);
    if (!(pdpte & PRESENT)) return pageFault(linear, access, who, 0);
    table = pdpte & ADDRESS;
    level = 1;
  }
  while (true) {
    const shift = <u64>(12 + 9 * level);
    const place = table + (((linear >> shift) & 0x1ff) << 3);
    const entry = readEntry64(place);
    if (!(entry & PRESENT)) return pageFault(linear, access, who, 0);
    const isPage = level == 0 || (entry & PAGE_SIZE) != 0;
    const bad = level > 0 && isPage ? reserved | largeReserved(level, shift) : reserved;
    if (entry & bad) return pageFault(linear, access, who, ERROR_PROTECTION | ERROR_RESERVED);
    rights &= entry;
    noExecute |= entry & NO_EXECUTE;
    if (isPage) {
      if (!allowed(linear, access, who, rights, noExecute != 0)) return false;
      markUsed(place, entry, access);
      const inside = (<u64>1 << shift) - 1;
      const base = (entry & ADDRESS & ~inside) + (linear & inside & ~0xfff);
      return finish(base, withLeaf(rights, entry), access, level);
    }
    markUsed(place, entry, access == LOOK ? LOOK : READ);
    table = entry & ADDRESS;
    level--;
    if (level == 0 && access != LOOK) {
      store<u64>(slot, knownTag(linear));
      store<u64>(slot + 8, table | (rights & (WRITABLE | OF_USER)) | noExecute);
    }
  }
}

/** What must be 0 in an entry with bit 7: that bit where no page of the size exists, or the bits below the address. */
function largeReserved(level: i32, shift: u64): u64 {
  if (level == 3 || (level == HUGE && !(load<u32>(CPU + MODEL_FLAGS) & MODEL_HUGE_PAGES))) return PAGE_SIZE;
  // Bit 12 is PAT.
  return ((<u64>1 << shift) - 1) & ~0x1fff;
}

/** The rights of a whole walk, with the bits that count in its last entry alone. */
// @ts-ignore: decorator of AssemblyScript
@inline
function withLeaf(rights: u64, leaf: u64): u64 {
  return (rights & ~(DIRTY | GLOBAL)) | (leaf & (DIRTY | GLOBAL));
}

/** [SDM] vol. 3A, 4.6.1: what user/supervisor, read/write, NX, WP, SMEP and SMAP allow. */
function permits(access: i32, who: i32, rights: u64, noExecute: bool): bool {
  if (access == LOOK) return true;
  if (access == EXECUTE && noExecute) return false;
  if (who == USER) return (rights & OF_USER) != 0 && (access != WRITE || (rights & WRITABLE) != 0);
  if (access == WRITE && !(rights & WRITABLE) && load<u64>(CPU + CR0) & CR0_WP) return false;
  if (!(rights & OF_USER)) return true;
  const cr4 = load<u64>(CPU + CR4);
  return access == EXECUTE ? !(cr4 & CR4_SMEP) : !(cr4 & CR4_SMAP) || who == EXCUSED;
}

/** The same; if not, the fault is noted. */
function allowed(linear: u64, access: i32, who: i32, rights: u64, noExecute: bool): bool {
  return permits(access, who, rights, noExecute) || pageFault(linear, access, who, ERROR_PROTECTION);
}

function markUsed(place: u64, entry: u64, access: i32): void {
  if (access == LOOK) return;
  const bits = ACCESSED | (access == WRITE ? DIRTY : 0);
  if ((entry & bits) != bits) setBits(place, <u8>bits);
}

function finish(physical: u64, rights: u64, access: i32, size: i32): bool {
  walkPhysical = physical >> 32 ? NOTHING : <u32>physical & ~0xfff & load<u32>(CPU + A20_MASK);
  walkWritable = access == WRITE || ((rights & DIRTY) != 0 && (rights & WRITABLE) != 0);
  walkSize = size;
  walkGlobal = (rights & GLOBAL) != 0 && (load<u64>(CPU + CR4) & CR4_PGE) != 0;
  return true;
}

/** Physical address of a linear one for who only looks: -1 if it is not mapped. */
export function peekPhysical(linear: u64): i64 {
  return walk(linear, LOOK, SUPERVISOR) ? <i64>(walkPhysical | (<u32>linear & 0xfff)) : -1;
}
