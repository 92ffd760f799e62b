/**
 * Writes the files of vectors: what this machine's processor made of the cases of each chapter's instructions. To
 * be run again when rows are added or the generator changes.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { SIMD } from "../decode/tables/simd.ts";
import { X87 } from "../decode/tables/x87.ts";
import { subjectsOf, writeVectors } from "./chapter-suite.ts";
import { floatTolerance } from "./float-tolerance.ts";
import { openNative } from "./native.ts";

const CHAPTERS = [
  { file: "x87-vectors.bin", subjects: subjectsOf(X87, floatTolerance) },
  { file: "simd-vectors.bin", subjects: subjectsOf(SIMD, floatTolerance) },
];

const native = openNative();
if (!native)
  throw new Error("The vectors come from an x86-64 processor, through gcc: this machine has not both.");
for (const { file, subjects } of CHAPTERS) {
  writeFileSync(join(import.meta.dirname, file), writeVectors(subjects, native.run));
}
native.close();
