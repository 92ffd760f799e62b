// Linear to physical: the page walk of every paging mode, [SDM] vol. 3A, chapter 4.

import { CPL, CR0, CR2, CR3, CR4, EFER, EFLAGS,
  EXCEPTION,
  EXCEPTION_ERROR, PDPTE, A20_MASK, PHYSICAL_MAP, PAGE_READ } from "../layout";
import { CPU } from "./cpu";
import { PF, setException } from "./exceptions";

export const READ = 0;
export const WRITE = 1;
export const EXECUTE = 2;

/** Result of a walk, valid until the next: physical page of the 4 KiB that hold the address … */
export let walkPhysical: u32 = 0;
/** … whether a store there needs no second walk (writable, and its dirty bit set) … */
export let walkWritable: bool = false;
/** … and whether it is part of a large page. */
export let walkLarge: bool = false;

const PRESENT: u64 = 1;
const WRITABLE: u64 = 2;
const USER: u64 = 4;
const ACCESSED: u64 = 0x20;
const DIRTY: u64 = 0x40;
const LARGE: u64 = 0x80;
const NO_EXECUTE: u64 = 1 << 63;
/** Physical address bits 12 to 51. */
const ADDRESS: u64 = 0x000ffffffffff000;
/** Physical address bits beyond our MAXPHYADDR of 40. */
const BEYOND: u64 = 0x000fff0000000000;

const CR0_WP: u64 = 1 << 16;
const CR4_PSE: u64 = 1 << 4;
const CR4_PAE: u64 = 1 << 5;
const CR4_SMEP: u64 = 1 << 20;
const CR4_SMAP: u64 = 1 << 21;
const EFER_LMA: u64 = 1 << 10;
const EFER_NXE: u64 = 1 << 11;
const EFLAGS_AC: u32 = 1 << 18;

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

function pageFault(linear: u64, access: i32, user: bool, code: i32): bool {
  store<u64>(CPU + CR2, linear);
  let error = code | (access == WRITE ? 2 : 0) | (user ? 4 : 0);
  const cr4 = load<u64>(CPU + CR4);
  if (access == EXECUTE && ((load<u64>(CPU + EFER) & EFER_NXE && cr4 & CR4_PAE) || cr4 & CR4_SMEP)) error |= 16;
  setException(PF, error);
  return false;
}

/**
 * Finds the physical page of a linear address, setting accessed and dirty bits. `user`: the access is made with
 * user privilege. False: not allowed; #PF and CR2 are set. A20 is applied to the result.
 */
export function walk(linear: u64, access: i32, user: bool): bool {
  const cr0 = load<u64>(CPU + CR0);
  if (!(cr0 >> 31)) {
    walkPhysical = <u32>linear & ~0xfff & load<u32>(CPU + A20_MASK);
    walkWritable = true;
    walkLarge = false;
    return true;
  }
  return load<u64>(CPU + CR4) & CR4_PAE ? walkWide(linear, access, user) : walkNarrow(linear, access, user);
}

/** 32-bit paging: two levels, 4 MiB pages with PSE (and PSE-36). */
function walkNarrow(linear: u64, access: i32, user: bool): bool {
  const directory = (load<u64>(CPU + CR3) & 0xfffff000) + ((linear >> 20) & 0xffc);
  const pde = readEntry32(directory);
  if (!(pde & PRESENT)) return pageFault(linear, access, user, 0);
  if (pde & LARGE && load<u64>(CPU + CR4) & CR4_PSE) {
    if (pde & 0x200000) return pageFault(linear, access, user, 9);
    if (!allowed(linear, access, user, pde, false)) return false;
    markUsed(directory, pde, access);
    const base = (pde & 0xffc00000) | (((pde >> 13) & 0xff) << 32);
    return finish(base + (linear & 0x3ff000), pde, access, true);
  }
  const table = (pde & 0xfffff000) + ((linear >> 10) & 0xffc);
  const pte = readEntry32(table);
  if (!(pte & PRESENT)) return pageFault(linear, access, user, 0);
  const rights = pde & pte;
  if (!allowed(linear, access, user, rights, false)) return false;
  if (!(pde & ACCESSED)) setBits(directory, <u8>ACCESSED);
  markUsed(table, pte, access);
  return finish(pte & 0xfffff000, (rights & ~DIRTY) | (pte & DIRTY), access, false);
}

/** PAE and 4-level paging: 8-byte entries, 2 MiB and 1 GiB pages. */
function walkWide(linear: u64, access: i32, user: bool): bool {
  const long = (load<u64>(CPU + EFER) & EFER_LMA) != 0;
  const nxe = (load<u64>(CPU + EFER) & EFER_NXE) != 0;
  const reserved = BEYOND | (nxe ? 0 : NO_EXECUTE);
  let rights: u64 = WRITABLE | USER;
  let noExecute: u64 = 0;
  let table: u64;
  let level: i32;
  if (long) {
    table = load<u64>(CPU + CR3) & ADDRESS;
    level = 3;
  } else {
    const pdpte = load<u64>(CPU + PDPTE + (<usize>(linear >> 30) & 3) * 8);
    if (!(pdpte & PRESENT)) return pageFault(linear, access, user, 0);
    table = pdpte & ADDRESS;
    level = 1;
  }
  while (true) {
    const shift = <u64>(12 + 9 * level);
    const place = table + (((linear >> shift) & 0x1ff) << 3);
    const entry = readEntry64(place);
    if (!(entry & PRESENT)) return pageFault(linear, access, user, 0);
    const large = level > 0 && (entry & LARGE) != 0;
    let bad = reserved;
    if (large) bad |= level == 3 ? LARGE : ((<u64>1 << shift) - 1) & ~0x1fff;
    if (entry & bad) return pageFault(linear, access, user, 9);
    rights &= entry;
    noExecute |= entry & NO_EXECUTE;
    if (level == 0 || large) {
      if (!allowed(linear, access, user, rights, noExecute != 0)) return false;
      markUsed(place, entry, access);
      const inside = (<u64>1 << shift) - 1;
      const base = (entry & ADDRESS & ~inside) + (linear & inside & ~0xfff);
      return finish(base, (rights & ~DIRTY) | (entry & DIRTY), access, large);
    }
    if (!(entry & ACCESSED)) setBits(place, <u8>ACCESSED);
    table = entry & ADDRESS;
    level--;
  }
}

/** [SDM] vol. 3A, 4.6.1: what user/supervisor, read/write, NX, WP, SMEP and SMAP allow. */
function allowed(linear: u64, access: i32, user: bool, rights: u64, noExecute: bool): bool {
  const cr4 = load<u64>(CPU + CR4);
  let ok = true;
  if (user) {
    if (!(rights & USER)) ok = false;
    else if (access == WRITE && !(rights & WRITABLE)) ok = false;
  } else {
    if (access == WRITE && !(rights & WRITABLE) && load<u64>(CPU + CR0) & CR0_WP) ok = false;
    if (rights & USER) {
      if (access == EXECUTE) {
        if (cr4 & CR4_SMEP) ok = false;
      } else if (cr4 & CR4_SMAP) {
        // An implicit supervisor access from CPL 3 is not excused by EFLAGS.AC.
        if (load<i32>(CPU + CPL) == 3 || !(load<u32>(CPU + EFLAGS) & EFLAGS_AC)) ok = false;
      }
    }
  }
  if (access == EXECUTE && noExecute) ok = false;
  return ok ? true : pageFault(linear, access, user, 1);
}

function markUsed(place: u64, entry: u64, access: i32): void {
  const bits = ACCESSED | (access == WRITE ? DIRTY : 0);
  if ((entry & bits) != bits) setBits(place, <u8>bits);
}

function finish(physical: u64, rights: u64, access: i32, large: bool): bool {
  // Beyond 4 GiB there is nothing: such a page behaves as unclaimed memory just below 4 GiB's last page.
  const page: u32 = physical >> 32 ? 0xfffff000 : <u32>physical & ~0xfff;
  walkPhysical = page & load<u32>(CPU + A20_MASK);
  walkWritable = access == WRITE || ((rights & DIRTY) != 0 && (rights & WRITABLE) != 0);
  walkLarge = large;
  return true;
}

/** Physical address of a linear one for who only looks: -1 if it is not mapped. No exception is noted. */
export function peekPhysical(linear: u64): i64 {
  const cr2 = load<u64>(CPU + CR2);
  const vector = load<i32>(CPU + EXCEPTION);
  const error = load<i32>(CPU + EXCEPTION_ERROR);
  const found = walk(linear, READ, false);
  store<u64>(CPU + CR2, cr2);
  store<i32>(CPU + EXCEPTION, vector);
  store<i32>(CPU + EXCEPTION_ERROR, error);
  return found ? <i64>(walkPhysical | (<u32>linear & 0xfff)) : -1;
}
