// Rows that the SIMD tables have in common.

import { fault } from "../../semantics/fault.ts";
import { byPrefix, ENDS, type Entry, op, type Semantics, SSE } from "../row.ts";

export type Rows = Readonly<Record<number, Entry>>;

export const mmx = (mnemonic: string, semantics: Semantics, operands: string, flags = 0): Entry =>
  op(mnemonic, semantics, operands, flags, "mmx");

/** MMX instructions that came with SSE. */
export const mmxExtension = (mnemonic: string, semantics: Semantics, operands: string, flags = 0): Entry =>
  op(mnemonic, semantics, operands, flags, "sse");

export const sse = (mnemonic: string, semantics: Semantics, operands: string, flags = 0): Entry =>
  op(mnemonic, semantics, operands, SSE | flags, "sse");

export const sse2 = (mnemonic: string, semantics: Semantics, operands: string, flags = 0): Entry =>
  op(mnemonic, semantics, operands, SSE | flags, "sse2");

export const sse3 = (mnemonic: string, semantics: Semantics, operands: string, flags = 0): Entry =>
  op(mnemonic, semantics, operands, SSE | flags, "sse3");

const invalid = op("(invalid)", fault.ud, "", ENDS);

/** Chosen by a mandatory prefix; one that is not here makes no instruction ("NP" in the manual). */
export const byExactPrefix = (entries: { none?: Entry; p66?: Entry; pF3?: Entry; pF2?: Entry }): Entry =>
  byPrefix({ none: invalid, p66: invalid, pF3: invalid, pF2: invalid, ...entries });

/** PS without prefix, PD with 66, SS with F3, SD with F2: `make` gives the semantics of each. */
export const four = (
  mnemonic: string,
  make: (suffix: "ps" | "pd" | "ss" | "sd") => Semantics,
  more = "",
): Entry =>
  byExactPrefix({
    none: sse(`${mnemonic}PS`, make("ps"), `Vdq,Wdq${more}`),
    p66: sse2(`${mnemonic}PD`, make("pd"), `Vdq,Wdq${more}`),
    pF3: sse(`${mnemonic}SS`, make("ss"), `Vdq,Wd${more}`),
    pF2: sse2(`${mnemonic}SD`, make("sd"), `Vdq,Wq${more}`),
  });

/** The packed forms alone. */
export const two = (mnemonic: string, semantics: (bytes: 4 | 8) => Semantics, more = ""): Entry =>
  byExactPrefix({
    none: sse(`${mnemonic}PS`, semantics(4), `Vdq,Wdq${more}`),
    p66: sse2(`${mnemonic}PD`, semantics(8), `Vdq,Wdq${more}`),
  });

/** The same instruction on MMX registers and, with 66, on XMM registers. */
export const both = (mnemonic: string, semantics: Semantics, source = "Qq"): Entry =>
  byExactPrefix({
    none: mmx(mnemonic, semantics, `Pq,${source}`),
    p66: sse2(mnemonic, semantics, "Vdq,Wdq"),
  });

/** The same where the MMX form came with SSE. */
export const bothExtension = (mnemonic: string, semantics: Semantics): Entry =>
  byExactPrefix({
    none: mmxExtension(mnemonic, semantics, "Pq,Qq"),
    p66: sse2(mnemonic, semantics, "Vdq,Wdq"),
  });
