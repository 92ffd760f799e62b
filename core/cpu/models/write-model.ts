// Puts a model where the runtime finds it: the processor's state, at MODEL and after.

import {
  CPUID_ENTRIES,
  CPUID_ENTRY_SIZE,
  CPUID_TABLE,
  CR4_ALLOWED,
  EFER_ALLOWED,
  EFLAGS_KNOWN,
  MODEL_AMD,
  MODEL_APIC,
  MODEL_BEYOND,
  MODEL_FLAGS,
  MODEL_HUGE_PAGES,
  MODEL_MCA,
  MODEL_MSR_SIZE,
  MODEL_MSR_TABLE,
  MODEL_MSRS,
  MODEL_MTRR,
  MODEL_MXCSR,
  MODEL_NULL_CLEARS_BASE,
  MODEL_PAT,
  MODEL_SEP,
  MODEL_SIGNATURE,
  MODEL_SYSCALL,
  MODEL_TSC_AUX,
  MODEL_TSC_DEADLINE,
  MODEL_XSAVEC,
  MODEL_XSAVES,
  XCR0_ALLOWED,
} from "../layout.ts";
import { leavesOf, signatureOf } from "./cpuid-leaves.ts";
import { CR4_BITS, componentsOf, EFER_BITS, EFLAGS_BITS, type Feature, maskOf } from "./features.ts";
import type { CpuModel } from "./model.ts";

/** Flags that every processor from the i486 on has: the arithmetic and control ones, VM, RF, AC. */
const EFLAGS_ALWAYS = 0x7_7fd7;
/** Exceptions and their masks, rounding, flush to zero; denormals are zeros. [SDM] vol. 1, 10.2.3 */
const MXCSR_BITS = 0xffff;
const MXCSR_DAZ = 0x40;

const FLAGS: readonly (readonly [Feature, number])[] = [
  ["rdtscp", MODEL_TSC_AUX],
  ["sep", MODEL_SEP],
  ["syscall", MODEL_SYSCALL],
  ["mtrr", MODEL_MTRR],
  ["pat", MODEL_PAT],
  ["mca", MODEL_MCA],
  ["xsavec", MODEL_XSAVEC],
  ["xsaves", MODEL_XSAVES],
  ["tsc_deadline", MODEL_TSC_DEADLINE],
  ["apic", MODEL_APIC],
  ["pdpe1gb", MODEL_HUGE_PAGES],
  ["null_clears_base", MODEL_NULL_CLEARS_BASE],
];

export function writeModel(view: DataView, base: number, model: CpuModel): void {
  const u32 = (at: number, value: number): void => view.setUint32(base + at, value, true);
  const u64 = (at: number, value: bigint): void => view.setBigUint64(base + at, value, true);
  const { features } = model;
  u64(CR4_ALLOWED, BigInt(maskOf(features, CR4_BITS)));
  u64(EFER_ALLOWED, BigInt(maskOf(features, EFER_BITS)));
  u64(XCR0_ALLOWED, BigInt(componentsOf(features)));
  u32(EFLAGS_KNOWN, EFLAGS_ALWAYS | maskOf(features, EFLAGS_BITS));
  const clearsBase = model.vendor === "intel" ? MODEL_NULL_CLEARS_BASE : MODEL_AMD;
  u32(MODEL_FLAGS, maskOf(features, FLAGS) | clearsBase);
  u32(MODEL_SIGNATURE, signatureOf(model));
  // DAZ came with SSE2, on Intel's and on AMD's processors.
  u32(MODEL_MXCSR, features.has("sse2") ? MXCSR_BITS : MXCSR_BITS & ~MXCSR_DAZ);
  u64(MODEL_BEYOND, BigInt.asUintN(64, -1n << BigInt(model.physicalBits)));
  const leaves = features.has("cpuid") ? leavesOf(model) : [];
  u32(CPUID_ENTRIES, leaves.length);
  leaves.forEach(({ leaf, subleaf, registers }, n) => {
    [leaf, subleaf, ...registers].forEach((value, field) => {
      u32(CPUID_TABLE + n * CPUID_ENTRY_SIZE + field * 4, value);
    });
  });
  u32(MODEL_MSRS, model.msrs.length);
  model.msrs.forEach(({ number, reset, writable, writeOnly }, n) => {
    const at = MODEL_MSR_TABLE + n * MODEL_MSR_SIZE;
    u32(at, number);
    u32(at + 4, writeOnly ? 1 : 0);
    u64(at + 8, reset);
    u64(at + 16, writable);
  });
}
