// Instructions that push or pop many values at once.

import { GPR, MODE, MODE_CODE_SIZE, MODE_STACK_32 } from "../layout";
import { CPU } from "./cpu";
import { hostForWrite, read16, read32, write16, write32, write64, read64 } from "./memory";
import { segmentRead, segmentWrite } from "./segments";

const STACK_SEGMENT = 2;
const RSP: usize = GPR + 4 * 8;
const RBP: usize = GPR + 5 * 8;

// @ts-ignore: decorator of AssemblyScript
@inline
function longCode(): bool {
  return (load<u32>(CPU + MODE) & MODE_CODE_SIZE) == 2;
}

/** Bits of the stack pointer that count. */
function stackMask(): u64 {
  if (longCode()) return ~0;
  return load<u32>(CPU + MODE) & MODE_STACK_32 ? 0xffffffff : 0xffff;
}

function setStackPointer(value: u64): void {
  const mask = stackMask();
  if (mask == 0xffff) store<u16>(CPU + RSP, <u16>value);
  else store<u64>(CPU + RSP, value & mask);
}

function stackForWrite(offset: u64, bytes: u32): u64 {
  return longCode() ? offset : <u64>segmentWrite(STACK_SEGMENT, <u32>offset, bytes);
}

function stackForRead(offset: u64, bytes: u32): u64 {
  return longCode() ? offset : <u64>segmentRead(STACK_SEGMENT, <u32>offset, bytes);
}

/** PUSHA (2) and PUSHAD (4): AX CX DX BX, SP as it was, BP SI DI. */
export function pushAll(bytes: u32): void {
  const mask = stackMask();
  const top = load<u64>(CPU + RSP);
  for (let n: u32 = 0; n < 8; n++) {
    const linear = stackForWrite((top - (n + 1) * bytes) & mask, bytes);
    const value = load<u32>(CPU + GPR + n * 8);
    if (bytes == 2) write16(linear, value);
    else write32(linear, value);
  }
  setStackPointer(top - 8 * bytes);
}

/** POPA and POPAD; the value for SP is skipped. */
export function popAll(bytes: u32): void {
  const mask = stackMask();
  const top = load<u64>(CPU + RSP);
  // Both ends must be readable before anything changes.
  for (let n: u32 = 0; n < 8; n++) readStack((top + n * bytes) & mask, bytes);
  for (let n: u32 = 0; n < 8; n++) {
    const register = 7 - n;
    if (register == 4) continue;
    const value = readStack((top + n * bytes) & mask, bytes);
    if (bytes == 2) store<u16>(CPU + GPR + register * 8, <u16>value);
    else store<u64>(CPU + GPR + register * 8, value);
  }
  setStackPointer(top + 8 * bytes);
}

function readStack(offset: u64, bytes: u32): u64 {
  const linear = stackForRead(offset, bytes);
  return bytes == 2 ? read16(linear) : bytes == 4 ? read32(linear) : read64(linear);
}

function writeStack(offset: u64, bytes: u32, value: u64): void {
  const linear = stackForWrite(offset, bytes);
  if (bytes == 2) write16(linear, <u32>value);
  else if (bytes == 4) write32(linear, <u32>value);
  else write64(linear, value);
}

/** ENTER: `bytes` is the operand size; level is taken modulo 32. */
export function enter(bytes: u32, allocation: u32, level: u32): void {
  const mask = stackMask();
  level &= 31;
  const pointer = load<u64>(CPU + RSP);
  let top = pointer - bytes;
  let frame = load<u64>(CPU + RBP);
  writeStack(top & mask, bytes, frame);
  // All of ESP, of which a 16-bit stack has moved the lower half.
  const newFrame = (pointer & ~mask) | (top & mask);
  if (level > 0) {
    for (let n: u32 = 1; n < level; n++) {
      frame -= bytes;
      const display = readStack(frame & mask, bytes);
      top -= bytes;
      writeStack(top & mask, bytes, display);
    }
    top -= bytes;
    writeStack(top & mask, bytes, newFrame);
  }
  top = (top - allocation) & mask;
  // The new top must be writable, although nothing is written there. [SDM] vol. 2A, ENTER
  hostForWrite(stackForWrite(top, bytes), 1);
  if (bytes == 2) store<u16>(CPU + RBP, <u16>newFrame);
  else store<u64>(CPU + RBP, bytes == 4 ? newFrame & 0xffffffff : newFrame);
  setStackPointer(top);
}
