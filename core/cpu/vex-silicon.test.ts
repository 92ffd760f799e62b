import { describeChapter } from "./testing/chapter-tests.ts";
import { CODE_SIZES, judgedSubjects } from "./testing/chapters.ts";

for (const codeSize of CODE_SIZES) {
  describeChapter(judgedSubjects("vex", codeSize), codeSize, `vex-${codeSize}-vectors.bin`);
}
