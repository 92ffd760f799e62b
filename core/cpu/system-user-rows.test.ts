// Instructions that no host lets a program run, or not everywhere: what the manual says of them. [SDM] vol. 2.

import { beforeEach, describe, expect, it } from "vitest";
import { CR4, RIP, SEGMENT_BASE, SEGMENT_SIZE, SEGMENTS, XCR0 } from "./layout.ts";
import { DEFAULT_CPU } from "./models/catalogue.ts";
import { CODE, userMachine } from "./testing/differential.ts";
import { DATA, ModelMachine, RAX, RCX, RDX } from "./testing/model-machine.ts";
import { descriptor, FLAT, FREE, CODE as MODEL_CODE, TSS } from "./testing/protected-world.ts";

const model = new ModelMachine(DEFAULT_CPU);
const { machine } = model;
const { cpu } = machine;

const RSI = 6;
const RDI = 7;
const UD = 6;
const GP = 13;
const DF = 0x400;
const CR4_TSD = 0x4;
const CR4_OSXSAVE = 0x40000;

beforeEach(() => model.reset());

describe("INSB and OUTSB", () => {
  const PORT = 0x60;

  beforeEach(() => {
    machine.answers.set(PORT, 0x5a);
    model.set(RDX, BigInt(PORT));
    model.set(RSI, BigInt(DATA));
    model.set(RDI, BigInt(DATA));
  });

  it("INSB takes a byte from port DX to ES:EDI, and EDI up or down", () => {
    expect(model.step(0x6c)).toBe(-1);
    expect(machine.accesses).toMatchObject([{ kind: "in", address: PORT, width: 1 }]);
    expect([machine.u8(DATA), machine.u8(DATA + 1)]).toEqual([0x5a, 0]);
    expect(model.get(RDI)).toBe(BigInt(DATA + 1));
    cpu.eflags |= DF;
    expect(model.step(0x6c)).toBe(-1);
    expect([machine.u8(DATA + 1), model.get(RDI)]).toEqual([0x5a, BigInt(DATA)]);
  });

  it("OUTSB gives a byte of DS:ESI to port DX, or of another segment", () => {
    machine.write(DATA, Uint8Array.of(0x77));
    expect(model.step(0x6e)).toBe(-1);
    expect(machine.accesses).toEqual([{ kind: "out", address: PORT, width: 1, value: 0x77 }]);
    expect(model.get(RSI)).toBe(BigInt(DATA + 1));
    model.world.setRegister(0, FREE, descriptor(DATA, 0xfffff, 0x93, FLAT));
    model.set(RSI, 0n);
    expect(model.step(0x26, 0x6e)).toBe(-1);
    expect(machine.accesses[1]).toMatchObject({ kind: "out", value: 0x77 });
  });

  it("repeat ECX times", () => {
    model.set(RCX, 3n);
    do expect(model.step(0xf3, 0x6c)).toBe(-1);
    while (machine.ip === MODEL_CODE);
    expect(machine.accesses).toHaveLength(3);
    expect([model.get(RCX), model.get(RDI)]).toEqual([0n, BigInt(DATA + 3)]);
  });

  it("in 64-bit code use all of RSI and RDI, or with 67 their halves", () => {
    model.enterLong();
    model.set(RDI, 0x1_0000_0000n + BigInt(DATA));
    expect(model.step(0x67, 0x6c)).toBe(-1);
    expect([machine.u8(DATA), model.get(RDI)]).toEqual([0x5a, BigInt(DATA + 1)]);
  });

  it("at level 3 are #GP(0) where neither IOPL nor the TSS allows the port", () => {
    // The map of ports lies beyond the TSS.
    machine.view.setUint16(TSS + 0x66, 0xffff, true);
    expect(model.world.fault((a) => a.db(0x6c), 3)).toEqual([GP, 0]);
    expect(model.world.fault((a) => a.db(0x6e), 3)).toEqual([GP, 0]);
    expect(machine.accesses).toEqual([]);
  });
});

describe("INVD", () => {
  it("keeps memory as it is, and is for level 0 alone", () => {
    machine.write(DATA, Uint8Array.of(1, 2, 3));
    expect(model.step(0x0f, 0x08)).toBe(-1);
    expect(machine.u32(DATA)).toBe(0x30201);
    expect(model.world.fault((a) => a.db(0x0f, 0x08), 3)).toEqual([GP, 0]);
  });
});

describe("LDS", () => {
  /** LDS EAX, [DATA]. */
  const LDS = [0xc5, 0x05, ...new Uint8Array(Uint32Array.of(DATA).buffer)];

  it("loads a register and DS, of 32 and of 16 bits", () => {
    model.world.setDescriptor(FREE, descriptor(0x4000, 0xffff, 0x93, FLAT));
    machine.view.setUint32(DATA, 0x12345678, true);
    machine.view.setUint16(DATA + 4, FREE, true);
    expect(model.step(...LDS)).toBe(-1);
    expect([machine.get("eax"), model.world.selector(3)]).toEqual([0x12345678, FREE]);
    expect(cpu.get32(SEGMENTS + 3 * SEGMENT_SIZE + SEGMENT_BASE)).toBe(0x4000);
    model.reset();
    model.world.setDescriptor(FREE, descriptor(0x4000, 0xffff, 0x93, FLAT));
    machine.view.setUint32(DATA, FREE * 0x10000 + 0x9abc, true);
    machine.set("eax", 0xffff0000);
    expect(model.step(0x66, ...LDS)).toBe(-1);
    expect([machine.get("eax"), model.world.selector(3)]).toEqual([0xffff9abc, FREE]);
  });

  it("changes neither when the selector is refused", () => {
    const old = model.world.selector(3);
    machine.view.setUint16(DATA + 4, 0xfff8, true);
    machine.set("eax", 7);
    expect(model.step(...LDS)).toBe(GP);
    expect([machine.get("eax"), model.world.selector(3)]).toEqual([7, old]);
  });

  it("has no register form, and is not in 64-bit code", () => {
    expect(model.step(0xc5, 0xc0)).toBe(UD);
    model.enterLong();
    expect(model.step(0xc5, 0x04, 0x25, 0, 0x80, 0, 0)).toBe(UD);
  });
});

describe("RDTSCP", () => {
  const RDTSCP = [0x0f, 0x01, 0xf9];

  it("gives the counter as RDTSC does and IA32_TSC_AUX, upper halves zero", () => {
    expect(model.wrmsr(0xc000_0103, 0x1234_5678n)).toBe(true);
    for (const register of [RAX, RCX, RDX]) model.set(register, -1n);
    model.enterLong();
    expect(model.step(...RDTSCP)).toBe(-1);
    expect(model.get(RCX)).toBe(0x1234_5678n);
    const first = model.get(RAX) | (model.get(RDX) << 32n);
    expect(model.get(RAX) >> 32n).toBe(0n);
    expect(model.get(RDX)).toBe(0n);
    expect(model.step(0x0f, 0x31)).toBe(-1);
    expect(model.get(RAX)).toBeGreaterThan(first);
  });

  it("CR4.TSD keeps it from level 3", () => {
    expect(model.world.fault((a) => a.db(...RDTSCP, 0x0f, 0x0b), 3)[0]).toBe(UD);
    cpu.set64(CR4, BigInt(CR4_TSD));
    expect(model.world.fault((a) => a.db(...RDTSCP, 0x0f, 0x0b), 3)).toEqual([GP, 0]);
  });
});

describe("XSETBV", () => {
  const set = (mask: number, register = 0, high = 0): number => {
    model.set(RCX, BigInt(register));
    model.set(RAX, BigInt(mask));
    model.set(RDX, BigInt(high));
    return model.step(0x0f, 0x01, 0xd1);
  };

  it("XCR0 takes what the processor has, x87 always, as XGETBV then tells", () => {
    model.cr4 = CR4_OSXSAVE;
    expect(set(3)).toBe(-1);
    model.set(RCX, 0n);
    expect(model.step(0x0f, 0x01, 0xd0)).toBe(-1);
    expect([model.get(RAX), model.get(RDX)]).toEqual([3n, 0n]);
    expect(set(1)).toBe(-1);
    expect(cpu.get64(XCR0)).toBe(1n);
  });

  it("is #GP for anything else, and changes nothing", () => {
    model.cr4 = CR4_OSXSAVE;
    const old = cpu.get64(XCR0);
    for (const [mask, register, high] of [
      [2, 0, 0],
      [0, 0, 0],
      [0x103, 0, 0],
      [3, 0, 1],
      [3, 1, 0],
    ] as const) {
      expect([mask, register, high, set(mask, register, high)]).toEqual([mask, register, high, GP]);
    }
    expect(cpu.get64(XCR0)).toBe(old);
  });

  it("needs CR4.OSXSAVE, and level 0", () => {
    expect(set(3)).toBe(UD);
    model.enterLong(3);
    model.cr4 = CR4_OSXSAVE;
    expect(set(3)).toBe(GP);
  });
});

describe("RDFSBASE, RDGSBASE, WRFSBASE and WRGSBASE", () => {
  const user = userMachine(64);
  const CR4_HERE = user.cpu.get64(CR4);
  const FSGSBASE = 1n << 16n;
  /** Steps F3 [REX] 0F AE /`operation`, with EAX. */
  const step = (operation: number, rex?: number): number => {
    const code = [0xf3, ...(rex ? [rex] : []), 0x0f, 0xae, 0xc0 | (operation << 3)];
    user.write(CODE, Uint8Array.from(code));
    user.cpu.set64(RIP, BigInt(CODE));
    return user.cpu.step();
  };
  const base = (segment: number): number => SEGMENTS + segment * SEGMENT_SIZE + SEGMENT_BASE;
  const VALUE = 0x7abc_1234_9876_5432n;
  const CANONICAL = VALUE >> 16n;

  it.each([
    ["FS", 4, 0, 2],
    ["GS", 5, 1, 3],
  ])("move the base of %s, with REX.W all of it, else 32 bits and zeros", (_, segment, read, write) => {
    user.cpu.set64(CR4, CR4_HERE | FSGSBASE);
    user.cpu.set64(0, CANONICAL);
    expect(step(write, 0x48)).toBe(-1);
    expect(user.cpu.get64(base(segment))).toBe(CANONICAL);
    user.cpu.set64(0, -1n);
    expect(step(read, 0x48)).toBe(-1);
    expect(user.cpu.get64(0)).toBe(CANONICAL);
    user.cpu.set64(0, -1n);
    expect(step(read)).toBe(-1);
    expect(user.cpu.get64(0)).toBe(CANONICAL & 0xffff_ffffn);
    user.cpu.set64(0, 0x5555_5555_1111_2222n);
    expect(step(write)).toBe(-1);
    expect(user.cpu.get64(base(segment))).toBe(0x1111_2222n);
    user.cpu.set64(0, VALUE);
    expect(step(write, 0x48)).toBe(GP);
    expect(user.cpu.get64(base(segment))).toBe(0x1111_2222n);
  });

  it.each([0, 1, 2, 3])("/%i is #UD without CR4.FSGSBASE, and in 32-bit code", (operation) => {
    user.cpu.set64(CR4, CR4_HERE & ~FSGSBASE);
    expect(step(operation)).toBe(UD);
    expect(model.step(0xf3, 0x0f, 0xae, 0xc0 | (operation << 3))).toBe(UD);
  });
});
