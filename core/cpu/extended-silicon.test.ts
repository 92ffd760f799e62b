import { describeChapter } from "./testing/chapter-tests.ts";
import { CODE_SIZES, judgedSubjects } from "./testing/chapters.ts";

for (const codeSize of CODE_SIZES) {
  describeChapter(judgedSubjects("extended", codeSize), codeSize, `extended-${codeSize}-vectors.bin`);
}
