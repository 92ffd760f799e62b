// What compiled regions of code need of the runtime: accesses that their translation table does not answer, and
// flags that they kept as an operation with its operands.

import {
  BUDGET,
  FLAGS_ADD,
  FLAGS_AUX,
  FLAGS_CARRY_GIVEN,
  FLAGS_CARRY_SHIFT,
  FLAGS_COMPARE,
  FLAGS_LOGIC,
  FLAGS_OPERATION,
  FLAGS_RESULT,
  FLAGS_SIZE_MASK,
  FLAGS_STORED,
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
 * Stores flags kept as an operation: `kind` is one of FLAGS_* plus the operand size in bits, plus FLAGS_CARRY_GIVEN and CF
 * at FLAGS_CARRY_SHIFT where that is not the operation's; 0: they are stored already. `a` and `b` are the operands; `a` is
 * the result where it is that of FLAGS_LOGIC or CF is given; and they are the words themselves for FLAGS_STORED, the result
 * last, of as many bits as the kind says.
 */
export function storeFlags(kind: i32, a: u64, b: u64): void {
  if (kind == 0) return;
  const operation = kind & FLAGS_OPERATION;
  const unused: u64 = 64 - (kind & FLAGS_SIZE_MASK);
  if (operation == FLAGS_STORED) {
    store<i64>(CPU + FLAGS_RESULT, (<i64>(b << unused)) >> unused);
    store<u32>(CPU + FLAGS_AUX, <u32>a);
    return;
  }
  let r = a;
  if (kind & FLAGS_CARRY_GIVEN) {
    b = 1;
    a = operation == FLAGS_ADD ? r - 1 : r + 1;
  } else if (operation == FLAGS_ADD) r = a + b;
  else if (operation == FLAGS_COMPARE) r = a - b;
  store<i64>(CPU + FLAGS_RESULT, (<i64>(r << unused)) >> unused);
  if (operation == FLAGS_LOGIC) {
    store<u32>(CPU + FLAGS_AUX, 0);
    return;
  }
  const carries = operation == FLAGS_ADD ? (a & b) | ((a | b) & ~r) : (~a & (b | r)) | (b & r);
  const high = <u32>((carries << unused) >> 32) & 0xc0000000;
  let auxiliary = high | (<u32>carries & 8);
  if (kind & FLAGS_CARRY_GIVEN) {
    const overflow = (high ^ (high << 1)) & 0x80000000;
    const carry = ((<u32>kind >> FLAGS_CARRY_SHIFT) & 1) << 31;
    auxiliary = carry | ((carry ^ overflow) >> 1) | (<u32>carries & 8);
  }
  store<u32>(CPU + FLAGS_AUX, auxiliary);
}

/** CF of flags kept so, where it is not given: the operation's, or that of the processor's state for 0. */
export function carryOf(kind: i32, a: u64, b: u64): u32 {
  const size = kind & FLAGS_SIZE_MASK;
  switch (kind & FLAGS_OPERATION) {
    case FLAGS_STORED:
      return <u32>a >> 31;
    case FLAGS_ADD:
      return <u32>(((a & b) | ((a | b) & ~(a + b))) >> (size - 1)) & 1;
    case FLAGS_COMPARE:
      return a < b ? 1 : 0;
    case FLAGS_LOGIC:
      return 0;
    default:
      return load<u32>(CPU + FLAGS_AUX) >> 31;
  }
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
