// Flags that code of another mode has left are those with which compiled code goes on.

import { describe, expect, it } from "vitest";
import { FLAGS_AUX, FLAGS_KIND, FLAGS_RESULT, RIP } from "../layout.ts";
import { userMachine } from "../testing/differential.ts";
import type { Machine } from "../testing/machine.ts";
import { DIRECTORY, enterPaged, mapPages, runToHalt, TABLE } from "../testing/paged-loops.ts";

const CODE = 0x20000;
const CF = 1;
const PF = 4;
const ZF = 0x40;
const SF = 0x80;

describe("a result of 64 bits, of which 32-bit code changes only CF,", () => {
  it.each([
    ["is not 0 when its low half is", 1n << 32n, PF],
    ["is 0", 0n, ZF | PF],
    ["is negative by its highest bit", 1n << 63n, SF | PF],
    ["is not by another", 0x80000001n, 0],
  ])("%s", (_, result, expected) => {
    const machine = userMachine(32, 1);
    const { cpu } = machine;
    machine.assemble(CODE, 32, (a) => {
      a.mov("eax", 1);
      a.label("again");
      a.bt("eax", 0);
      a.jmp("again");
    });
    for (let n = 0; n < 10; n++) {
      cpu.set64(RIP, BigInt(CODE));
      cpu.set64(FLAGS_RESULT, result);
      cpu.set32(FLAGS_AUX, 0);
      cpu.run(10);
      expect(cpu.eflags & (CF | PF | ZF | SF)).toBe(expected | CF);
    }
    expect(cpu.compiler.regionsCompiled).toBeGreaterThan(0);
  });
});

describe("flags of the round before, of which a rotate changes CF and OF only,", () => {
  const PAGES = 64;
  const DATA = 0x40000;
  const LOG = 0x10000;

  /** AH by LAHF of each round, with a load after the rotate: of a new page, and then of the same again. */
  function flagsOf(compileAfter: number): number[] {
    const machine = userMachine(32, compileAfter);
    mapPages(machine, DIRECTORY, TABLE, []);
    enterPaged(machine, DIRECTORY);
    const halted = runToHalt(machine, CODE, (a) => {
      a.mov("esi", DATA);
      a.mov("edi", LOG);
      a.mov("ebp", 0x9d1b_57c3);
      a.mov("ecx", 2 * PAGES);
      a.label("again");
      a.ror("ebp", 1);
      a.mov("ebx", "[esi]");
      a.lahf();
      a.mov("[edi]", "ah");
      a.inc("edi");
      a.mov("edx", "ecx");
      a.and("edx", 1);
      a.shl("edx", 12);
      a.add("esi", "edx");
      a.mov("edx", "ecx");
      a.and("edx", 3);
      a.dec("ecx");
      a.jz("end");
      a.cmp("edx", 1);
      a.jmp("again");
      a.label("end");
      a.hlt();
    });
    expect(halted).toBe(true);
    expect(machine.cpu.compiler.regionsCompiled > 0).toBe(compileAfter === 1);
    return Array.from({ length: 2 * PAGES }, (_, n) => machine.u8(LOG + n));
  }

  it("are right after a load, wherever that was looked up", () => {
    const compiled = flagsOf(1);
    expect(compiled).toEqual(flagsOf(1 << 30));
    // ZF, SF and CF as they come, not all the same.
    for (const flag of [CF, ZF, SF]) expect(new Set(compiled.map((flags) => flags & flag)).size).toBe(2);
  });
});

describe("flags of a comparison that ends a compiled loop's round", () => {
  const ROUNDS = 640;
  const LOG = 0x40000;

  /** A machine with the loop; each 16th round logs AH by LAHF, in code that is not run often enough to be compiled with the loop. */
  function looping(compileAfter: number): Machine {
    const machine = userMachine(32, compileAfter);
    machine.assemble(CODE, 32, (a) => {
      a.mov("edi", LOG);
      a.mov("ebx", ROUNDS);
      a.label("again");
      a.dec("ebx");
      a.jz("end");
      a.mov("ecx", "ebx");
      a.and("ecx", 15);
      a.cmp("ebx", ROUNDS / 2);
      a.jecxz("rarely");
      a.jmp("again");
      a.label("rarely");
      a.lahf();
      a.mov("[edi]", "ah");
      a.inc("edi");
      a.jmp("again");
      a.label("end");
      a.jmp("end");
    });
    machine.cpu.set64(RIP, BigInt(CODE));
    return machine;
  }

  function flagsOf(compileAfter: number): number[] {
    const machine = looping(compileAfter);
    const { cpu } = machine;
    for (let n = 0; n < ROUNDS; n++) cpu.run(10);
    expect(cpu.compiler.regionsCompiled > 0).toBe(compileAfter < ROUNDS);
    return Array.from({ length: ROUNDS / 16 - 1 }, (_, n) => machine.u8(LOG + n));
  }

  it("are found by code that is interpreted", () => {
    const compiled = flagsOf(100);
    expect(compiled).toEqual(flagsOf(1 << 30));
    for (const flag of [CF, ZF, SF]) expect(new Set(compiled.map((flags) => flags & flag)).size).toBe(2);
  });

  /** One whose compiled loop has just been left, with flags other than those asked for below. */
  function left(): Machine {
    const machine = looping(100);
    for (let n = 0; n < ROUNDS / 2; n++) machine.cpu.run(10);
    expect(machine.cpu.compiler.regionsCompiled).toBeGreaterThan(0);
    expect(machine.cpu.get32(FLAGS_KIND)).not.toBe(0);
    return machine;
  }

  it("make way for those that a debugger sets", () => {
    const { cpu } = left();
    cpu.eflags = 2 | CF | ZF;
    expect(cpu.eflags).toBe(2 | CF | ZF);
  });

  it("make way for those of a reset", () => {
    const { cpu } = left();
    cpu.reset();
    expect(cpu.eflags).toBe(2);
  });
});
