import { SIMD } from "./decode/tables/simd.ts";
import { subjectsOf } from "./testing/chapter-suite.ts";
import { describeChapter } from "./testing/chapter-tests.ts";
import { floatTolerance } from "./testing/float-tolerance.ts";

for (const codeSize of [32, 64] as const) {
  const subjects = subjectsOf(SIMD, floatTolerance, { codeSize, operandPrefix: false });
  describeChapter(subjects, codeSize, `simd-${codeSize}-vectors.bin`);
}
