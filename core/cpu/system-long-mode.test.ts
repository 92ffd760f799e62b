import { beforeEach, describe, expect, it } from "vitest";
import type { Assembler } from "../assembler/assembler.ts";
import { far } from "../assembler/operands.ts";
import { CPL, EFER, GPR, IDTR_BASE, IDTR_LIMIT, KERNEL_GS_BASE, MODE, MODE_CODE_SIZE } from "./layout.ts";
import { cpuModel } from "./models/catalogue.ts";
import {
  CODE3,
  DATA0,
  DATA3,
  FREE,
  HANDLERS,
  INNER_STACKS,
  TASK,
  TSS,
  World,
} from "./testing/protected-world.ts";

const world = new World();
const { machine } = world;
const { cpu } = machine;

/** Selectors: 64-bit code of levels 0 and 3, laid out as SYSCALL and SYSRET want them. */
const CODE64 = FREE;
const DATA64 = FREE + 8;
const USER32 = FREE + 16;
const USER_DATA = FREE + 24;
const USER64 = FREE + 32;
const TASK64 = FREE + 48;
const OTHER64 = FREE + 64;

const LONG_CODE = 0x50000;
const IDT64 = 0x16000;
const USER = 0x60000;

const register = (number: number): bigint => cpu.get64(GPR + number * 8);

function setGate64(vector: number, offset: number, ist = 0, dpl = 0): void {
  const low =
    BigInt(offset & 0xffff) |
    (BigInt(CODE64) << 16n) |
    (BigInt(ist) << 32n) |
    (BigInt(0x8e | (dpl << 5)) << 40n) |
    (BigInt(offset >>> 16) << 48n);
  machine.view.setBigUint64(IDT64 + vector * 16, low, true);
  machine.view.setBigUint64(IDT64 + vector * 16 + 8, 0n, true);
}

/** Switches from 32-bit code to long mode as a kernel does, and runs 64-bit code there. */
function runLong(code: (a: Assembler) => void): (label: string) => number {
  const at = machine.assemble(LONG_CODE, 64, code);
  world.run((a) => {
    a.mov("eax", 0x20);
    a.mov("cr4", "eax");
    a.mov("eax", 0x100000);
    a.mov("cr3", "eax");
    a.mov("ecx", 0xc0000080);
    a.mov("eax", 0x901);
    a.xor("edx", "edx");
    a.wrmsr();
    a.mov("eax", 0x80000011);
    a.mov("cr0", "eax");
    a.mov("eax", TASK64);
    a.ltr("ax");
    a.jmp(far(CODE64, LONG_CODE));
  });
  return at;
}

beforeEach(() => {
  world.reset();
  const { view } = machine;
  // Identity map of 2 MiB, for the user too.
  view.setBigUint64(0x100000, 0x101007n, true);
  view.setBigUint64(0x101000, 0x102007n, true);
  view.setBigUint64(0x102000, 0x87n, true);
  world.setDescriptor(CODE64, 0x00af9b000000ffffn);
  world.setDescriptor(DATA64, 0x00cf93000000ffffn);
  world.setDescriptor(USER32, 0x00cffb000000ffffn);
  world.setDescriptor(USER_DATA, 0x00cff3000000ffffn);
  world.setDescriptor(USER64, 0x00affb000000ffffn);
  world.setDescriptor(TASK64, (world.descriptorOf(TASK) & ~(0xffn << 40n)) | (0x89n << 40n));
  world.setDescriptor(TASK64 + 8, 0n);
  view.setBigUint64(TSS + 4, BigInt(INNER_STACKS[0]), true);
  view.setBigUint64(TSS + 0x24, BigInt(INNER_STACKS[1]), true);
  for (let vector = 0; vector < 256; vector++) setGate64(vector, HANDLERS + vector * 16);
  cpu.set64(IDTR_BASE, BigInt(IDT64));
  cpu.set32(IDTR_LIMIT, 0xfff);
});

describe("long mode", () => {
  it("is entered with paging, and runs 64-bit code after a far jump", () => {
    runLong((a) => {
      a.mov("rax", 0x123456789abcdef0n);
      a.hlt();
    });
    expect(cpu.halted).toBe(1);
    expect(register(0)).toBe(0x123456789abcdef0n);
    expect(cpu.get32(EFER) & 0x500).toBe(0x500);
    expect(cpu.get32(MODE) & MODE_CODE_SIZE).toBe(2);
  });

  it("an interrupt always pushes SS:RSP, on a stack aligned to 16 bytes", () => {
    const at = runLong((a) => {
      a.mov("rsp", 0x30008);
      a.int(0x30);
      a.label("next");
    });
    expect(machine.ip).toBe(HANDLERS + 0x301);
    const top = Number(register(4));
    expect(top).toBe(0x30000 - 40);
    const frame = [0, 8, 16, 24, 32].map((n) => machine.u32(top + n));
    expect(frame).toEqual([at("next"), CODE64, expect.any(Number), 0x30008, DATA0]);
  });

  it("a gate may name a stack of its own", () => {
    setGate64(6, HANDLERS + 0x60, 1);
    runLong((a) => a.ud2());
    expect(machine.ip).toBe(HANDLERS + 0x61);
    expect(Number(register(4))).toBe(INNER_STACKS[1] - 40);
  });

  it("a pointer that is not canonical is #GP(0), on the stack #SS(0)", () => {
    runLong((a) => {
      a.mov("rbx", 0x800000000000n);
      a.mov("rax", "[rbx]");
    });
    expect(machine.ip).toBe(HANDLERS + 0xd1);
    expect(machine.u32(Number(register(4)))).toBe(0);
  });

  it("IRETQ goes to level 3, and interrupts come back on RSP0", () => {
    setGate64(0x80, HANDLERS + 0x800, 0, 3);
    machine.assemble(USER, 64, (a) => {
      a.mov("rax", "cs");
      a.int(0x80);
    });
    runLong((a) => {
      a.push(USER_DATA | 3);
      a.push(0x40000);
      a.push(0x202);
      a.push(USER64 | 3);
      a.push(USER);
      a.iretq();
    });
    expect(machine.ip).toBe(HANDLERS + 0x801);
    expect(Number(register(0)) & 0xffff).toBe(USER64 | 3);
    expect(Number(register(4))).toBe(INNER_STACKS[0] - 40);
    expect(world.selector(2)).toBe(0);
    expect(cpu.get32(CPL)).toBe(0);
  });

  it("IRETQ to level 3 makes what it may not see null, and leaves the base of GS", () => {
    setGate64(0x80, HANDLERS + 0x800, 0, 3);
    machine.assemble(USER, 64, (a) => {
      a.mov("rbx", "gs");
      a.mov("rax", "[gs:0]");
      a.int(0x80);
    });
    machine.view.setBigUint64(0x70000, 0x1122334455667788n, true);
    runLong((a) => {
      a.mov("eax", DATA64);
      a.mov("gs", "ax");
      a.mov("ecx", 0xc0000101);
      a.mov("eax", 0x70000);
      a.xor("edx", "edx");
      a.wrmsr();
      for (const value of [USER_DATA | 3, 0x40000, 0x202, USER64 | 3, USER]) a.push(value);
      a.iretq();
    });
    expect(machine.ip).toBe(HANDLERS + 0x801);
    expect(Number(register(3)) & 0xffff).toBe(0);
    expect(register(0)).toBe(0x1122334455667788n);
  });

  it.each(["lgdt", "lidt"] as const)("%s of a base that is not canonical is #GP(0)", (name) => {
    machine.view.setBigUint64(0x70002, 0xffaa_aaaa_aaaa_aaaan, true);
    const at = runLong((a) => {
      a.label("fault");
      a[name]("[0x70000]");
    });
    expect(machine.ip).toBe(HANDLERS + 0xd1);
    const top = Number(register(4));
    expect([machine.u32(top), machine.u32(top + 8)]).toEqual([0, at("fault")]);
  });

  it.each([
    ["lldt", 0x82n],
    ["ltr", 0x89n],
  ] as const)("%s of a base that is not canonical is #GP(selector)", (name, access) => {
    world.setDescriptor(OTHER64, (access << 40n) | 0x67n);
    world.setDescriptor(OTHER64 + 8, 0xffaa_aaaan);
    runLong((a) => {
      a.mov("eax", OTHER64);
      a[name]("ax");
    });
    expect(machine.ip).toBe(HANDLERS + 0xd1);
    expect(machine.u32(Number(register(4)))).toBe(OTHER64);
  });

  it.each([
    [0x100, "is not stepped", 6],
    [0, "is stepped", 1],
  ])("SYSCALL with TF in FMASK %i: what it enters %s", (mask, _, vector) => {
    machine.assemble(LONG_CODE + 0x800, 64, (a) => a.ud2());
    runLong((a) => {
      for (const [number, low, high] of [
        [0xc0000081, 0, CODE64],
        [0xc0000082, LONG_CODE + 0x800, 0],
        [0xc0000084, mask, 0],
      ] as const) {
        a.mov("ecx", number);
        a.mov("eax", low);
        a.mov("edx", high);
        a.wrmsr();
      }
      a.db(0x9c);
      a.or("qword [rsp]", 0x100);
      a.db(0x9d);
      a.syscall();
    });
    expect(machine.ip).toBe(HANDLERS + vector * 16 + 1);
    expect(machine.u32(Number(register(4)))).toBe(LONG_CODE + 0x800);
  });

  it("SYSRET that sets TF traps before the first instruction that it returns to", () => {
    machine.assemble(USER, 64, (a) => a.ud2());
    runLong((a) => {
      a.mov("ecx", 0xc0000081);
      a.xor("eax", "eax");
      a.mov("edx", (USER32 | 3) << 16);
      a.wrmsr();
      a.mov("rcx", USER);
      a.mov("r11", 0x302);
      a.db(0x48, 0x0f, 0x07);
    });
    expect(machine.ip).toBe(HANDLERS + 0x11);
    const top = Number(register(4));
    expect([machine.u32(top), machine.u32(top + 8)]).toEqual([USER, USER64 | 3]);
  });

  it("goes to compatibility mode by IRETQ", () => {
    setGate64(0x80, HANDLERS + 0x800, 0, 3);
    machine.assemble(USER, 32, (a) => {
      a.mov("eax", 0xffffffff);
      a.inc("eax");
      a.mov("ebx", "cs");
      a.int(0x80);
    });
    runLong((a) => {
      for (const value of [DATA3, 0x40000, 0x202, CODE3, USER]) a.push(value);
      a.iretq();
    });
    expect(machine.ip).toBe(HANDLERS + 0x801);
    expect(register(0)).toBe(0n);
    expect(Number(register(3))).toBe(CODE3);
  });

  it("SYSCALL and SYSRET pass by RCX and R11, SWAPGS exchanges the bases", () => {
    machine.assemble(USER, 64, (a) => {
      a.syscall();
      a.label("back");
      a.mov("rbx", "cs");
      a.int(0x30);
    });
    cpu.set64(KERNEL_GS_BASE, 0x77777n);
    const wrmsr = (a: Assembler, number: number, low: number, high: number): void => {
      a.mov("ecx", number);
      a.mov("eax", low);
      a.mov("edx", high);
      a.wrmsr();
    };
    runLong((a) => {
      wrmsr(a, 0xc0000081, 0, ((USER32 | 3) << 16) | CODE64);
      a.mov("eax", "entry");
      a.mov("esi", "eax");
      a.mov("ecx", 0xc0000082);
      a.xor("edx", "edx");
      a.wrmsr();
      wrmsr(a, 0xc0000084, 0x200, 0);
      a.swapgs();
      a.mov("rcx", USER);
      a.mov("r11", 0x202);
      a.db(0x48);
      a.sysret();
      a.label("entry");
      a.mov("rdi", "rcx");
      a.mov("r8", "r11");
      a.mov("r9", "cs");
      a.db(0x48);
      a.sysret();
    });
    expect(register(7)).toBe(BigInt(USER + 2));
    expect(Number(register(8)) & 0x202).toBe(0x202);
    expect(Number(register(9))).toBe(CODE64);
    expect(Number(register(3))).toBe(USER64 | 3);
    expect(machine.ip).toBe(HANDLERS + 0xd1);
    expect(cpu.get64(KERNEL_GS_BASE)).toBe(0n);
  });

  it("does not exist on a model without it", () => {
    const older = new World(cpuModel({ model: "pentium3", vendor: "intel" }));
    older.reset();
    expect(
      older.fault((a) => {
        a.mov("ecx", 0xc0000080);
        a.label("fault");
        a.rdmsr();
      }),
    ).toEqual([13, 0]);
  });
});
