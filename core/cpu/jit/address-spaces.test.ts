// Compiled code that is found by its instruction pointer must be that of the address space at hand.

import { beforeEach, describe, expect, it } from "vitest";
import type { Assembler } from "../../assembler/assembler.ts";
import { userMachine } from "../testing/differential.ts";
import {
  DIRECTORY,
  enterPaged,
  entryAt,
  mapPages,
  OTHER_DIRECTORY,
  OTHER_TABLE,
  PRESENT,
  runToHalt,
  TABLE,
} from "../testing/paged-loops.ts";

const CODE = 0x20000;
const STACK = 0x30000;
/** Where the function is called, and the page of another one that may be mapped there. */
const FUNCTION = 0x80000;
const OTHER_FUNCTION = 0x90000;
/** A RET in the same page: after a call of it the translation is known. */
const NEIGHBOUR = FUNCTION + 0x800;
const ROUNDS = 60;

const machine = userMachine(32, 1);
const { cpu } = machine;

/** Runs a loop at level 0, with `switchTo` before each call of the function, then the same for the other page. */
function alternate(switchTo: (a: Assembler, directory: number, functionPage: number) => void): void {
  machine.assemble(FUNCTION, 32, (a) => {
    a.inc("ebx");
    a.ret();
  });
  machine.assemble(OTHER_FUNCTION, 32, (a) => {
    a.inc("esi");
    a.ret();
  });
  for (const page of [FUNCTION, OTHER_FUNCTION]) {
    machine.assemble(page + NEIGHBOUR - FUNCTION, 32, (a) => a.ret());
  }
  machine.set("ebx", 0);
  machine.set("esi", 0);
  machine.set("esp", STACK);
  const halted = runToHalt(machine, CODE, (a) => {
    a.mov("ecx", ROUNDS);
    a.mov("edi", FUNCTION);
    a.mov("edx", NEIGHBOUR);
    a.label("again");
    switchTo(a, DIRECTORY, FUNCTION);
    a.call("edx");
    a.call("edi");
    switchTo(a, OTHER_DIRECTORY, OTHER_FUNCTION);
    a.call("edx");
    a.call("edi");
    a.dec("ecx");
    a.jnz("again");
    a.hlt();
  });
  expect(halted).toBe(true);
}

beforeEach(() => {
  mapPages(machine, DIRECTORY, TABLE, []);
  mapPages(machine, OTHER_DIRECTORY, OTHER_TABLE, [[FUNCTION, OTHER_FUNCTION]]);
  enterPaged(machine, DIRECTORY);
});

describe("a function at the same linear address in two pages of memory", () => {
  it("is that of the directory in CR3", () => {
    alternate((a, directory) => {
      a.mov("eax", directory);
      a.mov("cr3", "eax");
    });
    expect([machine.get("ebx"), machine.get("esi")]).toEqual([ROUNDS, ROUNDS]);
    expect(cpu.compiler.regionsCompiled).toBeGreaterThan(1);
  });

  it("is that of the page entry after INVLPG", () => {
    alternate((a, _directory, page) => {
      a.mov(`dword [${entryAt(TABLE, FUNCTION)}]`, page | PRESENT);
      a.invlpg(`[${FUNCTION}]`);
    });
    expect([machine.get("ebx"), machine.get("esi")]).toEqual([ROUNDS, ROUNDS]);
  });

  it("is the new one where its bytes were replaced", () => {
    // The opcode of INC: EBX, then ESI.
    alternate((a, _directory, page) => a.mov(`byte [${FUNCTION}]`, page === FUNCTION ? 0x43 : 0x46));
    expect([machine.get("ebx"), machine.get("esi")]).toEqual([ROUNDS, ROUNDS]);
  });
});

/** Writes the two functions, which count in EBX and ESI; they are too long to become part of what calls them. */
function writeLong(): void {
  for (const [page, register] of [
    [FUNCTION, "ebx"],
    [OTHER_FUNCTION, "esi"],
  ] as const) {
    machine.assemble(page, 32, (a) => {
      a.inc(register);
      for (let n = 0; n < 45; n++) a.nop();
      a.ret();
    });
    machine.set(register, 0);
  }
  machine.set("esp", STACK);
}

describe("a function that one call leads to in another page, which may be two", () => {
  /** Calls the function in each round and has `change` done in between; EDX is by turns one of two numbers. */
  function callByTurns([first, second]: readonly [number, number], change: (a: Assembler) => void): void {
    writeLong();
    const halted = runToHalt(machine, CODE, (a) => {
      a.equ("function", FUNCTION);
      a.mov("ecx", 2 * ROUNDS);
      a.mov("edx", first);
      a.label("again");
      change(a);
      a.call("function");
      a.xor("edx", first ^ second);
      a.dec("ecx");
      a.jnz("again");
      a.hlt();
    });
    expect(halted).toBe(true);
    expect([machine.get("ebx"), machine.get("esi")]).toEqual([ROUNDS, ROUNDS]);
  }

  it("is that of the directory in CR3", () => {
    callByTurns([DIRECTORY, OTHER_DIRECTORY], (a) => a.mov("cr3", "edx"));
  });

  it("is that of the page entry after INVLPG", () => {
    callByTurns([FUNCTION | PRESENT, OTHER_FUNCTION | PRESENT], (a) => {
      a.mov(`[${entryAt(TABLE, FUNCTION)}]`, "edx");
      a.invlpg(`[${FUNCTION}]`);
    });
  });
});

it("a jump to where a page is mapped once more leads to the page that is there now", () => {
  const AGAIN = 0xa0000;
  writeLong();
  const entry = entryAt(TABLE, AGAIN);
  machine.view.setUint32(entry, FUNCTION | PRESENT, true);
  const halted = runToHalt(machine, CODE, (a) => {
    a.equ("once", FUNCTION);
    a.equ("again", AGAIN);
    a.mov("ecx", 4 * ROUNDS);
    a.label("round");
    a.push("behind");
    a.test("ecx", 1);
    // A region has what is in memory at one address only: it has a link to the other one.
    a.jz("once");
    a.jmp("again");
    a.label("behind");
    a.dec("ecx");
    a.jz("end");
    a.cmp("ecx", 2 * ROUNDS);
    a.jne("round");
    a.mov(`dword [${entry}]`, OTHER_FUNCTION | PRESENT);
    a.invlpg(`[${AGAIN}]`);
    a.jmp("round");
    a.label("end");
    a.hlt();
  });
  expect(halted).toBe(true);
  expect([machine.get("ebx"), machine.get("esi")]).toEqual([3 * ROUNDS, ROUNDS]);
});
