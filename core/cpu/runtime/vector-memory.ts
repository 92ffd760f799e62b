// Vectors of which only some lanes are in memory: VMASKMOV and VPMASKMOV, and those whose lanes have addresses of their own:
// VGATHER and VPGATHER. [SDM] vol. 2C.

import { MODE, MODE_CODE_SIZE, SEGMENT_BASE, SEGMENT_SIZE, SEGMENTS, SSE_FIRST, XMM, YMM_HIGH } from "../layout";
import { CPU } from "./cpu";
import { throwFault } from "./host";
import { commitWrite, slowModify, slowRead } from "./memory";
import { segmentRead } from "./segments";

const UPPER: usize = YMM_HIGH - XMM;
const CODE_64: u32 = 2;
const FS: i32 = 4;

/** Where byte `at` of a YMM register is whose lower half is at an address. */
// @ts-ignore: decorator of AssemblyScript
@inline
function byteOf(register: usize, at: u32): usize {
  return register + (at & 15) + (at & 16 ? UPPER : 0);
}

/** The sign of the lane of `lane` bytes that begins at byte `at`. */
// @ts-ignore: decorator of AssemblyScript
@inline
function isSet(mask: usize, at: u32, lane: u32): bool {
  return (load<u8>(byteOf(mask, at + lane - 1)) & 0x80) != 0;
}

function firstSet(mask: usize, lane: u32, bytes: u32): u32 {
  for (let at: u32 = 0; at < bytes; at += lane) if (isSet(mask, at, lane)) return at;
  return bytes;
}

/** Where the last lane that is set ends. */
function endOfSet(mask: usize, lane: u32, bytes: u32): u32 {
  while (bytes > 0 && !isSet(mask, bytes - lane, lane)) bytes -= lane;
  return bytes;
}

/**
 * Lanes of `lane` bytes, of `bytes` bytes at a linear address, whose mask lane has its sign set, to SSE_FIRST and the 16 bytes after;
 * zeros for the others, which meet no fault: all that lies between the first and the last one is in their pages.
 */
export function maskLoad(linear: u64, mask: usize, lane: u32, bytes: u32): void {
  const into: usize = CPU + SSE_FIRST;
  memory.fill(into, 0, 32);
  const first = firstSet(mask, lane, bytes);
  if (first == bytes) return;
  const from = slowRead(linear + first, endOfSet(mask, lane, bytes) - first);
  if (!from) throwFault();
  for (let at = first; at < bytes; at += lane) {
    if (isSet(mask, at, lane)) memory.copy(into + at, from + at - first, lane);
  }
}

/** The same lanes of a register to memory. */
export function maskStore(linear: u64, source: usize, mask: usize, lane: u32, bytes: u32): void {
  const first = firstSet(mask, lane, bytes);
  if (first == bytes) return;
  const to = slowModify(linear + first, endOfSet(mask, lane, bytes) - first);
  if (!to) throwFault();
  for (let at = first; at < bytes; at += lane) {
    if (isSet(mask, at, lane)) memory.copy(to + at - first, byteOf(source, at), lane);
  }
  commitWrite();
}

/** The linear address of an offset in a segment, checked for a read. */
function linearOf(segment: i32, offset: u64, bytes: u32): u64 {
  if ((load<u32>(CPU + MODE) & MODE_CODE_SIZE) != CODE_64) return segmentRead(segment, <u32>offset, bytes);
  return segment < FS ? offset : offset + load<u64>(CPU + SEGMENTS + segment * SEGMENT_SIZE + SEGMENT_BASE);
}

/**
 * Lanes of `lane` bytes whose mask lane has its sign set, each from `offset` plus its own index of `index` bytes, scaled; offsets are cut to
 * `offsets`. A lane that has arrived is no longer set, so that after a fault the rest can go on. At the end the mask is 0, and
 * so is all beyond the lanes.
 */
export function gather(
  destination: usize,
  indices: usize,
  mask: usize,
  offset: u64,
  offsets: u64,
  segment: i32,
  scale: u32,
  lane: u32,
  index: u32,
  lanes: u32,
): void {
  for (let n: u32 = 0; n < lanes; n++) {
    const at = n * lane;
    if (!isSet(mask, at, lane)) continue;
    const place = byteOf(indices, n * index);
    const distance: i64 = index == 4 ? load<i32>(place) : load<i64>(place);
    const from = slowRead(linearOf(segment, (offset + (<u64>distance << scale)) & offsets, lane), lane);
    if (!from) throwFault();
    memory.copy(byteOf(destination, at), from, lane);
    memory.fill(byteOf(mask, at), 0, lane);
  }
  for (let at = lanes * lane; at < 32; at++) store<u8>(byteOf(destination, at), 0);
  memory.fill(mask, 0, 16);
  memory.fill(mask + UPPER, 0, 16);
}
