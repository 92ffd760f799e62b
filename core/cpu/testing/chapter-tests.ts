// The tests that every chapter has which the host's processor can judge.

import { readFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { firstDifference, type Subject, vectorDifference } from "./chapter-suite.ts";
import { userMachine } from "./differential.ts";
import { openNative } from "./native.ts";

/** Cases of each encoding that are run on the host's own processor, and the seed that they are made from. */
const NATIVE_CASES = Number(process.env.TWINBOX_NATIVE_CASES ?? 20);
const NATIVE_SEED = Number(process.env.TWINBOX_NATIVE_SEED ?? 1);
/** At most so many at a time. */
const BATCH = 2000;

/** Declares them for a chapter's subjects; `file` has its vectors. */
export function describeChapter(subjects: readonly Subject[], file: string): void {
  const machine = userMachine();
  const named = subjects.map((subject) => [subject.name, subject] as const);

  describe("as a processor did it, by its vectors", () => {
    const vectors = readFileSync(join(import.meta.dirname, file));
    it.each(named)("%s", (_, subject) => {
      expect(vectorDifference(machine, subject, vectors)).toBeUndefined();
    });
  });

  // Processors of other makers differ in what the manuals leave open.
  const native = cpus()[0]?.model.includes("AMD") ? openNative() : undefined;
  afterAll(() => native?.close());

  describe.skipIf(!native)("as the host's processor does it", () => {
    it.each(named)("%s", (_, subject) => {
      for (let done = 0; done < NATIVE_CASES; done += BATCH) {
        const cases = subject.generate(NATIVE_SEED + done, Math.min(BATCH, NATIVE_CASES - done));
        const results = native!.run(cases.map(({ bytes }) => bytes));
        expect(firstDifference(machine, subject, cases, results)).toBeUndefined();
      }
    });
  });
}
