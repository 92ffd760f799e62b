// The stack as transfers of control use it: any stack, with the segment checks of pushes and pops.

import { GPR, MODE, MODE_STACK_32, SEGMENT_ATTRIBUTES, SEGMENT_BASE, SEGMENT_LIMIT } from "../layout";
import { CPU } from "./cpu";
import { attributesOf, baseOf, BIG, CODE, external, limitOf, UNUSABLE } from "./descriptors";
import { code64, privilege } from "./eflags";
import { GP, raise, SS as STACK_FAULT } from "./exceptions";
import {
  read16,
  read32,
  read64,
  systemWrite16,
  systemWrite32,
  systemWrite64,
  write16,
  write32,
  write64,
} from "./memory";
import { segment, SS } from "./processor";

const RSP: usize = GPR + 4 * 8;
const EXPAND_DOWN: u32 = 4;

let base: u64 = 0;
let limit: u32 = 0;
let attributes: u32 = 0;
/** Bits of the stack pointer that count. */
let mask: u64 = 0;
/** 64-bit stack: flat, addresses must be canonical. */
let wide: bool = false;
/** Pushes are made with user privilege. */
let user: bool = false;
let error: i32 = 0;
let pointer: u64 = 0;

// @ts-ignore: decorator of AssemblyScript
@inline
export function isCanonical(address: u64): bool {
  return <i64>(address << 16) >> 16 == <i64>address;
}

/** Leaves by #GP(0) for an address that is not canonical. */
export function requireCanonical(address: u64): void {
  if (!isCanonical(address)) raise(GP, 0);
}

/** The stack of SS:RSP. */
export function openCurrentStack(): void {
  const place = segment(SS);
  base = load<u64>(place + SEGMENT_BASE);
  limit = load<u32>(place + SEGMENT_LIMIT);
  attributes = load<u32>(place + SEGMENT_ATTRIBUTES);
  wide = code64();
  mask = wide ? ~0 : load<u32>(CPU + MODE) & MODE_STACK_32 ? 0xffffffff : 0xffff;
  user = privilege() == 3;
  error = external;
  pointer = load<u64>(CPU + RSP);
}

/** A stack that is not in SS yet; faults on it are #SS(selector). */
export function openStack(selector: u32, descriptor: u64, top: u64): void {
  base = baseOf(descriptor);
  limit = limitOf(descriptor);
  attributes = attributesOf(descriptor);
  wide = false;
  mask = attributes & BIG ? 0xffffffff : 0xffff;
  user = (selector & 3) == 3;
  error = (selector & 0xfffc) | external;
  pointer = top;
}

/** A stack of 64-bit code at a privilege level. */
export function openWideStack(level: u32, top: u64): void {
  wide = true;
  mask = ~0;
  user = level == 3;
  error = external;
  pointer = top;
}

/** Linear address of the `bytes` bytes at the pointer. */
function checked(bytes: u32): u64 {
  if (wide) {
    if (!isCanonical(pointer) || !isCanonical(pointer + bytes - 1)) raise(STACK_FAULT, error);
    return pointer;
  }
  const offset = pointer & mask;
  const last = offset + bytes - 1;
  let bad: bool;
  if ((attributes & (CODE | EXPAND_DOWN)) == EXPAND_DOWN) {
    bad = offset <= limit || last > (attributes & BIG ? 0xffffffff : 0xffff);
  } else bad = last > limit;
  if (bad || attributes & UNUSABLE) raise(STACK_FAULT, error);
  return (base + offset) & 0xffffffff;
}

export function pushFrame(value: u64, bytes: u32): void {
  pointer = (pointer & ~mask) | ((pointer - bytes) & mask);
  const linear = checked(bytes);
  // A push with user privilege happens only at user level.
  if (user && privilege() == 3) {
    if (bytes == 4) write32(linear, <u32>value);
    else if (bytes == 2) write16(linear, <u32>value);
    else write64(linear, value);
  } else if (bytes == 4) systemWrite32(linear, <u32>value);
  else if (bytes == 2) systemWrite16(linear, <u32>value);
  else systemWrite64(linear, value);
}

export function popFrame(bytes: u32): u64 {
  const linear = checked(bytes);
  const value: u64 = bytes == 4 ? read32(linear) : bytes == 2 ? read16(linear) : read64(linear);
  skipFrame(bytes);
  return value;
}

/** Leaves out `bytes` bytes upwards. */
export function skipFrame(bytes: u32): void {
  pointer = (pointer & ~mask) | ((pointer + bytes) & mask);
}

/** RSP takes the open stack's pointer. */
export function closeStack(): void {
  store<u64>(CPU + RSP, mask == 0xffffffff ? pointer & mask : pointer);
}

/**
 * Sets RSP as a return has popped it, for the SS that is loaded now. A 16-bit stack takes SP alone; `whole`: the
 * return is to 64-bit code.
 */
export function returnStackPointer(value: u64, whole: bool): void {
  if (whole) store<u64>(CPU + RSP, value);
  else if (load<u32>(segment(SS) + SEGMENT_ATTRIBUTES) & BIG) store<u64>(CPU + RSP, value & 0xffffffff);
  else store<u16>(CPU + RSP, <u16>value);
}
