// The interpreter and the compiled blocks, side by side on random programs: they may never differ.

import { describe, expect, it } from "vitest";
import type { Chapter } from "../decode/opcodes.ts";
import { CONTROL } from "../decode/tables/control.ts";
import { INTEGER } from "../decode/tables/integer.ts";
import { SIMD } from "../decode/tables/simd.ts";
import { STRINGS } from "../decode/tables/strings.ts";
import { VEX_VECTORS } from "../decode/tables/vex.ts";
import { VEX_GENERAL } from "../decode/tables/vex-general.ts";
import { X87 } from "../decode/tables/x87.ts";
import { DATA } from "../testing/differential.ts";
import { type Encoding, encodingsOf } from "../testing/encodings.ts";
import { createRandom } from "../testing/float-random.ts";
import { COUNTER, compare, PROGRAMS, ROUNDS, randomProgram } from "../testing/lockstep.ts";
import type { Machine } from "../testing/machine.ts";
import { mapScattered, stridedProgram } from "../testing/strided-programs.ts";
import { structuredProgram } from "../testing/structured-programs.ts";

/** What leaves a straight run, or soon would: exceptions end a program before anything in it is hot. */
const EXCLUDED = /^(INS|OUTS|ENTER|DIV|IDIV|AAM|V?LDMXCSR|FLDCW|FRSTOR|FLDENV|FXRSTOR|POPF|\(invalid\))/;

/** Instructions of the chapters, in sets from which programs are made. */
function straight(codeSize: 32 | 64): Encoding[][] {
  const flow = new Set(encodingsOf(CONTROL, codeSize).map(({ row }) => row.id));
  const of = (...chapters: Chapter[]): Encoding[] =>
    chapters
      .flatMap((chapter) => encodingsOf(chapter, codeSize))
      .filter(({ row }) => !flow.has(row.id) && !EXCLUDED.test(row.mnemonic));
  return [
    of(INTEGER),
    of(INTEGER, STRINGS),
    of(INTEGER, SIMD),
    of(INTEGER, X87),
    of(INTEGER, SIMD, VEX_VECTORS),
    of(INTEGER, VEX_GENERAL),
  ];
}

describe.each([32, 64] as const)("%i-bit code", (codeSize) => {
  it("does the same compiled as interpreted, any instructions in a loop", { timeout: 600_000 }, () => {
    const sets = straight(codeSize);
    let compiled = 0;
    for (let seed = 1; seed <= PROGRAMS; seed++) {
      const program = randomProgram(createRandom(seed), sets[seed % sets.length]!, codeSize);
      if (compare(program, seed, codeSize, 60)) compiled++;
    }
    // The others have met an exception before anything was hot.
    expect(compiled).toBeGreaterThan(PROGRAMS / 2);
  });

  it("does the same compiled as interpreted, functions with loops and conditions", {
    timeout: 600_000,
  }, () => {
    const place = { data: DATA, counters: COUNTER };
    let compiled = 0;
    for (let seed = 1; seed <= PROGRAMS; seed++) {
      const program = structuredProgram(createRandom(seed), codeSize, ROUNDS, place);
      if (compare(program, seed, codeSize, 400)) compiled++;
    }
    // A bit test far from its operand may have ended the others.
    expect(compiled).toBeGreaterThan(PROGRAMS * 0.8);
  });

  it("does the same compiled as interpreted, loops that go through memory in steps", {
    timeout: 600_000,
  }, () => {
    let compiled = 0;
    for (let seed = 1; seed <= PROGRAMS; seed++) {
      const program = stridedProgram(createRandom(seed), codeSize, { counter: COUNTER });
      const instructions = seed % 3 === 0 ? 100 : 1000;
      const how = { prepare: (machine: Machine) => mapScattered(machine, codeSize), instructions };
      if (compare(program, seed, codeSize, 100, how)) compiled++;
    }
    // A page that is not there may have ended the others.
    expect(compiled).toBeGreaterThan(PROGRAMS / 2);
  });
});
