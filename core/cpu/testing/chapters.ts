// The chapters of the instruction set that the host's processor can judge from a user's program, and how.

import type { Chapter } from "../decode/opcodes.ts";
import { CONTROL } from "../decode/tables/control.ts";
import { EXTENDED } from "../decode/tables/extended.ts";
import { INTEGER } from "../decode/tables/integer.ts";
import { SIMD } from "../decode/tables/simd.ts";
import { STRINGS } from "../decode/tables/strings.ts";
import { SYSTEM } from "../decode/tables/system.ts";
import { VEX_VECTORS } from "../decode/tables/vex.ts";
import { VEX_GENERAL } from "../decode/tables/vex-general.ts";
import { X87 } from "../decode/tables/x87.ts";
import { type Subject, subjectsOf } from "./chapter-suite.ts";
import type { Tolerance } from "./differential.ts";
import type { Encoding } from "./encodings.ts";
import { extendedTolerance } from "./extended-tolerance.ts";
import { floatTolerance } from "./float-tolerance.ts";
import { integerTolerance, systemTolerance } from "./integer-tolerance.ts";
import { bitsTolerance, vexTolerance } from "./vex-tolerance.ts";

export interface JudgedChapter {
  readonly name: string;
  readonly chapter: Chapter;
  /** Whether 66 is an operand-size prefix here, rather than part of opcodes. */
  readonly operandPrefix: boolean;
  /** What need not be equal; "untold" where the host's processor cannot judge. */
  readonly toleranceOf: (encoding: Encoding) => Tolerance | "untold";
}

export const CODE_SIZES = [32, 64] as const;

export const JUDGED_CHAPTERS: readonly JudgedChapter[] = [
  { name: "integer", chapter: INTEGER, operandPrefix: true, toleranceOf: integerTolerance },
  { name: "control", chapter: CONTROL, operandPrefix: true, toleranceOf: integerTolerance },
  { name: "strings", chapter: STRINGS, operandPrefix: true, toleranceOf: integerTolerance },
  { name: "system", chapter: SYSTEM, operandPrefix: true, toleranceOf: systemTolerance },
  { name: "extended", chapter: EXTENDED, operandPrefix: false, toleranceOf: extendedTolerance },
  { name: "x87", chapter: X87, operandPrefix: true, toleranceOf: floatTolerance },
  { name: "simd", chapter: SIMD, operandPrefix: false, toleranceOf: floatTolerance },
  { name: "vex", chapter: VEX_VECTORS, operandPrefix: false, toleranceOf: vexTolerance },
  { name: "bits", chapter: VEX_GENERAL, operandPrefix: false, toleranceOf: bitsTolerance },
];

/** The subjects of one of them. */
export function judgedSubjects(name: string, codeSize: 32 | 64): Subject[] {
  const judged = JUDGED_CHAPTERS.find((one) => one.name === name);
  if (!judged) throw new Error(`no such chapter: ${name}`);
  const { chapter, toleranceOf, operandPrefix } = judged;
  return subjectsOf(chapter, toleranceOf, { codeSize, operandPrefix });
}
