// String instructions. A repeated one runs in pieces, so that interrupts get their turn: each function returns
// 1 when it must be called again, with the registers where they stand.

import {
  BUDGET,
  EFLAGS,
  GPR,
  MODE,
  MODE_CODE_SIZE,
  MODE_FLAT,
  SEGMENT_ATTRIBUTES,
  SEGMENT_BASE,
  SEGMENT_LIMIT,
  SEGMENT_SIZE,
  SEGMENTS,
  TLB_READ,
  TLB_WRITE,
} from "../layout";
import { CPU } from "./cpu";
import { singleStepping } from "./debug";
import { subFlags } from "./flags";
import { portRead, portWrite } from "./host";
import { portCheck } from "./io";
import {
  hostForRead,
  hostForWrite,
  read16,
  read32,
  read64,
  read8,
  translated,
  write16,
  write32,
  write64,
  write8,
} from "./memory";
import { segmentRead, segmentWrite } from "./segments";

const RAX: usize = GPR;
const RCX: usize = GPR + 8;
const RDX: usize = GPR + 16;
const RSI: usize = GPR + 48;
const RDI: usize = GPR + 56;
const EXTRA_SEGMENT: u32 = 0;
const CODE_SEGMENT: u32 = 1;
const FS: u32 = 4;
const DIRECTION: u32 = 0x400;

/** Most elements in one call. */
const LONGEST: u64 = 0x4000;
/**
 * Most bytes that the host is to copy at once: more, its C library copies by REP MOVSB, which takes ten times as long on some
 * hosts where the target is not aligned.
 */
const COPIED_AT_ONCE: u32 = 2048;
/** Up to so many elements a call of the host's C library takes longer than to copy them one after the other. */
const FEW: u64 = 8;
/** Elements that count as one instruction of the budget. */
const PER_INSTRUCTION: u64 = 16;

/** Bits of an address of so many bits. */
// @ts-ignore: decorator of AssemblyScript
@inline
function maskOf(addressSize: u32): u64 {
  return addressSize == 64 ? ~0 : addressSize == 32 ? 0xffffffff : 0xffff;
}

/** Sets an address or count register, by address size. */
function setIndex(register: usize, addressSize: u32, value: u64): void {
  if (addressSize == 16) store<u16>(CPU + register, <u16>value);
  else store<u64>(CPU + register, addressSize == 32 ? value & 0xffffffff : value);
}

// @ts-ignore: decorator of AssemblyScript
@inline
function longCode(): bool {
  return (load<u32>(CPU + MODE) & MODE_CODE_SIZE) == 2;
}

function linearForRead(segment: u32, offset: u64, bytes: u32): u64 {
  if (longCode()) return segment >= FS ? offset + load<u64>(CPU + SEGMENTS + segment * SEGMENT_SIZE) : offset;
  return <u64>segmentRead(segment, <u32>offset, bytes);
}

function linearForWrite(offset: u64, bytes: u32): u64 {
  if (longCode()) return offset;
  return <u64>segmentWrite(EXTRA_SEGMENT, <u32>offset, bytes);
}

/**
 * How many of `count` elements from an offset upwards stay within the page of `linear`, the segment's limit and
 * the address size; 0 where element-wise checks must decide.
 */
function chunk(segment: u32, offset: u64, linear: u64, bytes: u32, count: u64, mask: u64): u64 {
  let room: u64 = 0x1000 - (linear & 0xfff);
  const toWrap = mask - offset + 1;
  if (toWrap != 0 && toWrap < room) room = toWrap;
  if (!longCode()) {
    const place = CPU + SEGMENTS + segment * SEGMENT_SIZE;
    const attributes = load<u32>(place + SEGMENT_ATTRIBUTES);
    if ((attributes & 0xc) == 4) return 0;
    const limit = <u64>load<u32>(place + SEGMENT_LIMIT);
    if (offset > limit) return 0;
    const inSegment = limit - offset + 1;
    if (inSegment < room) room = inSegment;
  }
  // Sizes are powers of two.
  const fit = room >> ctz(<u64>bytes);
  return fit < count ? fit : count;
}

function readElement(linear: u64, bytes: u32): u64 {
  if (bytes == 1) return read8(linear);
  if (bytes == 2) return read16(linear);
  if (bytes == 4) return read32(linear);
  return read64(linear);
}

function writeElement(linear: u64, bytes: u32, value: u64): void {
  if (bytes == 1) write8(linear, <u32>value);
  else if (bytes == 2) write16(linear, <u32>value);
  else if (bytes == 4) write32(linear, <u32>value);
  else write64(linear, value);
}

function accumulator(bytes: u32): u64 {
  if (bytes == 1) return load<u8>(CPU + RAX);
  if (bytes == 2) return load<u16>(CPU + RAX);
  if (bytes == 4) return load<u32>(CPU + RAX);
  return load<u64>(CPU + RAX);
}

/** What a repeated instruction may do in this call. */
function allowance(count: u64): u64 {
  if (singleStepping()) return 1;
  return count < LONGEST ? count : LONGEST;
}

/** Counts what was done against the budget. */
function charge(elements: u64): void {
  store<i32>(CPU + BUDGET, load<i32>(CPU + BUDGET) - <i32>(elements / PER_INSTRUCTION));
}

// @ts-ignore: decorator of AssemblyScript
@inline
function step(bytes: u32): u64 {
  return load<u32>(CPU + EFLAGS) & DIRECTION ? 0 - <u64>bytes : <u64>bytes;
}

/** Whether a segment that is read begins at 0 and ends nowhere, and so does ES for writing. */
// @ts-ignore: decorator of AssemblyScript
@inline
function isFlat(segment: u32): bool {
  return segment < FS && (longCode() || (segment != CODE_SEGMENT && (load<u32>(CPU + MODE) & MODE_FLAT) != 0));
}

/** Elements that lie in the pages of their first ones from both linear addresses on, at most so many. */
// @ts-ignore: decorator of AssemblyScript
@inline
function within(one: u64, other: u64, bytes: u32, most: u64): u64 {
  const last = max(one & 0xfff, other & 0xfff);
  return min((0x1000 - last) >> ctz(<u64>bytes), most);
}

/**
 * Moves elements upwards in flat segments as far as pages go, where the translation table has both, and tells how many: 0
 * where it has not, or the elements lie otherwise.
 */
function movePlainly(from: u64, to: u64, bytes: u32, most: u64): u64 {
  const count = within(from, to, bytes, most);
  if (count == 0) return 0;
  const size = <u32>count * bytes;
  const source = translated(from, size, TLB_READ);
  const target = translated(to, size, TLB_WRITE);
  if (!source || !target || (count > FEW && target - source < size)) return 0;
  copyUpwards(target, source, bytes, count);
  return count;
}

/** Moves at least one element, in any segments, from offset to offset, and tells how many. */
function moveAnyhow(source: u64, target: u64, bytes: u32, most: u64, segment: u32, mask: u64): u64 {
  const from = linearForRead(segment, source, bytes);
  const to = linearForWrite(target, bytes);
  if (most > 1 && step(bytes) == bytes) {
    const count = min(
      chunk(segment, source, from, bytes, most, mask),
      chunk(EXTRA_SEGMENT, target, to, bytes, most, mask),
    );
    if (count > 1 && copyDirect(from, to, bytes, count)) return count;
  }
  writeElement(to, bytes, readElement(from, bytes));
  return 1;
}

/** REP MOVS. */
export function moveString(bytes: u32, addressSize: u32, segment: u32): i32 {
  const mask = maskOf(addressSize);
  const by = step(bytes);
  const isPlain = by == bytes && isFlat(segment);
  let source = load<u64>(CPU + RSI) & mask;
  let target = load<u64>(CPU + RDI) & mask;
  let count = load<u64>(CPU + RCX) & mask;
  let left = allowance(count);
  charge(left);
  while (left > 0) {
    let done: u64 = 0;
    if (isPlain) done = movePlainly(source, target, bytes, left);
    if (done == 0) done = moveAnyhow(source, target, bytes, left, segment, mask);
    source = (source + done * by) & mask;
    target = (target + done * by) & mask;
    left -= done;
    count -= done;
    setIndex(RSI, addressSize, source);
    setIndex(RDI, addressSize, target);
    setIndex(RCX, addressSize, count);
  }
  return count ? 1 : 0;
}

// @ts-ignore: decorator of AssemblyScript
@inline
function copyElement(target: usize, source: usize, bytes: u32): void {
  if (bytes == 4) store<u32>(target, load<u32>(source));
  else if (bytes == 1) store<u8>(target, load<u8>(source));
  else if (bytes == 2) store<u16>(target, load<u16>(source));
  else store<u64>(target, load<u64>(source));
}

/** Copies elements upwards; more than a few do not lie in what is copied over before they are. */
// @ts-ignore: decorator of AssemblyScript
@inline
function copyUpwards(target: usize, source: usize, bytes: u32, count: u64): void {
  const size = <u32>count * bytes;
  if (count <= FEW) {
    for (let at: u32 = 0; at < size; at += bytes) copyElement(target + at, source + at, bytes);
    return;
  }
  for (let at: u32 = 0; at < size; at += COPIED_AT_ONCE) {
    memory.copy(target + at, source + at, size - at < COPIED_AT_ONCE ? size - at : COPIED_AT_ONCE);
  }
}

/** Copies elements that lie within a page at both ends; 0 if one end is not plain memory. */
function copyDirect(from: u64, to: u64, bytes: u32, count: u64): u64 {
  const size = <u32>(count * bytes);
  const source = hostForRead(from);
  if (!source) return 0;
  const target = hostForWrite(to, size);
  if (!target) return 0;
  if (count > FEW && target > source && target < source + size) {
    // What is copied is copied again: element after element.
    const distance = <u32>(target - source);
    if (distance < bytes) return 0;
    let done: u32 = 0;
    while (done < size) {
      const part = size - done < distance ? size - done : distance;
      memory.copy(target + done, source + done, part);
      done += part;
    }
  } else copyUpwards(target, source, bytes, count);
  return count;
}

/** Fills elements as {@link movePlainly} moves them. */
function fillPlainly(to: u64, bytes: u32, most: u64, value: u64): u64 {
  const count = within(to, to, bytes, most);
  if (count == 0) return 0;
  const target = translated(to, <u32>count * bytes, TLB_WRITE);
  if (target) fill(target, bytes, count, value);
  return target ? count : 0;
}

/** Fills at least one element, in any segment, and tells how many. */
function fillAnyhow(target: u64, bytes: u32, most: u64, value: u64, mask: u64): u64 {
  const to = linearForWrite(target, bytes);
  if (most > 1 && step(bytes) == bytes) {
    const count = chunk(EXTRA_SEGMENT, target, to, bytes, most, mask);
    const host = count > 1 ? hostForWrite(to, <u32>(count * bytes)) : 0;
    if (host) {
      fill(host, bytes, count, value);
      return count;
    }
  }
  writeElement(to, bytes, value);
  return 1;
}

/** REP STOS. */
export function storeString(bytes: u32, addressSize: u32): i32 {
  const mask = maskOf(addressSize);
  const by = step(bytes);
  const isPlain = by == bytes && isFlat(EXTRA_SEGMENT);
  const value = accumulator(bytes);
  let target = load<u64>(CPU + RDI) & mask;
  let count = load<u64>(CPU + RCX) & mask;
  let left = allowance(count);
  charge(left);
  while (left > 0) {
    let done: u64 = 0;
    if (isPlain) done = fillPlainly(target, bytes, left, value);
    if (done == 0) done = fillAnyhow(target, bytes, left, value, mask);
    target = (target + done * by) & mask;
    left -= done;
    count -= done;
    setIndex(RDI, addressSize, target);
    setIndex(RCX, addressSize, count);
  }
  return count ? 1 : 0;
}

/** Sets elements of the host's memory. */
function fill(target: usize, bytes: u32, count: u64, value: u64): void {
  const size = <u32>count * bytes;
  if (bytes == 1 || value == 0) {
    memory.fill(target, <u8>value, size);
    return;
  }
  for (let at: u32 = 0; at < size; at += bytes) {
    if (bytes == 2) store<u16>(target + at, <u16>value);
    else if (bytes == 4) store<u32>(target + at, <u32>value);
    else store<u64>(target + at, value);
  }
}

/** REP LODS. */
export function loadString(bytes: u32, addressSize: u32, segment: u32): i32 {
  const mask = maskOf(addressSize);
  const by = step(bytes);
  let source = load<u64>(CPU + RSI) & mask;
  let count: u64 = load<u64>(CPU + RCX) & mask;
  let left = allowance(count);
  charge(left);
  while (left > 0) {
    const value = readElement(linearForRead(segment, source, bytes), bytes);
    if (bytes == 1) store<u8>(CPU + RAX, <u8>value);
    else if (bytes == 2) store<u16>(CPU + RAX, <u16>value);
    else store<u64>(CPU + RAX, value);
    source = (source + by) & mask;
    left--;
    count--;
    setIndex(RSI, addressSize, source);
    setIndex(RCX, addressSize, count);
  }
  return count ? 1 : 0;
}

/** SCAS. `repeat`: 0 none, 1 REPNE, 2 REPE. */
export function scanString(bytes: u32, addressSize: u32, repeat: i32): i32 {
  const mask = maskOf(addressSize);
  const by = step(bytes);
  const value = accumulator(bytes);
  let target = load<u64>(CPU + RDI) & mask;
  let count: u64 = repeat ? load<u64>(CPU + RCX) & mask : 1;
  let left = allowance(count);
  charge(left);
  while (left > 0) {
    const linear = longCode() ? target : <u64>segmentRead(EXTRA_SEGMENT, <u32>target, bytes);
    const element = readElement(linear, bytes);
    target = (target + by) & mask;
    left--;
    count--;
    setIndex(RDI, addressSize, target);
    if (repeat) setIndex(RCX, addressSize, count);
    const decided = repeat && (element == value) != (repeat == 2);
    if (left == 0 || decided) subFlags(bytes * 8, value, element);
    if (decided) return 0;
  }
  return count ? 1 : 0;
}

/** CMPS. `repeat`: 0 none, 1 REPNE, 2 REPE. */
export function compareString(bytes: u32, addressSize: u32, segment: u32, repeat: i32): i32 {
  const mask = maskOf(addressSize);
  const by = step(bytes);
  let source = load<u64>(CPU + RSI) & mask;
  let target = load<u64>(CPU + RDI) & mask;
  let count: u64 = repeat ? load<u64>(CPU + RCX) & mask : 1;
  let left = allowance(count);
  charge(left);
  while (left > 0) {
    const a = readElement(linearForRead(segment, source, bytes), bytes);
    const linear = longCode() ? target : <u64>segmentRead(EXTRA_SEGMENT, <u32>target, bytes);
    const b = readElement(linear, bytes);
    source = (source + by) & mask;
    target = (target + by) & mask;
    left--;
    count--;
    setIndex(RSI, addressSize, source);
    setIndex(RDI, addressSize, target);
    if (repeat) setIndex(RCX, addressSize, count);
    const decided = repeat && (a == b) != (repeat == 2);
    if (left == 0 || decided) subFlags(bytes * 8, a, b);
    if (decided) return 0;
  }
  return count ? 1 : 0;
}

/** INS. The destination is checked before the port is read. */
export function inString(bytes: u32, addressSize: u32, repeat: i32): i32 {
  const mask = maskOf(addressSize);
  const by = step(bytes);
  const port = load<u16>(CPU + RDX);
  portCheck(port, bytes);
  let target = load<u64>(CPU + RDI) & mask;
  let count: u64 = repeat ? load<u64>(CPU + RCX) & mask : 1;
  let left = allowance(count);
  charge(left);
  while (left > 0) {
    const linear = linearForWrite(target, bytes);
    hostForWrite(linear, bytes);
    writeElement(linear, bytes, portRead(port, bytes));
    target = (target + by) & mask;
    left--;
    count--;
    setIndex(RDI, addressSize, target);
    if (repeat) setIndex(RCX, addressSize, count);
  }
  return count ? 1 : 0;
}

/** OUTS. */
export function outString(bytes: u32, addressSize: u32, segment: u32, repeat: i32): i32 {
  const mask = maskOf(addressSize);
  const by = step(bytes);
  const port = load<u16>(CPU + RDX);
  portCheck(port, bytes);
  let source = load<u64>(CPU + RSI) & mask;
  let count: u64 = repeat ? load<u64>(CPU + RCX) & mask : 1;
  let left = allowance(count);
  charge(left);
  while (left > 0) {
    const value = readElement(linearForRead(segment, source, bytes), bytes);
    portWrite(port, <u32>value, bytes);
    source = (source + by) & mask;
    left--;
    count--;
    setIndex(RSI, addressSize, source);
    if (repeat) setIndex(RCX, addressSize, count);
  }
  return count ? 1 : 0;
}
