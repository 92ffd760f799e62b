import { beforeEach, describe, expect, it } from "vitest";
import { far } from "../assembler/operands.ts";
import {
  CR0,
  GDTR_BASE,
  GDTR_LIMIT,
  SEGMENT_BASE,
  SEGMENT_SELECTOR,
  SEGMENT_SIZE,
  SEGMENTS,
} from "./layout.ts";
import { cpuModel, DEFAULT_CPU } from "./models/catalogue.ts";
import { signatureOf } from "./models/cpuid-leaves.ts";
import { Machine } from "./testing/machine.ts";

const machine = new Machine();
const { cpu } = machine;

/** Starts at 0000:1000 with the stack below 0000:8000. */
function start(code: Parameters<Machine["assemble"]>[2]): void {
  machine.assemble(0x1000, 16, code);
  cpu.set64(SEGMENTS + SEGMENT_SIZE + SEGMENT_BASE, 0n);
  cpu.set32(SEGMENTS + SEGMENT_SIZE + SEGMENT_SELECTOR, 0);
  machine.set("esp", 0x8000);
  machine.ip = 0x1000;
  cpu.runtime.updateMode();
}

/** Handler of a vector: halts at this address. */
function handler(vector: number, address = 0x2000 + vector * 16): number {
  machine.view.setUint16(vector * 4, address, true);
  machine.view.setUint16(vector * 4 + 2, 0, true);
  machine.assemble(address, 16, (a) => a.hlt());
  return address;
}

beforeEach(() => machine.reset());

describe("real mode", () => {
  it("starts at the reset vector", () => {
    expect(cpu.ip).toBe(0xfff0n);
    expect(machine.get("edx")).toBe(signatureOf(cpuModel(DEFAULT_CPU)));
    expect(cpu.get64(SEGMENTS + SEGMENT_SIZE + SEGMENT_BASE)).toBe(0xffff0000n);
  });

  it("writes through CS, also when a code segment was loaded before in protected mode", () => {
    machine.view.setBigUint64(0x808, 0x00009b000000ffffn, true);
    start((a) => {
      a.mov("byte [cs:0x3000]", 1);
      a.mov("eax", "cr0");
      a.or("al", 1);
      a.mov("cr0", "eax");
      a.jmp(far(8, "protected"));
      a.label("protected");
      a.and("al", 0xfe);
      a.mov("cr0", "eax");
      a.jmp(far(0, "real"));
      a.label("real");
      a.mov("byte [cs:0x3001]", 2);
      a.hlt();
    });
    cpu.set64(GDTR_BASE, 0x800n);
    cpu.set32(GDTR_LIMIT, 0xf);
    machine.run();
    expect(machine.view.getUint16(0x3000, true)).toBe(0x0201);
  });

  it("loads segment registers as sixteen times the selector", () => {
    machine.view.setUint16(0x12345 + 0xf, 0xabcd, true);
    start((a) => {
      a.mov("ax", 0x1234);
      a.mov("ds", "ax");
      a.mov("bx", "[0x14]");
      a.push("ds");
      a.pop("es");
      a.mov("cx", "es");
      a.hlt();
    });
    machine.run();
    expect(machine.get("ebx")).toBe(0xabcd);
    expect(machine.get("ecx")).toBe(0x1234);
  });

  it("jumps, calls and returns far", () => {
    machine.assemble(0x12300, 16, (a) => {
      a.mov("dx", "cs");
      a.retf(2);
    });
    start((a) => {
      a.push(7);
      a.call(far(0x1230, 0));
      a.mov("bx", "sp");
      a.jmp(far(0x10, "end-0x100"));
      a.label("end");
      a.mov("cx", "cs");
      a.hlt();
    });
    machine.run();
    expect(machine.get("edx") & 0xffff).toBe(0x1230);
    expect(machine.get("ebx")).toBe(0x8000);
    expect(machine.get("ecx")).toBe(0x10);
  });

  it("loads far pointers, and jumps through them", () => {
    start((a) => {
      a.les("bx", "[pointer]");
      a.mov("cx", "es");
      a.lss("sp", "[pointer]");
      a.mov("dx", "ss");
      a.jmp("far word [target]");
      a.label("end");
      a.hlt();
      a.label("pointer");
      a.dw(0x5678, 0x700);
      a.label("target");
      a.dw("end", 0);
    });
    machine.run();
    expect(cpu.halted).toBe(1);
    expect(machine.get("ebx")).toBe(0x5678);
    expect(machine.get("ecx")).toBe(0x700);
    expect(machine.get("edx") & 0xffff).toBe(0x700);
    expect(machine.get("esp")).toBe(0x5678);
  });

  it("INT pushes flags and return address, and clears IF and TF", () => {
    const address = handler(0x21);
    start((a) => {
      a.stc();
      a.sti();
      a.int(0x21);
      a.label("after");
    });
    machine.run();
    expect(machine.ip).toBe(address + 1);
    expect(machine.u16(0x7ffa)).toBe(0x1004);
    expect(machine.u16(0x7ffc)).toBe(0);
    expect(machine.u16(0x7ffe)).toBe(0x0203);
    expect(cpu.eflags & 0x300).toBe(0);
  });

  it("IRET comes back with the flags", () => {
    machine.view.setUint16(0x21 * 4, 0x2000, true);
    machine.assemble(0x2000, 16, (a) => {
      a.mov("bp", "sp");
      a.or("word [bp+4]", 1);
      a.iret();
    });
    start((a) => {
      a.sti();
      a.clc();
      a.int(0x21);
      a.hlt();
    });
    machine.run();
    expect(machine.ip).toBe(0x1005);
    expect(cpu.eflags & 0x201).toBe(0x201);
    expect(machine.get("esp")).toBe(0x8000);
  });

  it("INT3 and INTO have vectors of their own", () => {
    handler(3);
    start((a) => a.int3());
    machine.run();
    expect(machine.ip).toBe(0x2031);

    machine.reset();
    handler(4);
    start((a) => {
      a.xor("ax", "ax");
      a.into();
      a.mov("al", 0x7f);
      a.inc("al");
      a.into();
    });
    machine.run();
    expect(machine.ip).toBe(0x2041);
    expect(machine.u16(0x7ffa)).toBe(0x1008);
  });

  it("BOUND faults outside its bounds, at itself", () => {
    handler(5);
    start((a) => {
      a.mov("ax", -3);
      a.bound("ax", "[bounds]");
      a.mov("ax", 6);
      a.bound("ax", "[bounds]");
      a.hlt();
      a.label("bounds");
      a.dw(-3, 5);
    });
    machine.run();
    expect(machine.ip).toBe(0x2051);
    expect(machine.u16(0x7ffa)).toBe(0x100a);
  });

  it("a vector beyond the table's limit is #GP", () => {
    handler(13);
    start((a) => {
      a.lidt("[table]");
      a.int(0x40);
      a.hlt();
      a.label("table");
      a.dw(0x40 * 4 + 2);
      a.dd(0);
    });
    machine.run();
    expect(machine.ip).toBe(0x20d1);
    expect(machine.u16(0x7ffa)).toBe(0x1005);
  });

  it("without a table to speak of the processor shuts down", () => {
    start((a) => {
      a.lidt("[table]");
      a.int(0x40);
      a.label("table");
      a.dw(0);
      a.dd(0);
    });
    machine.run();
    expect(cpu.halted).toBe(2);
  });

  it("undefined opcodes are #UD at themselves", () => {
    handler(6);
    start((a) => {
      a.nop();
      a.ud2();
    });
    machine.run();
    expect(machine.ip).toBe(0x2061);
    expect(machine.u16(0x7ffa)).toBe(0x1001);
  });

  it("a handler that meets its own exception at once does not run for ever in one budget", () => {
    machine.view.setUint32(6 * 4, 0x1000, true);
    start((a) => a.ud2());
    const before = cpu.instructions;
    cpu.run(100);
    expect(machine.ip).toBe(0x1000);
    expect(cpu.instructions - before).toBe(100);
    expect(machine.get("esp")).toBe(0x8000 - 100 * 6);
  });

  it("MOV to CS is #UD", () => {
    handler(6);
    start((a) => a.db(0x8e, 0xc8));
    machine.run();
    expect(machine.ip).toBe(0x2061);
  });

  it("instructions of protected mode are #UD", () => {
    for (const code of [
      [0x0f, 0x00, 0xd8],
      [0x0f, 0x00, 0xc0],
      [0x0f, 0x02, 0xc0],
      [0x63, 0xc0],
      [0x0f, 0x00, 0xe0],
    ]) {
      machine.reset();
      handler(6);
      start((a) => a.db(...code));
      machine.run();
      expect(machine.ip).toBe(0x2061);
    }
  });

  it("IN and OUT reach ports at their widths", () => {
    machine.answers.set(0x60, 0x1c);
    machine.answers.set(0x1f0, 0x12345678);
    start((a) => {
      a.in("al", 0x60);
      a.mov("dx", 0x1f0);
      a.out("dx", "al");
      a.in("eax", "dx");
      a.out(0x80, "ax");
      a.hlt();
    });
    machine.run();
    expect(machine.get("eax")).toBe(0x12345678);
    expect(machine.accesses).toEqual([
      { kind: "in", address: 0x60, width: 1, value: 0x1c },
      { kind: "out", address: 0x1f0, width: 1, value: 0x1c },
      { kind: "in", address: 0x1f0, width: 4, value: 0x12345678 },
      { kind: "out", address: 0x80, width: 2, value: 0x5678 },
    ]);
  });

  it("an interrupt wakes it from HLT, and HLT is over", () => {
    const address = handler(8);
    start((a) => {
      a.sti();
      a.hlt();
    });
    machine.run();
    expect(machine.ip).toBe(0x1002);
    machine.interrupt(8);
    machine.run();
    expect(machine.ip).toBe(address + 1);
    expect(machine.u16(0x7ffa)).toBe(0x1002);
  });

  it("an interrupt waits until one instruction after STI", () => {
    const address = handler(8);
    start((a) => {
      a.sti();
      a.inc("ax");
      a.inc("ax");
    });
    machine.interrupt(8);
    machine.run();
    expect(machine.ip).toBe(address + 1);
    expect(machine.get("eax")).toBe(1);
  });

  it("STI and HLT in a row halt first, and the interrupt returns behind HLT", () => {
    const address = handler(8);
    start((a) => {
      a.sti();
      a.hlt();
    });
    machine.interrupt(8);
    machine.run();
    expect(machine.ip).toBe(address + 1);
    expect(machine.u16(0x7ffa)).toBe(0x1002);
  });

  it("STI and CLI in a row leave no room for an interrupt", () => {
    handler(8);
    start((a) => {
      a.sti();
      a.cli();
      a.inc("ax");
      a.hlt();
    });
    machine.interrupt(8);
    machine.run();
    expect(machine.get("eax")).toBe(1);
  });

  it("an interrupt that POPF allows, or that an OUT brings, comes at once", () => {
    const address = handler(8);
    start((a) => {
      a.push(0x202);
      a.popf();
      a.inc("ax");
    });
    machine.interrupt(8);
    machine.run();
    expect(machine.ip).toBe(address + 1);
    expect(machine.get("eax")).toBe(0);

    machine.reset();
    handler(8);
    machine.onOut = () => machine.interrupt(8);
    start((a) => {
      a.sti();
      a.xor("bx", "bx");
      a.out(0x80, "al");
      a.inc("bx");
      a.hlt();
    });
    machine.run();
    expect(machine.get("ebx")).toBe(0);
    expect(machine.u16(0x7ffa)).toBe(0x1005);
  });

  it("an interrupt waits until the instruction after MOV SS", () => {
    handler(8);
    start((a) => {
      a.mov("ax", 0x6000);
      a.sti();
      a.mov("ss", "cx");
      a.mov("sp", "ax");
      a.nop();
    });
    machine.interrupt(8);
    machine.run();
    expect(machine.u16(0x5ffa)).toBe(0x1008);
  });

  it("TF traps after each instruction, but not after MOV SS nor within the handler", () => {
    machine.view.setUint16(4, 0x2000, true);
    machine.assemble(0x2000, 16, (a) => {
      a.mov("bp", "sp");
      a.mov("di", "[bp]");
      a.mov("[si+0x4000]", "di");
      a.add("si", 2);
      a.iret();
    });
    start((a) => {
      a.xor("si", "si");
      a.push(0x102);
      a.popf();
      a.label("next");
      a.nop();
      a.mov("ax", "ss");
      a.mov("ss", "ax");
      a.nop();
      a.push(2);
      a.popf();
      a.nop();
      a.hlt();
    });
    machine.run();
    // After the first NOP, MOV from SS, the NOP behind MOV SS, PUSH, and POPF which ends it.
    const traps = [0, 2, 4, 6, 8].map((n) => machine.u16(0x4000 + n));
    expect(traps).toEqual([0x1007, 0x1009, 0x100c, 0x100e, 0x100f]);
    expect(machine.get("esi")).toBe(10);
  });

  it("PUSHF and POPF carry all flags of real mode", () => {
    start((a) => {
      a.push(0x7fd7);
      a.popf();
      a.pushf();
      a.pop("ax");
      a.cli();
      a.hlt();
    });
    // TF would trap: leave it out.
    machine.view.setUint16(0x1001, 0x7ed7, true);
    machine.run();
    expect(machine.get("eax") & 0xffff).toBe(0x7ed7);
  });

  it("goes to protected mode and back, keeping large limits", () => {
    machine.view.setUint32(0x180000, 0xfeedface, true);
    start((a) => {
      a.lgdt("[gdtr]");
      a.mov("eax", "cr0");
      a.or("al", 1);
      a.mov("cr0", "eax");
      a.mov("bx", 8);
      a.mov("fs", "bx");
      a.and("al", 0xfe);
      a.mov("cr0", "eax");
      a.mov("ebx", "[fs:ebp]");
      a.hlt();
      a.label("gdtr");
      a.dw(15);
      a.dd("gdt");
      a.label("gdt");
      a.dq(0, 0x00cf92000000ffffn);
    });
    machine.set("ebp", 0x180000);
    machine.run();
    expect(machine.get("ebx")).toBe(0xfeedface);
    expect(cpu.get32(CR0) & 1).toBe(0);
    expect(cpu.get32(GDTR_LIMIT)).toBe(15);
    expect(cpu.get64(GDTR_BASE)).toBeGreaterThan(0x1000n);
  });

  it("LMSW sets PE, SMSW shows it, and LMSW cannot clear it", () => {
    start((a) => {
      a.mov("ax", 1);
      a.lmsw("ax");
      a.xor("ax", "ax");
      a.lmsw("ax");
      a.smsw("bx");
      a.hlt();
    });
    machine.run();
    expect(machine.get("ebx") & 0xf).toBe(1);
  });

  it("CPUID tells vendor, signature and brand", () => {
    start((a) => {
      a.xor("eax", "eax");
      a.cpuid();
      a.mov("[0x3000]", "ebx");
      a.mov("[0x3004]", "edx");
      a.mov("[0x3008]", "ecx");
      a.mov("eax", 1);
      a.cpuid();
      a.mov("esi", "eax");
      a.mov("edi", "edx");
      a.mov("eax", 0x80000002);
      a.cpuid();
      a.mov("[0x3010]", "eax");
      a.hlt();
    });
    machine.run();
    const text = (at: number, length: number) =>
      String.fromCharCode(...Array.from({ length }, (_, n) => machine.u8(at + n)));
    expect(text(0x3000, 12)).toBe("GenuineIntel");
    expect(text(0x3010, 4)).toBe("Twin");
    expect(machine.get("esi")).toBe(signatureOf(cpuModel(DEFAULT_CPU)));
    expect(machine.get("edi")).toBe(0x078bfbff & ~(1 << 27) & ~(1 << 10));
  });

  it("RDTSC moves on, WRMSR sets it", () => {
    start((a) => {
      a.rdtsc();
      a.mov("ebx", "eax");
      a.rdtsc();
      a.sub("eax", "ebx");
      a.mov("esi", "eax");
      a.mov("ecx", 0x10);
      a.mov("eax", 0);
      a.mov("edx", 5);
      a.wrmsr();
      a.rdmsr();
      a.hlt();
    });
    machine.run();
    expect(machine.get("esi")).toBeGreaterThan(0);
    expect(machine.get("edx")).toBe(5);
  });

  it("RDTSC goes on from where the board's clock stood, by its pace", () => {
    machine.time = { base: 1e12 + 0.75, mark: cpu.instructions - 1000, step: 2.5 };
    start((a) => {
      a.rdtsc();
      a.hlt();
    });
    machine.run();
    const counter = machine.get("edx") * 2 ** 32 + machine.get("eax");
    expect(counter).toBe(Math.floor(1e12 + 0.75 + (1000 + 1) * 2.5));
  });

  it("model-specific registers: the processor's, the board's, and none", () => {
    machine.msrs.set(0x1b, 0xfee00900n);
    handler(13);
    start((a) => {
      a.mov("ecx", 0x1b);
      a.rdmsr();
      a.mov("ebx", "eax");
      a.mov("ecx", 0x176);
      a.mov("eax", 0x1234);
      a.wrmsr();
      a.xor("eax", "eax");
      a.rdmsr();
      a.mov("esi", "eax");
      a.mov("ecx", 0xc0001000);
      a.rdmsr();
    });
    machine.run();
    expect(machine.get("ebx")).toBe(0xfee00900);
    expect(machine.get("esi")).toBe(0x1234);
    expect(machine.ip).toBe(0x20d1);
  });
});
