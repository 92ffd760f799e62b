// The state component of AVX: XSAVE and its kin, XCR0, and what CPUID tells. [SDM] vol. 1, chapter 13.

import { beforeEach, describe, expect, it } from "vitest";
import { MXCSR, XCR0, XMM, YMM_HIGH } from "./layout.ts";
import { DATA, ModelMachine, RAX, RBX, RCX, RDX } from "./testing/model-machine.ts";

const GP = 13;
const CR4_OSXSAVE_OSFXSR = 0x40600;
const IMAGE_XMM = 160;
const XSTATE_BV = 512;
const XCOMP_BV = 520;
const IMAGE_AVX = 576;

const XSAVE = [0x0f, 0xae, 0x23]; // [rbx]
const XRSTOR = [0x0f, 0xae, 0x2b];
const XSAVEC = [0x0f, 0xc7, 0x23];
const XGETBV = [0x0f, 0x01, 0xd0];
const XSETBV = [0x0f, 0x01, 0xd1];

const model = new ModelMachine({ model: "x86-64-v3", vendor: "intel" });
const { cpu, view } = model.machine;

/** Runs one with these components requested. */
function run(code: readonly number[], components: number): number {
  model.set(RAX, BigInt(components));
  model.set(RDX, 0n);
  model.set(RBX, BigInt(DATA));
  return model.step(...code);
}

function setXcr0(components: number): number {
  model.set(RCX, 0n);
  model.set(RAX, BigInt(components));
  model.set(RDX, 0n);
  return model.step(...XSETBV);
}

const upper = (number: number): bigint => cpu.get64(YMM_HIGH + number * 16);
const saved = (at: number): bigint => view.getBigUint64(DATA + at, true);
const setUpper = (number: number, value: bigint): void => cpu.set64(YMM_HIGH + number * 16, value);

beforeEach(() => {
  model.reset();
  model.cr4 = CR4_OSXSAVE_OSFXSR;
  model.enterLong();
  expect(setXcr0(7)).toBe(-1);
  for (let at = 0; at < 1024; at += 8) view.setBigUint64(DATA + at, 0n, true);
  for (let at = 0; at < 512; at += 8) cpu.set64(XMM + at, 0n);
  cpu.set32(MXCSR, 0x1f80);
});

describe("XCR0", () => {
  it("has AVX state only with SSE state", () => {
    expect(setXcr0(5)).toBe(GP);
    expect(cpu.get64(XCR0)).toBe(7n);
    expect(setXcr0(3)).toBe(-1);
    expect(setXcr0(15)).toBe(GP);
  });

  it("decides how long CPUID says that images are", () => {
    expect(model.cpuid(13, 0)).toEqual([7, 832, 832, 0]);
    expect(model.cpuid(13, 1)[1]).toBe(832);
    expect(model.cpuid(13, 2)).toEqual([256, 576, 0, 0]);
    setXcr0(3);
    expect(model.cpuid(13, 0)).toEqual([7, 576, 832, 0]);
    expect(model.cpuid(13, 1)[1]).toBe(576);
  });

  it("with ECX of 1, XGETBV tells what is in use", () => {
    const used = (): bigint => {
      model.set(RCX, 1n);
      expect(model.step(...XGETBV)).toBe(-1);
      return model.get(RAX) & 6n;
    };
    expect(used()).toBe(0n);
    setUpper(15, 1n);
    expect(used()).toBe(4n);
  });
});

describe("XSAVE and XRSTOR", () => {
  it("have upper halves behind the header", () => {
    for (let number = 0; number < 16; number++) setUpper(number, BigInt(number + 1));
    expect(run(XSAVE, 7)).toBe(-1);
    expect(saved(XSTATE_BV) & 6n).toBe(4n);
    expect(saved(IMAGE_AVX + 15 * 16)).toBe(16n);
    for (let number = 0; number < 16; number++) setUpper(number, 99n);
    expect(run(XRSTOR, 3)).toBe(-1);
    expect(upper(15)).toBe(99n);
    expect(run(XRSTOR, 7)).toBe(-1);
    expect([upper(0), upper(15)]).toEqual([1n, 16n]);
  });

  it("leave what is not asked for, and clear what the image has not", () => {
    setUpper(3, 7n);
    cpu.set64(XMM + 48, 5n);
    view.setBigUint64(DATA + IMAGE_AVX + 48, 0x1234n, true);
    expect(run(XSAVE, 3)).toBe(-1);
    expect([saved(IMAGE_AVX + 48), saved(IMAGE_XMM + 48)]).toEqual([0x1234n, 5n]);
    expect(run(XRSTOR, 7)).toBe(-1);
    expect([upper(3), cpu.get64(XMM + 48)]).toEqual([0n, 5n]);
  });

  it("have MXCSR with either of SSE and AVX", () => {
    cpu.set32(MXCSR, 0x1fa0);
    expect(run(XSAVE, 4)).toBe(-1);
    expect(view.getUint32(DATA + 24, true)).toBe(0x1fa0);
    view.setUint32(DATA + 24, 0x1f81, true);
    expect(run(XRSTOR, 4)).toBe(-1);
    expect(cpu.get32(MXCSR)).toBe(0x1f81);
    view.setUint32(DATA + 24, 0xffff_0000, true);
    expect(run(XRSTOR, 4)).toBe(GP);
  });

  it("compacted, have upper halves at the same place", () => {
    setUpper(1, 42n);
    expect(run(XSAVEC, 4)).toBe(-1);
    expect([saved(XSTATE_BV), saved(XCOMP_BV)]).toEqual([4n, (1n << 63n) | 4n]);
    expect(saved(IMAGE_AVX + 16)).toBe(42n);
    setUpper(1, 0n);
    expect(run(XRSTOR, 7)).toBe(-1);
    expect(upper(1)).toBe(42n);
    setUpper(1, 0n);
    expect(run(XSAVEC, 4)).toBe(-1);
    expect(saved(XSTATE_BV)).toBe(0n);
  });

  it("refuse an image with what XCR0 has not", () => {
    setUpper(1, 42n);
    run(XSAVE, 7);
    setXcr0(3);
    expect(run(XRSTOR, 7)).toBe(GP);
  });
});
