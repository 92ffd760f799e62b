// Which processor the guest sees: its features, and what CPUID says of them. [SDM] vol. 2A, CPUID.

import { CPUID_ENTRIES, CPUID_ENTRY_SIZE, CPUID_TABLE, CR4_ALLOWED, EFER_ALLOWED } from "./layout.ts";

/** Bits of EDX of leaf 1. */
const FEATURES_1D = {
  fpu: 0,
  vme: 1,
  de: 2,
  pse: 3,
  tsc: 4,
  msr: 5,
  pae: 6,
  mce: 7,
  cx8: 8,
  apic: 9,
  sep: 11,
  mtrr: 12,
  pge: 13,
  mca: 14,
  cmov: 15,
  pat: 16,
  pse36: 17,
  clfsh: 19,
  mmx: 23,
  fxsr: 24,
  sse: 25,
  sse2: 26,
} as const;

/** Bits of ECX of leaf 1. */
const FEATURES_1C = {
  sse3: 0,
  pclmulqdq: 1,
  ssse3: 9,
  cx16: 13,
  pcid: 17,
  sse4_1: 19,
  sse4_2: 20,
  movbe: 22,
  popcnt: 23,
  aes: 25,
} as const;

/** Bits of EBX of leaf 7. */
const FEATURES_7B = { bmi1: 3, smep: 7, invpcid: 10, smap: 20 } as const;
/** Bits of ECX of leaf 7. */
const FEATURES_7C = { umip: 2 } as const;

/** Bits of EDX of leaf 0x80000001. */
const FEATURES_EXTENDED_D = { syscall: 11, nx: 20, pdpe1gb: 26, rdtscp: 27, lm: 29 } as const;
/** Bits of ECX of leaf 0x80000001; `lzcnt` is ABM. */
const FEATURES_EXTENDED_C = { lahf64: 0, lzcnt: 5 } as const;

export type Feature =
  | keyof typeof FEATURES_1D
  | keyof typeof FEATURES_1C
  | keyof typeof FEATURES_7B
  | keyof typeof FEATURES_7C
  | keyof typeof FEATURES_EXTENDED_D
  | keyof typeof FEATURES_EXTENDED_C;

export interface CpuModel {
  /** 12 characters. */
  readonly vendor: string;
  readonly family: number;
  readonly model: number;
  readonly stepping: number;
  /** At most 47 characters. */
  readonly brand: string;
  readonly features: readonly Feature[];
}

/** A 32-bit processor of the P6 family with SSE2, like the Pentium M. */
export const P6: CpuModel = {
  vendor: "GenuineIntel",
  family: 6,
  model: 13,
  stepping: 8,
  brand: "Twinbox Virtual CPU",
  features: Object.keys(FEATURES_1D) as Feature[],
};

/** A 64-bit processor, on the way to what x86-64-v2 names. */
export const X86_64_V2: CpuModel = {
  vendor: "GenuineIntel",
  family: 6,
  model: 0x2c,
  stepping: 2,
  brand: "Twinbox Virtual CPU",
  features: [
    ...P6.features,
    ...(["sse3", "pclmulqdq", "ssse3", "sse4_1", "sse4_2", "movbe", "popcnt", "aes", "lzcnt"] as const),
    ...(["syscall", "nx", "rdtscp", "lm", "lahf64"] as const),
  ],
};

/** The bits of CR4 that each feature brings. */
const CR4_BITS: readonly (readonly [Feature, number])[] = [
  ["vme", 0x003],
  ["tsc", 0x004],
  ["de", 0x008],
  ["pse", 0x010],
  ["pae", 0x020],
  ["mce", 0x040],
  ["pge", 0x080],
  ["mmx", 0x100],
  ["fxsr", 0x200],
  ["sse", 0x400],
  ["umip", 0x800],
  ["pcid", 0x20000],
  ["smep", 0x100000],
  ["smap", 0x200000],
];

/** The bits of EFER: SCE, LME, NXE. */
const EFER_BITS: readonly (readonly [Feature, number])[] = [
  ["syscall", 0x001],
  ["lm", 0x100],
  ["nx", 0x800],
];

const PHYSICAL_ADDRESS_BITS = 40;
const LINEAR_ADDRESS_BITS = 48;
/** CLFLUSH works on 64 bytes, told in units of 8. */
const CLFLUSH_UNITS = 8;

/** Caches and TLBs of leaf 2, as a Pentium M with 2 MiB tells them: bytes that are looked up in the manual. */
const CACHE_DESCRIPTORS = [0x02b3b001, 0x000000f0, 0x00000000, 0x2c04307d] as const;

/** Thermal and power management. Without its bit 2, systems do not trust the local APIC's timer in HLT. */
const POWER_LEAF = 6;
const APIC_TIMER_ALWAYS_RUNS = 1 << 2;
/** More features, in its sub-leaf 0. */
const FEATURE_LEAF = 7;
/** EDX of leaf 0x80000007. */
const INVARIANT_TSC = 1 << 8;

type Leaf = readonly [leaf: number, eax: number, ebx: number, ecx: number, edx: number];

/** EAX of leaf 1, and EDX after reset. */
export const signatureOf = (model: CpuModel): number =>
  (model.family << 8) | ((model.model >> 4) << 16) | ((model.model & 15) << 4) | model.stepping;

const bitsOf = (model: CpuModel, bits: Readonly<Record<string, number>>): number =>
  model.features.reduce((sum, feature) => (feature in bits ? sum | (1 << bits[feature]!) : sum), 0);

const maskOf = (model: CpuModel, bits: readonly (readonly [Feature, number])[]): number =>
  bits.reduce((sum, [feature, mask]) => (model.features.includes(feature) ? sum | mask : sum), 0);

/** Four characters as a register holds them. */
const word = (text: string, at: number): number =>
  [0, 1, 2, 3].reduce((sum, n) => sum | ((text.charCodeAt(at + n) || 0) << (8 * n)), 0);

function leavesOf(model: CpuModel): Leaf[] {
  const { vendor, brand } = model;
  const extended1: Leaf = [
    0x80000001,
    0,
    0,
    bitsOf(model, FEATURES_EXTENDED_C),
    bitsOf(model, FEATURES_EXTENDED_D),
  ];
  const brandLeaf = (n: number): Leaf => [
    0x80000002 + n,
    word(brand, n * 16),
    word(brand, n * 16 + 4),
    word(brand, n * 16 + 8),
    word(brand, n * 16 + 12),
  ];
  return [
    [0, FEATURE_LEAF, word(vendor, 0), word(vendor, 8), word(vendor, 4)],
    [1, signatureOf(model), CLFLUSH_UNITS << 8, bitsOf(model, FEATURES_1C), bitsOf(model, FEATURES_1D)],
    [2, ...CACHE_DESCRIPTORS],
    [POWER_LEAF, APIC_TIMER_ALWAYS_RUNS, 0, 0, 0],
    [FEATURE_LEAF, 0, bitsOf(model, FEATURES_7B), bitsOf(model, FEATURES_7C), 0],
    [0x80000000, 0x80000008, 0, 0, 0],
    extended1,
    brandLeaf(0),
    brandLeaf(1),
    brandLeaf(2),
    [0x80000007, 0, 0, 0, INVARIANT_TSC],
    [0x80000008, PHYSICAL_ADDRESS_BITS | (LINEAR_ADDRESS_BITS << 8), 0, 0, 0],
  ];
}

/** Writes a model into the state of the processor at `base`, where the runtime finds it. */
export function writeModel(view: DataView, base: number, model: CpuModel): void {
  view.setBigUint64(base + CR4_ALLOWED, BigInt(maskOf(model, CR4_BITS)), true);
  view.setBigUint64(base + EFER_ALLOWED, BigInt(maskOf(model, EFER_BITS)), true);
  const leaves = leavesOf(model);
  view.setUint32(base + CPUID_ENTRIES, leaves.length, true);
  leaves.forEach((leaf, n) => {
    leaf.forEach((value, field) => {
      view.setUint32(base + CPUID_TABLE + n * CPUID_ENTRY_SIZE + field * 4, value, true);
    });
  });
}
