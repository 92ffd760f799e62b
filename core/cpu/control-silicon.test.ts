import { CONTROL } from "./decode/tables/control.ts";
import { subjectsOf } from "./testing/chapter-suite.ts";
import { describeChapter } from "./testing/chapter-tests.ts";
import { integerTolerance } from "./testing/integer-tolerance.ts";

const subjects = subjectsOf(CONTROL, integerTolerance, { codeSize: 32, operandPrefix: true });
describeChapter(subjects, 32, "control-32-vectors.bin");
