// Flags that code of another mode has left are those with which compiled code goes on.

import { describe, expect, it } from "vitest";
import { FLAGS_AUX, FLAGS_RESULT, RIP } from "../layout.ts";
import { userMachine } from "../testing/differential.ts";

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
