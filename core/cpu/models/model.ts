// What a model of processor is.

import type { Feature } from "./features.ts";
import type { PlainMsr } from "./msrs.ts";

export const CPU_VENDORS = ["intel", "amd"] as const;
export type CpuVendor = (typeof CPU_VENDORS)[number];

export interface Cache {
  readonly level: 1 | 2 | 3;
  readonly type: "data" | "instruction" | "unified";
  readonly kib: number;
  readonly ways: number;
  /** In bytes. */
  readonly line: number;
}

export interface CpuModel {
  /** As on the command line: `core2`. */
  readonly name: string;
  readonly vendor: CpuVendor;
  /** 12 characters. */
  readonly vendorName: string;
  readonly family: number;
  readonly model: number;
  readonly stepping: number;
  /** At most 47 characters. */
  readonly brand: string;
  readonly features: ReadonlySet<Feature>;
  /** MAXPHYADDR: bits of a physical address. */
  readonly physicalBits: number;
  /** Highest leaves of CPUID; 0 as the latter: there are no extended ones. */
  readonly lastLeaf: number;
  readonly lastExtendedLeaf: number;
  /** Leaf 2: bytes that are looked up in the manual. */
  readonly cacheDescriptors: readonly [eax: number, ebx: number, ecx: number, edx: number];
  /** In the order of leaf 4. */
  readonly caches: readonly Cache[];
  readonly msrs: readonly PlainMsr[];
}
