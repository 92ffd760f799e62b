// Calls of functions that are not part of the region: compiled code goes on behind them, if they come back.

import { describe, expect, it } from "vitest";
import type { Assembler } from "../../assembler/assembler.ts";
import { enterLevel0, userMachine } from "../testing/differential.ts";
import type { Machine } from "../testing/machine.ts";

const CODE = 0x20000;
const STACK = 0x40000;
const OTHER_STACK = 0x60000;
const REGISTERS = ["eax", "ebx", "ecx", "edx", "esi", "edi", "ebp", "esp"] as const;
const TURNS = 300;
/** More instructions than a function may have to become part of who calls it. */
const LONG = 45;

function run(machine: Machine, program: (a: Assembler) => void): number[] {
  const { cpu } = machine;
  enterLevel0(machine);
  machine.assemble(CODE, 32, program);
  for (const name of REGISTERS) machine.set(name, 0);
  machine.set("esp", STACK);
  machine.ip = CODE;
  cpu.unhalt();
  // Between two runs what has become hot is compiled.
  for (let n = 0; n < 4000 && !cpu.halted; n++) machine.run(5000);
  expect(cpu.halted).toBe(1);
  return REGISTERS.map((name) => machine.get(name));
}

/** Registers in the end, the same from compiled code and from the interpreter. */
function both(program: (a: Assembler) => void): Record<(typeof REGISTERS)[number], number> {
  const compiled = userMachine(32, 20);
  const told = run(compiled, program);
  expect(compiled.cpu.compiler.regionsCompiled).toBeGreaterThan(0);
  expect(told).toEqual(run(userMachine(32, Number.POSITIVE_INFINITY), program));
  return Object.fromEntries(REGISTERS.map((name, n) => [name, told[n]])) as never;
}

function nops(a: Assembler): void {
  for (let n = 0; n < LONG; n++) a.nop();
}

/** TURNS times `body`, which keeps ECX; then `functions`. */
function loop(a: Assembler, body: () => void, functions: () => void): void {
  a.mov("ecx", TURNS);
  a.label("again");
  body();
  a.dec("ecx");
  a.jnz("again");
  a.hlt();
  functions();
}

describe("a function that is called in a loop", () => {
  it("changes registers and flags for who called it", () => {
    const { eax, ebx, edx } = both((a) =>
      loop(
        a,
        () => {
          a.mov("eax", "ecx");
          a.call("function");
          a.adc("ebx", 0);
          a.add("edx", "eax");
        },
        () => {
          a.label("function");
          nops(a);
          a.add("eax", "eax");
          a.bt("ecx", 0);
          a.ret();
        },
      ),
    );
    expect([eax, ebx, edx]).toEqual([2, TURNS / 2, TURNS * (TURNS + 1)]);
  });

  it("changes numbers that were known before the call", () => {
    const { eax } = both((a) => {
      // XMM1 ← 1; XMM0 ← 2 (2 (ECX + 1) + 1) + 1.
      const addOne = () => a.db(0xf2, 0x0f, 0x58, 0xc1);
      // LDMXCSR: all masked, and an inexact result has been met already, so that nothing is left to the runtime.
      a.push(0x1fa0);
      a.db(0x0f, 0xae, 0x14, 0x24);
      a.pop("eax");
      a.mov("eax", 1);
      a.db(0xf2, 0x0f, 0x2a, 0xc8);
      loop(
        a,
        () => {
          a.db(0xf2, 0x0f, 0x2a, 0xc1);
          for (let n = 0; n < 2; n++) {
            addOne();
            a.call("function");
          }
          addOne();
          a.db(0xf2, 0x0f, 0x2c, 0xd0);
          a.add("ebx", "edx");
          a.mov("eax", "ebx");
        },
        () => {
          a.label("function");
          nops(a);
          a.db(0xf2, 0x0f, 0x58, 0xc0);
          a.ret();
        },
      );
    });
    expect(eax).toBe(2 * TURNS * (TURNS + 1) + 7 * TURNS);
  });

  it("may call itself deeper than the host's stack could bear", () => {
    const depth = 500;
    const { eax, esp } = both((a) =>
      loop(
        a,
        () => {
          a.mov("edx", depth);
          a.call("function");
        },
        () => {
          a.label("function");
          nops(a);
          a.inc("eax");
          a.dec("edx");
          a.jz("end");
          a.call("function");
          a.inc("eax");
          a.label("end");
          a.ret();
        },
      ),
    );
    expect([eax, esp]).toEqual([TURNS * (2 * depth - 1), STACK]);
  });

  it("may return elsewhere, or to who called the one that called it", () => {
    const { eax, ebx, esi, esp } = both((a) =>
      loop(
        a,
        () => {
          a.call("outer");
          a.inc("eax");
          a.label("next");
        },
        () => {
          a.label("outer");
          nops(a);
          a.call("inner");
          a.inc("ebx");
          a.ret();
          a.label("inner");
          nops(a);
          a.test("ecx", 1);
          a.jz("even");
          a.ret();
          a.label("even");
          a.add("esp", 4);
          a.test("ecx", 2);
          a.jz("elsewhere");
          a.ret();
          a.label("elsewhere");
          a.add("esp", 4);
          a.inc("esi");
          a.jmp("next");
        },
      ),
    );
    expect([eax, ebx, esi, esp]).toEqual([(TURNS * 3) / 4, TURNS / 2, TURNS / 4, STACK]);
  });

  it("may be what follows the call", () => {
    const { eax, esp } = both((a) =>
      loop(
        a,
        () => {
          a.call("here");
          a.label("here");
          a.pop("edx");
          nops(a);
          a.sub("edx", "eax");
          a.lea("eax", "[eax+edx]");
        },
        () => {},
      ),
    );
    expect(esp).toBe(STACK);
    expect(eax).toBe(CODE + 10);
  });

  it("may change what comes after the call", () => {
    const { eax, edi } = both((a) =>
      loop(
        a,
        () => {
          a.call("function");
          a.label("changed");
          a.add("eax", 0x11111111);
        },
        () => {
          a.label("function");
          nops(a);
          a.test("ecx", 15);
          a.jnz("end");
          a.inc("edi");
          a.mov("[changed+1]", "edi");
          a.label("end");
          a.ret();
        },
      ),
    );
    expect(edi).toBe(Math.floor(TURNS / 16));
    let sum = 0;
    for (let left = TURNS, added = 0x11111111, changes = 0; left > 0; left--) {
      if (left % 16 === 0) added = ++changes;
      sum += added;
    }
    expect(eax).toBe(sum >>> 0);
  });

  it("may change to another stack, whose functions return to their own callers", () => {
    const { ebx, esi, edx } = both((a) => {
      a.mov("edi", OTHER_STACK);
      a.mov("dword [edi]", "other");
      loop(
        a,
        () => {
          a.call("change");
          a.inc("ebx");
          a.call("through");
        },
        () => {
          a.label("through");
          nops(a);
          a.call("change");
          a.inc("edx");
          a.ret();
          a.label("change");
          nops(a);
          a.xchg("esp", "edi");
          a.ret();
          a.label("other");
          a.call("change");
          a.inc("esi");
          a.jmp("other");
        },
      );
    });
    expect([ebx, edx, esi]).toEqual([TURNS, TURNS, 2 * TURNS - 1]);
  });
});
