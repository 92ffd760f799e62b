import { SIMD } from "./decode/tables/simd.ts";
import { subjectsOf } from "./testing/chapter-suite.ts";
import { describeChapter } from "./testing/chapter-tests.ts";
import { floatTolerance } from "./testing/float-tolerance.ts";

describeChapter(subjectsOf(SIMD, floatTolerance, 32), 32, "simd-32-vectors.bin");
describeChapter(subjectsOf(SIMD, floatTolerance, 64), 64, "simd-64-vectors.bin");
