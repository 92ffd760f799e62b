/**
 * Writes the files of vectors: what this machine's processor made of the cases of each chapter's instructions. To
 * be run again when rows are added or the generator changes.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeVectors } from "./chapter-suite.ts";
import { CODE_SIZES, JUDGED_CHAPTERS, judgedSubjects } from "./chapters.ts";
import { openNative } from "./native.ts";

for (const codeSize of CODE_SIZES) {
  const native = openNative(codeSize);
  if (!native)
    throw new Error("The vectors come from an x86-64 processor, through gcc: this machine has not both.");
  if (!native.hasVex) throw new Error("The processor lacks AVX2, FMA, F16C or BMI.");
  for (const { name } of JUDGED_CHAPTERS) {
    const vectors = writeVectors(judgedSubjects(name, codeSize), native.run);
    writeFileSync(join(import.meta.dirname, `${name}-${codeSize}-vectors.bin`), vectors);
  }
  native.close();
}
