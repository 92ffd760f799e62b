import { X87 } from "./decode/tables/x87.ts";
import { subjectsOf } from "./testing/chapter-suite.ts";
import { describeChapter } from "./testing/chapter-tests.ts";
import { floatTolerance } from "./testing/float-tolerance.ts";

describeChapter(subjectsOf(X87, floatTolerance, 32), 32, "x87-32-vectors.bin");
describeChapter(subjectsOf(X87, floatTolerance, 64), 64, "x87-64-vectors.bin");
