// Access through segments, with the checks of [SDM] vol. 3A, 5.3 to 5.5.

import { SEGMENT_ATTRIBUTES, SEGMENT_BASE, SEGMENT_LIMIT, SEGMENT_SIZE, SEGMENTS } from "../layout";
import { CPU } from "./cpu";
import { GP, raise, SS } from "./exceptions";

/** Descriptor type bits of data segments, and of code segments. */
const TYPE_WRITABLE = 2;
const TYPE_EXPAND_DOWN = 4;
const TYPE_CODE = 8;
const TYPE_READABLE = 2;
const ATTRIBUTE_BIG = 0x4000;
const UNUSABLE = 0x10000;

const SS_NUMBER = 2;

// @ts-ignore: decorator of AssemblyScript
@inline
function violation(segment: u32): void {
  raise(segment == SS_NUMBER ? SS : GP, 0);
}

/** Whether `bytes` bytes at `offset` lie within the segment. */
function within(place: usize, attributes: u32, offset: u32, bytes: u32): bool {
  const limit = load<u32>(place + SEGMENT_LIMIT);
  const last: u64 = <u64>offset + bytes - 1;
  if ((attributes & (TYPE_CODE | TYPE_EXPAND_DOWN)) == TYPE_EXPAND_DOWN) {
    const top: u64 = attributes & ATTRIBUTE_BIG ? 0xffffffff : 0xffff;
    return offset > limit && last <= top;
  }
  return last <= limit;
}

/** Linear address of `bytes` readable bytes at an offset of a segment, or leaves by #GP(0) or #SS(0). */
export function segmentRead(segment: u32, offset: u32, bytes: u32): u32 {
  const place = CPU + SEGMENTS + segment * SEGMENT_SIZE;
  const attributes = load<u32>(place + SEGMENT_ATTRIBUTES);
  if (attributes & UNUSABLE) violation(segment);
  if ((attributes & (TYPE_CODE | TYPE_READABLE)) == TYPE_CODE) violation(segment);
  if (!within(place, attributes, offset, bytes)) violation(segment);
  return <u32>load<u64>(place + SEGMENT_BASE) + offset;
}

/** The same for writing. */
export function segmentWrite(segment: u32, offset: u32, bytes: u32): u32 {
  const place = CPU + SEGMENTS + segment * SEGMENT_SIZE;
  const attributes = load<u32>(place + SEGMENT_ATTRIBUTES);
  if (attributes & UNUSABLE) violation(segment);
  if ((attributes & (TYPE_CODE | TYPE_WRITABLE)) != TYPE_WRITABLE) violation(segment);
  if (!within(place, attributes, offset, bytes)) violation(segment);
  return <u32>load<u64>(place + SEGMENT_BASE) + offset;
}
