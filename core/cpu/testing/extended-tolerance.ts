// How the instructions of groups 9 and 15 are judged: states that the XSAVE family can work with, and what of its
// images processors differ in.

import type { Case, Tolerance } from "./differential.ts";
import { describeEncoding, type Encoding } from "./encodings.ts";
import type { Random } from "./float-random.ts";
import { floatTolerance } from "./float-tolerance.ts";

const RAX = 0;
const RDX = 2;

/** Where images may lie in a case's memory, by the alignment that they need. */
const IMAGES = [0, 64, 128, 192];
const MXCSR = 24;
const XSTATE_BV = 512;
const XCOMP_BV = 520;
const HEADER_BYTES = 64;
/** The x87's opcode and pointers, and MXCSR_MASK. */
const PROCESSORS_OWN = [
  [6, 24],
  [28, 32],
] as const;
/** A bit of MXCSR that no processor has. */
const MXCSR_RESERVED = 0x10000;
const COMPACTED = 1n << 63n;

/** Whether a bit of XSTATE_BV or XCOMP_BV is that of a component that the host may have, and our model has not. */
const mayBeOfHost = (byte: number, bit: number): boolean => {
  const component = (byte % 8) * 8 + bit;
  return byte < 16 && ((component >= 2 && component < 20) || component === 62);
};

/** Asks for x87 and SSE state, with a header as XSAVE or XSAVEC makes one; some are wrong in one place. */
function prepare(before: Case, random: Random): void {
  const view = new DataView(before.memory.buffer, before.memory.byteOffset, before.memory.byteLength);
  before.setRegister(RAX, BigInt(random.below(4)));
  before.setRegister(RDX, 0n);
  const compact = random.below(3) === 0 ? COMPACTED : 0n;
  for (const image of IMAGES) {
    const reserved = random.below(8) === 0 ? MXCSR_RESERVED : 0;
    view.setUint32(image + MXCSR, random.below(MXCSR_RESERVED) | reserved, true);
    before.memory.fill(0, image + XSTATE_BV, image + XSTATE_BV + HEADER_BYTES);
    view.setBigUint64(image + XSTATE_BV, BigInt(random.below(4)), true);
    view.setBigUint64(image + XCOMP_BV, compact ? compact | 3n : 0n, true);
    if (random.below(8) === 0) {
      const byte = random.below(HEADER_BYTES);
      const bit = random.below(8);
      if (!mayBeOfHost(byte, bit)) view.setUint8(image + XSTATE_BV + byte, 1 << bit);
    }
  }
}

/** The pointers are kept by AMD's processors in their own way, and the mask has a bit of theirs. */
function normalise(after: Case, before: Case): void {
  for (const image of IMAGES) {
    for (const [from, to] of PROCESSORS_OWN) {
      after.memory.set(before.memory.subarray(image + from, image + to), image + from);
    }
  }
}

/** CLWB, CLFLUSHOPT and RDPID, which the host may have. */
const LATER = /^(66 0F AE \/[67]|F3 0F C7 \/7) \(invalid\)/;

export function extendedTolerance(encoding: Encoding): Tolerance | "untold" {
  const { mnemonic } = encoding.row;
  if (LATER.test(describeEncoding(encoding))) return "untold";
  // Chance, and what the host's C library has FS for.
  if (/^RD(RAND|SEED)$|BASE$/.test(mnemonic)) return "untold";
  if (/^X(SAVE|RSTOR)/.test(mnemonic)) return { prepare, normalise };
  if (mnemonic === "CMPXCHG8B") return {};
  return floatTolerance(encoding);
}
