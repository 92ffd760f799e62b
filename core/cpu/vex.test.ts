// AVX where the silicon cannot ask: who may use it, what stays and what becomes 0, and what has happened at a fault.

import { beforeEach, describe, expect, it } from "vitest";
import { CR0, CR2, CR4, MXCSR, RIP, XCR0, XMM, YMM_HIGH } from "./layout.ts";
import { CODE, DATA, linuxMachine, userMachine } from "./testing/differential.ts";
import type { Machine } from "./testing/machine.ts";

const [UD, NM, PF, XM] = [6, 7, 14, 19];
const PE = 1n;
const TS = 8n;
const OSFXSR = 0x200n;
const OSXSAVE = 0x40000n;
const PAGE = 4096;

const VADDPS = [0xc5, 0xf4, 0x58, 0xc2]; // ymm0, ymm1, ymm2
const VPXOR = [0xc5, 0xf1, 0xef, 0xc2]; // xmm0, xmm1, xmm2
const VZEROUPPER = [0xc5, 0xf8, 0x77];
const VZEROALL = [0xc5, 0xfc, 0x77];

let machine: Machine;

function step(code: readonly number[]): number {
  machine.write(CODE, Uint8Array.from(code));
  machine.cpu.runtime.physicalWrite(CODE, code.length);
  machine.cpu.set64(RIP, BigInt(CODE));
  return machine.cpu.step();
}

const change = (register: number, set: bigint, clear: bigint): void =>
  machine.cpu.set64(register, (machine.cpu.get64(register) & ~clear) | set);

type Quadwords = readonly [bigint, bigint, bigint, bigint];

function setYmm(number: number, quadwords: Quadwords): void {
  quadwords.forEach((value, n) => {
    machine.cpu.set64((n < 2 ? XMM : YMM_HIGH) + number * 16 + (n & 1) * 8, value);
  });
}

const ymm = (number: number): bigint[] =>
  [0, 1, 2, 3].map((n) => machine.cpu.get64((n < 2 ? XMM : YMM_HIGH) + number * 16 + (n & 1) * 8));

const ONES: Quadwords = [-1n, -1n, -1n, -1n].map((value) => BigInt.asUintN(64, value)) as never;
const SOME: Quadwords = [1n, 2n, 3n, 4n];

beforeEach(() => {
  machine = linuxMachine(64);
  machine.cpu.set32(MXCSR, 0x1f80);
});

describe("who may use AVX", () => {
  it("needs CR4.OSXSAVE, and SSE and AVX state in XCR0; not CR4.OSFXSR", () => {
    change(CR4, 0n, OSFXSR);
    for (const code of [VADDPS, VPXOR, VZEROUPPER]) expect(step(code)).toBe(-1);
    for (const state of [1n, 3n, 5n]) {
      machine.cpu.set64(XCR0, state);
      for (const code of [VADDPS, VPXOR, VZEROUPPER]) expect(step(code)).toBe(UD);
    }
    machine.cpu.set64(XCR0, 7n);
    change(CR4, 0n, OSXSAVE);
    for (const code of [VADDPS, VPXOR, VZEROUPPER]) expect(step(code)).toBe(UD);
  });

  it("waits for a task switch, unless it is impossible anyway", () => {
    change(CR0, TS, 0n);
    expect(step(VPXOR)).toBe(NM);
    machine.cpu.set64(XCR0, 3n);
    expect(step(VPXOR)).toBe(UD);
  });

  it("is none in real-address mode", () => {
    machine = userMachine(32);
    expect(step(VPXOR)).toBe(-1);
    change(CR0, 0n, PE);
    machine.cpu.runtime.updateMode();
    expect(step(VPXOR)).toBe(UD);
  });
});

describe("what makes no instruction", () => {
  it.each([
    ["VEX.L of 1 for a scalar of the integer unit", [0xc5, 0xfd, 0x6e, 0xc0]],
    ["VEX.vvvv where no operand is", [0xc5, 0xf1, 0x6f, 0xc1]],
    ["VEX.W of 1 for VBROADCASTSS", [0xc4, 0xe2, 0xf9, 0x18, 0xc1]],
    ["VEX.L of 0 for VPERMD", [0xc4, 0xe2, 0x71, 0x36, 0xc2]],
    ["map 4", [0xc4, 0xe4, 0x71, 0xef, 0xc2]],
    ["66 before VEX", [0x66, ...VPXOR]],
    ["LOCK before VEX", [0xf0, ...VPXOR]],
    ["REX before VEX", [0x48, ...VPXOR]],
    ["a gather whose mask is its destination", [0xc4, 0xe2, 0x79, 0x90, 0x04, 0x0e]],
    ["a gather without SIB", [0xc4, 0xe2, 0x71, 0x90, 0x06]],
  ])("%s", (_, code) => {
    expect(step(code)).toBe(UD);
  });
});

describe("upper halves", () => {
  it("become 0 by VEX.128, and stay by SSE", () => {
    for (const number of [0, 1, 2]) setYmm(number, ONES);
    expect(step(VPXOR)).toBe(-1);
    expect(ymm(0)).toEqual([0n, 0n, 0n, 0n]);
    expect(step([0x66, 0x0f, 0xef, 0xca])).toBe(-1); // PXOR xmm1, xmm2
    expect(ymm(1)).toEqual([0n, 0n, ONES[2], ONES[3]]);
  });

  it("become 0 by VZEROUPPER, and the rest by VZEROALL: of the registers that the code has", () => {
    for (const [code, lower] of [
      [VZEROUPPER, ONES[0]],
      [VZEROALL, 0n],
    ] as const) {
      machine = linuxMachine(64);
      for (let number = 0; number < 16; number++) setYmm(number, ONES);
      expect(step(code)).toBe(-1);
      for (let number = 0; number < 16; number++) expect(ymm(number)).toEqual([lower, lower, 0n, 0n]);
      machine = linuxMachine(32);
      for (let number = 0; number < 16; number++) setYmm(number, ONES);
      expect(step(code)).toBe(-1);
      expect(ymm(7)).toEqual([lower, lower, 0n, 0n]);
      expect(ymm(8)).toEqual(ONES);
    }
  });
});

describe("exceptions of numbers in one half", () => {
  const SNAN = 0x7f800001n;
  const LARGE = 0x7f7fffff_7f7fffffn;

  beforeEach(() => setYmm(0, SOME));

  it("keep back the other half's result", () => {
    machine.cpu.set32(MXCSR, 0x1f00);
    setYmm(1, [0n, 0n, 0n, SNAN]);
    setYmm(2, [0n, 0n, 0n, 0n]);
    expect(step(VADDPS)).toBe(XM);
    expect(ymm(0)).toEqual([...SOME]);
    expect(machine.cpu.get32(MXCSR)).toBe(0x1f01);
  });

  it("keep back what the other half's results would raise, when they are of operands", () => {
    for (const lowerFirst of [true, false]) {
      machine.cpu.set32(MXCSR, 0x1f00);
      setYmm(1, lowerFirst ? [SNAN, 0n, LARGE, 0n] : [LARGE, 0n, SNAN, 0n]);
      setYmm(2, [LARGE, 0n, LARGE, 0n]);
      expect(step(VADDPS)).toBe(XM);
      expect(machine.cpu.get32(MXCSR)).toBe(0x1f01);
    }
  });

  it("are all told when none is unmasked", () => {
    setYmm(1, [LARGE, 0n, SNAN, 0n]);
    setYmm(2, [LARGE, 0n, 0n, 0n]);
    expect(step(VADDPS)).toBe(-1);
    expect(machine.cpu.get32(MXCSR)).toBe(0x1fa9);
  });
});

describe("faults of memory", () => {
  it("a store into a page that is not there leaves the one before as it was", () => {
    setYmm(0, ONES);
    machine.set("esi", DATA + PAGE - 16);
    expect(step([0xc5, 0xfe, 0x7f, 0x06])).toBe(PF); // VMOVDQU [rsi], ymm0
    expect(machine.cpu.get64(CR2)).toBe(BigInt(DATA + PAGE));
    expect(machine.u32(DATA + PAGE - 16)).toBe(0);
  });

  it("a masked load meets none where its mask has zeros", () => {
    machine.view.setUint32(DATA + PAGE - 4, 0x12345678, true);
    machine.set("esi", DATA + PAGE - 4);
    const load = [0xc4, 0xe2, 0x75, 0x8c, 0x06]; // VPMASKMOVD ymm0, ymm1, [rsi]
    setYmm(1, [0x80000000n, 0n, 0n, 0n]);
    expect(step(load)).toBe(-1);
    expect(ymm(0)).toEqual([0x12345678n, 0n, 0n, 0n]);
    setYmm(0, SOME);
    setYmm(1, [0x80000000n, 0n, 0n, 0x80000000_00000000n]);
    expect(step(load)).toBe(PF);
    expect(ymm(0)).toEqual([...SOME]);
  });

  it("a masked store changes no byte of what its mask leaves out", () => {
    machine.set("esi", DATA);
    for (let at = 0; at < 32; at += 4) machine.view.setUint32(DATA + at, 0x11111111, true);
    setYmm(0, ONES);
    setYmm(1, [0x80000000n << 32n, 0n, 0n, 0x80000000n]);
    expect(step([0xc4, 0xe2, 0x75, 0x8e, 0x06])).toBe(-1); // VPMASKMOVD [rsi], ymm1, ymm0
    const stored = Array.from({ length: 8 }, (_, n) => machine.u32(DATA + n * 4));
    expect(stored.map((value) => value === 0xffffffff)).toEqual([0, 1, 0, 0, 0, 0, 1, 0].map(Boolean));
    expect(stored.filter((value) => value === 0x11111111)).toHaveLength(6);
  });

  it("a gather keeps what has arrived, and its mask tells the rest", () => {
    const gather = [0xc4, 0xe2, 0x75, 0x90, 0x04, 0x96]; // VPGATHERDD ymm0, [rsi + ymm2*4], ymm1
    machine.set("esi", DATA);
    for (let n = 0; n < 8; n++) machine.view.setUint32(DATA + n * 4, 0x100 + n, true);
    // The third lane's index leads out of the page; the second one is not asked for.
    setYmm(2, [(1n << 32n) | 7n, (3n << 32n) | BigInt(PAGE / 4), 5n, 6n]);
    setYmm(1, [0x00000000_80000000n, ONES[1], ONES[2], ONES[3]]);
    setYmm(0, [0n, 0n, 0n, 0n]);
    expect(step(gather)).toBe(PF);
    expect(ymm(0)).toEqual([0x107n, 0n, 0n, 0n]);
    expect(ymm(1)).toEqual([0n, ONES[1], ONES[2], ONES[3]]);
    setYmm(2, [(1n << 32n) | 7n, (3n << 32n) | 4n, 5n, 6n]);
    expect(step(gather)).toBe(-1);
    expect(ymm(0)).toEqual([
      0x107n,
      (0x103n << 32n) | 0x104n,
      (0x100n << 32n) | 0x105n,
      (0x100n << 32n) | 0x106n,
    ]);
    expect(ymm(1)).toEqual([0n, 0n, 0n, 0n]);
  });
});
