// The instructions of a chapter's tables as subjects that the host's processor judges.

import type { Chapter } from "../decode/opcodes.ts";
import { REP } from "../decode/row.ts";
import {
  Case,
  describeCase,
  difference,
  hashText,
  runCase,
  summary,
  type Tolerance,
} from "./differential.ts";
import { describeEncoding, type EncodeOptions, type Encoding, encodingsOf } from "./encodings.ts";
import { createRandom, type Random } from "./float-random.ts";
import { type Instruction, randomInstruction } from "./instructions.ts";
import type { Machine } from "./machine.ts";
import { type Lane, randomCase, randomUppers } from "./random-case.ts";

export interface Subject {
  readonly name: string;
  readonly tolerance: Tolerance;
  /** `count` states, always the same ones for a seed. */
  generate(seed: number, count: number): Case[];
  /** The instruction alone. */
  instruct(random: Random): Instruction;
  /** Whether REP may be before it. */
  readonly repeats: boolean;
  /** Whether it is encoded with VEX: the upper halves of YMM registers are not 0 then. */
  readonly vex: boolean;
}

export const LANES: readonly Lane[] = ["f32", "f64", "integer"];

function oneCase(instruction: Instruction, random: Random, vex: boolean): Case {
  const lane = LANES[random.below(LANES.length)]!;
  const made = randomCase(random, lane);
  if (vex) randomUppers(made, random, lane);
  made.setCode(instruction.code, instruction.branches);
  for (const [register, value] of instruction.registers) made.setRegister(register, value);
  return made;
}

/** Every encoding of a chapter but those whose tolerance is "untold": the host's processor cannot judge them. */
export function subjectsOf(
  chapter: Chapter,
  toleranceOf: (encoding: Encoding) => Tolerance | "untold",
  options: EncodeOptions,
): Subject[] {
  return encodingsOf(chapter, options.codeSize).flatMap((encoding) => {
    const tolerance = toleranceOf(encoding);
    if (tolerance === "untold") return [];
    const name = describeEncoding(encoding);
    const vex = encoding.vex !== undefined;
    const instruct = (random: Random): Instruction => randomInstruction(encoding, random, options);
    return {
      name,
      tolerance,
      generate: (seed: number, count: number) => {
        const random = createRandom(seed + hashText(name));
        return Array.from({ length: count }, () => {
          const made = oneCase(instruct(random), random, vex);
          tolerance.prepare?.(made, random);
          return made;
        });
      },
      instruct,
      repeats: (encoding.row.flags & REP) !== 0,
      vex,
    };
  });
}

/** The first difference between the host's results and our processor's, if there is one. */
export function firstDifference(
  machine: Machine,
  subject: Subject,
  cases: readonly Case[],
  results: readonly Uint8Array[],
): string | undefined {
  for (const [n, before] of cases.entries()) {
    const found = difference(before, new Case(results[n]), runCase(machine, before), subject.tolerance);
    if (found) return found;
  }
  return undefined;
}

// --- Vectors: what a processor made of each case, as hashes, for hosts that cannot say it themselves ---

/** Seed and number of each subject's cases in a file of vectors. */
export const VECTOR_SEED = 2026;
export const VECTOR_COUNT = 32;
/** A subject's entry: the hash of its name, then one for each case. */
const ENTRY = 4 * (1 + VECTOR_COUNT);

/** A file of vectors from the results of all subjects' cases. */
export function writeVectors(
  subjects: readonly Subject[],
  run: (cases: readonly Uint8Array[]) => Uint8Array[],
): Uint8Array {
  const file = new Uint8Array(subjects.length * ENTRY);
  const view = new DataView(file.buffer);
  subjects.forEach((subject, number) => {
    view.setUint32(number * ENTRY, hashText(subject.name), true);
    const cases = subject.generate(VECTOR_SEED, VECTOR_COUNT);
    run(cases.map(({ bytes }) => bytes)).forEach((result, n) => {
      const text = summary(new Case(result), cases[n]!, subject.tolerance);
      view.setUint32(number * ENTRY + 4 + n * 4, hashText(text), true);
    });
  });
  return file;
}

/** Hashes of a subject's results, or undefined when the file has none of it. */
function vectorsOf(file: Uint8Array, subject: Subject): number[] | undefined {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const name = hashText(subject.name);
  for (let at = 0; at < file.length; at += ENTRY) {
    if (view.getUint32(at, true) !== name) continue;
    return Array.from({ length: VECTOR_COUNT }, (_, n) => view.getUint32(at + 4 + n * 4, true));
  }
  return undefined;
}

/** What is wrong with our processor's results by a file of vectors; undefined when nothing is. */
export function vectorDifference(machine: Machine, subject: Subject, file: Uint8Array): string | undefined {
  const expected = vectorsOf(file, subject);
  if (!expected) return "no vectors: run make-chapter-vectors.ts";
  for (const [n, before] of subject.generate(VECTOR_SEED, VECTOR_COUNT).entries()) {
    const got = summary(runCase(machine, before), before, subject.tolerance);
    if (hashText(got) !== expected[n]) {
      return `before ${describeCase(before)}\nnot the processor's result:\n${got}`;
    }
  }
  return undefined;
}
