import { beforeEach, describe, expect, it } from "vitest";
import { CR0, CR4, FPU_STATUS, MXCSR, RIP, XMM } from "./layout.ts";
import { CODE, DATA, userMachine } from "./testing/differential.ts";
import type { Machine } from "./testing/machine.ts";

const UD = 6;
const NM = 7;
const GP = 13;
const MF = 16;
const XM = 19;
const EM = 4n;
const TS = 8n;
const OSFXSR = 0x200n;
const OSXMMEXCPT = 0x400n;

const ADDPS = [0x0f, 0x58, 0xc1];
const DIVPS = [0x0f, 0x5e, 0xc1];
const PADDD = [0x66, 0x0f, 0xfe, 0xc1];
const PADDD_MMX = [0x0f, 0xfe, 0xc1];
const EMMS = [0x0f, 0x77];

let machine: Machine;

function step(code: readonly number[]): number {
  machine.cpu.runtime.physicalWrite(CODE, code.length);
  machine.write(CODE, new Uint8Array(code));
  machine.cpu.set64(RIP, BigInt(CODE));
  return machine.cpu.step();
}

const address = (value: number): number[] => [0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff);
const change = (register: number, set: bigint, clear: bigint): void =>
  machine.cpu.set64(register, (machine.cpu.get64(register) & ~clear) | set);
const setXmm = (number: number, low: bigint, high: bigint): void => {
  machine.cpu.set64(XMM + number * 16, low);
  machine.cpu.set64(XMM + number * 16 + 8, high);
};

beforeEach(() => {
  machine = userMachine();
  step([0xdb, 0xe3]);
});

describe("who may use MMX and SSE", () => {
  it("SSE needs CR4.OSFXSR, and CR0.EM clear", () => {
    change(CR4, 0n, OSFXSR);
    for (const code of [ADDPS, PADDD]) expect(step(code)).toBe(UD);
    change(CR4, OSFXSR, 0n);
    change(CR0, EM, 0n);
    for (const code of [ADDPS, PADDD]) expect(step(code)).toBe(UD);
  });

  it("MMX needs CR0.EM clear only", () => {
    change(CR4, 0n, OSFXSR);
    for (const code of [PADDD_MMX, EMMS]) expect(step(code)).toBe(-1);
    change(CR0, EM, 0n);
    for (const code of [PADDD_MMX, EMMS]) expect(step(code)).toBe(UD);
  });

  it("both wait for a task switch", () => {
    change(CR0, TS, 0n);
    for (const code of [ADDPS, PADDD, PADDD_MMX, EMMS]) expect(step(code)).toBe(NM);
  });

  it("MOVNTI asks nobody", () => {
    change(CR4, 0n, OSFXSR);
    change(CR0, EM | TS, 0n);
    machine.set("eax", 0x12345678);
    expect(step([0x0f, 0xc3, 0x05, ...address(DATA)])).toBe(-1);
    expect(machine.u32(DATA)).toBe(0x12345678);
  });

  it("MMX meets a pending x87 exception, SSE does not", () => {
    // Invalid operation, unmasked by nobody yet: set as if it had been.
    machine.cpu.set32(FPU_STATUS, 0x8081);
    for (const code of [PADDD_MMX, EMMS]) expect(step(code)).toBe(MF);
    expect(step(PADDD)).toBe(-1);
  });
});

describe("an unmasked exception of numbers", () => {
  const ONES = 0x3f800000_3f800000n;

  beforeEach(() => {
    setXmm(0, ONES, ONES);
    setXmm(1, 0n, ONES);
    machine.cpu.set32(MXCSR, 0x1f80 & ~(1 << 9));
  });

  it("is #XM, with its flag and without a result", () => {
    expect(step(DIVPS)).toBe(XM);
    expect(machine.cpu.get64(XMM)).toBe(ONES);
    expect(machine.cpu.get32(MXCSR) & 0x3f).toBe(4);
    expect(machine.cpu.get64(RIP)).toBe(BigInt(CODE));
  });

  it("is #UD where the system knows no #XM", () => {
    change(CR4, 0n, OSXMMEXCPT);
    expect(step(DIVPS)).toBe(UD);
    expect(machine.cpu.get64(XMM)).toBe(ONES);
  });
});

describe("memory operands of 16 bytes", () => {
  const MOVAPS_LOAD = [0x0f, 0x28, 0x05];
  const MOVUPS_LOAD = [0x0f, 0x10, 0x05];
  const MOVUPS_STORE = [0x0f, 0x11, 0x05];

  it("must be aligned but for the moves that say otherwise", () => {
    for (const opcode of [MOVAPS_LOAD, [0x0f, 0x29, 0x05], [0x0f, 0x58, 0x05], [0x66, 0x0f, 0xef, 0x05]]) {
      expect(step([...opcode, ...address(DATA + 8)])).toBe(GP);
      expect(step([...opcode, ...address(DATA)])).toBe(-1);
    }
  });

  it("may cross pages in MOVUPS", () => {
    setXmm(0, 0x0807060504030201n, 0x100f0e0d0c0b0a09n);
    expect(step([...MOVUPS_STORE, ...address(DATA + 0xff5)])).toBe(-1);
    expect(Array.from({ length: 18 }, (_, n) => machine.u8(DATA + 0xff4 + n))).toEqual([
      0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 0,
    ]);
    setXmm(0, 0n, 0n);
    expect(step([...MOVUPS_LOAD, ...address(DATA + 0xff5)])).toBe(-1);
    expect(machine.cpu.get64(XMM + 8)).toBe(0x100f0e0d0c0b0a09n);
  });
});

it("MASKMOVDQU leaves the bytes between alone, also across pages", () => {
  const place = DATA + 0xff8;
  for (let n = 0; n < 16; n++) machine.view.setUint8(place + n, 0xee);
  setXmm(0, 0x1716151413121110n, 0x1f1e1d1c1b1a1918n);
  setXmm(1, 0x80007f0000000080n, 0xff00000000000081n);
  machine.set("edi", place);
  expect(step([0x66, 0x0f, 0xf7, 0xc1])).toBe(-1);
  expect(Array.from({ length: 16 }, (_, n) => machine.u8(place + n))).toEqual([
    0x10, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee, 0x17, 0x18, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee, 0x1f,
  ]);
});

it("FXSAVE writes no byte behind the registers that there are, also across pages", () => {
  const place = DATA + 0xf00;
  for (let n = 0; n < 512; n++) machine.view.setUint8(place + n, 0xee);
  setXmm(7, 0x1122334455667788n, 0x99aabbccddeeff00n);
  expect(step([0x0f, 0xae, 0x05, ...address(place)])).toBe(-1);
  expect(machine.u32(place + 0x110 + 12)).toBe(0x99aabbcc);
  expect(machine.u32(place + 24)).toBe(0x1f80);
  expect(machine.u32(place + 288)).toBe(0xeeeeeeee);
  expect(machine.u32(place + 508)).toBe(0xeeeeeeee);
  setXmm(7, 0n, 0n);
  expect(step([0x0f, 0xae, 0x0d, ...address(place)])).toBe(-1);
  expect(machine.cpu.get64(XMM + 7 * 16)).toBe(0x1122334455667788n);
  expect(step([0x0f, 0xae, 0x05, ...address(place + 8)])).toBe(GP);
});
