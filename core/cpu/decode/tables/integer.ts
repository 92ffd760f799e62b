import type { Chapter } from "../opcodes.ts";

export const INTEGER: Chapter = {};
