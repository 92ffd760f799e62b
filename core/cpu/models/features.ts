// What a processor may have, by the names that rows of the opcode tables use, and where CPUID tells of it.
// [SDM] vol. 2A, CPUID; [APM] vol. 3, appendix E.

/** Bits of a register of a leaf of CPUID, by name. */
type Bits = Readonly<Record<string, number>>;

/** Leaf 1, EDX. */
export const LEAF_1_EDX = {
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
  clflush: 19,
  mmx: 23,
  fxsr: 24,
  sse: 25,
  sse2: 26,
} as const satisfies Bits;

/** Leaf 1, ECX. OSXSAVE, bit 27, is told by the runtime, and MONITOR if it is switched on. */
export const LEAF_1_ECX = {
  sse3: 0,
  pclmulqdq: 1,
  monitor: 3,
  ssse3: 9,
  fma: 12,
  cx16: 13,
  pcid: 17,
  sse4_1: 19,
  sse4_2: 20,
  movbe: 22,
  popcnt: 23,
  tsc_deadline: 24,
  aes: 25,
  xsave: 26,
  avx: 28,
  f16c: 29,
  rdrand: 30,
} as const satisfies Bits;

/** Leaf 7, subleaf 0, EBX. */
export const LEAF_7_EBX = {
  fsgsbase: 0,
  bmi1: 3,
  avx2: 5,
  smep: 7,
  bmi2: 8,
  erms: 9,
  invpcid: 10,
  rdseed: 18,
  smap: 20,
} as const satisfies Bits;

/** Leaf 7, subleaf 0, ECX. */
export const LEAF_7_ECX = { umip: 2 } as const satisfies Bits;

/** Leaf 7, subleaf 0, EDX: IBRS and IBPB, STIBP, IA32_ARCH_CAPABILITIES, SSBD. */
export const LEAF_7_EDX = {
  spec_ctrl: 26,
  stibp: 27,
  arch_capabilities: 29,
  ssbd: 31,
} as const satisfies Bits;

/**
 * Leaf 7, subleaf 2, EDX: BHI_DIS_S. Linux keeps kernel and user apart in the history of branches by a loop at each
 * system call where there is no such switch, also on processors that have BHI_NO.
 */
export const LEAF_7_2_EDX = { bhi_ctrl: 4 } as const satisfies Bits;

/** Leaf 0xD, subleaf 1, EAX. */
export const LEAF_D_EAX = { xsaveopt: 0, xsavec: 1, xgetbv1: 2, xsaves: 3 } as const satisfies Bits;

/** Leaf 0x80000001, EDX. */
export const LEAF_EXTENDED_1_EDX = {
  syscall: 11,
  nx: 20,
  pdpe1gb: 26,
  rdtscp: 27,
  lm: 29,
} as const satisfies Bits;

/** Leaf 0x80000001, ECX. `lzcnt` is AMD's ABM. */
export const LEAF_EXTENDED_1_ECX = {
  lahf64: 0,
  lzcnt: 5,
  prefetchw: 8,
  topoext: 22,
} as const satisfies Bits;

/** Leaf 0x80000008, EBX, AMD: error pointers in every XSAVE image, and what speculation cannot do. */
export const LEAF_EXTENDED_8_EBX = {
  xsaveerptr: 2,
  ssb_no: 26,
  btc_no: 29,
} as const satisfies Bits;

/**
 * Leaf 0x80000021, EAX, AMD: LFENCE serialises, null selectors clear bases, automatic IBRS, no speculative return
 * stack overflow.
 */
export const LEAF_EXTENDED_21_EAX = {
  lfence_serializing: 2,
  null_clears_base: 6,
  automatic_ibrs: 8,
  srso_no: 29,
} as const satisfies Bits;

/**
 * What no bit tells: CPUID itself; the long NOPs and other hints of the P6; RDPMC; SYSCALL outside 64-bit code, which
 * only AMD has; near branches of 16 bits in 64-bit code, by a prefix that Intel's ignore.
 */
export type UntoldFeature = "cpuid" | "nopl" | "rdpmc" | "syscall_legacy" | "branch16";

export type Feature =
  | UntoldFeature
  | keyof typeof LEAF_1_EDX
  | keyof typeof LEAF_1_ECX
  | keyof typeof LEAF_7_EBX
  | keyof typeof LEAF_7_ECX
  | keyof typeof LEAF_7_EDX
  | keyof typeof LEAF_7_2_EDX
  | keyof typeof LEAF_D_EAX
  | keyof typeof LEAF_EXTENDED_1_EDX
  | keyof typeof LEAF_EXTENDED_1_ECX
  | keyof typeof LEAF_EXTENDED_8_EBX
  | keyof typeof LEAF_EXTENDED_21_EAX;

/** Every feature that CPUID can tell, whether a model of ours has it or not. */
export const TOLD_FEATURES: readonly Feature[] = [
  LEAF_1_EDX,
  LEAF_1_ECX,
  LEAF_7_EBX,
  LEAF_7_ECX,
  LEAF_7_EDX,
  LEAF_7_2_EDX,
  LEAF_D_EAX,
  LEAF_EXTENDED_1_EDX,
  LEAF_EXTENDED_1_ECX,
].flatMap((bits) => Object.keys(bits) as Feature[]);

/** The bits of `bits` whose features a model has. */
export function bitsOf(features: ReadonlySet<Feature>, bits: Bits): number {
  let sum = 0;
  for (const [name, bit] of Object.entries(bits)) if (features.has(name as Feature)) sum |= 1 << bit;
  return sum >>> 0;
}

/** The masks of the features that a model has, added up. */
export const maskOf = (
  features: ReadonlySet<Feature>,
  masks: readonly (readonly [feature: Feature, mask: number])[],
): number => masks.reduce((sum, [feature, mask]) => (features.has(feature) ? sum | mask : sum), 0) >>> 0;

/** The bits of XCR0: x87 and SSE state, and AVX state. */
export const componentsOf = (features: ReadonlySet<Feature>): number =>
  features.has("xsave") ? (features.has("avx") ? 7 : 3) : 0;

/** The bits of CR4 that each feature brings. [SDM] vol. 3A, 2.5 */
export const CR4_BITS: readonly (readonly [Feature, number])[] = [
  ["vme", 0x003],
  ["tsc", 0x004],
  ["de", 0x008],
  ["pse", 0x010],
  ["pae", 0x020],
  ["mce", 0x040],
  ["pge", 0x080],
  ["rdpmc", 0x100],
  ["fxsr", 0x200],
  ["sse", 0x400],
  ["umip", 0x800],
  ["fsgsbase", 0x1_0000],
  ["pcid", 0x2_0000],
  ["xsave", 0x4_0000],
  ["smep", 0x10_0000],
  ["smap", 0x20_0000],
];

/** The bits of EFER: SCE, LME, NXE, AIBRSE. [SDM] vol. 3A, 2.2.1; [APM] vol. 2, 3.1.7 */
export const EFER_BITS: readonly (readonly [Feature, number])[] = [
  ["syscall", 0x001],
  ["lm", 0x100],
  ["nx", 0x800],
  ["automatic_ibrs", 0x20_0000],
];

/** The bits of EFLAGS that not every processor has: VIF and VIP, ID. */
export const EFLAGS_BITS: readonly (readonly [Feature, number])[] = [
  ["vme", 0x18_0000],
  ["cpuid", 0x20_0000],
];
