import type { Chapter } from "../opcodes.ts";

export const X87: Chapter = {};
