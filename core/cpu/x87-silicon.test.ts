import { X87 } from "./decode/tables/x87.ts";
import { subjectsOf } from "./testing/chapter-suite.ts";
import { describeChapter } from "./testing/chapter-tests.ts";
import { floatTolerance } from "./testing/float-tolerance.ts";

describeChapter(subjectsOf(X87, floatTolerance), "x87-vectors.bin");
