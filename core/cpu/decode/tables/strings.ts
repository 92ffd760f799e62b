import type { Chapter } from "../opcodes.ts";

export const STRINGS: Chapter = {};
