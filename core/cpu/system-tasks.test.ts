import { beforeEach, describe, expect, it } from "vitest";
import type { Assembler } from "../assembler/assembler.ts";
import { far } from "../assembler/operands.ts";
import { CR0, SEGMENT_BASE, SEGMENT_SIZE, SEGMENTS } from "./layout.ts";
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
  LDT,
  LDT_BASE,
  TASK,
  TSS,
  USER_STACK,
  World,
} from "./testing/protected-world.ts";

const world = new World();
const { machine } = world;
const { cpu } = machine;

const NT = 0x4000;
const VM = 0x20000;

/** The other task: its selector, TSS, code and stack. */
const OTHER = FREE;
const OTHER_TSS = 0x14000;
const OTHER_CODE = 0x50000;
const OTHER_STACK = 0x60000;
const SMALL = FREE + 8;
const SMALL_TSS = 0x15000;

interface Task {
  eip: number;
  eflags: number;
  esp: number;
  ldt: number;
  trap: number;
  selectors: readonly [es: number, cs: number, ss: number, ds: number, fs: number, gs: number];
}

const flat: Task["selectors"] = [DATA0, CODE0, DATA0, DATA0, 0, 0];

function writeTask(task: Partial<Task> = {}, access = 0x89): void {
  const { eip = OTHER_CODE, eflags = 2, esp = OTHER_STACK, ldt = 0, trap = 0, selectors = flat } = task;
  const { view } = machine;
  world.setDescriptor(OTHER, descriptor(OTHER_TSS, 0x67, access, 0));
  view.setUint32(OTHER_TSS + 0x20, eip, true);
  view.setUint32(OTHER_TSS + 0x24, eflags, true);
  for (let n = 0; n < 8; n++) view.setUint32(OTHER_TSS + 0x28 + n * 4, 0x1000 * (n + 1), true);
  view.setUint32(OTHER_TSS + 0x38, esp, true);
  selectors.forEach((selector, n) => {
    view.setUint32(OTHER_TSS + 0x48 + n * 4, selector, true);
  });
  view.setUint32(OTHER_TSS + 4, INNER_STACKS[0], true);
  view.setUint32(OTHER_TSS + 8, DATA0, true);
  view.setUint32(OTHER_TSS + 0x60, ldt, true);
  view.setUint16(OTHER_TSS + 0x64, trap, true);
}

const access = (selector: number): number => Number((world.descriptorOf(selector) >> 40n) & 0xffn);

const other = (code: (a: Assembler) => void) => machine.assemble(OTHER_CODE, 32, code);

const jump = (a: Assembler): void => {
  a.label("fault");
  a.jmp(far(OTHER, 0));
};

beforeEach(() => {
  world.reset();
  writeTask();
});

describe("task switches", () => {
  it("JMP saves one task and loads the other", () => {
    other((a) => a.hlt());
    const at = world.run((a) => {
      a.mov("ebx", 0x1234);
      a.stc();
      a.jmp(far(OTHER, 0));
      a.label("next");
    });
    expect(machine.ip).toBe(OTHER_CODE + 1);
    expect(machine.get("ecx")).toBe(0x2000);
    expect(machine.get("esp")).toBe(OTHER_STACK);
    expect(machine.u32(TSS + 0x20)).toBe(at("next"));
    expect(machine.u32(TSS + 0x24) & 0xfff).toBe(3);
    expect(machine.u32(TSS + 0x34)).toBe(0x1234);
    expect(machine.u16(TSS + 0x4c)).toBe(CODE0);
    expect(access(TASK)).toBe(0x89);
    expect(access(OTHER)).toBe(0x8b);
    expect(world.selector(7)).toBe(OTHER);
    expect(cpu.get32(CR0) & 8).toBe(8);
    expect(cpu.eflags & NT).toBe(0);
  });

  it("CALL nests, and IRET with NT returns", () => {
    other((a) => {
      a.pushfd();
      a.pop("[0x70000]");
      a.iretd();
    });
    world.run((a) => {
      a.mov("ebx", 0x1234);
      a.call(far(OTHER, 0));
      a.hlt();
    });
    expect(machine.get("ebx")).toBe(0x1234);
    expect(machine.u32(0x70000) & NT).toBe(NT);
    expect(machine.u16(OTHER_TSS)).toBe(TASK);
    expect(access(TASK)).toBe(0x8b);
    expect(access(OTHER)).toBe(0x89);
    expect(machine.u32(OTHER_TSS + 0x24) & NT).toBe(0);
    expect(world.selector(7)).toBe(TASK);
  });

  it("an exception through a task gate gives its error code to the new task's stack", () => {
    world.setGate(13, gate(OTHER, 0, 0x85));
    other((a) => {
      a.pop("eax");
      a.hlt();
    });
    world.run((a) => {
      a.mov("ecx", 0x2008);
      a.label("fault");
      a.mov("es", "cx");
    });
    expect(machine.get("eax")).toBe(0x2008);
    expect(machine.u32(TSS + 0x20)).toBe(CODE + 5);
    expect(machine.u16(OTHER_TSS)).toBe(TASK);
    expect(machine.get("esp")).toBe(OTHER_STACK);
  });

  it("goes to level 3, with an LDT", () => {
    world.setDescriptor(0x0c, descriptor(0x1000, 0xffff, 0xf2, 4));
    writeTask({ ldt: LDT, esp: USER_STACK, selectors: [0x0f, CODE3, DATA3, DATA3, 0, 0] });
    other((a) => {
      a.mov("eax", "cs");
      a.ud2();
    });
    world.run(jump);
    expect(machine.get("eax")).toBe(CODE3);
    expect(world.frame).toMatchObject({ vector: 6, sp: USER_STACK, ss: DATA3 });
    expect(cpu.get64(SEGMENTS + SEGMENT_BASE)).toBe(0x1000n);
    expect(cpu.get64(SEGMENTS + 6 * SEGMENT_SIZE + SEGMENT_BASE)).toBe(BigInt(LDT_BASE));
  });

  it("goes to virtual-8086 mode", () => {
    writeTask({ eip: 0, eflags: VM | 2, esp: 0x100, selectors: [1, 0x5000, 0x6000, 3, 4, 5] });
    machine.assemble(OTHER_CODE, 16, (a) => {
      a.mov("ax", "ds");
      a.ud2();
    });
    world.run(jump);
    expect(machine.get("eax") & 0xffff).toBe(3);
    expect(world.frame).toMatchObject({ vector: 6, cs: 0x5000, ip: 2, ss: 0x6000, sp: 0x100 });
  });

  it("16-bit tasks have their own layout", () => {
    const { view } = machine;
    world.setDescriptor(SMALL, descriptor(SMALL_TSS, 0x2b, 0x81, 0));
    world.setDescriptor(SMALL + 8, descriptor(OTHER_CODE, 0xffff, 0x9b, 0));
    view.setUint16(SMALL_TSS + 0x0e, 0x10, true);
    view.setUint16(SMALL_TSS + 0x10, 3, true);
    for (let n = 0; n < 8; n++) view.setUint16(SMALL_TSS + 0x12 + n * 2, 0x111 * (n + 1), true);
    [DATA0, SMALL + 8, DATA0, DATA0].forEach((selector, n) => {
      view.setUint16(SMALL_TSS + 0x22 + n * 2, selector, true);
    });
    machine.assemble(OTHER_CODE + 0x10, 16, (a) => a.hlt());
    world.run((a) => a.jmp(far(SMALL, 0)));
    expect(cpu.halted).toBe(1);
    expect(machine.ip).toBe(0x11);
    expect(machine.get("ebx")).toBe(0xffff0444);
    expect(cpu.eflags & 1).toBe(1);
    expect(world.selector(4)).toBe(0);
  });

  it("a task gate takes its own DPL, not the task's", () => {
    world.setDescriptor(SMALL, gate(OTHER, 0, 0x85 | dpl(3)));
    other((a) => a.hlt());
    world.run((a) => a.jmp(far(SMALL | 3, 0)), 3);
    expect(machine.ip).toBe(OTHER_CODE + 1);
    world.reset();
    writeTask();
    expect(world.fault(jump, 3)).toEqual([13, OTHER]);
  });

  it("the T bit traps before the new task's first instruction", () => {
    writeTask({ trap: 1 });
    world.run(jump);
    expect(world.frame).toMatchObject({ vector: 1, ip: OTHER_CODE });
    expect(cpu.get32(0x130 + 48) & 0x8000).toBe(0x8000);
  });
});

describe("faults of task switches", () => {
  it("in the old task: busy, absent, small, not in the GDT", () => {
    writeTask({}, 0x8b);
    expect(world.fault(jump)).toEqual([13, OTHER]);
    writeTask({}, 0x09);
    expect(world.fault(jump)).toEqual([11, OTHER]);
    world.setDescriptor(OTHER, descriptor(OTHER_TSS, 0x66, 0x89, 0));
    expect(world.fault(jump)).toEqual([10, OTHER]);
    expect(access(TASK)).toBe(0x8b);
    expect(world.selector(7)).toBe(TASK);
  });

  /** Fault of a level 3 task that cannot be loaded: it is at that task's first instruction. */
  const loading = (task: Partial<Task>) => {
    world.reset();
    world.setDescriptor(SMALL, descriptor(0, 0xfffff, 0x13 | dpl(3), FLAT));
    world.setDescriptor(SMALL + 8, descriptor(0, 0xfff, CODE_XR | dpl(3), 4));
    writeTask({ esp: USER_STACK, ...task });
    world.run((a) => a.jmp(far(OTHER, 0)));
    const { vector, error, ip } = world.frame;
    expect(ip).toBe(OTHER_CODE);
    expect(world.selector(7)).toBe(OTHER);
    return [vector, error];
  };

  it("in the new task: LDT, code, stack and data by #TS, #SS and #NP", () => {
    const selectors: Task["selectors"] = [DATA3, CODE3, DATA3, DATA3, 0, 0];
    const user = DATA3 & ~3;
    expect(loading({ selectors, ldt: TASK })).toEqual([10, TASK]);
    expect(loading({ selectors: [DATA3, DATA3, DATA3, DATA3, 0, 0] })).toEqual([10, user]);
    expect(loading({ selectors: [DATA3, CODE3, user, DATA3, 0, 0] })).toEqual([10, user]);
    expect(loading({ selectors: [DATA3, CODE3, SMALL | 3, DATA3, 0, 0] })).toEqual([12, SMALL]);
    expect(loading({ selectors: [DATA3, CODE3, DATA3, DATA0, 0, 0] })).toEqual([10, DATA0]);
    expect(loading({ selectors: [DATA3, CODE3, DATA3, DATA3, SMALL | 3, 0] })).toEqual([11, SMALL]);
    expect(loading({ selectors: [DATA3, CODE3, DATA3, DATA3, 0, 0x1000] })).toEqual([10, 0x1000]);
  });

  it("an entry beyond the code segment is #GP(0)", () => {
    expect(loading({ selectors: [DATA3, (SMALL + 8) | 3, DATA3, DATA3, 0, 0] })).toEqual([13, 0]);
  });
});
