// The instructions of a chapter's tables as subjects that the host's processor judges.

import type { Chapter } from "../decode/opcodes.ts";
import { ADDRESS, STACK } from "../decode/row.ts";
import {
  Case,
  DATA,
  describeCase,
  difference,
  hashText,
  MEMORY_BYTES,
  runCase,
  summary,
  type Tolerance,
} from "./differential.ts";
import { describeEncoding, type EncodeOptions, type Encoding, encode, encodingsOf } from "./encodings.ts";
import { createRandom, type Random } from "./float-random.ts";
import type { Machine } from "./machine.ts";
import { type Lane, randomCase } from "./random-case.ts";

export interface Subject {
  readonly name: string;
  readonly tolerance: Tolerance;
  /** `count` states, always the same ones for a seed. */
  generate(seed: number, count: number): Case[];
}

const LANES: readonly Lane[] = ["f32", "f64", "integer"];
const RBX = 3;
const RBP = 5;
const RSI = 6;
const RDI = 7;

/** Memory operands lie on 16 bytes but for one in eight. */
function randomOffset(random: Random): number {
  return random.below(16) * 16 + (random.below(8) ? 0 : random.below(16));
}

function oneCase(encoding: Encoding, random: Random, options: EncodeOptions): Case {
  const made = randomCase(
    random,
    encode(encoding, random, randomOffset(random), options),
    LANES[random.below(LANES.length)]!,
  );
  if (encoding.row.flags & (ADDRESS | STACK)) {
    for (const register of [RBX, RSI, RDI, RBP])
      made.setRegister(register, BigInt(DATA + random.below(MEMORY_BYTES / 2)));
  }
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
    return {
      name,
      tolerance,
      generate: (seed: number, count: number) => {
        const random = createRandom(seed + hashText(name));
        return Array.from({ length: count }, () => oneCase(encoding, random, options));
      },
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
