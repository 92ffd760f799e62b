// The model-specific registers that keep a value and do nothing else, by model. Those with an effect are in
// core/cpu/runtime/msr.ts. What is in neither does not exist: #GP(0). [SDM] vol. 4; [APM] vol. 2, appendix A.

export interface PlainMsr {
  readonly number: number;
  /** Value after reset. */
  readonly reset: bigint;
  /** Bits that WRMSR may change; a change of others is #GP(0). None: any WRMSR is. */
  readonly writable: bigint;
  /** A command: RDMSR is #GP(0), and nothing is kept. */
  readonly writeOnly?: true;
}

const ALL = 0xffff_ffff_ffff_ffffn;

const storage = (number: number, writable: bigint = ALL, reset = 0n): PlainMsr => ({
  number,
  reset,
  writable,
});
const constant = (number: number, reset = 0n): PlainMsr => ({ number, reset, writable: 0n });
const command = (number: number, writable: bigint): PlainMsr => ({
  number,
  reset: 0n,
  writable,
  writeOnly: true,
});

/** So many registers from a number on. */
const several = (first: number, count: number, writable = ALL): PlainMsr[] =>
  Array.from({ length: count }, (_, n) => storage(first + n, writable));

/** IA32_BIOS_SIGN_ID, which system software clears before it asks CPUID: there is no microcode. */
const MICROCODE = [command(0x79, ALL), storage(0x8b)];

/** IA32_DEBUGCTL: LBR, which finds no registers to record in, and BTF; no branch tracing. */
const DEBUG_CONTROL = storage(0x1d9, 3n);

/** Counters and event selections, in which nothing is ever counted. */
const P6_COUNTERS = [...several(0xc1, 2, 0xff_ffff_ffffn), ...several(0x186, 2, 0xffff_ffffn)];
const K7_COUNTERS = [...several(0xc001_0000, 4), ...several(0xc001_0004, 4, 0xffff_ffff_ffffn)];

/** IA32_PLATFORM_ID. */
const PLATFORM = constant(0x17);

/**
 * IA32_MISC_ENABLE: fast strings, which can be switched off; neither BTS nor PEBS. What else can be switched: thermal
 * control, SpeedStep and xTPR messages, of which nothing comes; MONITOR; the limit of CPUID; NX.
 */
const MISC_ENABLE = storage(0x1a0, 0x4_00c5_0009n, 0x1801n);

/**
 * IA32_ARCH_CAPABILITIES. Nothing here is executed speculatively, so: RDCL_NO, IBRS_ALL, SKIP_L1DFL_VMENTRY, SSB_NO,
 * MDS_NO, IF_PSCHANGE_MC_NO, TAA_NO, SBDR_SSDP_NO, FBSDP_NO, PSDP_NO, BHI_NO, PBRSB_NO, GDS_NO, RFDS_NO, ITS_NO.
 */
const ARCH_CAPABILITIES = constant(0x10a, 0x4000_0000_0d10_e17bn);

/** IA32_SPEC_CTRL (IBRS, STIBP, SSBD, BHI_DIS_S) and IA32_PRED_CMD (IBPB): there is no prediction to restrict. */
const SPECULATION = [storage(0x48, 0x407n), command(0x49, 1n)];

/** SYSCFG, HWCR, TOP_MEM and its like, NB_CFG, the interrupt of C1E, PATCH_LOADER, VM_CR's neighbours. */
const AMD_SYSTEM = [
  storage(0xc001_0010),
  storage(0xc001_0015),
  storage(0xc001_001a),
  storage(0xc001_001d),
  storage(0xc001_001f),
  command(0xc001_0020, ALL),
  storage(0xc001_0055),
];

/** CLK_CTL, with the ramp of the clock that Linux sets where it finds another one. */
const CLOCK_CONTROL = storage(0xc001_001b, 0xffff_ffffn, 0x2000_0000n);

/** DE_CFG, with LFENCE serialising. */
const AMD_DECODE = storage(0xc001_1029, ALL, 2n);

export const INTEL_P6: readonly PlainMsr[] = [PLATFORM, ...MICROCODE, DEBUG_CONTROL, ...P6_COUNTERS];
export const INTEL_CORE: readonly PlainMsr[] = [PLATFORM, ...MICROCODE, DEBUG_CONTROL, MISC_ENABLE];
export const INTEL_MODERN: readonly PlainMsr[] = [...INTEL_CORE, ARCH_CAPABILITIES, ...SPECULATION];
export const AMD_K8: readonly PlainMsr[] = [storage(0x8b), DEBUG_CONTROL, ...K7_COUNTERS, ...AMD_SYSTEM];
export const AMD_K7: readonly PlainMsr[] = [...AMD_K8, CLOCK_CONTROL];
export const AMD_MODERN: readonly PlainMsr[] = [...AMD_K8, AMD_DECODE];
