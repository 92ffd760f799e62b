// CPUID: answers from the table that core/cpu/model.ts has written.

import { CPUID_ENTRIES, CPUID_ENTRY_SIZE, CPUID_TABLE, GPR } from "../layout";
import { CPU } from "./cpu";

/** Of an entry: the leaf, then EAX EBX ECX EDX. */
const LEAF: usize = 0;
const REGISTERS: usize = 4;

/** Entry of a leaf; 0 if there is none. */
function find(leaf: u32): usize {
  const end = CPU + CPUID_TABLE + load<u32>(CPU + CPUID_ENTRIES) * CPUID_ENTRY_SIZE;
  for (let entry = CPU + CPUID_TABLE; entry < end; entry += CPUID_ENTRY_SIZE) {
    if (load<u32>(entry + LEAF) == leaf) return entry;
  }
  return 0;
}

/** A leaf above the highest answers as the highest basic one; a gap with zeros. */
export function cpuid(): void {
  const leaf = load<u32>(CPU + GPR);
  const highest = load<u32>(find(leaf & 0x80000000) + REGISTERS);
  const entry = find(leaf > highest ? load<u32>(find(0) + REGISTERS) : leaf);
  store<u64>(CPU + GPR, entry ? load<u32>(entry + REGISTERS) : 0);
  store<u64>(CPU + GPR + 24, entry ? load<u32>(entry + REGISTERS + 4) : 0);
  store<u64>(CPU + GPR + 8, entry ? load<u32>(entry + REGISTERS + 8) : 0);
  store<u64>(CPU + GPR + 16, entry ? load<u32>(entry + REGISTERS + 12) : 0);
}

/** Family, model and stepping: EAX of leaf 1, and EDX after reset. */
export function signature(): u32 {
  const entry = find(1);
  return entry ? load<u32>(entry + REGISTERS) : 0;
}

/** Bits of EDX of leaf 0x80000001: pages of 1 GiB, RDTSCP. */
export const PDPE1GB: u32 = 26;
export const RDTSCP: u32 = 27;

/** Whether an extended feature, a bit of EDX of leaf 0x80000001, is there. */
export function hasExtended(bit: u32): bool {
  const entry = find(0x80000001);
  return entry != 0 && ((load<u32>(entry + REGISTERS + 12) >> bit) & 1) != 0;
}
