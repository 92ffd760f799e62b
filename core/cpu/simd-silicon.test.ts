import { SIMD } from "./decode/tables/simd.ts";
import { subjectsOf } from "./testing/chapter-suite.ts";
import { describeChapter } from "./testing/chapter-tests.ts";
import { floatTolerance } from "./testing/float-tolerance.ts";

describeChapter(subjectsOf(SIMD, floatTolerance), "simd-vectors.bin");
