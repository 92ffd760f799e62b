import { describeChapter } from "./testing/chapter-tests.ts";
import { CODE_SIZES, judgedSubjects } from "./testing/chapters.ts";

for (const codeSize of CODE_SIZES) {
  describeChapter(judgedSubjects("bits", codeSize), codeSize, `bits-${codeSize}-vectors.bin`);
}
