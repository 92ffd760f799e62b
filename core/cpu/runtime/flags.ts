// EFLAGS as one word, from and to the lazy flags (their layout is at FLAGS_AUX in layout.ts).

import { EFLAGS, FLAGS_AUX, FLAGS_RESULT } from "../layout";
import { CPU } from "./cpu";
import { chooseTable } from "./tlb";

const AC: u32 = 1 << 18;
/** CF PF AF ZF SF OF. */
export const ARITHMETIC: u32 = 0x8d5;

/** EFLAGS, all 32 bits. */
export function getFlags(): u32 {
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
