import { beforeEach, describe, expect, it } from "vitest";
import {
  CR0,
  FPU_CONTROL,
  FPU_STATUS,
  FPU_TAGS,
  RIP,
  SEGMENT_ATTRIBUTES,
  SEGMENT_BASE,
  SEGMENT_LIMIT,
  SEGMENT_SELECTOR,
  SEGMENT_SIZE,
  SEGMENTS,
} from "./layout.ts";
import { CODE, DATA, userMachine } from "./testing/differential.ts";
import { Machine } from "./testing/machine.ts";

const MF = 16;
const NM = 7;
const GP = 13;
const EM = 4n;
const MP = 2n;
const TS = 8n;
const NE = 0x20n;

const FLD1 = [0xd9, 0xe8];
const FWAIT = [0x9b];
const FNINIT = [0xdb, 0xe3];
const FNCLEX = [0xdb, 0xe2];
const FNSTSW_AX = [0xdf, 0xe0];
const FDIV_BY_ZERO = [0xd8, 0xf1];

let machine: Machine;

function step(code: readonly number[], at = CODE): number {
  machine.cpu.runtime.physicalWrite(at, code.length);
  machine.write(at, new Uint8Array(code));
  machine.cpu.set64(RIP, BigInt(at));
  return machine.cpu.step();
}

/** An instruction with a 32-bit address as its memory operand. */
const at = (opcode: number, reg: number, address: number): number[] => [
  opcode,
  (reg << 3) | 5,
  ...[0, 8, 16, 24].map((shift) => (address >>> shift) & 0xff),
];

const top = (): number => (machine.cpu.get32(FPU_STATUS) >> 11) & 7;
const setCr0 = (value: bigint): void => machine.cpu.set64(CR0, value);
const cr0 = (): bigint => machine.cpu.get64(CR0);

/** ST(0) = 1, ST(1) = 0, divided with ZE unmasked: an exception is pending. */
function divideByZero(): void {
  step(FNINIT);
  machine.cpu.set32(FPU_CONTROL, 0x37b);
  step([0xd9, 0xee]);
  step(FLD1);
  expect(step(FDIV_BY_ZERO)).toBe(-1);
}

beforeEach(() => {
  machine = userMachine();
  step(FNINIT);
});

describe("who may use the x87", () => {
  it("is nobody while it is emulated or another task's", () => {
    for (const bit of [EM, TS]) {
      setCr0((cr0() & ~(EM | TS)) | bit);
      for (const code of [FLD1, FNINIT, FNSTSW_AX, at(0xd9, 7, DATA)]) expect(step(code)).toBe(NM);
    }
  });

  it("is told by FWAIT only when CR0.MP and CR0.TS are both set", () => {
    const rest = cr0() & ~(MP | TS);
    setCr0(rest | TS);
    expect(step(FWAIT)).toBe(-1);
    setCr0(rest | MP);
    expect(step(FWAIT)).toBe(-1);
    setCr0(rest | MP | TS);
    expect(step(FWAIT)).toBe(NM);
  });
});

describe("an unmasked exception", () => {
  it("is met by the next waiting instruction, and by no other", () => {
    divideByZero();
    const before = machine.cpu.get32(FPU_STATUS);
    expect(step(FNSTSW_AX)).toBe(-1);
    expect(machine.get("eax") & 0xffff).toBe(before & 0xffff);
    expect(step(FLD1)).toBe(MF);
    expect(step(FWAIT)).toBe(MF);
    expect(machine.cpu.get32(FPU_STATUS)).toBe(before);
    expect(step(FNCLEX)).toBe(-1);
    expect(step(FWAIT)).toBe(-1);
  });

  it("asserts FERR# when CR0.NE is clear, and holds the instruction until IGNNE# or FNCLEX", () => {
    setCr0(cr0() & ~NE);
    divideByZero();
    expect(machine.ferr).toBe(0);
    expect(step(FLD1)).toBe(-1);
    expect(machine.ferr).toBe(1);
    expect(machine.cpu.get64(RIP)).toBe(BigInt(CODE));
    // Time goes on meanwhile.
    const since = machine.cpu.instructions;
    machine.cpu.run(1000);
    expect(machine.cpu.instructions - since).toBeGreaterThanOrEqual(1000);
    expect(machine.cpu.get64(RIP)).toBe(BigInt(CODE));
    machine.ignne = true;
    const before = top();
    expect(step(FLD1)).toBe(-1);
    expect(machine.cpu.get64(RIP)).toBe(BigInt(CODE + FLD1.length));
    expect(top()).toBe((before - 1) & 7);
    machine.ignne = false;
    step(FNCLEX);
    step(FLD1);
    expect(machine.cpu.get64(RIP)).toBe(BigInt(CODE + FLD1.length));
  });
});

describe("the last instruction's addresses", () => {
  it("are kept for FNSTENV, and control instructions leave them alone", () => {
    // An ES override: FADD dword [DATA].
    expect(step([0x26, ...at(0xd8, 0, DATA)], CODE + 0x40)).toBe(-1);
    step(at(0xd9, 7, DATA + 4));
    expect(step(at(0xd9, 6, DATA + 16))).toBe(-1);
    const image = DATA + 16;
    expect(machine.u32(image)).toBe(0xffff037f);
    expect(machine.u32(image + 12)).toBe(CODE + 0x40);
    expect(machine.u32(image + 16)).toBe((0x005 << 16) | 0x0b);
    expect(machine.u32(image + 20)).toBe(DATA);
    expect(machine.u32(image + 24)).toBe(0xffff0013);
  });

  it("stay those of the last operand after a register form", () => {
    step(at(0xd9, 0, DATA));
    step([0xd8, 0xc3], CODE + 0x80);
    step(at(0xdd, 6, DATA + 16));
    expect(machine.u32(DATA + 16 + 12)).toBe(CODE + 0x80);
    expect(machine.u32(DATA + 16 + 16) >>> 16).toBe(0x0c3);
    expect(machine.u32(DATA + 16 + 20)).toBe(DATA);
  });
});

describe("real mode", () => {
  beforeEach(() => {
    machine = new Machine();
    for (let number = 0; number < 6; number++) {
      const place = SEGMENTS + number * SEGMENT_SIZE;
      machine.cpu.set64(place + SEGMENT_BASE, 0x10000n);
      machine.cpu.set32(place + SEGMENT_LIMIT, 0xffff);
      machine.cpu.set32(place + SEGMENT_SELECTOR, 0x1000);
      machine.cpu.set32(place + SEGMENT_ATTRIBUTES, number === 1 ? 0x9b : 0x93);
    }
    machine.cpu.runtime.updateMode();
    realStep(FNINIT);
  });

  /** At 1000:0200. */
  function realStep(code: readonly number[]): number {
    machine.cpu.runtime.physicalWrite(0x10200, code.length);
    machine.write(0x10200, new Uint8Array(code));
    machine.cpu.set64(RIP, 0x200n);
    return machine.cpu.step();
  }

  it("has environments of its own, of 14 and of 28 bytes", () => {
    // FILD word [5678h], whose opcode is DF 06.
    expect(realStep([0xdf, 0x06, 0x78, 0x56])).toBe(-1);
    // FNSTENV [4000h], with 16-bit and with 32-bit operands.
    expect(realStep([0xd9, 0x36, 0x00, 0x40])).toBe(-1);
    expect([0, 2, 4, 6, 8, 10, 12].map((offset) => machine.u16(0x14000 + offset))).toEqual([
      0x37f, 0x3800, 0x7fff, 0x200, 0x706, 0x5678, 0,
    ]);
    expect(machine.u16(0x1400e)).toBe(0);
    expect(realStep([0x66, 0xd9, 0x36, 0x00, 0x40])).toBe(-1);
    expect([12, 16, 20, 24].map((offset) => machine.u32(0x14000 + offset))).toEqual([
      0xffff0200, 0x706, 0xffff5678, 0,
    ]);
  });

  it("restores what FNSAVE has saved", () => {
    realStep([0xd9, 0xe8]);
    realStep([0xd9, 0xeb]);
    expect(realStep([0xdd, 0x36, 0x00, 0x40])).toBe(-1);
    expect(machine.cpu.get32(FPU_TAGS) & 0xff).toBe(0xff);
    expect(realStep([0xdd, 0x26, 0x00, 0x40])).toBe(-1);
    expect(top()).toBe(6);
    expect(machine.cpu.get32(FPU_TAGS) & 0xff).toBe(0x3f);
    // FSTP qword [5000h]: π.
    realStep([0xdd, 0x1e, 0x00, 0x50]);
    expect(machine.view.getFloat64(0x15000, true)).toBe(Math.PI);
  });
});

describe("a fault of the memory operand", () => {
  const DS = SEGMENTS + 3 * SEGMENT_SIZE;

  it("leaves the stack as it was", () => {
    step(FLD1);
    machine.cpu.set32(DS + SEGMENT_LIMIT, DATA + 7);
    machine.cpu.runtime.updateMode();
    const before = top();
    // FSTP qword, FLD qword, FSTP tbyte, FISTP word, FNSAVE: the first bytes of each fit.
    for (const code of [
      at(0xdd, 3, DATA + 4),
      at(0xdd, 0, DATA + 4),
      at(0xdb, 7, DATA),
      at(0xdf, 3, DATA + 7),
      at(0xdd, 6, DATA),
    ]) {
      expect(step(code)).toBe(GP);
      expect(top()).toBe(before);
      expect(machine.u32(DATA)).toBe(0);
      expect(machine.u32(DATA + 4)).toBe(0);
    }
    expect(machine.cpu.get32(FPU_TAGS) & 0xff).toBe(0x7f);
  });
});

describe("transcendental functions", () => {
  const x = 0.375;
  const y = 1.25;
  // Of ST(0) = x and ST(1) = y: opcode after D9, result in ST(0), and what is under it.
  it.each([
    ["F2XM1", 0xf0, 2 ** x - 1, y],
    ["FYL2X", 0xf1, y * Math.log2(x), undefined],
    ["FPTAN", 0xf2, 1, Math.tan(x)],
    ["FPATAN", 0xf3, Math.atan2(y, x), undefined],
    ["FSINCOS", 0xfb, Math.cos(x), Math.sin(x)],
    ["FSIN", 0xfe, Math.sin(x), y],
    ["FCOS", 0xff, Math.cos(x), y],
  ])("%s", (_, opcode, result, under) => {
    machine.view.setFloat64(DATA, x, true);
    machine.view.setFloat64(DATA + 8, y, true);
    step(at(0xdd, 0, DATA + 8));
    step(at(0xdd, 0, DATA));
    expect(step([0xd9, opcode])).toBe(-1);
    step(at(0xdd, 3, DATA));
    step(at(0xdd, 3, DATA + 8));
    expect(machine.view.getFloat64(DATA, true)).toBeCloseTo(result, 14);
    if (under === undefined) expect(machine.view.getUint32(DATA + 12, true)).toBe(0xfff80000);
    else expect(machine.view.getFloat64(DATA + 8, true)).toBeCloseTo(under, 14);
  });

  it("FYL2XP1", () => {
    const small = 2 ** -12;
    machine.view.setFloat64(DATA, small, true);
    step(FLD1);
    step(at(0xdd, 0, DATA));
    step([0xd9, 0xf9]);
    step(at(0xdd, 3, DATA));
    expect(machine.view.getFloat64(DATA, true)).toBeCloseTo(Math.log1p(small) / Math.LN2, 16);
  });
});

it("stores and loads 80 bits across two pages", () => {
  const address = DATA + 0xffb;
  step([0xd9, 0xeb]);
  expect(step(at(0xdb, 7, address))).toBe(-1);
  expect(top()).toBe(0);
  expect([machine.u32(address), machine.u32(address + 4), machine.u16(address + 8)]).toEqual([
    0x2168c235, 0xc90fdaa2, 0x4000,
  ]);
  expect(step(at(0xdb, 5, address))).toBe(-1);
  expect(step(at(0xdd, 3, DATA))).toBe(-1);
  expect(machine.view.getFloat64(DATA, true)).toBe(Math.PI);
});
