// The tests that every chapter has which the host's processor can judge.

import { readFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { firstDifference, type Subject, vectorDifference } from "./chapter-suite.ts";
import { linuxMachine } from "./differential.ts";
import { openNative } from "./native.ts";

/** Cases of each encoding that are run on the host's own processor, and the seed that they are made from. */
const NATIVE_CASES = Number(process.env.TWINBOX_NATIVE_CASES ?? 20);
const NATIVE_SEED = Number(process.env.TWINBOX_NATIVE_SEED ?? 1);
/** The processor is asked for about so many at a time: starting it costs milliseconds. */
const BATCH = 8000;

/** Declares them for a chapter's subjects in code of 32 or 64 bits; `file` has its vectors. */
export function describeChapter(subjects: readonly Subject[], codeSize: 32 | 64, file: string): void {
  const machine = linuxMachine(codeSize);
  const named = subjects.map((subject) => [subject.name, subject] as const);

  describe(`${codeSize}-bit code, as a processor did it, by its vectors`, () => {
    const vectors = readFileSync(join(import.meta.dirname, file));
    it.each(named)("%s", (_, subject) => {
      expect(vectorDifference(machine, subject, vectors)).toBeUndefined();
    });
  });

  // Processors of other makers differ in what the manuals leave open.
  const native = cpus()[0]?.model.includes("AMD") ? openNative(codeSize) : undefined;
  const hasAll = native !== undefined && (native.hasVex || !subjects.some(({ vex }) => vex));
  describe.skipIf(!hasAll)(`${codeSize}-bit code, as the host's processor does it`, () => {
    const differences = new Map<Subject, string | undefined>();
    beforeAll(() => {
      const together = Math.max(1, Math.floor(BATCH / NATIVE_CASES));
      for (let first = 0; first < subjects.length; first += together) {
        const some = subjects.slice(first, first + together);
        const cases = some.map((subject) => subject.generate(NATIVE_SEED, NATIVE_CASES));
        const results = native!.run(cases.flat().map(({ bytes }) => bytes));
        some.forEach((subject, n) => {
          const own = results.slice(n * NATIVE_CASES, (n + 1) * NATIVE_CASES);
          differences.set(subject, firstDifference(machine, subject, cases[n]!, own));
        });
      }
      native!.close();
    }, 600_000);
    it.each(named)("%s", (_, subject) => {
      expect(differences.get(subject)).toBeUndefined();
    });
  });
}
