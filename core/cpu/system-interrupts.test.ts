import { beforeEach, describe, expect, it } from "vitest";
import type { Assembler } from "../assembler/assembler.ts";
import { CR2, CR4, IDTR_LIMIT, SEGMENT_ATTRIBUTES, SEGMENT_SIZE, SEGMENTS, SHADOW } from "./layout.ts";
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
  HANDLERS,
  INNER_STACKS,
  STACK,
  TSS,
  USER_STACK,
  World,
} from "./testing/protected-world.ts";

const world = new World();
const { machine } = world;
const { cpu } = machine;

const IF = 0x200;
const TF = 0x100;
const NT = 0x4000;
const RF = 0x10000;
const VM = 0x20000;
const VIF = 0x80000;
const VIP = 0x100000;

beforeEach(() => world.reset());

/** Identity map of the first 2 MiB by 4 KiB pages, all of it writable by the user; gives a page's entry. */
function enablePaging(): void {
  machine.view.setUint32(0x100000, 0x101007, true);
  for (let n = 0; n < 0x200; n++) machine.view.setUint32(0x101000 + n * 4, (n << 12) | 7, true);
  cpu.set64(0x110, 0x100000n);
  cpu.set64(0x100, 0x80010011n);
  cpu.runtime.flushTlb();
}
const setPage = (page: number, entry: number): void =>
  machine.view.setUint32(0x101000 + (page >> 12) * 4, entry, true);

describe("protected-mode interrupts", () => {
  it("same level: EFLAGS, CS, EIP, and IF cleared by an interrupt gate alone", () => {
    const at = world.run((a) => {
      a.sti();
      a.stc();
      a.int(0x30);
      a.label("next");
    });
    expect(world.frame).toMatchObject({ vector: 0x30, ip: at("next"), cs: CODE0, flags: 0x203 });
    expect(machine.get("esp")).toBe(STACK - 12);
    expect(cpu.eflags & IF).toBe(0);

    world.setGate(0x30, gate(CODE0, HANDLERS + 0x300, 0x8f));
    world.run((a) => {
      a.sti();
      a.int(0x30);
    });
    expect(cpu.eflags & IF).toBe(IF);
  });

  it("inner level: SS and ESP too, on the stack of the TSS", () => {
    world.setGate(0x80, gate(CODE0, HANDLERS + 0x800, 0x8e | dpl(3)));
    const at = world.run((a) => {
      a.push(5);
      a.int(0x80);
      a.label("next");
    }, 3);
    expect(world.frame).toMatchObject({
      vector: 0x80,
      ip: at("next"),
      cs: CODE3,
      sp: USER_STACK - 4,
      ss: DATA3,
    });
    expect(machine.get("esp")).toBe(INNER_STACKS[0] - 20);
    expect(world.selector(2)).toBe(DATA0);
  });

  it("16-bit gates push words", () => {
    world.setGate(0x30, gate(CODE0, HANDLERS, 0x86));
    machine.assemble(HANDLERS & 0xffff, 32, (a) => a.hlt());
    world.setGate(0x30, gate(CODE0, HANDLERS & 0xffff, 0x86));
    const at = world.run((a) => {
      a.int(0x30);
      a.label("next");
    });
    expect(machine.get("esp")).toBe(STACK - 6);
    expect(machine.u16(STACK - 6)).toBe(at("next") & 0xffff);
    expect(machine.u16(STACK - 4)).toBe(CODE0);
  });

  it("IRET returns to the outer level and to the same one", () => {
    world.setGate(0x80, gate(CODE0, 0x50000, 0x8e | dpl(3)));
    machine.assemble(0x50000, 32, (a) => {
      a.mov("ecx", "ss");
      a.or("dword [esp+8]", 1);
      a.iretd();
    });
    world.run((a) => {
      a.clc();
      a.int(0x80);
      a.setc("bl");
      a.mov("edx", "cs");
      a.mov("esi", "esp");
      a.int3();
    }, 3);
    expect(machine.get("ecx")).toBe(DATA0);
    expect(machine.get("ebx") & 1).toBe(1);
    expect(machine.get("edx")).toBe(CODE3);
    expect(machine.get("esi")).toBe(USER_STACK);
    expect(world.frame).toMatchObject({ vector: 13, error: 3 * 8 + 2 });
  });

  it("IRET at level 3 can change neither IOPL nor IF, nor go inwards", () => {
    world.run((a) => {
      a.push(0x3202);
      a.push(CODE3);
      a.push("there");
      a.iretd();
      a.label("there");
      a.pushfd();
      a.pop("eax");
      a.hlt();
    }, 3);
    expect(machine.get("eax") & 0x3200).toBe(0);
    expect(
      world.fault((a) => {
        a.push(2);
        a.push(CODE0);
        a.push("fault");
        a.label("fault");
        a.iretd();
      }, 3),
    ).toEqual([13, CODE0]);
  });

  it("an INT's gate must have DPL at least CPL, an exception's need not", () => {
    expect(
      world.fault((a) => {
        a.label("fault");
        a.int(0x30);
      }, 3),
    ).toEqual([13, 0x30 * 8 + 2]);
    expect(
      world.fault((a) => {
        a.label("fault");
        a.ud2();
      }, 3),
    ).toEqual([6, undefined]);
  });

  it("faults of the table: limit, type, present, code", () => {
    const int = () =>
      world.fault((a) => {
        a.label("fault");
        a.int(0x30);
      });
    world.setGate(0x30, gate(CODE0, 0, 0x0e));
    expect(int()).toEqual([11, 0x30 * 8 + 2]);
    world.setGate(0x30, gate(CODE0, 0, 0x8c));
    expect(int()).toEqual([13, 0x30 * 8 + 2]);
    world.setGate(0x30, gate(0, 0, 0x8e));
    expect(int()).toEqual([13, 0]);
    world.setGate(0x30, gate(DATA0, 0, 0x8e));
    expect(int()).toEqual([13, DATA0]);
    world.setDescriptor(FREE, descriptor(0, 0xfffff, 0x1b, FLAT));
    world.setGate(0x30, gate(FREE, 0, 0x8e));
    expect(int()).toEqual([11, FREE]);
    world.setDescriptor(FREE, descriptor(0, 0xff, CODE_XR, 4));
    world.setGate(0x30, gate(FREE, 0x100, 0x8e));
    expect(int()).toEqual([13, 0]);
    cpu.set32(IDTR_LIMIT, 0x30 * 8 + 6);
    expect(int()).toEqual([13, 0x30 * 8 + 2]);
  });

  it("EXT is set for what is not an instruction's doing", () => {
    world.setGate(0x30, gate(CODE0, 0, 0x0e));
    machine.interrupt(0x30);
    world.run((a) => {
      a.sti();
      a.nop();
      a.nop();
    });
    expect(world.frame).toMatchObject({ vector: 11, error: 0x30 * 8 + 3 });
  });

  it("faults of the inner stack: #TS and #SS with its selector, then a double fault is not far", () => {
    const ud = () => world.fault((a) => a.ud2(), 3);
    world.setGate(6, gate(FREE, HANDLERS, 0x8e));
    world.setDescriptor(FREE, descriptor(0, 0xfffff, CODE_XR | dpl(1), FLAT));
    expect(ud()).toEqual([10, DATA0 | 1]);
    world.setDescriptor(FREE + 8, descriptor(0, 0xfffff, 0x13 | dpl(1), FLAT));
    machine.view.setUint32(TSS + 16, (FREE + 8) | 1, true);
    expect(ud()).toEqual([12, (FREE + 8) | 1]);
    world.setDescriptor(FREE + 8, descriptor(0, 3, 0x93 | dpl(1), 4));
    expect(ud()).toEqual([12, (FREE + 8) | 1]);
  });

  it("pushes RF in the image of a fault, not of a trap", () => {
    world.run((a) => a.ud2());
    expect(world.frame.flags & RF).toBe(RF);
    world.run((a) => a.int3());
    expect(world.frame.flags & RF).toBe(0);
  });

  it("two contributory exceptions make a double fault, three a shutdown", () => {
    world.setGate(13, gate(CODE0, 0, 0x0e));
    expect(
      world.fault((a) => {
        a.xor("eax", "eax");
        a.mov("ds", "ax");
        a.label("fault");
        a.mov("eax", "[0]");
      }),
    ).toEqual([8, 0]);
    world.setGate(8, gate(CODE0, 0, 0x0e));
    world.run((a) => {
      a.xor("eax", "eax");
      a.mov("ds", "ax");
      a.mov("eax", "[0]");
    });
    expect(cpu.halted).toBe(2);
  });

  it("a contributory exception while a benign one is delivered comes by itself", () => {
    world.setGate(6, gate(CODE0, 0, 0x0e));
    expect(world.fault((a) => a.ud2())).toEqual([11, 6 * 8 + 3]);
  });

  it("NT returns to the task of the back link, and #TS if that is none", () => {
    world.run((a) => {
      a.pushfd();
      a.or("dword [esp]", NT);
      a.popfd();
      a.label("fault");
      a.iretd();
    });
    expect(world.frame).toMatchObject({ vector: 10, error: 0 });
  });

  it("CLI and STI obey IOPL, HLT and port access level and bitmap", () => {
    expect(world.fault((a) => a.cli(), 3)).toEqual([13, 0]);
    expect(world.fault((a) => a.sti(), 3)).toEqual([13, 0]);
    expect(world.fault((a) => a.hlt(), 3)).toEqual([13, 0]);
    machine.view.setUint8(TSS + 0x68 + 0x60 / 8, 0b11101110);
    expect(
      world.fault((a) => {
        a.in("al", 0x60);
        a.in("al", 0x64);
        a.label("fault");
        a.in("al", 0x61);
      }, 3),
    ).toEqual([13, 0]);
    expect(machine.accesses.map(({ address }) => address)).toEqual([0x60, 0x64]);
    expect(
      world.fault((a) => {
        a.label("fault");
        a.in("ax", 0x60);
      }, 3),
    ).toEqual([13, 0]);
  });
});

describe("POPF", () => {
  /** What POPF of all flags but TF leaves, with IOPL 0 or 3 before. */
  const popf = (level: 0 | 3, iopl: number): number => {
    cpu.eflags = 2 | (iopl << 12);
    world.run((a) => {
      a.push(0x003f7ed7);
      a.popfd();
      a.pushfd();
      a.pop("eax");
      a.cld();
      a.hlt();
    }, level);
    cpu.eflags = 2;
    return machine.get("eax");
  };

  it("changes IOPL at level 0 alone, and IF where IOPL allows; never VM, RF, VIF, VIP", () => {
    expect(popf(0, 0)).toBe(0x00247ed7);
    expect(popf(3, 0)).toBe(0x00244cd7);
    expect(popf(3, 3)).toBe(0x00247ed7);
    expect(popf(3, 1)).toBe(0x00245cd7);
  });

  it("with PVI, CLI and STI of level 3 work on VIF", () => {
    cpu.set32(CR4, 2);
    world.run((a) => {
      a.sti();
      a.pushfd();
      a.pop("eax");
      a.cli();
      a.pushfd();
      a.pop("ebx");
      a.hlt();
    }, 3);
    expect(machine.get("eax") & (VIF | IF)).toBe(VIF);
    expect(machine.get("ebx") & (VIF | IF)).toBe(0);
  });
});

describe("page faults", () => {
  const touch = (code: (a: Assembler) => void, level: 0 | 3 = 0) => {
    const fault = world.fault(code, level);
    return [...fault, cpu.get32(CR2) >>> 0];
  };

  it("tell by their code what was not allowed", () => {
    enablePaging();
    setPage(0x80000, 0);
    setPage(0x81000, 0x81001);
    setPage(0x82000, 0x82005);
    expect(touch((a) => a.mov("eax", "[0x80123]"))).toEqual([14, 0, 0x80123]);
    expect(touch((a) => a.mov("[0x80123]", "eax"))).toEqual([14, 2, 0x80123]);
    expect(touch((a) => a.mov("eax", "[0x81000]"), 3)).toEqual([14, 5, 0x81000]);
    expect(touch((a) => a.mov("[0x82ffc]", "eax"), 3)).toEqual([14, 7, 0x82ffc]);
    expect(touch((a) => a.mov("[0x81ffc]", "eax"))).toEqual([14, 3, 0x81ffc]);
    expect(
      touch((a) => {
        a.mov("eax", 0x80010);
        a.jmp("eax");
      }, 3),
    ).toEqual([14, 4, 0x80010]);
  });

  it("an access across two pages names the second", () => {
    enablePaging();
    setPage(0x81000, 0);
    expect(touch((a) => a.mov("[0x80ffe]", "eax"))).toEqual([14, 2, 0x81000]);
    expect(machine.u16(0x80ffe)).toBe(0);
  });

  it("of the inner stack is #PF without user bit, and then a double fault on the way to it", () => {
    enablePaging();
    setPage(INNER_STACKS[0] - 0x1000, 0);
    world.run((a) => a.ud2(), 3);
    expect(cpu.halted).toBe(2);
  });

  it("INVLPG makes a changed entry be seen", () => {
    enablePaging();
    machine.view.setUint32(0x90000, 0x11111111, true);
    machine.view.setUint32(0x91000, 0x22222222, true);
    world.run((a) => {
      a.mov("eax", "[0x90000]");
      a.mov("dword [0x101240]", 0x91007);
      a.invlpg("[0x90000]");
      a.mov("ebx", "[0x90000]");
      a.hlt();
    });
    expect(machine.get("eax")).toBe(0x11111111);
    expect(machine.get("ebx")).toBe(0x22222222);
  });

  it("PAE: PDPTEs are loaded with CR3, reserved bits there are #GP(0)", () => {
    machine.view.setBigUint64(0x110000, 0x111001n, true);
    machine.view.setBigUint64(0x111000, 0x0000000000000083n, true);
    world.run((a) => {
      a.mov("eax", 0x20);
      a.mov("cr4", "eax");
      a.mov("eax", 0x110000);
      a.mov("cr3", "eax");
      a.mov("eax", 0x80000011);
      a.mov("cr0", "eax");
      a.mov("ebx", "[0x110000]");
      a.hlt();
    });
    expect(machine.get("ebx")).toBe(0x111001);
    machine.view.setBigUint64(0x112000, 0x111003n, true);
    expect(
      world.fault((a) => {
        a.mov("eax", 0x112000);
        a.label("fault");
        a.mov("cr3", "eax");
      }),
    ).toEqual([13, 0]);
  });
});

describe("control registers", () => {
  const write = (register: string, value: number, level: 0 | 3 = 0) =>
    world.fault((a) => {
      a.mov("eax", value);
      a.label("fault");
      a.mov(register, "eax");
    }, level);

  it("refuse what is impossible, reserved or not for this level", () => {
    expect(write("cr0", 0x80000010)).toEqual([13, 0]);
    expect(write("cr0", 0x20000011)).toEqual([13, 0]);
    expect(write("cr4", 0x80000000)).toEqual([13, 0]);
    expect(write("cr4", 0x2000)).toEqual([13, 0]);
    expect(write("cr0", 0x11, 3)).toEqual([13, 0]);
    expect(world.fault((a) => a.db(0x0f, 0x20, 0xc8))).toEqual([6, undefined]);
    expect(world.fault((a) => a.clts(), 3)).toEqual([13, 0]);
    expect(world.fault((a) => a.invlpg("[0]"), 3)).toEqual([13, 0]);
    expect(world.fault((a) => a.wbinvd(), 3)).toEqual([13, 0]);
    expect(world.fault((a) => a.rdmsr(), 3)).toEqual([13, 0]);
  });

  it("RDTSC is for level 0 alone with CR4.TSD", () => {
    cpu.set32(CR4, 4);
    expect(world.fault((a) => a.rdtsc(), 3)).toEqual([13, 0]);
  });
});

describe("SYSENTER and SYSEXIT", () => {
  it("change level by flat segments made from SYSENTER_CS", () => {
    for (const [msr, value] of [
      [0x174, CODE0],
      [0x175, 0x35000],
      [0x176, 0x50000],
    ] as const) {
      cpu.set64(0x190 + (msr - 0x174) * 8, BigInt(value));
    }
    machine.assemble(0x50000, 32, (a) => {
      a.mov("esi", "esp");
      a.mov("ebx", "cs");
      a.mov("ebp", "ss");
      a.sysexit();
    });
    world.setGate(0x80, gate(CODE0, HANDLERS + 0x800, 0x8e | dpl(3)));
    world.run((a) => {
      a.mov("ecx", "esp");
      a.mov("edx", "there");
      a.sysenter();
      a.label("there");
      a.mov("eax", "cs");
      a.int(0x80);
    }, 3);
    expect(machine.get("esi")).toBe(0x35000);
    expect(machine.get("ebx")).toBe(CODE0);
    expect(machine.get("ebp")).toBe(DATA0);
    expect(machine.get("eax")).toBe(CODE3);
    expect(world.frame).toMatchObject({ vector: 0x80, sp: USER_STACK, ss: DATA3 });
  });

  it("are #GP(0) without a code segment, SYSEXIT outside level 0 too", () => {
    expect(world.fault((a) => a.sysenter(), 3)).toEqual([13, 0]);
    cpu.set64(0x190, BigInt(CODE0));
    expect(world.fault((a) => a.sysexit(), 3)).toEqual([13, 0]);
  });
});

describe("virtual-8086 mode", () => {
  it("is entered by IRETD with VM, and left by an interrupt with all segments on the stack", () => {
    machine.assemble(0x50000, 16, (a) => {
      a.mov("ax", "ds");
      a.mov("bx", "[0x10]");
      a.ud2();
    });
    machine.view.setUint16(0x60010, 0xbeef, true);
    world.run((a) => {
      for (const value of [0x1111, 0x2222, 0x6000, 0x4444, 0x3000, 0x1000]) a.push(value);
      a.push(VM | 2);
      a.push(0x5000);
      a.push(0);
      a.iretd();
    });
    expect(machine.get("eax") & 0xffff).toBe(0x6000);
    expect(machine.get("ebx") & 0xffff).toBe(0xbeef);
    const { frame } = world;
    expect(frame).toMatchObject({ vector: 6, ip: 6, cs: 0x5000, sp: 0x1000, ss: 0x3000 });
    expect(frame.flags & VM).toBe(VM);
    const top = INNER_STACKS[0];
    expect([4, 8, 12, 16].map((n) => machine.u32(top - n))).toEqual([0x1111, 0x2222, 0x6000, 0x4444]);
    expect(cpu.eflags & VM).toBe(0);
    for (const number of [0, 3, 4, 5]) {
      expect(cpu.get32(SEGMENTS + number * SEGMENT_SIZE + SEGMENT_ATTRIBUTES)).toBe(0x10000);
    }
  });

  it("loads segments without descriptors", () => {
    machine.view.setUint16(0x54320, 0x1234, true);
    world.runVirtual((a) => {
      a.mov("ax", 0x5432);
      a.mov("es", "ax");
      a.mov("bx", "[es:0]");
      a.hlt();
    });
    expect(machine.get("ebx") & 0xffff).toBe(0x1234);
    expect(world.frame).toMatchObject({ vector: 13, error: 0 });
  });

  it("an access beyond 64 KiB is #GP(0), on the stack #SS(0)", () => {
    world.runVirtual((a) => {
      a.mov("bx", 0xffff);
      a.mov("ax", "[bx]");
    });
    expect(world.frame).toMatchObject({ vector: 13, error: 0, ip: 3 });
    world.runVirtual((a) => {
      a.mov("sp", 1);
      a.push("ax");
    });
    expect(world.frame).toMatchObject({ vector: 12, error: 0, ip: 3 });
  });

  it("with IOPL 3 INT n goes through the gate; below that it is #GP(0)", () => {
    world.setGate(0x21, gate(CODE0, HANDLERS + 0x210, 0x8e | dpl(3)));
    world.runVirtual((a) => a.int(0x21));
    expect(world.frame).toMatchObject({ vector: 0x21, ip: 2, cs: 0x2000 });
    world.runVirtual((a) => a.int(0x21), 0);
    expect(world.frame).toMatchObject({ vector: 13, error: 0, ip: 0 });
  });

  it("below IOPL 3 CLI, STI, PUSHF, POPF and IRET are #GP(0)", () => {
    for (const name of ["cli", "sti", "pushf", "popf", "iret"] as const) {
      world.runVirtual((a) => a[name](), 2);
      expect(world.frame).toMatchObject({ vector: 13, error: 0, ip: 0 });
    }
  });

  it("with IOPL 3 POPF and IRET leave IOPL alone", () => {
    world.runVirtual((a) => {
      a.push(0x0202);
      a.popf();
      a.pushf();
      a.pop("ax");
      a.push(0x0002);
      a.push("cs");
      a.push("there-0x20000");
      a.iret();
      a.label("there");
      a.ud2();
    });
    expect(machine.get("eax") & 0x3200).toBe(0x3200);
    expect(world.frame.vector).toBe(6);
  });

  describe("with VME", () => {
    beforeEach(() => cpu.set32(CR4, 1));

    /** Redirection bitmap of 32 bytes before the I/O permissions. */
    const redirect = (vector: number, toProtected: boolean): void => {
      machine.view.setUint16(TSS + 0x66, 0x88, true);
      machine.view.setUint8(TSS + 0x68 + (vector >> 3), toProtected ? 1 << (vector & 7) : 0);
    };

    it("INT n goes to the task's own table, with VIF in place of IF", () => {
      redirect(0x21, false);
      machine.view.setUint16(0x21 * 4, 0x100, true);
      machine.view.setUint16(0x21 * 4 + 2, 0x2000, true);
      world.runVirtual(
        (a) => {
          a.int(0x21);
          a.hlt();
          a.org(CODE + 0x100);
          a.pop("ax");
          a.pop("bx");
          a.pop("cx");
          a.hlt();
        },
        0,
        VIF,
      );
      expect(machine.get("eax") & 0xffff).toBe(2);
      expect(machine.get("ebx") & 0xffff).toBe(0x2000);
      expect(machine.get("ecx") & 0xffff).toBe(0x3202);
      expect(world.frame.flags & VIF).toBe(0);
    });

    it("a set bit sends it to protected mode", () => {
      redirect(0x21, true);
      world.setGate(0x21, gate(CODE0, HANDLERS + 0x210, 0x8e | dpl(3)));
      world.runVirtual((a) => a.int(0x21));
      expect(world.frame).toMatchObject({ vector: 0x21 });
      world.runVirtual((a) => a.int(0x21), 0);
      expect(world.frame).toMatchObject({ vector: 13, error: 0 });
    });

    it("CLI, STI, PUSHF and POPF work on VIF", () => {
      world.runVirtual((a) => {
        a.sti();
        a.pushf();
        a.pop("ax");
        a.cli();
        a.pushf();
        a.pop("bx");
        a.push("ax");
        a.popf();
        a.hlt();
      }, 0);
      expect(machine.get("eax") & 0x3200).toBe(0x3200);
      expect(machine.get("ebx") & 0x3200).toBe(0x3000);
      expect(world.frame.flags & (VIF | IF)).toBe(VIF);
    });

    it("a pending virtual interrupt is #GP(0) where it could be taken", () => {
      world.runVirtual((a) => a.sti(), 0, VIP);
      expect(world.frame).toMatchObject({ vector: 13, error: 0, ip: 0 });
      world.runVirtual(
        (a) => {
          a.push(0x0202);
          a.popf();
        },
        0,
        VIP,
      );
      expect(world.frame).toMatchObject({ vector: 13, error: 0, ip: 3 });
    });

    it("32-bit PUSHF and a trap flag are still #GP(0)", () => {
      world.runVirtual((a) => a.pushfd(), 0);
      expect(world.frame).toMatchObject({ vector: 13, error: 0 });
      world.runVirtual((a) => {
        a.push(TF);
        a.popf();
      }, 0);
      expect(world.frame).toMatchObject({ vector: 13, error: 0 });
    });
  });
});

describe("non-maskable interrupts", () => {
  const NMI = 2;
  const handle = (code: (a: Assembler) => void): void => {
    machine.assemble(HANDLERS + NMI * 16, 32, code);
  };
  const requestAtOut = (): void => {
    machine.onOut = () => cpu.requestNmi();
  };

  it("are taken with IF clear, by vector 2, with RF clear in the image", () => {
    requestAtOut();
    const at = world.run((a) => {
      a.out(0x80, "al");
      a.label("next");
    });
    expect(world.frame).toMatchObject({ vector: NMI, ip: at("next"), flags: 2 });
  });

  it("wait for the instruction after MOV SS", () => {
    const at = world.run((a) => {
      a.mov("ax", "ss");
      a.mov("ss", "ax");
      a.hlt();
      a.nop();
      a.label("after");
      a.nop();
    });
    // The block ended with MOV SS as it does where the stack's width changes.
    machine.ip = at("after") - 1;
    cpu.unhalt();
    cpu.set32(SHADOW, 1);
    cpu.requestNmi();
    machine.run();
    expect(world.frame).toMatchObject({ vector: NMI, ip: at("after") });
  });

  it("wake a halted processor", () => {
    world.run((a) => a.hlt());
    expect(cpu.interruptible).toBe(false);
    cpu.requestNmi();
    expect(cpu.interruptible).toBe(true);
    machine.run();
    expect(world.frame.vector).toBe(NMI);
  });

  it("are held off while one is being handled; one is kept until IRET", () => {
    let rounds = 0;
    machine.onOut = (port) => {
      if (port === 0x80) rounds++;
      if (rounds < 3) for (let n = 0; n < 3; n++) cpu.requestNmi();
    };
    handle((a) => {
      a.out(0x80, "al");
      a.inc("ebx");
      a.iretd();
    });
    world.run((a) => {
      a.xor("ebx", "ebx");
      a.out(0x81, "al");
    });
    expect(machine.get("ebx")).toBe(3);
    expect(rounds).toBe(3);
  });
});
