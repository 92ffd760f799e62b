// Instructions whose memory operand has a vector of indices: VGATHER… and VPGATHER…. [SDM] vol. 2A, 2.3.12

import { type Case, DATA, FX_XMM, type Tolerance } from "./differential.ts";
import type { Random } from "./float-random.ts";

/** Bytes of the instruction, which always has C4. */
const EXTENSIONS = 1;
const VVVV = 2;
const OPCODE = 3;
const MODRM = 4;
const SIB = 5;
const NOT_R = 0x80;
const NOT_X = 0x40;
/** Opcodes 91 and 93 have indices of 64 bits. */
const QWORDS = 1;
const PF = 14;

/** What an address is built from: the base lies so far within the case's memory that small indices stay there. */
export const NEAREST_BASE = 256;
export const BASES = 256;
/** Indices at most so far from 0, by up to 8 bytes each. */
const REACH = 32;
/** And where there is no memory: before the case's. */
const FAR = 0x800;

const destinationOf = (code: ArrayLike<number>): number =>
  ((code[MODRM]! >> 3) & 7) | (code[EXTENSIONS]! & NOT_R ? 0 : 8);
const indexOf = (code: ArrayLike<number>): number =>
  ((code[SIB]! >> 3) & 7) | (code[EXTENSIONS]! & NOT_X ? 0 : 8);
const maskOf = (code: ArrayLike<number>): number => (~code[VVVV]! >> 3) & 15;

/** Whether destination, indices and mask are three registers; #UD if not. */
export const areDistinct = (code: ArrayLike<number>): boolean =>
  new Set([destinationOf(code), indexOf(code), maskOf(code)]).size === 3;

/** An address for EBX. */
export const randomBase = (random: Random): bigint => BigInt(DATA + NEAREST_BASE + random.below(BASES));

/** Makes the indices small; of one in eight cases some lie where no memory is. */
function prepare(before: Case, random: Random): void {
  const { code, fx, uppers } = before;
  const at = indexOf(code) * 16;
  const far = random.below(8) === 0;
  const step = code[OPCODE]! & QWORDS ? 8 : 4;
  for (let lane = 0; lane < 32; lane += step) {
    const isFar = far && random.below(4) === 0;
    const index = isFar ? -FAR - random.below(FAR) : random.below(2 * REACH) - REACH;
    const [view, place] = lane < 16 ? [fx, FX_XMM + at + lane] : [uppers, at + lane - 16];
    view.setInt32(place, index, true);
    if (step === 8) view.setInt32(place + 4, index >> 31, true);
  }
}

/** Which elements have been read before a page fault is the processor's own affair. */
function normalise(after: Case, before: Case): void {
  if (after.vector !== PF) return;
  after.bytes.set(before.bytes);
  after.vector = PF;
}

export const VSIB_TOLERANCE: Tolerance = { prepare, normalise };
