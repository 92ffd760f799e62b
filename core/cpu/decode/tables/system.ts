import type { Chapter } from "../opcodes.ts";

export const SYSTEM: Chapter = {};
