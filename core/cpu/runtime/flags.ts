// EFLAGS as one word, from and to the lazy flags (their layout is at FLAGS_AUX in layout.ts), and these from an operation
// with its operands, as compiled code leaves them.

import {
  EFLAGS,
  FLAGS_A,
  FLAGS_ADD,
  FLAGS_AUX,
  FLAGS_B,
  FLAGS_CARRY_GIVEN,
  FLAGS_CARRY_SHIFT,
  FLAGS_COMPARE,
  FLAGS_KIND,
  FLAGS_LOGIC,
  FLAGS_OPERATION,
  FLAGS_RESULT,
  FLAGS_SIZE_MASK,
  FLAGS_STORED,
} from "../layout";
import { CPU } from "./cpu";
import { chooseTable } from "./tlb";

const AC: u32 = 1 << 18;
/** CF PF AF ZF SF OF. */
export const ARITHMETIC: u32 = 0x8d5;

/** EFLAGS, all 32 bits. */
export function getFlags(): u32 {
  settleFlags();
  const result = load<i64>(CPU + FLAGS_RESULT);
  const aux = load<u32>(CPU + FLAGS_AUX);
  const cf = aux >> 31;
  const overflow = (aux ^ (aux << 1)) >> 31;
  const af = (aux >> 3) & 1;
  const zf: u32 = result == 0 ? 1 : 0;
  const sf = <u32>(<u64>result >> 63) ^ (aux & 1);
  const pf = (popcnt((<u32>result ^ (aux >> 8)) & 0xff) & 1) ^ 1;
  return load<u32>(CPU + EFLAGS) | cf | (pf << 2) | (af << 4) | (zf << 6) | (sf << 7) | (overflow << 11);
}

/** Sets all of EFLAGS; bit 1 stays 1, and bits 3, 5, 15 and above 21 stay 0. */
export function setFlags(value: u32): void {
  const cf = value & 1;
  const pf = (value >> 2) & 1;
  const af = (value >> 4) & 1;
  const zf = (value >> 6) & 1;
  const sf = (value >> 7) & 1;
  const overflow = (value >> 11) & 1;
  store<u32>(CPU + FLAGS_KIND, 0);
  store<i64>(CPU + FLAGS_RESULT, zf ? 0 : 0x100);
  store<u32>(CPU + FLAGS_AUX, (cf << 31) | ((cf ^ overflow) << 30) | (af << 3) | sf | ((pf ^ 1) << 8));
  const old = load<u32>(CPU + EFLAGS);
  store<u32>(CPU + EFLAGS, (value & 0x3f7700 & ~ARITHMETIC) | 2);
  if ((old ^ value) & AC) chooseTable();
}

/** Sets the six arithmetic flags as a comparison of two zero-extended values of 8 to 64 bits does. */
export function subFlags(bits: u32, a: u64, b: u64): void {
  const difference = a - b;
  const carries = (~a & (b | difference)) | (b & difference);
  const top = 64 - bits;
  store<i64>(CPU + FLAGS_RESULT, <i64>(difference << <u64>top) >> <i64>top);
  const high = <u32>((carries << <u64>top) >> 32) & 0xc0000000;
  store<u32>(CPU + FLAGS_AUX, high | (<u32>carries & 8));
}

/** Makes the processor's state say what the flags are, if compiled code has left them there as an operation. */
export function settleFlags(): void {
  const kind = load<i32>(CPU + FLAGS_KIND);
  if (kind) settle(kind, load<u64>(CPU + FLAGS_A), load<u64>(CPU + FLAGS_B));
}

/**
 * Stores flags kept as an operation: `kind` is one of FLAGS_* plus the operand size in bits, plus FLAGS_CARRY_GIVEN and CF
 * at FLAGS_CARRY_SHIFT where that is not the operation's; 0: they are in the state, perhaps as an operation. `a` and `b` are the operands; `a` is
 * the result where it is that of FLAGS_LOGIC or CF is given; and they are the words themselves for FLAGS_STORED, the result
 * last, of as many bits as the kind says.
 */
export function storeFlags(kind: i32, a: u64, b: u64): void {
  if (kind) settle(kind, a, b);
  else settleFlags();
}

function settle(kind: i32, a: u64, b: u64): void {
  store<i32>(CPU + FLAGS_KIND, 0);
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
  if (kind == 0) settleFlags();
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
