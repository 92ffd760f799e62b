// The translation tables: from linear page to host memory, as instruction handlers look it up, and how entries come
// and go. What is known only until the next MOV to CR3 is emptied by the bits in TLB_USED, not by going through all.

import {
  CODE_BITS,
  CPL,
  CR0,
  CR4,
  EFLAGS,
  LARGE_HIGH,
  LARGE_LOW,
  MODE,
  MODE_LONG,
  NONCANONICAL,
  NONCANONICAL_ADDRESS,
  PAGE_READ,
  PAGE_VIDEO,
  PAGE_WRITE,
  PHYSICAL_MAP,
  TLB,
  TLB_ADDEND,
  TLB_ENTRIES,
  TLB_ENTRY_SIZE,
  TLB_EXECUTE,
  TLB_GLOBAL,
  TLB_GROUPS,
  TLB_HIGH,
  TLB_PHYSICAL,
  TLB_POINTER,
  TLB_READ,
  TLB_RECENT,
  TLB_RECENT_PLACES,
  TLB_RECENT_SIZE,
  TLB_SIZE,
  TLB_TABLES,
  TLB_USED,
  TLB_WRITE,
  VIDEO,
  VIDEO_DIRTY,
} from "../layout";
import { CPU } from "./cpu";
import { armed, watched } from "./debug";
import { GP, setException } from "./exceptions";
import {
  EXCUSED,
  EXECUTE,
  forgetPageTables,
  HUGE,
  SUPERVISOR,
  USER,
  WRITE,
  walk,
  walkGlobal,
  walkPhysical,
  walkSize,
  walkWritable,
} from "./paging";
import { watching } from "./watch";

const CR0_AM: u32 = 1 << 18;
const CR4_SMAP: u32 = 1 << 21;
const EFLAGS_AC: u32 = 1 << 18;

/** Number of the table that has no entries. */
const NO_TABLE: u32 = TLB_TABLES;

/** Number of an entry among those of the tables that have any. */
// @ts-ignore: decorator of AssemblyScript
@inline
function numberOf(linear: u64, who: i32): usize {
  return who * TLB_ENTRIES + (<usize>(linear >> 12) & (TLB_ENTRIES - 1));
}

// @ts-ignore: decorator of AssemblyScript
@inline
export function entryOf(linear: u64, who: i32): usize {
  return CPU + TLB + who * TLB_SIZE + (<usize>(linear >> 12) & (TLB_ENTRIES - 1)) * TLB_ENTRY_SIZE;
}

/** Who makes the accesses of instructions now. */
// @ts-ignore: decorator of AssemblyScript
@inline
export function current(): i32 {
  const table = (load<u32>(CPU + TLB_POINTER) - <u32>(CPU + TLB)) / TLB_SIZE;
  return table == NO_TABLE ? USER : <i32>table;
}

/** Whether data accesses must be aligned: #AC is on. */
// @ts-ignore: decorator of AssemblyScript
@inline
export function aligning(): bool {
  return load<u32>(CPU + TLB_POINTER) == <u32>(CPU + TLB + NO_TABLE * TLB_SIZE);
}

/** Sets TLB_POINTER: CPL, EFLAGS.AC, CR0.AM or CR4.SMAP has changed. */
export function chooseTable(): void {
  const ac = (load<u32>(CPU + EFLAGS) & EFLAGS_AC) != 0;
  let table: u32 = SUPERVISOR;
  if (load<i32>(CPU + CPL) == 3) table = ac && load<u32>(CPU + CR0) & CR0_AM ? NO_TABLE : USER;
  else if (ac && load<u32>(CPU + CR4) & CR4_SMAP) table = EXCUSED;
  store<u32>(CPU + TLB_POINTER, <u32>(CPU + TLB) + table * TLB_SIZE);
}

// @ts-ignore: decorator of AssemblyScript
@inline
export function mapEntry(physical: u32): u32 {
  return load<u32>(PHYSICAL_MAP + ((<usize>physical >> 12) << 2));
}

/** A page that holds decoded code is never entered as writable. */
// @ts-ignore: decorator of AssemblyScript
@inline
export function holdsCode(physical: u32): bool {
  return load<u64>(CODE_BITS + ((<usize>physical >> 12) << 3)) != 0;
}

/** Translates, and enters the page in the table. False: fault set. Result in walkPhysical (page). */
export function translate(linear: u64, access: i32, who: i32): bool {
  if (load<u32>(CPU + MODE) & MODE_LONG && <i64>(linear << 16) >> 16 != <i64>linear) {
    setException(GP, 0);
    store<u32>(CPU + NONCANONICAL, access == EXECUTE ? 0 : 1);
    store<u64>(CPU + NONCANONICAL_ADDRESS, linear);
    return false;
  }
  if (!walk(linear, access, who)) return false;
  const page = linear & ~0xfff;
  const entry = entryOf(linear, who);
  const physical = walkPhysical;
  const map = mapEntry(physical);
  if ((load<u32>(entry + TLB_PHYSICAL) & ~0xfff) != physical || pageOf(entry) != page) clearEntry(entry);
  store<u32>(entry + TLB_PHYSICAL, physical | walkSize);
  if (map & PAGE_READ) {
    noteUsed(numberOf(linear, who), page, who);
    store<u32>(entry + TLB_ADDEND, (map & ~0xfff) - <u32>page);
    if (access == EXECUTE) store<u64>(entry + TLB_EXECUTE, page);
    // An execute-only walk proves nothing about reads under SMAP; any other does. Data breakpoints are noticed
    // by never entering their pages.
    else if ((!armed() || !watched(page)) && !watching(page)) {
      store<u64>(entry + TLB_READ, page);
      if (walkWritable && map & PAGE_WRITE && !holdsCode(physical)) {
        if (map & PAGE_VIDEO) {
          if (access == WRITE) store<u8>(VIDEO_DIRTY + (((map & ~0xfff) - VIDEO) >> 12), 1);
          else return true;
        }
        store<u64>(entry + TLB_WRITE, page);
      }
    }
  }
  return true;
}

// @ts-ignore: decorator of AssemblyScript
@inline
function clearEntry(entry: usize): void {
  store<u64>(entry + TLB_READ, ~0);
  store<u64>(entry + TLB_WRITE, ~0);
  store<u64>(entry + TLB_EXECUTE, ~0);
}

/** The page of an entry that may hold something; all ones if it does not. */
// @ts-ignore: decorator of AssemblyScript
@inline
function pageOf(entry: usize): u64 {
  return load<u64>(entry + TLB_READ) & load<u64>(entry + TLB_EXECUTE);
}

/** Size of a large page as a shift count: 1 GiB, or 4 MiB, which hold those of 2. */
// @ts-ignore: decorator of AssemblyScript
@inline
function largeShift(size: u32): u64 {
  return size == <u32>HUGE ? 30 : 22;
}

/** Notes that an entry holds a page, for those who empty it. */
function noteUsed(number: usize, page: u64, who: i32): void {
  const word = (number >> 6) << 3;
  const bit = <u64>1 << (number & 63);
  store<u64>(CPU + TLB_USED + word, load<u64>(CPU + TLB_USED + word) | bit);
  const group = CPU + TLB_GROUPS + ((word >> 9) << 3);
  store<u64>(group, load<u64>(group) | (<u64>1 << ((word >> 3) & 63)));
  const global = load<u64>(CPU + TLB_GLOBAL + word);
  store<u64>(CPU + TLB_GLOBAL + word, walkGlobal ? global | bit : global & ~bit);
  if (page >> 32) store<u32>(CPU + TLB_HIGH, load<u32>(CPU + TLB_HIGH) | (1 << who));
  if (walkSize) {
    const inside = ((<u64>1) << largeShift(walkSize)) - 1;
    if (page < load<u64>(CPU + LARGE_LOW)) store<u64>(CPU + LARGE_LOW, page & ~inside);
    if (page > load<u64>(CPU + LARGE_HIGH)) store<u64>(CPU + LARGE_HIGH, page | inside);
  }
}

/** After power-on, when memory holds anything: the tables are made empty. */
export function resetTlb(): void {
  memory.fill(CPU + TLB, 0xff, (TLB_TABLES + 1) * TLB_SIZE);
  memory.fill(CPU + TLB_USED, 0, (TLB_TABLES * TLB_ENTRIES) / 8);
  memory.fill(CPU + TLB_GLOBAL, 0, (TLB_TABLES * TLB_ENTRIES) / 8);
  memory.fill(CPU + TLB_GROUPS, 0, (TLB_TABLES * TLB_ENTRIES) / 512);
  forgetRanges();
}

function forgetRanges(): void {
  forgetPageTables();
  forgetRecent();
  store<u32>(CPU + TLB_HIGH, 0);
  store<u64>(CPU + LARGE_LOW, ~0);
  store<u64>(CPU + LARGE_HIGH, 0);
}

/** Empties the places for pages that were met last. */
function forgetRecent(): void {
  for (let who: i32 = 0; who < TLB_TABLES; who++) {
    const first = CPU + TLB + who * TLB_SIZE + TLB_RECENT;
    for (let place: usize = 0; place < (<usize>TLB_RECENT_PLACES); place++) store<u64>(first + place * TLB_RECENT_SIZE, ~0);
  }
}

/** Bytes of TLB_USED. */
const USED_BYTES: usize = (TLB_TABLES * TLB_ENTRIES) / 8;

/** Offset of the first 64 bits of TLB_USED from an offset on that are not all 0; USED_BYTES or beyond if there are none. */
function usedFrom(word: usize): usize {
  while (word < USED_BYTES) {
    const groups = load<u64>(CPU + TLB_GROUPS + ((word >> 9) << 3)) >> ((word >> 3) & 63);
    if (groups) return word + (<usize>ctz(groups) << 3);
    word = (word | 511) + 1;
  }
  return word;
}

/** Sets 64 bits of TLB_USED. */
function setUsed(word: usize, bits: u64): void {
  store<u64>(CPU + TLB_USED + word, bits);
  if (bits) return;
  const group = CPU + TLB_GROUPS + ((word >> 9) << 3);
  store<u64>(group, load<u64>(group) & ~(<u64>1 << ((word >> 3) & 63)));
}

/** First entry that the 64 at an offset in TLB_USED stand for. */
// @ts-ignore: decorator of AssemblyScript
@inline
function firstEntry(word: usize): usize {
  const number = word * 8;
  return CPU + TLB + (number / TLB_ENTRIES) * TLB_SIZE + (number & (TLB_ENTRIES - 1)) * TLB_ENTRY_SIZE;
}

function clearEntries(first: usize, bits: u64): void {
  while (bits) {
    clearEntry(first + <usize>ctz(bits) * TLB_ENTRY_SIZE);
    bits &= bits - 1;
  }
}

/** Empties the tables: control registers, A20 or the physical map have changed. */
export function flushTlb(): void {
  for (let word = usedFrom(0); word < USED_BYTES; word = usedFrom(word + 8)) {
    clearEntries(firstEntry(word), load<u64>(CPU + TLB_USED + word));
    setUsed(word, 0);
    store<u64>(CPU + TLB_GLOBAL + word, 0);
  }
  forgetRanges();
}

/** Empties them but for global pages: MOV to CR3. */
export function flushLocal(): void {
  forgetPageTables();
  forgetRecent();
  for (let word = usedFrom(0); word < USED_BYTES; word = usedFrom(word + 8)) {
    const used = load<u64>(CPU + TLB_USED + word);
    const kept = used & load<u64>(CPU + TLB_GLOBAL + word);
    clearEntries(firstEntry(word), used & ~kept);
    setUsed(word, kept);
  }
}

/** Forgets what is known of one page, of whatever size (INVLPG). */
export function flushPage(linear: u64): void {
  forgetPageTables();
  forgetRecent();
  for (let who: i32 = 0; who < TLB_TABLES; who++) clearEntry(entryOf(linear, who));
  if (linear < load<u64>(CPU + LARGE_LOW) || linear > load<u64>(CPU + LARGE_HIGH)) return;
  for (let word = usedFrom(0); word < USED_BYTES; word = usedFrom(word + 8)) {
    for (let bits = load<u64>(CPU + TLB_USED + word); bits; bits &= bits - 1) {
      const entry = firstEntry(word) + <usize>ctz(bits) * TLB_ENTRY_SIZE;
      const size = load<u32>(entry + TLB_PHYSICAL) & 3;
      if (!size) continue;
      const shift = largeShift(size);
      if (pageOf(entry) >> shift == linear >> shift) clearEntry(entry);
    }
  }
}

/**
 * Forgets linear addresses above 4 GiB of the table in use: code whose addresses have 32 bits, and that looks at
 * the low half of an entry's page, is about to run.
 */
export function flushHigh(): void {
  const who = current();
  if (!(load<u32>(CPU + TLB_HIGH) & (1 << who))) return;
  store<u32>(CPU + TLB_HIGH, load<u32>(CPU + TLB_HIGH) & ~(1 << who));
  forgetRecent();
  const end = ((who + 1) * TLB_ENTRIES) / 8;
  for (let word = usedFrom((who * TLB_ENTRIES) / 8); word < <usize>end; word = usedFrom(word + 8)) {
    for (let bits = load<u64>(CPU + TLB_USED + word); bits; bits &= bits - 1) {
      const entry = firstEntry(word) + <usize>ctz(bits) * TLB_ENTRY_SIZE;
      if (pageOf(entry) >> 32) clearEntry(entry);
    }
  }
}

/** Takes the right to write directly from every entry of a physical page, which now holds decoded code. */
export function protectCodePage(physical: u32): void {
  forgetRecent();
  for (let word = usedFrom(0); word < USED_BYTES; word = usedFrom(word + 8)) {
    for (let bits = load<u64>(CPU + TLB_USED + word); bits; bits &= bits - 1) {
      const entry = firstEntry(word) + <usize>ctz(bits) * TLB_ENTRY_SIZE;
      if ((load<u32>(entry + TLB_PHYSICAL) & ~0xfff) == physical) store<u64>(entry + TLB_WRITE, ~0);
    }
  }
}

/** Makes the next store to any page of video memory be noted again. */
export function protectVideo(): void {
  forgetRecent();
  for (let word = usedFrom(0); word < USED_BYTES; word = usedFrom(word + 8)) {
    for (let bits = load<u64>(CPU + TLB_USED + word); bits; bits &= bits - 1) {
      const entry = firstEntry(word) + <usize>ctz(bits) * TLB_ENTRY_SIZE;
      if (load<u64>(entry + TLB_WRITE) == ~0) continue;
      if (mapEntry(load<u32>(entry + TLB_PHYSICAL)) & PAGE_VIDEO) store<u64>(entry + TLB_WRITE, ~0);
    }
  }
}
