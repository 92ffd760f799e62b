import type { Chapter } from "../opcodes.ts";

export const SIMD: Chapter = {};
