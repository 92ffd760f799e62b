import { beforeEach, describe, expect, it } from "vitest";
import { far } from "../assembler/operands.ts";
import { GDTR_BASE, IDTR_LIMIT, SEGMENT_ATTRIBUTES, SEGMENT_LIMIT, SEGMENTS } from "./layout.ts";
import {
  CODE_XR,
  CODE0,
  CODE3,
  DATA_RW,
  DATA0,
  DATA3,
  descriptor,
  dpl,
  FLAT,
  FREE,
  gate,
  HANDLERS,
  INNER_STACKS,
  LDT,
  STACK,
  TASK,
  USER_STACK,
  World,
} from "./testing/protected-world.ts";

const world = new World();
const { machine } = world;
const { cpu } = machine;

beforeEach(() => world.reset());

/** A fault of MOV to a segment register. */
const load = (register: string, selector: number, level: 0 | 3 = 0) =>
  world.fault((a) => {
    a.mov("eax", selector);
    a.label("fault");
    a.mov(register, "ax");
    a.hlt();
  }, level);

describe("loading data segments", () => {
  it("sets the accessed bit and takes the granularity into account", () => {
    world.setDescriptor(FREE, descriptor(0x123456, 0x10, 0x92, 8));
    world.run((a) => {
      a.mov("eax", FREE);
      a.mov("es", "ax");
      a.mov("ecx", "es");
      a.hlt();
    });
    expect(machine.get("ecx")).toBe(FREE);
    expect(world.descriptorOf(FREE)).toBe(descriptor(0x123456, 0x10, 0x93, 8));
    expect(cpu.get32(SEGMENTS + SEGMENT_LIMIT)).toBe(0x10fff);
    expect(cpu.get32(SEGMENTS + SEGMENT_ATTRIBUTES)).toBe(0x8093);
  });

  it("null can be loaded but not used", () => {
    const labels = world.run((a) => {
      a.xor("eax", "eax");
      a.mov("fs", "ax");
      a.label("fault");
      a.mov("eax", "[fs:0]");
    });
    expect(world.frame).toMatchObject({ vector: 13, error: 0, ip: labels("fault") });
  });

  it("beyond the table is #GP(selector)", () => {
    expect(load("ds", 0x1003)).toEqual([13, 0x1000]);
    expect(load("ds", 0x0c)).toEqual([13, 0x0c]);
  });

  it("system segments and execute-only code are #GP(selector)", () => {
    expect(load("es", TASK)).toEqual([13, TASK]);
    world.setDescriptor(FREE, descriptor(0, 0xfffff, 0x99, FLAT));
    expect(load("es", FREE)).toEqual([13, FREE]);
  });

  it("needs privilege: CPL and RPL at most DPL, unless it is conforming code", () => {
    expect(load("es", DATA0, 3)).toEqual([13, DATA0]);
    expect(load("es", DATA0 | 3, 0)).toEqual([13, DATA0]);
    world.setDescriptor(FREE, descriptor(0, 0xfffff, 0x9f, FLAT));
    world.run((a) => {
      a.mov("eax", FREE);
      a.mov("es", "ax");
      a.int(0x80);
    }, 3);
    expect(world.selector(0)).toBe(FREE);
  });

  it("absent is #NP(selector)", () => {
    world.setDescriptor(FREE, descriptor(0, 0xfffff, 0x12, FLAT));
    expect(load("gs", FREE)).toEqual([11, FREE]);
  });

  it("is #PF if the table is, with the linear address in CR2", () => {
    cpu.set64(GDTR_BASE, 0x10000n);
    enablePaging();
    // The page of the GDT, for reading too.
    machine.view.setUint32(0x101000 + 0x10 * 4, 0, true);
    world.run((a) => {
      a.mov("eax", DATA0);
      a.mov("es", "ax");
    });
    // Its handler cannot be reached either: every fault needs the table.
    expect(cpu.halted).toBe(2);
    expect(machine.cpu.get32(0x108)).toBe(0x10008);
  });

  it("comes from the LDT with TI set", () => {
    world.setDescriptor(0x0c, descriptor(0x5000, 0xfff, DATA_RW, 4));
    machine.view.setUint32(0x5010, 0x12345678, true);
    world.run((a) => {
      a.mov("eax", LDT);
      a.lldt("ax");
      a.mov("eax", 0x0c);
      a.mov("ds", "ax");
      a.mov("ebx", "[0x10]");
      a.hlt();
    });
    expect(machine.get("ebx")).toBe(0x12345678);
  });

  it("LFS and LGS load selector and offset, and change neither on a fault", () => {
    world.run((a) => {
      a.lfs("ebx", "[good]");
      a.mov("ecx", "fs");
      a.lgs("ebx", "[bad]");
      a.label("good");
      a.dd(0x11223344);
      a.dw(DATA3);
      a.label("bad");
      a.dd(0x55667788);
      a.dw(0x2000);
    });
    expect(world.frame).toMatchObject({ vector: 13, error: 0x2000 });
    expect(machine.get("ebx")).toBe(0x11223344);
    expect(machine.get("ecx")).toBe(DATA3);
  });

  it("POP of a segment leaves the stack pointer on a fault", () => {
    world.run((a) => {
      a.push(0x2000);
      a.mov("ebx", "esp");
      a.label("fault");
      a.pop("es");
    });
    expect(world.frame).toMatchObject({ vector: 13, error: 0x2000 });
    // Error code, EIP, CS and EFLAGS lie below.
    expect(machine.get("esp")).toBe(machine.get("ebx") - 16);
  });
});

describe("loading SS", () => {
  it("null is #GP(0)", () => expect(load("ss", 0)).toEqual([13, 0]));
  it("needs RPL and DPL equal to CPL", () => {
    expect(load("ss", DATA0 | 1)).toEqual([13, DATA0]);
    expect(load("ss", DATA3)).toEqual([13, DATA3 & ~3]);
    expect(load("ss", DATA3 & ~3)).toEqual([13, DATA3 & ~3]);
  });
  it("needs writable data", () => {
    world.setDescriptor(FREE, descriptor(0, 0xfffff, 0x91, FLAT));
    expect(load("ss", FREE)).toEqual([13, FREE]);
    expect(load("ss", CODE0)).toEqual([13, CODE0]);
  });
  it("absent is #SS(selector)", () => {
    world.setDescriptor(FREE, descriptor(0, 0xfffff, 0x12, FLAT));
    expect(load("ss", FREE)).toEqual([12, FREE]);
  });
  it("with B clear the stack is SP", () => {
    world.setDescriptor(FREE, descriptor(0x50000, 0xffff, DATA_RW, 0));
    world.run((a) => {
      a.mov("eax", FREE);
      a.mov("ss", "ax");
      a.mov("esp", 0x12340010);
      a.push("eax");
      a.hlt();
    });
    expect(machine.get("esp")).toBe(0x1234000c);
    expect(machine.u32(0x5000c)).toBe(FREE);
  });
});

/** Identity map of the first 4 MiB, all of it writable by the user. */
function enablePaging(): void {
  machine.view.setUint32(0x100000, 0x101007, true);
  for (let n = 0; n < 0x200; n++) machine.view.setUint32(0x101000 + n * 4, (n << 12) | 7, true);
  cpu.set64(0x110, 0x100000n);
  cpu.set64(0x100, 0x80010011n);
  cpu.runtime.flushTlb();
}

describe("far jumps and calls", () => {
  const jump = (selector: number, offset = 0, level: 0 | 3 = 0) =>
    world.fault((a) => {
      a.label("fault");
      a.jmp(far(selector, offset));
    }, level);

  it("null is #GP(0), data #GP(selector), absent code #NP(selector)", () => {
    expect(jump(0)).toEqual([13, 0]);
    expect(jump(DATA0)).toEqual([13, DATA0]);
    world.setDescriptor(FREE, descriptor(0, 0xfffff, 0x1b, FLAT));
    expect(jump(FREE)).toEqual([11, FREE]);
  });

  it("needs DPL equal to CPL, or conforming code below it", () => {
    expect(jump(CODE3 & ~3)).toEqual([13, CODE3 & ~3]);
    expect(jump(CODE0, 0, 3)).toEqual([13, CODE0]);
    expect(jump(CODE0 | 3)).toEqual([13, CODE0]);
    world.setDescriptor(FREE, descriptor(0, 0xfffff, 0x9e, FLAT));
    world.run((a) => {
      a.jmp(far(FREE, "there"));
      a.label("there");
      a.mov("eax", "cs");
      a.int(0x80);
    }, 3);
    expect(machine.get("eax")).toBe(FREE | 3);
  });

  it("an offset beyond the limit is #GP(0) at the jump", () => {
    world.setDescriptor(FREE, descriptor(0, 0xfff, CODE_XR, 4));
    expect(jump(FREE, 0x1000)).toEqual([13, 0]);
  });

  it("goes to 16-bit code and back", () => {
    world.setDescriptor(FREE, descriptor(0x50000, 0xffff, CODE_XR, 0));
    machine.assemble(0x50000, 16, (a) => {
      a.mov("ax", 0x1234);
      a.retfd();
    });
    world.run((a) => {
      a.xor("eax", "eax");
      a.call(far(FREE, 0));
      a.hlt();
    });
    expect(machine.get("eax")).toBe(0x1234);
    expect(machine.get("esp")).toBe(STACK);
  });

  it("a call gate to the same level", () => {
    world.setDescriptor(FREE, gate(CODE0, HANDLERS, 0x8c));
    const labels = world.run((a) => {
      a.call(far(FREE, 0x7777));
      a.label("after");
    });
    expect(machine.ip).toBe(HANDLERS + 1);
    expect(machine.u32(STACK - 8)).toBe(labels("after"));
    expect(machine.u32(STACK - 4)).toBe(CODE0);
  });

  it("a call gate to an inner level takes its stack from the TSS and copies parameters", () => {
    world.setDescriptor(FREE, gate(CODE0, 0x50000, 0x8c | dpl(3), 2));
    machine.assemble(0x50000, 32, (a) => {
      a.mov("eax", "[esp+8]");
      a.mov("ebx", "[esp+12]");
      a.mov("esi", "ss");
      a.mov("ebp", "esp");
      a.retf(8);
    });
    world.setDescriptor(DATA3, descriptor(0, 0xfffff, DATA_RW | dpl(3), FLAT));
    world.run((a) => {
      a.push(0x1111);
      a.push(0x2222);
      a.call(far(FREE | 3, 0));
      a.mov("ecx", "esp");
      a.mov("edx", "cs");
      a.int(0x80);
    }, 3);
    expect(world.frame.vector).toBe(13);
    expect(machine.get("eax")).toBe(0x2222);
    expect(machine.get("ebx")).toBe(0x1111);
    expect(machine.get("esi")).toBe(DATA0);
    expect(machine.get("ebp")).toBe(INNER_STACKS[0] - 24);
    expect(machine.get("ecx")).toBe(USER_STACK);
    expect(machine.get("edx")).toBe(CODE3);
  });

  it("a return to an outer level drops segments that it may not have", () => {
    world.run((a) => {
      a.push(DATA3);
      a.push(USER_STACK);
      a.push(CODE3);
      a.push("there");
      a.mov("eax", DATA3);
      a.mov("fs", "ax");
      a.retf();
      a.label("there");
      a.mov("eax", "ds");
      a.mov("ebx", "fs");
      a.mov("ecx", "ss");
      a.int(0x80);
    });
    expect(machine.get("eax")).toBe(0);
    expect(machine.get("ebx")).toBe(DATA3);
    expect(machine.get("ecx")).toBe(DATA3);
  });

  it("a gate's faults name the gate, then its code, then its stack", () => {
    const call = () =>
      world.fault((a) => {
        a.label("fault");
        a.call(far(FREE | 3, 0));
      }, 3);
    world.setDescriptor(FREE, gate(CODE0, 0, 0x8c));
    expect(call()).toEqual([13, FREE]);
    world.setDescriptor(FREE, gate(CODE0, 0, 0x0c | dpl(3)));
    expect(call()).toEqual([11, FREE]);
    world.setDescriptor(FREE, gate(0, 0, 0x8c | dpl(3)));
    expect(call()).toEqual([13, 0]);
    world.setDescriptor(FREE, gate(DATA0, 0, 0x8c | dpl(3)));
    expect(call()).toEqual([13, DATA0]);
    world.setDescriptor(FREE + 8, descriptor(0, 0xfffff, CODE_XR | dpl(1), FLAT));
    world.setDescriptor(FREE, gate(FREE + 8, 0, 0x8c | dpl(3)));
    // SS1 of the TSS is of level 0.
    expect(call()).toEqual([10, DATA0]);
    machine.view.setUint32(0x12000 + 16, 0, true);
    expect(call()).toEqual([10, 0]);
    world.setDescriptor(FREE + 16, descriptor(0, 0xfffff, 0x12 | dpl(1), FLAT));
    machine.view.setUint32(0x12000 + 16, (FREE + 16) | 1, true);
    expect(call()).toEqual([12, FREE + 16]);
  });

  it("RETF checks its code and its stack", () => {
    const ret = (selector: number, stack = DATA3) =>
      world.fault((a) => {
        a.push(stack);
        a.push(USER_STACK);
        a.push(selector);
        a.push(0);
        a.label("fault");
        a.retf();
      });
    expect(ret(0)).toEqual([13, 0]);
    expect(ret(DATA0)).toEqual([13, DATA0]);
    expect(ret(CODE0 | 3)).toEqual([13, CODE0]);
    expect(ret(CODE3, 0)).toEqual([13, 0]);
    expect(ret(CODE3, DATA0)).toEqual([13, DATA0]);
    world.setDescriptor(FREE, descriptor(0, 0xfffff, 0x12 | dpl(3), FLAT));
    expect(ret(CODE3, FREE | 3)).toEqual([12, FREE]);
    world.setDescriptor(FREE, descriptor(0, 0xfffff, 0x1b | dpl(3), FLAT));
    expect(ret(FREE | 3)).toEqual([11, FREE]);
  });
});

describe("descriptor tables", () => {
  it("LTR marks the task busy and takes no busy one", () => {
    world.setDescriptor(FREE, descriptor(0x12000, 0x67, 0x89, 0));
    const fault = world.fault((a) => {
      a.mov("eax", FREE);
      a.ltr("ax");
      a.str("bx");
      a.label("fault");
      a.ltr("ax");
    });
    expect(fault).toEqual([13, FREE]);
    expect(machine.get("ebx") & 0xffff).toBe(FREE);
    expect(world.descriptorOf(FREE)).toBe(descriptor(0x12000, 0x67, 0x8b, 0));
  });

  it("LLDT takes LDTs, null, and nothing absent", () => {
    world.run((a) => {
      a.mov("eax", LDT);
      a.lldt("ax");
      a.sldt("ebx");
      a.xor("eax", "eax");
      a.lldt("ax");
      a.sldt("ecx");
      a.hlt();
    });
    expect(machine.get("ebx")).toBe(LDT);
    expect(machine.get("ecx")).toBe(0);
    const lldt = (selector: number) =>
      world.fault((a) => {
        a.mov("eax", selector);
        a.label("fault");
        a.lldt("ax");
      });
    expect(lldt(TASK)).toEqual([13, TASK]);
    expect(lldt(0x0c)).toEqual([13, 0x0c]);
    world.setDescriptor(FREE, descriptor(0, 0xff, 0x02, 0));
    expect(lldt(FREE)).toEqual([11, FREE]);
  });

  it("LAR, LSL, VERR and VERW answer by type and privilege", () => {
    world.setDescriptor(FREE, descriptor(0, 0x1234, 0x91 | dpl(3), 0));
    world.run((a) => {
      a.mov("eax", FREE);
      a.lar("ebx", "eax");
      a.lsl("ecx", "eax");
      a.verr("ax");
      a.setz("dl");
      a.verw("ax");
      a.setz("dh");
      a.mov("eax", DATA0);
      a.mov("esi", 0x5555);
      a.lar("esi", "eax");
      a.mov("ebp", 0);
      a.int(0x80);
    }, 3);
    expect(machine.get("ebx")).toBe(0xf100);
    expect(machine.get("ecx")).toBe(0x1234);
    expect(machine.get("edx") & 0xffff).toBe(1);
    expect(machine.get("esi")).toBe(0x5555);
    expect(world.frame.flags & 0x40).toBe(0);
  });

  it("ARPL raises the RPL and says so", () => {
    world.run((a) => {
      a.mov("eax", 0x40);
      a.mov("ebx", 3);
      a.arpl("ax", "bx");
      a.setz("cl");
      a.arpl("ax", "bx");
      a.setz("ch");
      a.hlt();
    });
    expect(machine.get("eax")).toBe(0x43);
    expect(machine.get("ecx") & 0xffff).toBe(1);
  });

  it("SGDT and SIDT store what LGDT and LIDT have loaded", () => {
    world.run((a) => {
      a.lidt("[table]");
      a.sidt("[0x5000]");
      a.sgdt("[0x5010]");
      a.hlt();
      a.label("table");
      a.dw(0x3ff);
      a.dd(0x12345678);
    });
    expect(machine.u16(0x5000)).toBe(0x3ff);
    expect(machine.u32(0x5002)).toBe(0x12345678);
    expect(machine.u32(0x5012)).toBe(0x10000);
    expect(cpu.get32(IDTR_LIMIT)).toBe(0x3ff);
  });

  it("is for level 0 alone", () => {
    for (const code of ["lgdt", "lidt"] as const) {
      expect(world.fault((a) => a[code]("[0x5000]"), 3)).toEqual([13, 0]);
    }
    expect(world.fault((a) => a.lldt("ax"), 3)).toEqual([13, 0]);
    expect(world.fault((a) => a.ltr("ax"), 3)).toEqual([13, 0]);
  });
});

describe("ENTER", () => {
  it("of 32 bits on a 16-bit stack makes EBP of all of ESP", () => {
    world.setDescriptor(FREE, descriptor(0, 0xffff, 0x93, 0));
    world.run((a) => {
      a.mov("eax", FREE);
      a.mov("ss", "ax");
      a.mov("ebp", 0x1fff0);
      a.mov("esp", 0x10000);
      a.enter(8, 1);
      a.hlt();
    });
    expect(machine.get("ebp")).toBe(0x1fffc);
    expect(machine.get("esp")).toBe(0x1fff0);
    expect([machine.u32(0xfffc), machine.u32(0xfff8)]).toEqual([0x1fff0, 0x1fffc]);
  });
});
