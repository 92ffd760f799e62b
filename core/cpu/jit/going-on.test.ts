// Instructions after which compiled code goes on although the run loop may have to look around first.

import { beforeEach, describe, expect, it } from "vitest";
import type { Assembler } from "../../assembler/assembler.ts";
import { World } from "../testing/protected-world.ts";

const VECTOR = 0x20;
const DEBUG = 1;
const TRAP_FLAG = 0x100;
/** Turns of a loop until something happens: it was compiled long before. */
const TURNS = 40;

const world = new World(undefined, 1);
const { machine } = world;

/** Runs a loop that tells each turn by an OUT; `last` is called in the one that counts. */
function loop(body: (a: Assembler) => void, last: () => void): (label: string) => number {
  let turns = 0;
  machine.onOut = () => {
    if (++turns === TURNS) last();
    // Between two runs what has become hot is compiled.
    machine.cpu.stopSoon();
  };
  for (const name of ["eax", "ebx", "esi", "edi"] as const) machine.set(name, 0);
  return world.run((a) => {
    a.mov("ecx", 2 * TURNS);
    a.label("again");
    a.cli();
    a.out(0x80, "al");
    body(a);
    a.inc("ebx");
    a.label("next");
    a.inc("esi");
    a.dec("ecx");
    a.jnz("again");
  });
}

beforeEach(() => world.reset());

describe("compiled code goes on after", () => {
  it("STI, but an interrupt that waits comes after the next instruction", () => {
    const labels = loop(
      (a) => a.sti(),
      () => machine.interrupt(VECTOR),
    );
    expect(machine.cpu.compiler.regionsCompiled).toBeGreaterThan(0);
    expect(world.frame).toMatchObject({ vector: VECTOR, ip: labels("next") });
    expect([machine.get("ebx"), machine.get("esi")]).toEqual([TURNS, TURNS - 1]);
  });

  it("POPF, but what sets TF is followed by the trap of the next instruction", () => {
    const labels = loop(
      (a) => {
        a.pushfd();
        a.or("dword [esp]", "edi");
        a.popfd();
      },
      () => machine.set("edi", TRAP_FLAG),
    );
    expect(machine.cpu.compiler.regionsCompiled).toBeGreaterThan(0);
    expect(world.frame).toMatchObject({ vector: DEBUG, ip: labels("next") });
    expect([machine.get("ebx"), machine.get("esi")]).toEqual([TURNS, TURNS - 1]);
  });
});
