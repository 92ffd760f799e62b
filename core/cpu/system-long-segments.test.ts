import { beforeEach, describe, expect, it } from "vitest";
import type { Assembler } from "../assembler/assembler.ts";
import {
  CPL,
  CR0,
  GPR,
  MODE,
  MODE_CODE_SIZE,
  RIP,
  SEGMENT_ATTRIBUTES,
  SEGMENT_BASE,
  SEGMENT_LIMIT,
  SEGMENT_SIZE,
  SEGMENTS,
} from "./layout.ts";
import { DATA, ModelMachine, RAX, RDX } from "./testing/model-machine.ts";
import { CODE64_0, CODE64_3, PagedWorld } from "./testing/paged-world.ts";
import {
  CODE,
  CODE_XR,
  CODE0,
  CODE3,
  DATA0,
  DATA3,
  descriptor,
  dpl,
  FLAT,
  FREE,
  gate,
  INNER_STACKS,
  STACK,
  USER_STACK,
} from "./testing/protected-world.ts";

const world = new PagedWorld();
const { machine } = world;
const { cpu } = machine;

const UD = 6;
const NM = 7;
const GP = 13;
const CS = 1;
const SS = 2;
const LDTR = 6;
const TR = 7;
const UNUSABLE = 0x10000;

/** Where a far pointer of 16:32 is. */
const POINTER = 0x70000;
const INNER = 0x60000;
const GATE = FREE + 16;
const OUTER_GATE = FREE + 32;
const SYSTEM = FREE + 48;
const CALL_GATE = 0x8c;
const LDT_TYPE = 0x82;
const FREE_TASK = 0x89;
/** Code size in MODE. */
const CODE_64 = 2;

const segment = (number: number, field: number): number => SEGMENTS + number * SEGMENT_SIZE + field;
const register = (number: number): bigint => cpu.get64(GPR + number * 8);

/** A system descriptor of 16 bytes. */
function setWide(selector: number, low: bigint, high = 0n): void {
  world.setDescriptor(selector, low);
  world.setDescriptor(selector + 8, high);
}

function setPointer(selector: number, offset: number): void {
  machine.view.setUint32(POINTER, offset, true);
  machine.view.setUint16(POINTER + 4, selector, true);
}

/** CALL FAR [POINTER] and JMP FAR [POINTER], with a displacement alone. */
const callFar = (a: Assembler): void => a.db(0xff, 0x1c, 0x25, 0x00, 0x00, 0x07, 0x00);
const jmpFar = (a: Assembler): void => a.db(0xff, 0x2c, 0x25, 0x00, 0x00, 0x07, 0x00);

beforeEach(() => {
  world.reset();
  setWide(GATE, gate(CODE64_0, INNER, CALL_GATE));
  setWide(OUTER_GATE, gate(CODE64_0, INNER, CALL_GATE | dpl(3)));
  machine.write(INNER, Uint8Array.of(0xf4));
});

describe("a call gate in 64-bit code", () => {
  it("to the same level pushes CS and RIP, of 8 bytes each, and goes to 64 bits of offset", () => {
    setPointer(GATE, 0x1234);
    world.run64(callFar);
    expect(cpu.get64(RIP)).toBe(BigInt(INNER + 1));
    expect(register(4)).toBe(BigInt(STACK - 16));
    expect([0, 8].map((n) => machine.u32(STACK - 16 + n))).toEqual([CODE + 7, CODE64_0]);
  });

  it("to an inner level takes RSP from the TSS, makes SS null, and copies no parameters", () => {
    setWide(OUTER_GATE, gate(CODE64_0, INNER, CALL_GATE | dpl(3), 4));
    setPointer(OUTER_GATE, 0);
    world.run64(callFar, 3);
    expect(cpu.get64(RIP)).toBe(BigInt(INNER + 1));
    expect(cpu.get32(CPL)).toBe(0);
    const top = INNER_STACKS[0] - 32;
    expect(register(4)).toBe(BigInt(top));
    expect([0, 8, 16, 24].map((n) => machine.u32(top + n))).toEqual([CODE + 7, CODE64_3, USER_STACK, DATA3]);
    expect(world.selector(SS)).toBe(0);
    expect(cpu.get32(segment(SS, SEGMENT_ATTRIBUTES)) & UNUSABLE).toBe(UNUSABLE);
  });

  it("RETF goes back from there to where it was called", () => {
    // REX.W RETF: 8 bytes each.
    machine.write(INNER, Uint8Array.of(0x48, 0xcb));
    setPointer(OUTER_GATE, 0);
    // HLT is not for level 3.
    world.run64((a) => {
      callFar(a);
      a.mov("eax", 0x55);
      a.ud2();
    }, 3);
    expect(world.fault64?.vector).toBe(UD);
    expect(register(0)).toBe(0x55n);
    expect(world.selector(CS)).toBe(CODE64_0);
    const frame = Number(register(4));
    expect([8, 24, 32].map((n) => machine.u32(frame + n))).toEqual([CODE64_3, USER_STACK, DATA3]);
  });

  it.each<[string, () => void, number, 0 | 3]>([
    [
      "whose upper half has a type",
      () => setWide(GATE, gate(CODE64_0, INNER, CALL_GATE), 0x100n << 32n),
      GATE,
      0,
    ],
    ["to code that is not of 64 bits", () => setWide(GATE, gate(CODE0, INNER, CALL_GATE)), CODE0, 0],
    ["of an inner level's privilege alone", () => {}, GATE, 3],
  ])("%s is #GP(selector)", (_, prepare, error, level) => {
    prepare();
    setPointer(GATE, 0);
    world.run64(callFar, level);
    expect(world.fault64).toMatchObject({ vector: GP, error });
  });

  it("to an offset that is not canonical is #GP(0)", () => {
    setWide(GATE, gate(CODE64_0, INNER, CALL_GATE), 0x8000n);
    setPointer(GATE, 0);
    world.run64(callFar);
    expect(world.fault64).toMatchObject({ vector: GP, error: 0 });
  });
});

describe("LDTs and tasks of 16 bytes", () => {
  const BASE = 0x12_3456_7000n;

  it("LLDT and LTR take a base of 64 bits", () => {
    for (const [type, modrm, number] of [
      [LDT_TYPE, 0xd0, LDTR],
      [FREE_TASK, 0xd8, TR],
    ] as const) {
      setWide(SYSTEM, descriptor(Number(BASE & 0xffffffffn), 0x67, type, 0), BASE >> 32n);
      world.run64((a) => {
        a.mov("eax", SYSTEM);
        a.db(0x0f, 0x00, modrm);
      });
      expect(world.fault64).toBeUndefined();
      expect(cpu.get64(segment(number, SEGMENT_BASE))).toBe(BASE);
      expect(cpu.get32(segment(number, SEGMENT_LIMIT))).toBe(0x67);
    }
  });

  it.each([
    ["a base that is not canonical", 0x8000n],
    ["a type in the upper half", 0x100n << 32n],
  ])("with %s are #GP(selector)", (_, high) => {
    for (const [type, modrm] of [
      [LDT_TYPE, 0xd0],
      [FREE_TASK, 0xd8],
    ] as const) {
      setWide(SYSTEM, descriptor(0x1000, 0x67, type, 0), high);
      world.run64((a) => {
        a.mov("eax", SYSTEM);
        a.db(0x0f, 0x00, modrm);
      });
      expect(world.fault64).toMatchObject({ vector: GP, error: SYSTEM });
    }
  });

  it("that their table cuts in two are #GP(selector)", () => {
    const last = 0xff8;
    world.setDescriptor(last, descriptor(0x1000, 0x67, LDT_TYPE, 0));
    world.run64((a) => {
      a.mov("eax", last);
      a.db(0x0f, 0x00, 0xd0);
    });
    expect(world.fault64).toMatchObject({ vector: GP, error: last });
  });
});

describe("LAR, LSL, VERR and VERW in 64-bit code", () => {
  /** RCX after `0F opcode` of RAX with RCX all ones, whether ZF is set. */
  const look = (opcode: number, selector: number, level: 0 | 3 = 0): bigint | undefined => {
    world.run64((a) => {
      a.mov("eax", selector);
      a.mov("rcx", -1n);
      a.db(0x0f, opcode, 0xc8);
      a.setz("bl");
      // Level 3 may not halt.
      if (level) a.ud2();
    }, level);
    return register(3) & 1n ? register(1) : undefined;
  };
  const LAR = 0x02;
  const LSL = 0x03;

  it("know the system types that long mode has, and no others", () => {
    const known = (opcode: number): number[] =>
      Array.from({ length: 16 }, (_, type) => type).filter((type) => {
        setWide(SYSTEM, descriptor(0x1000, 0x67, 0x80 | type, 0));
        return look(opcode, SYSTEM) !== undefined;
      });
    expect(known(LAR)).toEqual([2, 9, 11, 12]);
    expect(known(LSL)).toEqual([2, 9, 11]);
  });

  it("give rights and limits of 32 bits, and leave the rest of the register zero", () => {
    expect(look(LAR, DATA0)).toBe(0x00cf9300n);
    expect(look(LSL, DATA0)).toBe(0xffffffffn);
    expect(look(LAR, CODE64_0)).toBe(0x00af9b00n);
  });

  it("go by privilege, which conforming code does not need", () => {
    expect(look(LAR, DATA0, 3)).toBeUndefined();
    expect(look(LSL, DATA3, 3)).toBe(0xffffffffn);
    world.setDescriptor(SYSTEM, descriptor(0, 0xfffff, 0x9f, 0xa));
    expect(look(LAR, SYSTEM, 3)).toBe(0x00af9f00n);
  });

  it("VERR and VERW answer for 64-bit code as for any", () => {
    const verify = (modrm: number, selector: number): boolean => {
      world.run64((a) => {
        a.mov("eax", selector);
        a.db(0x0f, 0x00, modrm);
        a.setz("bl");
      });
      return (register(3) & 1n) === 1n;
    };
    const VERR = 0xe0;
    const VERW = 0xe8;
    expect([CODE64_0, DATA0, 0, SYSTEM].map((selector) => verify(VERR, selector))).toEqual([
      true,
      true,
      false,
      false,
    ]);
    expect([CODE64_0, DATA0].map((selector) => verify(VERW, selector))).toEqual([false, true]);
  });
});

describe("far transfers between 64-bit and compatibility code", () => {
  it("a jump goes to 32-bit code, and a jump from there back", () => {
    setPointer(CODE0, INNER);
    machine.assemble(INNER, 32, (a) => {
      // Of 64 bits this would be a REX prefix.
      a.mov("eax", 0x7fffffff);
      a.inc("eax");
      // JMP FAR CODE64_0:INNER+0x100
      a.db(0xea, 0x00, 0x01, 0x06, 0x00, CODE64_0, 0x00);
    });
    machine.assemble(INNER + 0x100, 64, (a) => {
      a.mov("rbx", 0x1_0000_0000n);
      a.hlt();
    });
    world.run64(jmpFar);
    expect(world.selector(CS)).toBe(CODE64_0);
    expect(cpu.get32(MODE) & MODE_CODE_SIZE).toBe(CODE_64);
    expect(register(0)).toBe(0x80000000n);
    expect(register(3)).toBe(0x1_0000_0000n);
  });

  it("a call of 32-bit code pushes 4 bytes each by its operand size, and RETF returns", () => {
    setPointer(CODE0, INNER);
    machine.assemble(INNER, 32, (a) => {
      a.mov("esi", "esp");
      // RETF
      a.db(0xcb);
    });
    world.run64((a) => {
      callFar(a);
      a.mov("rbx", 0x1_0000_0000n);
    });
    expect(world.fault64).toBeUndefined();
    expect(register(6)).toBe(BigInt(STACK - 8));
    expect(register(4)).toBe(BigInt(STACK));
    expect(register(3)).toBe(0x1_0000_0000n);
  });

  it("the user may jump between the two", () => {
    setPointer(CODE3, INNER);
    machine.assemble(INNER, 32, (a) => a.ud2());
    world.run64(jmpFar, 3);
    expect(world.fault64?.vector).toBe(UD);
    const frame = Number(register(4));
    expect([0, 8].map((n) => machine.u32(frame + n))).toEqual([INNER, CODE3]);
  });

  it("a descriptor with both L and D is #GP(selector)", () => {
    world.setDescriptor(SYSTEM, descriptor(0, 0xfffff, CODE_XR, FLAT | 2));
    setPointer(SYSTEM, INNER);
    world.run64(jmpFar);
    expect(world.fault64).toMatchObject({ vector: GP, error: SYSTEM });
  });

  it("far pointers in the instruction are there in compatibility code alone", () => {
    world.run64((a) => a.db(0xea, 0x00, 0x00, 0x06, 0x00, CODE0, 0x00));
    expect(world.fault64?.vector).toBe(UD);
    world.run64((a) => a.db(0x9a, 0x00, 0x00, 0x06, 0x00, CODE0, 0x00));
    expect(world.fault64?.vector).toBe(UD);
  });

  it("a task gate does not exist: #GP(selector)", () => {
    setWide(SYSTEM, gate(0x28, 0, 0x85));
    setPointer(SYSTEM, 0);
    world.run64(callFar);
    expect(world.fault64).toMatchObject({ vector: GP, error: SYSTEM });
  });
});

describe("the XSAVE family", () => {
  const OSXSAVE = 0x40000;
  const TS = 8;
  const family: [string, number[]][] = [
    ["XSAVE", [0x0f, 0xae, 0x20]],
    ["XRSTOR", [0x0f, 0xae, 0x28]],
    ["XSAVEOPT", [0x0f, 0xae, 0x30]],
    ["XSAVEC", [0x0f, 0xc7, 0x20]],
  ];
  const model = new ModelMachine({ model: "x86-64-v2", vendor: "intel" });

  /** The exception of an instruction on an image of zeros. */
  const met = (bytes: number[], cr4: number, cr0 = 0): number => {
    model.reset();
    model.enterLong();
    model.cr4 = cr4;
    model.machine.cpu.set32(CR0, 0x31 | cr0);
    model.machine.write(DATA, new Uint8Array(1024));
    model.set(RAX, BigInt(DATA));
    model.set(RDX, 0n);
    return model.step(...bytes);
  };

  it.each(family)("%s needs CR4.OSXSAVE, and a unit that no other task has", (_, bytes) => {
    expect(met(bytes, OSXSAVE)).toBe(-1);
    expect(met(bytes, 0)).toBe(UD);
    expect(met(bytes, OSXSAVE, TS)).toBe(NM);
    expect(met(bytes, 0, TS)).toBe(UD);
  });

  it("XGETBV needs CR4.OSXSAVE alone", () => {
    const get = (cr4: number, cr0: number): number => {
      model.reset();
      model.cr4 = cr4;
      model.machine.cpu.set32(CR0, 0x31 | cr0);
      model.set(1, 0n);
      return model.step(0x0f, 0x01, 0xd0);
    };
    expect([get(0, 0), get(OSXSAVE, 0), get(OSXSAVE, TS)]).toEqual([UD, -1, -1]);
  });
});
