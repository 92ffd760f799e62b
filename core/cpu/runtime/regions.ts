// What compiled regions of code need of the runtime: accesses that their translation table does not answer, and notes of
// the x87's last instruction.

import {
  BUDGET,
  FPU_CS,
  FPU_DP,
  FPU_DS,
  FPU_IP,
  FPU_OPCODE,
  PLAIN_ONLY,
  REC_SEGMENT,
  REC_VVVV,
  SEGMENT_SELECTOR,
  SEGMENT_SIZE,
  ROM,
  SEGMENTS,
  TLB_READ,
  TLB_WRITE,
} from "../layout";
import { CPU } from "./cpu";
import { commitWrite, refuseCode, refuseDevices, slowModify, slowRead, slowWrite, translated } from "./memory";

/** Counts instructions that a region has run against the budget; devices are told the time by it. */
// @ts-ignore: decorator of AssemblyScript
@inline
function charge(instructions: i32): void {
  store<i32>(CPU + BUDGET, load<i32>(CPU + BUDGET) - instructions);
}

/**
 * As slowRead, after so many instructions that the region will count; `access`: its bytes, and PLAIN_ONLY. Code that has not looked
 * into the translation table itself comes here too (jit/spans.ts).
 */
export function regionRead(linear: u64, access: u32, instructions: i32): usize {
  const size = access & ~PLAIN_ONLY;
  const known = translated(linear, size, TLB_READ);
  if (known) return known;
  charge(instructions);
  refuseDevices((access & PLAIN_ONLY) != 0);
  const address = slowRead(linear, size);
  refuseDevices(false);
  charge(-instructions);
  return address;
}

function refuseForWriting(access: u32): void {
  refuseCode(true);
  refuseDevices((access & PLAIN_ONLY) != 0);
}

function refuseNothing(): void {
  refuseCode(false);
  refuseDevices(false);
}

/** As slowWrite; a store into decoded code is refused (EXCEPTION_REFUSED). */
export function regionWrite(linear: u64, access: u32, instructions: i32): usize {
  const size = access & ~PLAIN_ONLY;
  const known = translated(linear, size, TLB_WRITE);
  if (known) return known;
  charge(instructions);
  refuseForWriting(access);
  const address = slowWrite(linear, size);
  refuseNothing();
  charge(-instructions);
  return address;
}

/** As slowModify; a store into decoded code is refused (EXCEPTION_REFUSED). */
export function regionModify(linear: u64, access: u32, instructions: i32): usize {
  const size = access & ~PLAIN_ONLY;
  const known = translated(linear, size, TLB_WRITE);
  if (known) return known;
  charge(instructions);
  refuseForWriting(access);
  const address = slowModify(linear, size);
  refuseNothing();
  charge(-instructions);
  return address;
}

/** As commitWrite, after so many instructions that the region will count. */
export function commitCounted(instructions: i32): void {
  charge(instructions);
  commitWrite();
  charge(-instructions);
}

/** Stores the low bytes (1, 2, 4 or 8) of a value; false: not done, the instruction must be left. */
export function regionStore(linear: u64, value: u64, access: u32, instructions: i32): bool {
  const address = regionWrite(linear, access, instructions);
  if (!address) return false;
  const size = access & ~PLAIN_ONLY;
  if (size == 1) store<u8>(address, <u8>value);
  else if (size == 2) store<u16>(address, <u16>value);
  else if (size == 4) store<u32>(address, <u32>value);
  else store<u64>(address, value);
  if (address < <usize>ROM) commitCounted(instructions);
  return true;
}

/**
 * Stores what the x87 knows of its last instruction, by its record and address, and of the last one with a memory operand
 * since such was stored last, by its record (0: none) and the operand's offset.
 */
export function storeNotes(record: usize, pointer: u64, operand: usize, offset: u64): void {
  store<u64>(CPU + FPU_IP, pointer);
  store<u16>(CPU + FPU_CS, load<u16>(CPU + SEGMENTS + SEGMENT_SIZE + SEGMENT_SELECTOR));
  store<u16>(CPU + FPU_OPCODE, load<u16>(record, REC_VVVV));
  if (operand == 0) return;
  const segment = SEGMENTS + usize(load<u8>(operand, REC_SEGMENT)) * SEGMENT_SIZE;
  store<u64>(CPU + FPU_DP, offset);
  store<u16>(CPU + FPU_DS, load<u16>(CPU + segment + SEGMENT_SELECTOR));
}
