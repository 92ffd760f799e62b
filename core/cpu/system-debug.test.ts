import { beforeEach, describe, expect, it } from "vitest";
import { CR4, DR } from "./layout.ts";
import { CODE0, gate, HANDLERS, World } from "./testing/protected-world.ts";

const world = new World();
const { machine } = world;
const { cpu } = machine;

const DR6 = DR + 48;
const DR7 = DR + 56;
const RF = 0x10000;

/** DR7 for breakpoint 0, enabled, of a kind (R/W) and length (LEN). */
const arm = (kind: number, length = 0): number => 1 | (kind << 16) | (length << 18);
const EXECUTE = 0;
const WRITE = 1;
const IO = 2;
const ACCESS = 3;

const status = (): number => cpu.get32(DR6) & 0xffff;

beforeEach(() => world.reset());

describe("debug registers", () => {
  it("keep their fixed bits", () => {
    world.run((a) => {
      a.mov("eax", 0xffffffff);
      a.mov("dr6", "eax");
      a.mov("ebx", "dr6");
      a.xor("eax", "eax");
      a.mov("dr7", "eax");
      a.mov("ecx", "dr7");
      a.mov("dr6", "eax");
      a.mov("edx", "dr6");
      a.hlt();
    });
    expect(machine.get("ebx")).toBe(0xffffefff);
    expect(machine.get("ecx")).toBe(0x400);
    expect(machine.get("edx")).toBe(0xffff0ff0);
  });

  it("DR4 and DR5 are DR6 and DR7, or #UD with CR4.DE", () => {
    world.run((a) => {
      a.mov("eax", 0x12345678);
      a.mov("dr0", "eax");
      // MOV EBX, DR5 and MOV ECX, DR0.
      a.db(0x0f, 0x21, 0xeb, 0x0f, 0x21, 0xc1);
      a.hlt();
    });
    expect(machine.get("ebx")).toBe(0x400);
    expect(machine.get("ecx")).toBe(0x12345678);
    cpu.set32(CR4, 8);
    expect(world.fault((a) => a.db(0x0f, 0x21, 0xeb))).toEqual([6, undefined]);
  });

  it("are for level 0, and with GD for nobody", () => {
    expect(world.fault((a) => a.mov("eax", "dr7"), 3)).toEqual([13, 0]);
    expect(
      world.fault((a) => {
        a.mov("eax", 0x2000);
        a.mov("dr7", "eax");
        a.label("fault");
        a.mov("eax", "dr0");
      }),
    ).toEqual([1, undefined]);
    expect(status() & 0x2000).toBe(0x2000);
    expect(cpu.get32(DR7) & 0x2000).toBe(0);
  });
});

describe("IA32_DEBUGCTL.BTF", () => {
  const DEBUGCTL = 0x1d9;
  const STOPS = 0x60000;
  const TF = 0x100;

  /** Where TF stops while BTF is set again after each stop, if it is to be. */
  function stops(again: boolean, code: Parameters<World["run"]>[0]) {
    world.setGate(1, gate(CODE0, 0x50000, 0x8e));
    machine.assemble(0x50000, 32, (a) => {
      a.pop("[ebx]");
      a.push("[ebx]");
      a.add("ebx", 4);
      a.mov("ecx", DEBUGCTL);
      a.rdmsr();
      a.add("ebp", "eax");
      if (again) {
        a.mov("eax", 2);
        a.wrmsr();
      }
      a.mov("ecx", "esi");
      a.iretd();
    });
    const at = world.run((a) => {
      a.xor("ebp", "ebp");
      a.mov("ebx", STOPS);
      a.mov("ecx", DEBUGCTL);
      a.mov("eax", 2);
      a.xor("edx", "edx");
      a.wrmsr();
      a.pushfd();
      a.or("dword [esp]", TF);
      a.popfd();
      code(a);
      a.pushfd();
      a.and("dword [esp]", ~TF);
      a.popfd();
      a.hlt();
    });
    const count = (machine.get("ebx") - STOPS) / 4;
    return { at, stops: Array.from({ length: count }, (_, n) => machine.u32(STOPS + 4 * n)) };
  }

  it("steps over branches that are taken, wherever they lead", () => {
    const { at, stops: met } = stops(true, (a) => {
      a.mov("esi", 1);
      a.mov("ecx", 2);
      a.label("again");
      a.nop();
      a.loop("again");
      a.test("esi", "esi");
      a.jz("never");
      a.label("never");
      a.jmp("short next");
      a.label("next");
      a.call("routine");
      a.label("returned");
      a.jmp("short on");
      a.label("routine");
      a.ret();
      a.label("on");
    });
    expect(met).toEqual(["again", "next", "routine", "returned", "on"].map(at));
    // Each #DB has cleared it.
    expect(machine.get("ebp")).toBe(0);
  });

  it("is cleared by the first #DB, after which every instruction is stepped over again", () => {
    const { at, stops: met } = stops(false, (a) => {
      a.nop();
      a.jmp("short on");
      a.label("on");
      a.nop();
      a.label("second");
      a.nop();
      a.label("third");
    });
    expect(met.slice(0, 3)).toEqual(["on", "second", "third"].map(at));
  });
});

describe("breakpoints", () => {
  it("on an instruction come before it, and RF passes one", () => {
    world.setGate(1, gate(CODE0, 0x50000, 0x8e));
    machine.assemble(0x50000, 32, (a) => {
      a.inc("esi");
      a.mov("ebp", "[esp+8]");
      a.or("dword [esp+8]", RF);
      a.iretd();
    });
    const at = world.run((a) => {
      a.xor("esi", "esi");
      a.mov("eax", "target");
      a.mov("dr0", "eax");
      a.mov("eax", arm(EXECUTE));
      a.mov("dr7", "eax");
      a.mov("ecx", 3);
      a.label("target");
      a.loop("target");
      a.hlt();
    });
    expect(cpu.halted).toBe(1);
    expect(machine.get("esi")).toBe(3);
    expect(machine.get("ebp") & RF).toBe(0);
    expect(machine.ip).toBe(at("target") + 3);
    expect(status() & 1).toBe(1);
  });

  const watch = (kind: number, length: number, code: Parameters<World["run"]>[0]) =>
    world.run((a) => {
      a.mov("eax", 0x70004);
      a.mov("dr0", "eax");
      a.mov("eax", arm(kind, length));
      a.mov("dr7", "eax");
      code(a);
    });

  it("on data come after the access, and tell which", () => {
    const at = watch(WRITE, 3, (a) => {
      a.mov("eax", "[0x70004]");
      a.mov("[0x70008]", "eax");
      a.mov("byte [0x70007]", 1);
      a.label("next");
      a.hlt();
    });
    expect(world.frame).toMatchObject({ vector: 1, ip: at("next") });
    expect(status() & 0xf).toBe(1);
    expect(machine.u8(0x70007)).toBe(1);
  });

  it("on access see reads, and only those that overlap", () => {
    const at = watch(ACCESS, 1, (a) => {
      a.mov("eax", "[0x70000]");
      a.mov("al", "[0x70006]");
      a.mov("eax", "[0x70002]");
      a.label("next");
    });
    expect(world.frame).toMatchObject({ vector: 1, ip: at("next") });
  });

  it("see pushes, string moves and read-modify-writes", () => {
    let at = watch(WRITE, 3, (a) => {
      a.mov("esp", 0x70008);
      a.push("eax");
      a.label("next");
    });
    expect(machine.u32(0x70004 - 12)).toBe(at("next"));
    at = watch(WRITE, 3, (a) => {
      a.add("dword [0x70004]", 1);
      a.label("next");
    });
    expect(world.frame).toMatchObject({ vector: 1, ip: at("next") });
  });

  it("on ports need CR4.DE", () => {
    cpu.set32(CR4, 8);
    const at = world.run((a) => {
      a.mov("eax", 0x60);
      a.mov("dr0", "eax");
      a.mov("eax", arm(IO));
      a.mov("dr7", "eax");
      a.in("al", 0x61);
      a.in("al", 0x60);
      a.label("next");
    });
    expect(world.frame).toMatchObject({ vector: 1, ip: at("next") });
  });

  it("of data met by MOV SS come after the next instruction", () => {
    machine.view.setUint16(0x70004, 0x10, true);
    const at = watch(ACCESS, 1, (a) => {
      a.mov("ss", "[0x70004]");
      a.nop();
      a.label("next");
      a.nop();
    });
    expect(world.frame).toMatchObject({ vector: 1, ip: at("next") });
  });

  it("of data met by MOV SS and INT1 behind it are one trap", () => {
    // The handler counts in memory and returns.
    machine.assemble(HANDLERS + 16, 32, (a) => {
      a.inc("dword [0x70010]");
      a.iretd();
    });
    machine.view.setUint16(0x70004, 0x10, true);
    watch(ACCESS, 1, (a) => {
      a.mov("ss", "[0x70004]");
      a.int1();
      a.hlt();
    });
    expect(cpu.halted).toBe(1);
    expect(machine.u32(0x70010)).toBe(1);
    expect(status() & 0xf).toBe(1);
  });
});

describe("single steps", () => {
  it("set BS, and the handler runs without TF", () => {
    const at = world.run((a) => {
      a.pushfd();
      a.or("dword [esp]", 0x100);
      a.popfd();
      a.nop();
      a.label("next");
    });
    expect(world.frame).toMatchObject({ vector: 1, ip: at("next") });
    expect(world.frame.flags & 0x100).toBe(0x100);
    expect(status()).toBe(0x4ff0);
    expect(cpu.eflags & 0x100).toBe(0);
  });

  it.each(["movsb", "stosb"] as const)("trap after each round of REP %s", (name) => {
    const at = world.run((a) => {
      a.mov("esi", 0x70100);
      a.mov("edi", 0x70200);
      a.mov("eax", "[esi]");
      a.mov("[edi]", "eax");
      a.mov("ecx", 3);
      a.pushfd();
      a.or("dword [esp]", 0x100);
      a.popfd();
      a.label("rep");
      a.rep();
      a[name]();
    });
    expect(world.frame).toMatchObject({ vector: 1, ip: at("rep") });
    expect(machine.get("ecx")).toBe(2);
  });

  it("do not trap after INT, whose handler is not stepped", () => {
    world.setGate(0x30, gate(CODE0, HANDLERS + 0x300, 0x8e));
    world.run((a) => {
      a.pushfd();
      a.or("dword [esp]", 0x100);
      a.popfd();
      a.int(0x30);
    });
    expect(world.frame.vector).toBe(0x30);
    expect(world.frame.flags & 0x100).toBe(0x100);
  });

  it("INT1 is a trap without a cause in DR6", () => {
    const at = world.run((a) => {
      a.int1();
      a.label("next");
    });
    expect(world.frame).toMatchObject({ vector: 1, ip: at("next") });
    expect(status()).toBe(0x0ff0);
  });
});
