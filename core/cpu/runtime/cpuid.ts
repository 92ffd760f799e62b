// CPUID: answers from the table that core/cpu/models has written.

import {
  CPUID_ENTRIES,
  CPUID_ENTRY_SIZE,
  CPUID_TABLE,
  CR4,
  GPR,
  MODEL_AMD,
  MODEL_APIC,
  MODEL_FLAGS,
  XCR0,
} from "../layout";
import { CPU } from "./cpu";
import { readMsr } from "./host";
import { IA32_APIC_BASE, MISC_DISABLE_NX, MISC_LIMIT_CPUID, MISC_MONITOR, miscEnable } from "./msr";
import { imageBytes } from "./xsave";

/** Of an entry: the leaf, the subleaf, then EAX EBX ECX EDX. */
const LEAF: usize = 0;
const SUBLEAF: usize = 4;
const REGISTERS: usize = 8;
const ANY_SUBLEAF: u32 = 0xffffffff;

const EXTENDED_LEAVES: u32 = 0x80000000;
const EXTENDED_FEATURES: u32 = 0x80000001;
/** The last leaf while IA32_MISC_ENABLE limits them. */
const LIMITED: u32 = 2;
const CR4_OSXSAVE: u32 = 1 << 18;
/** IA32_APIC_BASE: the local APIC is enabled. */
const APIC_ENABLED: u64 = 1 << 11;
/** ECX of leaf 1. */
const MONITOR: u32 = 1 << 3;
const OSXSAVE: u32 = 1 << 27;
/** EDX of leaf 1, and of the extended one on AMD's. */
const APIC: u32 = 1 << 9;
/** EDX of leaf 0x80000001. */
const NX: u32 = 1 << 20;
/** The leaf of XSAVE's images: of the first two subleaves, EBX tells the bytes of one of all that is enabled. */
const XSAVE_IMAGES: u32 = 13;
/** The leaf of processor topology: subleaves beyond the last still tell their number and the APIC identifier. */
const TOPOLOGY: u32 = 11;

/** Entry of a leaf; 0 if there is none. */
function find(leaf: u32, subleaf: u32): usize {
  const end = CPU + CPUID_TABLE + load<u32>(CPU + CPUID_ENTRIES) * CPUID_ENTRY_SIZE;
  for (let entry = CPU + CPUID_TABLE; entry < end; entry += CPUID_ENTRY_SIZE) {
    if (load<u32>(entry + LEAF) != leaf) continue;
    const own = load<u32>(entry + SUBLEAF);
    if (own == ANY_SUBLEAF || own == subleaf) return entry;
  }
  return 0;
}

/** EAX of a leaf. */
function firstOf(leaf: u32): u32 {
  const entry = find(leaf, 0);
  const last: u32 = entry ? load<u32>(entry + REGISTERS) : 0;
  return leaf == 0 && last > LIMITED && miscEnable(MISC_LIMIT_CPUID) ? LIMITED : last;
}

function apicEnabled(): bool {
  if (!(load<u32>(CPU + MODEL_FLAGS) & MODEL_APIC)) return false;
  return (readMsr(IA32_APIC_BASE) & APIC_ENABLED) != 0;
}

/** A leaf above the highest answers as the highest basic one on Intel's, with zeros on AMD's; a gap with zeros. */
export function cpuid(): void {
  let leaf = load<u32>(CPU + GPR);
  const subleaf = load<u32>(CPU + GPR + 8);
  if (leaf > firstOf(leaf & EXTENDED_LEAVES) && !(load<u32>(CPU + MODEL_FLAGS) & MODEL_AMD)) leaf = firstOf(0);
  const entry = find(leaf, subleaf);
  let ecx: u32 = entry ? load<u32>(entry + REGISTERS + 8) : 0;
  let edx: u32 = entry ? load<u32>(entry + REGISTERS + 12) : 0;
  if (leaf == 1) {
    if (load<u32>(CPU + CR4) & CR4_OSXSAVE) ecx |= OSXSAVE;
    if (!miscEnable(MISC_MONITOR)) ecx &= ~MONITOR;
  }
  if ((leaf == 1 || leaf == EXTENDED_FEATURES) && edx & APIC && !apicEnabled()) edx &= ~APIC;
  if (leaf == EXTENDED_FEATURES && miscEnable(MISC_DISABLE_NX)) edx &= ~NX;
  let ebx: u32 = entry ? load<u32>(entry + REGISTERS + 4) : 0;
  if (leaf == XSAVE_IMAGES && subleaf < 2 && ebx) ebx = imageBytes(load<u64>(CPU + XCR0));
  if (leaf == TOPOLOGY && !entry) ecx = subleaf & 0xff;
  store<u64>(CPU + GPR, leaf == 0 ? firstOf(0) : entry ? load<u32>(entry + REGISTERS) : 0);
  store<u64>(CPU + GPR + 24, ebx);
  store<u64>(CPU + GPR + 8, ecx);
  store<u64>(CPU + GPR + 16, edx);
}
