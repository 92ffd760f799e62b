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
  { name: "x87", chapter: X87, operandPrefix: true },
  { name: "simd", chapter: SIMD, operandPrefix: false },
];

for (const codeSize of [32, 64] as const) {
  const native = openNative(codeSize);
  if (!native)
    throw new Error("The vectors come from an x86-64 processor, through gcc: this machine has not both.");
  for (const { name, chapter, operandPrefix } of CHAPTERS) {
    const vectors = writeVectors(
      subjectsOf(chapter, floatTolerance, { codeSize, operandPrefix }),
      native.run,
    );
    writeFileSync(join(import.meta.dirname, `${name}-${codeSize}-vectors.bin`), vectors);
  }
  native.close();
}
