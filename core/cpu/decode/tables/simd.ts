// MMX and SSE. [SDM] vol. 2D, tables; prefixes as in vol. 2, "NP", 66, F3, F2.

import type { Chapter } from "../opcodes.ts";
import { SIMD_3A, SIMD_38, SIMD_HORIZONTAL } from "./simd-extensions.ts";
import { SIMD_FLOAT } from "./simd-float.ts";
import { SIMD_INTEGER } from "./simd-integer.ts";
import { SIMD_MOVES } from "./simd-moves.ts";

export const SIMD: Chapter = {
  twoByte: { ...SIMD_MOVES, ...SIMD_FLOAT, ...SIMD_INTEGER, ...SIMD_HORIZONTAL },
  threeByte38: SIMD_38,
  threeByte3A: SIMD_3A,
};
