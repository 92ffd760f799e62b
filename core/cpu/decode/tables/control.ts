import type { Chapter } from "../opcodes.ts";

export const CONTROL: Chapter = {};
