// MMX, SSE and SSE2: the parts of the two-byte map. [SDM] vol. 2D, table A-3.

import type { Chapter } from "../opcodes.ts";
import { SIMD_FLOAT } from "./simd-float.ts";
import { SIMD_INTEGER } from "./simd-integer.ts";
import { SIMD_MOVES } from "./simd-moves.ts";

export const SIMD: Chapter = { twoByte: { ...SIMD_MOVES, ...SIMD_FLOAT, ...SIMD_INTEGER } };
