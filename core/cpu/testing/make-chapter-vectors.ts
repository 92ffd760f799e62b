/**
 * Writes the files of vectors: what this machine's processor made of the cases of each chapter's instructions. To
 * be run again when rows are added or the generator changes.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { CONTROL } from "../decode/tables/control.ts";
import { INTEGER } from "../decode/tables/integer.ts";
import { SIMD } from "../decode/tables/simd.ts";
import { X87 } from "../decode/tables/x87.ts";
import { subjectsOf, writeVectors } from "./chapter-suite.ts";
import { floatTolerance } from "./float-tolerance.ts";
import { integerTolerance } from "./integer-tolerance.ts";
import { openNative } from "./native.ts";

const BOTH = [32, 64] as const;
const CHAPTERS = [
  { name: "integer", chapter: INTEGER, codeSizes: [32], operandPrefix: true, toleranceOf: integerTolerance },
  { name: "control", chapter: CONTROL, codeSizes: [32], operandPrefix: true, toleranceOf: integerTolerance },
  { name: "x87", chapter: X87, codeSizes: BOTH, operandPrefix: true, toleranceOf: floatTolerance },
  { name: "simd", chapter: SIMD, codeSizes: BOTH, operandPrefix: false, toleranceOf: floatTolerance },
];

for (const codeSize of BOTH) {
  const native = openNative(codeSize);
  if (!native)
    throw new Error("The vectors come from an x86-64 processor, through gcc: this machine has not both.");
  for (const { name, chapter, codeSizes, operandPrefix, toleranceOf } of CHAPTERS) {
    if (!codeSizes.some((size) => size === codeSize)) continue;
    const subjects = subjectsOf(chapter, toleranceOf, { codeSize, operandPrefix });
    const vectors = writeVectors(subjects, native.run);
    writeFileSync(join(import.meta.dirname, `${name}-${codeSize}-vectors.bin`), vectors);
  }
  native.close();
}
