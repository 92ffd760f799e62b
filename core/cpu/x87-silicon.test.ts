import { X87 } from "./decode/tables/x87.ts";
import { subjectsOf } from "./testing/chapter-suite.ts";
import { describeChapter } from "./testing/chapter-tests.ts";
import { floatTolerance } from "./testing/float-tolerance.ts";

for (const codeSize of [32, 64] as const) {
  const subjects = subjectsOf(X87, floatTolerance, { codeSize, operandPrefix: true });
  describeChapter(subjects, codeSize, `x87-${codeSize}-vectors.bin`);
}
