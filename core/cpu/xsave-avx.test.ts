// AVX state in the images of the XSAVE family. What is kept, taken and refused was asked of a processor of the Zen 5 family;
// that takes upper halves for used once they were written, ours once they are not zeros.

import { beforeEach, describe, expect, it } from "vitest";
import { MXCSR, SEGMENT_LIMIT, SEGMENT_SIZE, SEGMENTS, XCR0, XMM, YMM_HIGH } from "./layout.ts";
import { DATA, ModelMachine, RAX, RBX, RCX, RDX } from "./testing/model-machine.ts";

const GP = 13;
const OSXSAVE = 0x40000;
const [SSE, AVX, ALL] = [2, 4, 7];
const INITIAL_MXCSR = 0x1f80;
const COMPACTED = 1n << 63n;

// Offsets in an image.
const IMAGE_MXCSR = 24;
const IMAGE_XMM = 160;
const XSTATE_BV = 512;
const XCOMP_BV = 520;
const IMAGE_YMM = 576;
const IMAGE_BYTES = 832;

// Of [rBX].
const XSAVE = [0x0f, 0xae, 0x23];
const XRSTOR = [0x0f, 0xae, 0x2b];
const XSAVEOPT = [0x0f, 0xae, 0x33];
const XSAVEC = [0x0f, 0xc7, 0x23];
const XSAVES = [0x0f, 0xc7, 0x2b];
const XRSTORS = [0x0f, 0xc7, 0x1b];

const model = new ModelMachine({ model: "x86-64-v3", vendor: "intel" });
const { machine } = model;
const { cpu, view } = machine;

/** Bytes of registers and images, which hold the same byte all over. */
const OLD = 0xee;
const [LOW, HIGH] = [0x1111_1111_1111_1111n, 0x2222_2222_2222_2222n];
const [IMAGE_LOW, IMAGE_HIGH] = [0x33, 0x44];

/** Code of 32 bits after RESET, with all components enabled and in their initial state. */
function start(): void {
  model.reset();
  model.cr4 = OSXSAVE;
  cpu.set64(XCR0, BigInt(ALL));
  cpu.runtime.fninit();
}

beforeEach(() => {
  start();
  model.enterLong();
  for (let at = 0; at < 256; at += 8) cpu.set64(XMM + at, LOW);
  machine.write(DATA, new Uint8Array(IMAGE_BYTES + 64).fill(OLD));
  setHeader(0n, 0n);
});

function setUpper(value: bigint, first = 0): void {
  for (let at = first * 16; at < 256; at += 8) cpu.set64(YMM_HIGH + at, value);
}

function setHeader(present: bigint, components: bigint): void {
  machine.write(DATA + XSTATE_BV, new Uint8Array(64));
  view.setBigUint64(DATA + XSTATE_BV, present, true);
  view.setBigUint64(DATA + XCOMP_BV, components, true);
}

/** An image with bytes of its own, and this MXCSR. */
function fillImage(mxcsr: number): void {
  machine.write(DATA + IMAGE_XMM, new Uint8Array(256).fill(IMAGE_LOW));
  machine.write(DATA + IMAGE_YMM, new Uint8Array(256).fill(IMAGE_HIGH));
  view.setUint32(DATA + IMAGE_MXCSR, mxcsr, true);
}

/** Steps an instruction of the family for some components; the vector that it meets. */
function on(code: readonly number[], components: number, image = DATA): number {
  model.set(RBX, BigInt(image));
  model.set(RAX, BigInt(components));
  model.set(RDX, 0n);
  return model.step(...code);
}

/** XMM3's first byte and that of YMM3's upper half, in an image and in the processor; and XSTATE_BV and XCOMP_BV. */
const stored = (): number[] => [machine.u8(DATA + IMAGE_XMM + 48), machine.u8(DATA + IMAGE_YMM + 48)];
const loaded = (): number[] => [XMM, YMM_HIGH].map((at) => Number(cpu.get64(at + 48) & 0xffn));
const header = (): bigint[] => [XSTATE_BV, XCOMP_BV].map((at) => view.getBigUint64(DATA + at, true));

describe("an image", () => {
  it.each([
    ["XSAVE", XSAVE],
    ["XSAVEOPT", XSAVEOPT],
  ] as const)("of %s has upper halves behind its header, and MXCSR with them alone", (_, code) => {
    setUpper(HIGH);
    cpu.set32(MXCSR, 0x1fa0);
    expect(on(code, AVX)).toBe(-1);
    expect([...stored(), ...header()]).toEqual([OLD, 0x22, 4n, 0n]);
    expect(machine.u32(DATA + IMAGE_MXCSR)).toBe(0x1fa0);
    expect([machine.u8(DATA + IMAGE_BYTES - 1), machine.u8(DATA + IMAGE_BYTES)]).toEqual([0x22, OLD]);
  });

  it.each([
    ["XSAVEC", XSAVEC],
    ["XSAVES", XSAVES],
  ] as const)("of %s has them at the same place, and MXCSR with XMM registers only", (_, code) => {
    setUpper(HIGH);
    cpu.set32(MXCSR, 0x1fa0);
    expect(on(code, AVX)).toBe(-1);
    expect([...stored(), ...header()]).toEqual([OLD, 0x22, 4n, COMPACTED | 4n]);
    expect(machine.u32(DATA + IMAGE_MXCSR)).toBe(0xeeee_eeee);
    expect(on(code, SSE | AVX)).toBe(-1);
    expect([...stored(), ...header()]).toEqual([0x11, 0x22, 6n, COMPACTED | 6n]);
    expect(machine.u32(DATA + IMAGE_MXCSR)).toBe(0x1fa0);
  });

  it("keeps what is not asked for, or not enabled", () => {
    setUpper(HIGH);
    setHeader(4n, 0n);
    on(XSAVE, SSE);
    expect([...stored(), ...header()]).toEqual([0x11, OLD, 6n, 0n]);
    cpu.set64(XCR0, 3n);
    setHeader(0n, 0n);
    on(XSAVE, ALL);
    expect([...stored(), ...header()]).toEqual([0x11, OLD, 2n, 0n]);
  });

  it("has zeros of XSAVE where no upper half is used, and nothing of the others", () => {
    for (const [code, byte, components] of [
      [XSAVE, 0, 0n],
      [XSAVEOPT, OLD, 0n],
      [XSAVEC, OLD, COMPACTED | 6n],
      [XSAVES, OLD, COMPACTED | 6n],
    ] as const) {
      machine.write(DATA + IMAGE_YMM, new Uint8Array(256).fill(OLD));
      setHeader(4n, 0n);
      on(code, SSE | AVX);
      expect([...stored(), ...header()]).toEqual([0x11, byte, 2n, components]);
    }
  });

  it("may end with its header where upper halves are not in it", () => {
    // At the end of its segment.
    const image = 0x20_0000 - IMAGE_YMM;
    const limit = SEGMENTS + 3 * SEGMENT_SIZE + SEGMENT_LIMIT;
    start();
    cpu.set32(limit, 0x20_0000 - 1);
    cpu.runtime.updateMode();
    setUpper(HIGH);
    expect([on(XSAVE, SSE, image), on(XRSTOR, SSE, image)]).toEqual([-1, -1]);
    expect([on(XSAVE, SSE | AVX, image), on(XRSTOR, SSE | AVX, image)]).toEqual([GP, GP]);
    cpu.set64(XCR0, 3n);
    expect([on(XSAVE, ALL, image), on(XRSTOR, ALL, image)]).toEqual([-1, -1]);
  });

  it("has eight registers outside 64-bit code, and the others count for nothing there", () => {
    start();
    setUpper(HIGH, 8);
    for (let at = 128; at < 256; at += 8) cpu.set64(XMM + at, LOW);
    expect(on(XSAVEC, ALL)).toBe(-1);
    expect(header()).toEqual([0n, COMPACTED | 7n]);
    setHeader(0n, 0n);
    setUpper(HIGH);
    expect(on(XSAVE, AVX)).toBe(-1);
    expect([127, 128].map((at) => machine.u8(DATA + IMAGE_YMM + at))).toEqual([0x22, 0]);
    setHeader(0n, 0n);
    expect(on(XRSTOR, AVX)).toBe(-1);
    expect([YMM_HIGH + 0x78, YMM_HIGH + 0x80].map((at) => cpu.get64(at))).toEqual([0n, HIGH]);
  });

  it("across pages comes back as it was", () => {
    const image = 0x9000 - 576 - 64;
    setUpper(HIGH);
    cpu.set64(YMM_HIGH + 15 * 16 + 8, 0x0123_4567_89ab_cdefn);
    expect(on(XSAVE, ALL, image)).toBe(-1);
    setUpper(0n);
    expect(on(XRSTOR, ALL, image)).toBe(-1);
    expect(cpu.get64(YMM_HIGH + 15 * 16 + 8)).toBe(0x0123_4567_89ab_cdefn);
    expect(loaded()).toEqual([0x11, 0x22]);
  });
});

describe("XRSTOR", () => {
  /** Asked for, in the image; then the bytes of XMM3 and its upper half, and MXCSR. */
  it.each([
    [SSE, 0, 0x00, 0x22, 0x1fc0],
    [SSE, AVX, 0x00, 0x22, 0x1fc0],
    [AVX, 0, 0x11, 0x00, 0x1fc0],
    [AVX, AVX, 0x11, 0x44, 0x1fc0],
    [SSE | AVX, SSE, 0x33, 0x00, 0x1fc0],
    [SSE | AVX, AVX, 0x00, 0x44, 0x1fc0],
    [SSE | AVX, SSE | AVX, 0x33, 0x44, 0x1fc0],
  ])("of %i takes from a standard image that has %i", (asked, present, low, high, mxcsr) => {
    setUpper(HIGH);
    fillImage(mxcsr);
    setHeader(BigInt(present), 0n);
    expect(on(XRSTOR, asked)).toBe(-1);
    expect([...loaded(), cpu.get32(MXCSR)]).toEqual([low, high, mxcsr]);
    fillImage(0x1_1f80);
    expect(on(XRSTOR, asked)).toBe(GP);
  });

  it.each([
    [SSE, AVX, 0x00, 0x22, INITIAL_MXCSR],
    [SSE, SSE | AVX, 0x33, 0x22, 0x1fc0],
    [AVX, 0, 0x11, 0x00, 0x1fa0],
    [AVX, SSE, 0x11, 0x00, 0x1fa0],
    [AVX, SSE | AVX, 0x11, 0x44, 0x1fa0],
    [SSE | AVX, AVX, 0x00, 0x44, INITIAL_MXCSR],
    [SSE | AVX, SSE | AVX, 0x33, 0x44, 0x1fc0],
  ])("of %i takes from a compacted image that has %i, as XRSTORS", (asked, present, low, high, mxcsr) => {
    for (const code of [XRSTOR, XRSTORS]) {
      for (let at = 0; at < 256; at += 8) cpu.set64(XMM + at, LOW);
      setUpper(HIGH);
      cpu.set32(MXCSR, 0x1fa0);
      fillImage(0x1fc0);
      setHeader(BigInt(present), COMPACTED | 7n);
      expect(on(code, asked)).toBe(-1);
      expect([...loaded(), cpu.get32(MXCSR)]).toEqual([low, high, mxcsr]);
      // What MXCSR may not have matters where it is taken.
      fillImage(0x1_1f80);
      expect(on(code, asked)).toBe(asked & present & SSE ? GP : -1);
    }
  });

  it("clears what a compacted image has no room for, and refuses what lies outside its components", () => {
    setUpper(HIGH);
    fillImage(INITIAL_MXCSR);
    setHeader(2n, COMPACTED | 3n);
    expect(on(XRSTOR, ALL)).toBe(-1);
    expect(loaded()).toEqual([0x33, 0]);
    setHeader(4n, COMPACTED | 3n);
    expect(on(XRSTOR, ALL)).toBe(GP);
  });

  it("refuses AVX state that XCR0 has not, also where none is asked for", () => {
    cpu.set64(XCR0, 3n);
    fillImage(INITIAL_MXCSR);
    setHeader(4n, 0n);
    expect(on(XRSTOR, SSE)).toBe(GP);
    setHeader(0n, COMPACTED | 7n);
    expect(on(XRSTOR, SSE)).toBe(GP);
  });
});

describe("XCR0", () => {
  const set = (mask: number): number => {
    model.set(RCX, 0n);
    model.set(RAX, BigInt(mask));
    model.set(RDX, 0n);
    return model.step(0x0f, 0x01, 0xd1);
  };

  it("takes AVX state together with SSE's", () => {
    expect([1, 2, 3, 4, 5, 6, 7, 15].map(set)).toEqual([-1, GP, -1, GP, GP, GP, -1, GP]);
    expect(cpu.get64(XCR0)).toBe(7n);
  });

  it("is told by XGETBV, and with ECX of 1 what of it is in use", () => {
    const used = (): bigint => {
      model.set(RCX, 1n);
      expect(model.step(0x0f, 0x01, 0xd0)).toBe(-1);
      return model.get(RAX);
    };
    expect(used()).toBe(2n);
    setUpper(HIGH, 15);
    expect(used()).toBe(6n);
    cpu.set64(XCR0, 3n);
    expect(used()).toBe(2n);
    cpu.set64(XCR0, 7n);
    start();
    setUpper(HIGH, 8);
    expect(used()).toBe(0n);
  });
});

it("FXSAVE and FXRSTOR leave upper halves alone, and INIT does, which RESET clears", () => {
  setUpper(HIGH);
  model.cr4 = OSXSAVE | 0x200;
  expect([on([0x0f, 0xae, 0x03], 0), machine.u8(DATA + IMAGE_YMM)]).toEqual([-1, OLD]);
  expect([on([0x0f, 0xae, 0x0b], 0), loaded()[1]]).toEqual([-1, 0x22]);
  cpu.runtime.initialize();
  expect([loaded(), cpu.get64(XCR0)]).toEqual([[0x11, 0x22], 7n]);
  cpu.reset();
  expect([loaded(), cpu.get64(XCR0)]).toEqual([[0, 0], 1n]);
});
