import { INTEGER } from "./decode/tables/integer.ts";
import { subjectsOf } from "./testing/chapter-suite.ts";
import { describeChapter } from "./testing/chapter-tests.ts";
import { integerTolerance } from "./testing/integer-tolerance.ts";

const subjects = subjectsOf(INTEGER, integerTolerance, { codeSize: 32, operandPrefix: true });
describeChapter(subjects, 32, "integer-32-vectors.bin");
