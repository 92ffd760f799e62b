// Guest memory by linear address. Instruction handlers look into the translation table themselves and come
// here when that does not answer: first use of a page, page crossing, device registers, ROM, stores to pages
// that hold decoded code.

import {
  CODE_BITS,
  EXCEPTION_REFUSED,
  MODE,
  MODE_LONG,
  PAGE_READ,
  PAGE_VIDEO,
  PAGE_WRITE,
  PENDING_FIRST,
  PENDING_KIND,
  PENDING_SECOND,
  PENDING_SIZE,
  SCRATCH,
  TLB_ADDEND,
  TLB_ENTRIES,
  TLB_ENTRY_SIZE,
  TLB_POINTER,
  TLB_READ,
  TLB_WRITE,
  VIDEO,
  VIDEO_DIRTY,
} from "../layout";
import { CPU } from "./cpu";
import { armed, noteAccess } from "./debug";
import { AC, setException } from "./exceptions";
import { codeWritten, mmioRead, mmioWrite, throwFault } from "./host";
import { EXECUTE, READ, SUPERVISOR, WRITE, walkPhysical } from "./paging";
import { aligning, current, entryOf, holdsCode, mapEntry, translate } from "./tlb";
import { meetsWatchpoint, watching } from "./watch";

const NOTHING_PENDING = 0;
const BYTES_PENDING = 1;
/** PENDING_FIRST and PENDING_SECOND are host addresses of plain memory. */
const PARTS_PENDING = 2;

/** Bits of an address that must be clear for an operand of so many bytes. [SDM] vol. 3A, table 6-7 */
function alignmentMask(size: u32): u32 {
  if (size == 2) return 1;
  if (size == 4) return 3;
  return size == 8 || size == 10 ? 7 : 0;
}

/** Notes #AC for a misaligned access while it is on. */
function misaligned(linear: u64, size: u32): bool {
  if (!aligning() || !(<u32>linear & alignmentMask(size))) return false;
  setException(AC, 0);
  return true;
}

/** Physical address of an instruction's byte; -1: fault set. */
export function fetchPhysical(linear: u64): i64 {
  if (!translate(linear, EXECUTE, current())) return -1;
  return <i64>(walkPhysical | (<u32>linear & 0xfff));
}

/** Copies from physical addresses within a page to a buffer. */
function gather(physical: u32, buffer: usize, size: u32): void {
  const map = mapEntry(physical);
  if (map & PAGE_READ) {
    memory.copy(buffer, (map & ~0xfff) | (physical & 0xfff), size);
    return;
  }
  let done: u32 = 0;
  while (done < size) {
    const left = size - done;
    const width: u32 = left >= 4 ? 4 : left >= 2 ? 2 : 1;
    const value = mmioRead(physical + done, width);
    if (width == 4) store<u32>(buffer + done, value);
    else if (width == 2) store<u16>(buffer + done, <u16>value);
    else store<u8>(buffer + done, <u8>value);
    done += width;
  }
}

/** Copies a buffer to physical addresses within a page, with all that a store there means. */
function scatter(physical: u32, buffer: usize, size: u32): void {
  const map = mapEntry(physical);
  if (map & PAGE_READ) {
    if (!(map & PAGE_WRITE)) return;
    noteWrite(physical, map, size);
    memory.copy((map & ~0xfff) | (physical & 0xfff), buffer, size);
    return;
  }
  let done: u32 = 0;
  while (done < size) {
    const left = size - done;
    const width: u32 = left >= 4 ? 4 : left >= 2 ? 2 : 1;
    const value: u32 =
      width == 4 ? load<u32>(buffer + done) : width == 2 ? load<u16>(buffer + done) : load<u8>(buffer + done);
    mmioWrite(physical + done, value, width);
    done += width;
  }
}

/** Whether stores into decoded code are refused: their instruction is then left with EXCEPTION_REFUSED. */
let refusing = false;

export function refuseCode(on: bool): void {
  refusing = on;
}

/** Whether accesses to what is no plain memory are refused, as EXCEPTION_REFUSED too, and those across pages that were not looked up. */
let plainOnly = false;

export function refuseDevices(on: bool): void {
  plainOnly = on;
}

function refuse(): usize {
  setException(EXCEPTION_REFUSED, 0);
  return 0;
}

/** Whether a store of `size` bytes within a page hits decoded code. */
function hitsCode(physical: u32, size: u32): bool {
  const bits = load<u64>(CODE_BITS + ((<usize>physical >> 12) << 3));
  if (!bits) return false;
  const first = (physical & 0xfff) >> 6;
  const last = ((physical & 0xfff) + size - 1) >> 6;
  for (let chunk = first; chunk <= last; chunk++) if ((bits >> chunk) & 1) return true;
  return false;
}

/** Before a store to memory: decoded code that it hits is dropped, video memory noted. */
function noteWrite(physical: u32, map: u32, size: u32): void {
  if (map & PAGE_VIDEO) store<u8>(VIDEO_DIRTY + (((map & ~0xfff) - VIDEO) >> 12), 1);
  if (hitsCode(physical, size)) codeWritten(physical, size);
}

function readAs(linear: u64, size: u32, who: i32): usize {
  const room: u32 = 0x1000 - (<u32>linear & 0xfff);
  if (!translate(linear, READ, who)) return 0;
  const first = walkPhysical | (<u32>linear & 0xfff);
  const map = mapEntry(first);
  if (size <= room && map & PAGE_READ) return (map & ~0xfff) | (first & 0xfff);
  if (plainOnly) return refuse();
  const buffer = CPU + SCRATCH;
  if (size <= room) {
    gather(first, buffer, size);
    return buffer;
  }
  if (!translate(nextPage(linear), READ, who)) return 0;
  const second = walkPhysical;
  gather(first, buffer, room);
  gather(second, buffer + room, size - room);
  return buffer;
}

/** Start of the page after an address, around the end of the address space. */
function nextPage(linear: u64): u64 {
  const next = (linear & ~0xfff) + 0x1000;
  return load<u32>(CPU + MODE) & MODE_LONG ? next : next & 0xffffffff;
}

function writeAs(linear: u64, size: u32, who: i32, modify: bool): usize {
  const room: u32 = 0x1000 - (<u32>linear & 0xfff);
  if (!translate(linear, WRITE, who)) return 0;
  const first = walkPhysical | (<u32>linear & 0xfff);
  const map = mapEntry(first);
  store<u32>(CPU + PENDING_KIND, NOTHING_PENDING);
  if (size <= room && map & PAGE_READ && map & PAGE_WRITE) {
    if (refusing && hitsCode(first, size)) return refuse();
    noteWrite(first, map, size);
    return (map & ~0xfff) | (first & 0xfff);
  }
  if (plainOnly) return refuse();
  let second: u32 = 0;
  if (size > room) {
    if (!translate(nextPage(linear), WRITE, who)) return 0;
    second = walkPhysical;
  }
  if (refusing && (holdsCode(first) || (size > room && holdsCode(second)))) return refuse();
  const buffer = CPU + SCRATCH;
  if (modify) {
    gather(first, buffer, size < room ? size : room);
    if (size > room) gather(second, buffer + room, size - room);
  }
  store<u32>(CPU + PENDING_KIND, BYTES_PENDING);
  store<u32>(CPU + PENDING_SIZE, size);
  store<u32>(CPU + PENDING_FIRST, first);
  store<u32>(CPU + PENDING_SECOND, second);
  return buffer;
}

/** Host address by the translation table for the current privilege, if `tag` is that of all `size` (1 to 2^16) bytes; else 0. */
// @ts-ignore: decorator of AssemblyScript
@inline
export function translated(linear: u64, size: u32, tag: usize): usize {
  const entry = load<usize>(CPU + TLB_POINTER) + (<usize>(linear >> 12) & (TLB_ENTRIES - 1)) * TLB_ENTRY_SIZE;
  if (load<u64>(entry + tag) != ((linear + size - 1) & ~0xfff)) return 0;
  return <usize>linear + load<u32>(entry + TLB_ADDEND);
}

/** Host addresses of the two parts of an access that crosses pages. */
let firstPart: usize = 0;
let secondPart: usize = 0;

/** Finds them, if there are two and the translation table has both. */
function findParts(linear: u64, size: u32, tag: usize): bool {
  const room: u32 = 0x1000 - (<u32>linear & 0xfff);
  if (size <= room) return false;
  firstPart = translated(linear, room, tag);
  secondPart = translated(nextPage(linear), size - room, tag);
  return firstPart != 0 && secondPart != 0;
}

// @ts-ignore: decorator of AssemblyScript
@inline
function copyFew(target: usize, source: usize, size: usize): void {
  for (let n: usize = 0; n < size; n++) store<u8>(target + n, load<u8>(source + n));
}

/** The scratch buffer, with the two parts in it. */
function gatherParts(size: u32): usize {
  const room: u32 = 0x1000 - (<u32>firstPart & 0xfff);
  copyFew(CPU + SCRATCH, firstPart, room);
  copyFew(CPU + SCRATCH + room, secondPart, size - room);
  return CPU + SCRATCH;
}

/** The scratch buffer, for commitWrite to store into the two parts. */
function pendParts(size: u32): usize {
  store<u32>(CPU + PENDING_KIND, PARTS_PENDING);
  store<u32>(CPU + PENDING_SIZE, size);
  store<u32>(CPU + PENDING_FIRST, <u32>firstPart);
  store<u32>(CPU + PENDING_SECOND, <u32>secondPart);
  return CPU + SCRATCH;
}

/** Host address from which `size` bytes at `linear` can be read now; 0: fault set. */
export function slowRead(linear: u64, size: u32): usize {
  if (findParts(linear, size, TLB_READ)) return gatherParts(size);
  if (meetsWatchpoint(linear, size, false) || misaligned(linear, size)) return 0;
  const address = readAs(linear, size, current());
  if (address && armed()) noteAccess(linear, size, false);
  return address;
}

/** Host address to which `size` bytes for `linear` go; 0: fault set. Call commitWrite after the store. */
export function slowWrite(linear: u64, size: u32): usize {
  if (findParts(linear, size, TLB_WRITE)) return pendParts(size);
  if (meetsWatchpoint(linear, size, true) || misaligned(linear, size)) return 0;
  const address = writeAs(linear, size, current(), false);
  if (address && armed()) noteAccess(linear, size, true);
  return address;
}

/** As slowWrite, and the bytes there now can be read from the returned address. */
export function slowModify(linear: u64, size: u32): usize {
  if (findParts(linear, size, TLB_WRITE)) {
    gatherParts(size);
    return pendParts(size);
  }
  if (meetsWatchpoint(linear, size, false) || meetsWatchpoint(linear, size, true)) return 0;
  if (misaligned(linear, size)) return 0;
  const address = writeAs(linear, size, current(), true);
  if (address && armed()) noteAccess(linear, size, true);
  return address;
}

/** Carries out a store that slowWrite or slowModify took into the scratch buffer. */
export function commitWrite(): void {
  const kind = load<u32>(CPU + PENDING_KIND);
  if (kind == NOTHING_PENDING) return;
  store<u32>(CPU + PENDING_KIND, NOTHING_PENDING);
  const size = load<u32>(CPU + PENDING_SIZE);
  const first = load<u32>(CPU + PENDING_FIRST);
  const room: u32 = 0x1000 - (first & 0xfff);
  if (kind == PARTS_PENDING) {
    copyFew(first, CPU + SCRATCH, room);
    copyFew(load<u32>(CPU + PENDING_SECOND), CPU + SCRATCH + room, size - room);
    return;
  }
  scatter(first, CPU + SCRATCH, size < room ? size : room);
  if (size > room) scatter(load<u32>(CPU + PENDING_SECOND), CPU + SCRATCH + room, size - room);
}

// --- For system instructions: these leave by an exception rather than return --------------------------------

/** Host address to read from, with the current privilege. */
// @ts-ignore: decorator of AssemblyScript
@inline
function readable(linear: u64, size: u32): usize {
  const host = translated(linear, size, TLB_READ);
  if (host) return host;
  const address = slowRead(linear, size);
  if (!address) throwFault();
  return address;
}

export function read8(linear: u64): u32 {
  return load<u8>(readable(linear, 1));
}

export function read16(linear: u64): u32 {
  return load<u16>(readable(linear, 2));
}

export function read32(linear: u64): u32 {
  return load<u32>(readable(linear, 4));
}

export function read64(linear: u64): u64 {
  return load<u64>(readable(linear, 8));
}

// @ts-ignore: decorator of AssemblyScript
@inline
function writable(linear: u64, size: u32): usize {
  const host = translated(linear, size, TLB_WRITE);
  if (host) {
    store<u32>(CPU + PENDING_KIND, NOTHING_PENDING);
    return host;
  }
  const address = slowWrite(linear, size);
  if (!address) throwFault();
  return address;
}

export function write8(linear: u64, value: u32): void {
  store<u8>(writable(linear, 1), <u8>value);
  commitWrite();
}

export function write16(linear: u64, value: u32): void {
  store<u16>(writable(linear, 2), <u16>value);
  commitWrite();
}

export function write32(linear: u64, value: u32): void {
  store<u32>(writable(linear, 4), value);
  commitWrite();
}

export function write64(linear: u64, value: u64): void {
  store<u64>(writable(linear, 8), value);
  commitWrite();
}

/** Whether each access to a page must be looked at by itself: there is a watchpoint, or #AC is on. */
// @ts-ignore: decorator of AssemblyScript
@inline
function oneByOne(linear: u64): bool {
  return aligning() || watching(linear);
}

/**
 * Host address of a byte that can be read, 0 if it is not plain memory or accesses must come one by one; leaves by
 * #PF. Valid within its page.
 */
export function hostForRead(linear: u64): usize {
  const host = translated(linear, 1, TLB_READ);
  if (host) return host;
  if (!translate(linear, READ, current())) throwFault();
  const physical = walkPhysical | (<u32>linear & 0xfff);
  const map = mapEntry(physical);
  return map & PAGE_READ && !oneByOne(linear) ? (map & ~0xfff) | (physical & 0xfff) : 0;
}

/** The same for `size` bytes within a page that are about to be written. */
export function hostForWrite(linear: u64, size: u32): usize {
  const host = translated(linear, size, TLB_WRITE);
  if (host) return host;
  if (!translate(linear, WRITE, current())) throwFault();
  const physical = walkPhysical | (<u32>linear & 0xfff);
  const map = mapEntry(physical);
  if ((map & (PAGE_READ | PAGE_WRITE)) != (PAGE_READ | PAGE_WRITE) || oneByOne(linear)) return 0;
  noteWrite(physical, map, size);
  return (map & ~0xfff) | (physical & 0xfff);
}

/** Descriptor tables, TSS and interrupt stacks: implicit accesses, with supervisor privilege, which AC never excuses. */
function systemReadable(linear: u64, size: u32): usize {
  const entry = entryOf(linear, SUPERVISOR);
  if (load<u64>(entry + TLB_READ) == ((linear + size - 1) & ~0xfff)) return <usize>linear + load<u32>(entry + TLB_ADDEND);
  const address = readAs(linear, size, SUPERVISOR);
  if (!address) throwFault();
  return address;
}

export function systemRead8(linear: u64): u32 {
  return load<u8>(systemReadable(linear, 1));
}

export function systemRead16(linear: u64): u32 {
  return load<u16>(systemReadable(linear, 2));
}

export function systemRead32(linear: u64): u32 {
  return load<u32>(systemReadable(linear, 4));
}

export function systemRead64(linear: u64): u64 {
  return load<u64>(systemReadable(linear, 8));
}

function systemWritable(linear: u64, size: u32): usize {
  const entry = entryOf(linear, SUPERVISOR);
  if (load<u64>(entry + TLB_WRITE) == ((linear + size - 1) & ~0xfff)) {
    store<u32>(CPU + PENDING_KIND, NOTHING_PENDING);
    return <usize>linear + load<u32>(entry + TLB_ADDEND);
  }
  const address = writeAs(linear, size, SUPERVISOR, false);
  if (!address) throwFault();
  return address;
}

export function systemWrite8(linear: u64, value: u32): void {
  store<u8>(systemWritable(linear, 1), <u8>value);
  commitWrite();
}

export function systemWrite16(linear: u64, value: u32): void {
  store<u16>(systemWritable(linear, 2), <u16>value);
  commitWrite();
}

export function systemWrite32(linear: u64, value: u32): void {
  store<u32>(systemWritable(linear, 4), value);
  commitWrite();
}

export function systemWrite64(linear: u64, value: u64): void {
  store<u64>(systemWritable(linear, 8), value);
  commitWrite();
}

/** Whether `size` bytes could be written with supervisor privilege; leaves by #PF if not. */
export function systemProbeWrite(linear: u64, size: u32): void {
  systemWritable(linear, size);
  store<u32>(CPU + PENDING_KIND, NOTHING_PENDING);
}

// --- Stores by bus masters -----------------------------------------------------------------------------------

/** To be called before `size` bytes within one page of memory are changed by anything but an instruction. */
export function physicalWrite(physical: u32, size: u32): void {
  const map = mapEntry(physical);
  if (map & PAGE_WRITE) noteWrite(physical, map, size);
}
