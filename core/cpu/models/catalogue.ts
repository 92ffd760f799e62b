// The processors that a machine can have. Signatures, caches and feature levels are those of real parts: an
// i486 DX2 and its Am486 twin; a Pentium III and an Athlon XP; a Core 2 and an Athlon 64; for x86-64-v2 a part of the
// Westmere family and one of the Zen 3 family, for x86-64-v3 a Haswell server's and the same of the Zen 3 family, without
// what goes beyond the level. [SDM] vol. 2A, CPUID; [APM] vol. 3, appendix E; the levels in the System V ABI's AMD64
// supplement.

import { TwinboxError } from "../../base/errors.ts";
import type { Feature } from "./features.ts";
import { type Cache, CPU_VENDORS, type CpuModel, type CpuVendor } from "./model.ts";
import { AMD_K7, AMD_K8, AMD_MODERN, INTEL_CORE, INTEL_MODERN, INTEL_P6 } from "./msrs.ts";

export const CPU_MODEL_NAMES = ["i486", "pentium3", "core2", "x86-64-v2", "x86-64-v3"] as const;
export type CpuModelName = (typeof CPU_MODEL_NAMES)[number];

/** Which processor a machine has. */
export interface CpuChoice {
  readonly model: CpuModelName;
  readonly vendor: CpuVendor;
}

export const DEFAULT_CPU: CpuChoice = { model: "x86-64-v2", vendor: "intel" };

const VENDOR_NAMES: Readonly<Record<CpuVendor, string>> = { intel: "GenuineIntel", amd: "AuthenticAMD" };

const I486: readonly Feature[] = ["fpu"];

const PENTIUM3: readonly Feature[] = [
  ...I486,
  "cpuid",
  "nopl",
  "rdpmc",
  "vme",
  "de",
  "pse",
  "tsc",
  "msr",
  "pae",
  "mce",
  "cx8",
  "apic",
  "sep",
  "mtrr",
  "pge",
  "mca",
  "cmov",
  "pat",
  "pse36",
  "mmx",
  "fxsr",
  "sse",
];

const CORE2: readonly Feature[] = [
  ...PENTIUM3,
  "sse2",
  "sse3",
  "ssse3",
  "clflush",
  "cx16",
  "syscall",
  "nx",
  "lm",
  "lahf64",
];

const X86_64_V2: readonly Feature[] = [
  ...CORE2,
  "sse4_1",
  "sse4_2",
  "popcnt",
  "movbe",
  "aes",
  "pclmulqdq",
  "lzcnt",
  "rdtscp",
  "prefetchw",
  "xsave",
  "xsaveopt",
  "xsavec",
  "xgetbv1",
  "xsaves",
  "fsgsbase",
  "rdrand",
  "pcid",
  "invpcid",
  "pdpe1gb",
  "smep",
  "smap",
  "rdseed",
  "erms",
  "umip",
];

const X86_64_V3: readonly Feature[] = [...X86_64_V2, "avx", "avx2", "fma", "f16c", "bmi1", "bmi2"];

/** What Intel's processors of today have beside a level's features, and AMD's. */
const INTEL_BESIDE: readonly Feature[] = [
  "monitor",
  "spec_ctrl",
  "stibp",
  "arch_capabilities",
  "ssbd",
  "bhi_ctrl",
];
const AMD_BESIDE: readonly Feature[] = [
  "syscall_legacy",
  "branch16",
  "topoext",
  "xsaveerptr",
  "ssb_no",
  "btc_no",
  "lfence_serializing",
  "null_clears_base",
  "automatic_ibrs",
  "srso_no",
];

const cache = (level: Cache["level"], type: Cache["type"], kib: number, ways: number, line = 64): Cache => ({
  level,
  type,
  kib,
  ways,
  line,
});

const firstLevel = (kib: number, ways: number): Cache[] => [
  cache(1, "data", kib, ways),
  cache(1, "instruction", kib, ways),
];

type Part = Omit<CpuModel, "name" | "vendor" | "vendorName" | "brand" | "features" | "cacheDescriptors"> & {
  readonly features: readonly Feature[];
  readonly cacheDescriptors?: CpuModel["cacheDescriptors"];
};

/** The one of the Zen 3 family, with a level's features. */
const zen3 = (level: readonly Feature[]): Part => ({
  family: 25,
  model: 0x21,
  stepping: 0,
  physicalBits: 40,
  features: [...level, ...AMD_BESIDE],
  lastLeaf: 13,
  lastExtendedLeaf: 0x80000021,
  caches: [...firstLevel(32, 8), cache(2, "unified", 512, 8), cache(3, "unified", 8192, 16)],
  msrs: AMD_MODERN,
});

const PARTS: Readonly<Record<CpuModelName, Readonly<Record<CpuVendor, Part>>>> = {
  i486: {
    intel: {
      family: 4,
      model: 3,
      stepping: 5,
      physicalBits: 32,
      features: I486,
      lastLeaf: 0,
      lastExtendedLeaf: 0,
      caches: [],
      msrs: [],
    },
    amd: {
      family: 4,
      model: 3,
      stepping: 2,
      physicalBits: 32,
      features: I486,
      lastLeaf: 0,
      lastExtendedLeaf: 0,
      caches: [],
      msrs: [],
    },
  },
  pentium3: {
    intel: {
      family: 6,
      model: 8,
      stepping: 10,
      physicalBits: 36,
      features: PENTIUM3,
      lastLeaf: 2,
      lastExtendedLeaf: 0,
      cacheDescriptors: [0x03020101, 0, 0, 0x0c040882],
      caches: [],
      msrs: INTEL_P6,
    },
    amd: {
      family: 6,
      model: 8,
      stepping: 1,
      physicalBits: 36,
      features: [...PENTIUM3, "syscall", "syscall_legacy"],
      lastLeaf: 1,
      lastExtendedLeaf: 0x80000008,
      caches: [...firstLevel(64, 2), cache(2, "unified", 256, 16)],
      msrs: AMD_K7,
    },
  },
  core2: {
    intel: {
      family: 6,
      model: 15,
      stepping: 11,
      physicalBits: 36,
      features: [...CORE2, "monitor"],
      lastLeaf: 10,
      lastExtendedLeaf: 0x80000008,
      cacheDescriptors: [0x05b0b101, 0x005657f0, 0, 0x2cb43049],
      caches: [...firstLevel(32, 8), cache(2, "unified", 4096, 16)],
      msrs: INTEL_CORE,
    },
    amd: {
      family: 15,
      model: 0x43,
      stepping: 2,
      physicalBits: 40,
      features: [...CORE2, "rdtscp", "prefetchw", "syscall_legacy", "branch16"],
      lastLeaf: 1,
      lastExtendedLeaf: 0x80000008,
      caches: [...firstLevel(64, 2), cache(2, "unified", 1024, 16)],
      msrs: AMD_K8,
    },
  },
  "x86-64-v2": {
    intel: {
      family: 6,
      model: 0x2c,
      stepping: 2,
      physicalBits: 40,
      features: [...X86_64_V2, ...INTEL_BESIDE],
      lastLeaf: 13,
      lastExtendedLeaf: 0x80000008,
      cacheDescriptors: [0x55035a01, 0x00f0b2ff, 0, 0x00ca0000],
      caches: [...firstLevel(32, 8), cache(2, "unified", 256, 8), cache(3, "unified", 8192, 16)],
      msrs: INTEL_MODERN,
    },
    amd: zen3(X86_64_V2),
  },
  "x86-64-v3": {
    intel: {
      family: 6,
      model: 0x3f,
      // Of steppings 2 and 4 Linux doubts the microcode, and does without what is there against speculation.
      stepping: 3,
      physicalBits: 40,
      features: [...X86_64_V3, ...INTEL_BESIDE],
      lastLeaf: 13,
      lastExtendedLeaf: 0x80000008,
      cacheDescriptors: [0x76036301, 0x00f0b5ff, 0, 0x00c10000],
      caches: [...firstLevel(32, 8), cache(2, "unified", 256, 8), cache(3, "unified", 20480, 20)],
      msrs: INTEL_MODERN,
    },
    amd: zen3(X86_64_V3),
  },
};

/** The model of a choice. */
export function cpuModel({ model, vendor }: CpuChoice): CpuModel {
  const part = PARTS[model][vendor];
  return {
    cacheDescriptors: [0, 0, 0, 0],
    ...part,
    name: model,
    vendor,
    vendorName: VENDOR_NAMES[vendor],
    brand: "Twinbox Virtual CPU",
    features: new Set(part.features),
  };
}

/** A choice as text: `core2`, or `core2,vendor=amd`. Intel is not said. */
export const describeCpu = ({ model, vendor }: CpuChoice): string =>
  vendor === "intel" ? model : `${model},vendor=${vendor}`;

/** The choice that such a text makes; rejects with a TwinboxError that names the models. */
export function parseCpu(text: string): CpuChoice {
  const [name, option, ...rest] = text.split(",");
  const model = CPU_MODEL_NAMES.find((known) => known === name);
  const vendor =
    option === undefined ? DEFAULT_CPU.vendor : CPU_VENDORS.find((known) => option === `vendor=${known}`);
  if (model && vendor && rest.length === 0) return { model, vendor };
  throw new TwinboxError("invalid-argument", `There is no processor ${text}.`, {
    subject: "cpu",
    advice: `Choose one of ${CPU_MODEL_NAMES.join(", ")}; add ,vendor=amd for AMD's, ,vendor=intel for Intel's.`,
  });
}
