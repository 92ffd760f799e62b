// The instructions of a chapter's tables as subjects that the host's processor judges.

import type { Chapter } from "../decode/opcodes.ts";
import { ADDRESS } from "../decode/row.ts";
import { Case, DATA, difference, MEMORY_BYTES, runCase, type Tolerance } from "./differential.ts";
import { describeEncoding, type Encoding, encode, encodingsOf } from "./encodings.ts";
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
const RSI = 6;
const RDI = 7;

/** Memory operands lie on 16 bytes but for one in eight. */
function randomOffset(random: Random): number {
  return random.below(16) * 16 + (random.below(8) ? 0 : random.below(16));
}

function oneCase(encoding: Encoding, random: Random): Case {
  const made = randomCase(
    random,
    encode(encoding, random, randomOffset(random)),
    LANES[random.below(LANES.length)]!,
  );
  if (encoding.row.flags & ADDRESS) {
    for (const register of [RSI, RDI])
      made.setRegister(register, BigInt(DATA + random.below(MEMORY_BYTES / 2)));
  }
  return made;
}

/** Every encoding of a chapter but those whose tolerance is "untold": the host's processor cannot judge them. */
export function subjectsOf(
  chapter: Chapter,
  toleranceOf: (encoding: Encoding) => Tolerance | "untold",
): Subject[] {
  return encodingsOf(chapter).flatMap((encoding, number) => {
    const tolerance = toleranceOf(encoding);
    if (tolerance === "untold") return [];
    return {
      name: describeEncoding(encoding),
      tolerance,
      generate: (seed: number, count: number) => {
        const random = createRandom(seed + number * 7919);
        return Array.from({ length: count }, () => oneCase(encoding, random));
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
