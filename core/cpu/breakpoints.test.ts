import { beforeEach, describe, expect, it } from "vitest";
import { CPL, CR0, CR3, GPR, WATCH_READ, WATCH_WRITE, WATCHPOINT_COUNT, WATCHPOINTS } from "./layout.ts";
import { userMachine } from "./testing/differential.ts";

const CODE = 0x20000;
const DATA = 0x30000;
const TABLES = 0x100000;
const ROUNDS = 100;

// 1: blocks are compiled at once, and link to one another.
describe.each([Number.POSITIVE_INFINITY, 1])("compiled after %d entries,", (compileAfter) => {
  const machine = userMachine(32, compileAfter);
  const { cpu } = machine;
  let at: (label: string) => number;

  const watch = (address: number, length: number, kinds: number): void => {
    cpu.set64(WATCHPOINTS, BigInt(address));
    cpu.set32(WATCHPOINTS + 8, length);
    cpu.set32(WATCHPOINTS + 12, kinds);
    cpu.set32(WATCHPOINT_COUNT, 1);
    cpu.runtime.flushTlb();
  };
  const go = (): void => cpu.run(100000);

  beforeEach(() => {
    cpu.set32(CPL, 0);
    cpu.runtime.updateMode();
    machine.write(DATA, new Uint8Array(0x1000));
    cpu.set32(WATCHPOINT_COUNT, 0);
    at = machine.assemble(CODE, 32, (a) => {
      a.xor("eax", "eax");
      a.mov("ecx", ROUNDS);
      a.label("again");
      a.inc("eax");
      a.label("middle");
      a.mov(`dword [${DATA + 8}]`, "eax");
      a.label("load");
      a.mov("edx", `[${DATA}]`);
      a.label("branch");
      a.dec("ecx");
      a.jnz("again");
      a.label("end");
      a.hlt();
    });
    machine.ip = CODE;
    cpu.unhalt();
  });

  it("a breakpoint in a loop is met each time, before its instruction", () => {
    go();
    expect(machine.get("eax")).toBe(ROUNDS);
    machine.ip = CODE;
    cpu.unhalt();
    cpu.breakpoints.addLinear(BigInt(at("middle")));
    for (let round = 1; round <= ROUNDS; round++) {
      go();
      expect([cpu.stopped, machine.ip, machine.get("eax")]).toEqual(["breakpoint", at("middle"), round]);
      cpu.runOne(true);
      expect(machine.ip).toBe(at("load"));
    }
    go();
    expect(cpu.stopped).toBeUndefined();
    cpu.breakpoints.removeLinear(BigInt(at("middle")));
    machine.ip = CODE;
    cpu.unhalt();
    go();
    expect([cpu.stopped, machine.get("eax")]).toEqual([undefined, ROUNDS]);
  });

  it("a physical one stays where code is written anew", () => {
    go();
    cpu.breakpoints.addPhysical(at("branch"));
    machine.assemble(at("load"), 32, (a) => a.mov("ebx", `[${DATA}]`));
    machine.ip = CODE;
    cpu.unhalt();
    go();
    expect([cpu.stopped, machine.ip, machine.get("eax")]).toEqual(["breakpoint", at("branch"), 1]);
    cpu.breakpoints.removePhysical(at("branch"));
    go();
    expect([cpu.stopped, machine.get("eax")]).toEqual([undefined, ROUNDS]);
  });

  it("a linear one follows its page, and is not met at another address of the same code", () => {
    const PRESENT = 7;
    const LINEAR = 0x400000;
    const map = (linear: number, physical: number) =>
      machine.view.setUint32(TABLES + 0x2000 + (linear >>> 10) - 0x1000, physical | PRESENT, true);
    machine.view.setUint32(TABLES, (TABLES + 0x1000) | PRESENT, true);
    machine.view.setUint32(TABLES + 4, (TABLES + 0x2000) | PRESENT, true);
    for (let page = 0; page < 0x200; page++) {
      machine.view.setUint32(TABLES + 0x1000 + page * 4, (page << 12) | PRESENT, true);
    }
    map(LINEAR, CODE);
    machine.write(CODE + 0x1000, new Uint8Array(machine.view.buffer, machine.view.byteOffset + CODE, 0x100));
    cpu.set64(CR3, BigInt(TABLES));
    cpu.set32(CR0, cpu.get32(CR0) | (1 << 31));
    cpu.runtime.flushTlb();
    const place = LINEAR + at("load") - CODE;
    cpu.breakpoints.addLinear(BigInt(place));
    go();
    expect([cpu.stopped, machine.get("eax")]).toEqual([undefined, ROUNDS]);
    for (const physical of [CODE, CODE + 0x1000]) {
      map(LINEAR, physical);
      cpu.runtime.flushPage(BigInt(LINEAR));
      machine.ip = LINEAR;
      cpu.unhalt();
      go();
      expect([cpu.stopped, machine.ip, machine.get("eax")]).toEqual(["breakpoint", place, 1]);
      machine.ip = CODE;
      go();
      expect([cpu.stopped, machine.get("eax")]).toEqual([undefined, ROUNDS]);
    }
    cpu.breakpoints.removeLinear(BigInt(place));
    machine.ip = LINEAR;
    cpu.unhalt();
    go();
    expect(cpu.stopped).toBeUndefined();
    cpu.set32(CR0, cpu.get32(CR0) & 0x7fffffff);
    cpu.runtime.flushTlb();
  });

  it("a watchpoint is met by the accesses that it is for, before anything has changed", () => {
    watch(DATA + 9, 1, WATCH_WRITE);
    for (let round = 1; round <= 3; round++) {
      go();
      expect([cpu.stopped, machine.ip, machine.get("eax")]).toEqual(["watchpoint", at("middle"), round]);
      expect(machine.u32(DATA + 8)).toBe(round === 1 ? 0 : round - 1);
      expect(cpu.runOne(true)).toBe(false);
      expect(machine.u32(DATA + 8)).toBe(round);
    }
    watch(DATA + 3, 1, WATCH_READ);
    go();
    expect([cpu.stopped, machine.ip]).toEqual(["watchpoint", at("load")]);
    watch(DATA + 4, 4, WATCH_READ | WATCH_WRITE);
    go();
    expect([cpu.stopped, machine.get("eax")]).toEqual([undefined, ROUNDS]);
  });

  it("a watchpoint stops a repeated string instruction at its element", () => {
    machine.assemble(CODE, 32, (a) => {
      a.rep();
      a.stosd();
      a.hlt();
    });
    cpu.set64(GPR + 7 * 8, BigInt(DATA));
    machine.set("eax", 1);
    machine.set("ecx", 100);
    watch(DATA + 40, 4, WATCH_WRITE);
    go();
    expect([cpu.stopped, machine.get("ecx"), machine.get("edi")]).toEqual(["watchpoint", 90, DATA + 40]);
  });

  it("one instruction at a time is exactly one", () => {
    const before = cpu.instructions;
    const places = Array.from({ length: 4 }, () => {
      cpu.runOne(true);
      return machine.ip;
    });
    expect(places).toEqual([CODE + 2, at("again"), at("middle"), at("load")]);
    expect(cpu.instructions - before).toBe(4);
  });
});
