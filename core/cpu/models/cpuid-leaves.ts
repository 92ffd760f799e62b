// What CPUID answers. [SDM] vol. 2A, CPUID; [APM] vol. 3, appendix E.

import {
  bitsOf,
  componentsOf,
  LEAF_1_ECX,
  LEAF_1_EDX,
  LEAF_7_2_EDX,
  LEAF_7_EBX,
  LEAF_7_ECX,
  LEAF_7_EDX,
  LEAF_D_EAX,
  LEAF_EXTENDED_1_ECX,
  LEAF_EXTENDED_1_EDX,
  LEAF_EXTENDED_8_EBX,
  LEAF_EXTENDED_21_EAX,
} from "./features.ts";
import type { Cache, CpuModel } from "./model.ts";

/** A subleaf of `ANY` answers whatever ECX is. */
export interface Leaf {
  readonly leaf: number;
  readonly subleaf: number;
  readonly registers: readonly [eax: number, ebx: number, ecx: number, edx: number];
}

/** Every subleaf. */
export const ANY = 0xffff_ffff;

const EXTENDED = 0x8000_0000;
const LINEAR_ADDRESS_BITS = 48;
/** CLFLUSH works on 64 bytes, told in units of 8. */
const CLFLUSH_UNITS = 8;
/** Leaf 5: smallest and largest line that MONITOR watches, in bytes. */
const MONITOR_LINE = 64;
/** Leaf 6, EAX: ARAT. Without it systems do not trust the local APIC's timer in HLT. */
const APIC_TIMER_ALWAYS_RUNS = 1 << 2;
/** Leaf 0x80000007, EDX. */
const INVARIANT_TSC = 1 << 8;
/** Leaf 1, EDX, bits that AMD tells in leaf 0x80000001 again: all but SEP and what came after FXSR. */
const REPEATED_BY_AMD = 0x0183_f3ff;
/** Bytes of an XSAVE image of x87 and SSE state, legacy region and header; and of the upper halves of YMM registers after it. */
const XSAVE_BYTES = 512 + 64;
const AVX_BYTES = 256;
/** The component of AVX state. */
const AVX_COMPONENT = 2;

/** EAX of leaf 1, and EDX after reset. */
export function signatureOf({ family, model, stepping }: CpuModel): number {
  const base = Math.min(family, 15);
  return ((family - base) << 20) | ((model >> 4) << 16) | (base << 8) | ((model & 15) << 4) | stepping;
}

/** Four characters as a register holds them. */
const word = (text: string, at: number): number =>
  [0, 1, 2, 3].reduce((sum, n) => sum | ((text.charCodeAt(at + n) || 0) << (8 * n)), 0);

const CACHE_TYPES = { data: 1, instruction: 2, unified: 3 } as const;

const setsOf = ({ kib, ways, line }: Cache): number => (kib * 1024) / (ways * line);

/** A cache as leaf 4 and AMD's leaf 0x8000001D tell it: self-initialising, of one processor. */
const cacheLeaf = (leaf: number, cache: Cache, subleaf: number): Leaf => ({
  leaf,
  subleaf,
  registers: [
    CACHE_TYPES[cache.type] | (cache.level << 5) | (1 << 8),
    (cache.line - 1) | ((cache.ways - 1) << 22),
    setsOf(cache) - 1,
    0,
  ],
});

/** AMD's and Intel's code for the associativity of a second-level cache. */
function associativity(ways: number): number {
  const codes: Readonly<Record<number, number>> = { 1: 1, 2: 2, 4: 4, 8: 6, 16: 8, 32: 10, 48: 11, 64: 12 };
  return codes[ways] ?? 15;
}

function basicLeaves(model: CpuModel): Leaf[] {
  const { vendorName: name, features, caches, vendor } = model;
  const all = (leaf: number, eax: number, ebx: number, ecx: number, edx: number): Leaf => ({
    leaf,
    subleaf: ANY,
    registers: [eax, ebx, ecx, edx],
  });
  const one = (leaf: number, subleaf: number, eax: number, ebx: number, ecx: number, edx: number): Leaf => ({
    leaf,
    subleaf,
    registers: [eax, ebx, ecx, edx],
  });
  const clflush = features.has("clflush") ? CLFLUSH_UNITS << 8 : 0;
  const leaves = [
    all(0, model.lastLeaf, word(name, 0), word(name, 8), word(name, 4)),
    all(1, signatureOf(model), clflush, bitsOf(features, LEAF_1_ECX), bitsOf(features, LEAF_1_EDX)),
  ];
  if (vendor === "intel") {
    leaves.push(all(2, ...model.cacheDescriptors));
    leaves.push(...caches.map((cache, n) => cacheLeaf(4, cache, n)));
  }
  if (features.has("monitor")) leaves.push(all(5, MONITOR_LINE, MONITOR_LINE, 0, 0));
  const speculation = bitsOf(features, LEAF_7_2_EDX);
  leaves.push(
    all(6, APIC_TIMER_ALWAYS_RUNS, 0, 0, 0),
    one(
      7,
      0,
      speculation ? 2 : 0,
      bitsOf(features, LEAF_7_EBX),
      bitsOf(features, LEAF_7_ECX),
      bitsOf(features, LEAF_7_EDX),
    ),
    one(7, 2, 0, 0, 0, speculation),
  );
  // One thread of one core, whose APIC identifier is 0.
  if (vendor === "intel") leaves.push(one(11, 0, 0, 1, 0x100, 0), one(11, 1, 0, 1, 0x201, 0));
  if (features.has("xsave")) {
    // EBX of the first two follows XCR0: the runtime adds what is enabled.
    const all = XSAVE_BYTES + (features.has("avx") ? AVX_BYTES : 0);
    leaves.push(
      one(13, 0, componentsOf(features), XSAVE_BYTES, all, 0),
      one(13, 1, bitsOf(features, LEAF_D_EAX), features.has("xsaves") ? XSAVE_BYTES : 0, 0, 0),
    );
    if (features.has("avx")) leaves.push(one(13, AVX_COMPONENT, AVX_BYTES, XSAVE_BYTES, 0, 0));
  }
  return leaves.filter(({ leaf }) => leaf <= model.lastLeaf);
}

function extendedLeaves(model: CpuModel): Leaf[] {
  if (model.lastExtendedLeaf === 0) return [];
  const { features, brand, caches, vendor } = model;
  const amd = vendor === "amd";
  const leaf = (number: number, eax: number, ebx: number, ecx: number, edx: number): Leaf => ({
    leaf: EXTENDED + number,
    subleaf: ANY,
    registers: [eax, ebx, ecx, edx],
  });
  const { vendorName: name } = model;
  const brandLeaf = (n: number): Leaf =>
    leaf(2 + n, ...([0, 4, 8, 12].map((at) => word(brand, n * 16 + at)) as [number, number, number, number]));
  const find = (level: number, type: Cache["type"]) =>
    caches.find((cache) => cache.level === level && cache.type === type);
  const first = (type: "data" | "instruction"): number => {
    const cache = find(1, type);
    return cache && amd ? (cache.kib << 24) | (cache.ways << 16) | (1 << 8) | cache.line : 0;
  };
  const second = find(2, "unified");
  const third = find(3, "unified");
  const repeated = amd ? bitsOf(features, LEAF_1_EDX) & REPEATED_BY_AMD : 0;
  const leaves = [
    leaf(
      0,
      model.lastExtendedLeaf,
      ...(amd ? ([word(name, 0), word(name, 8), word(name, 4)] as const) : ([0, 0, 0] as const)),
    ),
    leaf(
      1,
      amd ? signatureOf(model) : 0,
      0,
      bitsOf(features, LEAF_EXTENDED_1_ECX),
      bitsOf(features, LEAF_EXTENDED_1_EDX) | repeated,
    ),
    brandLeaf(0),
    brandLeaf(1),
    brandLeaf(2),
    leaf(5, 0, 0, first("data"), first("instruction")),
    leaf(
      6,
      0,
      0,
      second ? (second.kib << 16) | (associativity(second.ways) << 12) | second.line : 0,
      third && amd ? ((third.kib / 512) << 18) | (associativity(third.ways) << 12) | third.line : 0,
    ),
    leaf(7, 0, 0, 0, features.has("tsc") ? INVARIANT_TSC : 0),
    leaf(
      8,
      model.physicalBits | (LINEAR_ADDRESS_BITS << 8),
      amd ? bitsOf(features, LEAF_EXTENDED_8_EBX) : 0,
      0,
      0,
    ),
  ];
  if (features.has("topoext")) leaves.push(...caches.map((cache, n) => cacheLeaf(EXTENDED + 0x1d, cache, n)));
  if (amd) leaves.push(leaf(0x21, bitsOf(features, LEAF_EXTENDED_21_EAX), 0, 0, 0));
  return leaves.filter(({ leaf: number }) => number <= model.lastExtendedLeaf);
}

/** Everything that CPUID has an answer for other than zeros. */
export const leavesOf = (model: CpuModel): Leaf[] => [...basicLeaves(model), ...extendedLeaves(model)];
