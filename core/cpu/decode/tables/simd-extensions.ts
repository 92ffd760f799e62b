// What came after SSE2: SSE3, SSSE3, SSE4.1, SSE4.2, AES-NI and PCLMULQDQ. [SDM] vol. 2D, tables.

import * as blend from "../../semantics/simd-blend.ts";
import { compute, computeByImmediate } from "../../semantics/simd-float.ts";
import * as horizontal from "../../semantics/simd-horizontal.ts";
import { extract, insert, insertps } from "../../semantics/simd-insert.ts";
import { pack, packed, pmuldq } from "../../semantics/simd-integer.ts";
import { moveAligned } from "../../semantics/simd-move.ts";
import { compareTexts, packedCall } from "../../semantics/simd-special.ts";
import { i8x16, i16x8, i32x4, i64x2 } from "../../wasm/vector.ts";
import { byMod, type Entry, MEMORY, op, type Semantics, SSE } from "../row.ts";
import { byExactPrefix, type Rows, sse3 } from "./simd-rows.ts";

/** On MMX registers and, with 66, on XMM registers. */
const ssse3 = (mnemonic: string, semantics: Semantics, more = ""): Entry =>
  byExactPrefix({
    none: op(mnemonic, semantics, `Pq,Qq${more}`, 0, "ssse3"),
    p66: op(mnemonic, semantics, `Vdq,Wdq${more}`, SSE, "ssse3"),
  });

/** With prefix 66 only. */
const of =
  (feature: string) =>
  (mnemonic: string, semantics: Semantics, operands = "Vdq,Wdq", flags = 0): Entry =>
    byExactPrefix({ p66: op(mnemonic, semantics, operands, SSE | flags, feature) });

const sse41 = of("sse4_1");
const sse42 = of("sse4_2");
const aes = of("aes");

const WITH_IMMEDIATE = "Vdq,Wdq,Ib";

/** Rows in the map after 0F: SSE3. */
export const SIMD_HORIZONTAL: Rows = {
  0x7c: byExactPrefix({
    p66: sse3("HADDPD", compute("sse_hadd_pd"), "Vdq,Wdq"),
    pF2: sse3("HADDPS", compute("sse_hadd_ps"), "Vdq,Wdq"),
  }),
  0x7d: byExactPrefix({
    p66: sse3("HSUBPD", compute("sse_hsub_pd"), "Vdq,Wdq"),
    pF2: sse3("HSUBPS", compute("sse_hsub_ps"), "Vdq,Wdq"),
  }),
  0xd0: byExactPrefix({
    p66: sse3("ADDSUBPD", compute("sse_addsub_pd"), "Vdq,Wdq"),
    pF2: sse3("ADDSUBPS", compute("sse_addsub_ps"), "Vdq,Wdq"),
  }),
};

/** Steps of PMOVSX, and of PMOVZX. */
export const SIGN_EXTEND = [i16x8.extendLowS, i32x4.extendLowS, i64x2.extendLowS] as const;
export const ZERO_EXTEND = [i16x8.extendLowU, i32x4.extendLowU, i64x2.extendLowU] as const;

/** Six opcodes: bytes to words, doublewords and quadwords, words to the wider two, doublewords to quadwords. */
function widening(prefix: string, first: number, [words, dwords, qwords]: typeof SIGN_EXTEND): Rows {
  const { widen } = blend;
  return {
    [first]: sse41(`${prefix}BW`, widen(words), "Vdq,Wq"),
    [first + 1]: sse41(`${prefix}BD`, widen(words, dwords), "Vdq,Wd"),
    [first + 2]: sse41(`${prefix}BQ`, widen(words, dwords, qwords), "Vdq,Ww"),
    [first + 3]: sse41(`${prefix}WD`, widen(dwords), "Vdq,Wq"),
    [first + 4]: sse41(`${prefix}WQ`, widen(dwords, qwords), "Vdq,Wd"),
    [first + 5]: sse41(`${prefix}DQ`, widen(qwords), "Vdq,Wq"),
  };
}

/** After 0F 38. */
export const SIMD_38: Rows = {
  0x00: ssse3("PSHUFB", horizontal.pshufb),
  0x01: ssse3("PHADDW", horizontal.phaddw),
  0x02: ssse3("PHADDD", horizontal.phaddd),
  0x03: ssse3("PHADDSW", horizontal.phaddsw),
  0x04: ssse3("PMADDUBSW", horizontal.pmaddubsw),
  0x05: ssse3("PHSUBW", horizontal.phsubw),
  0x06: ssse3("PHSUBD", horizontal.phsubd),
  0x07: ssse3("PHSUBSW", horizontal.phsubsw),
  0x08: ssse3("PSIGNB", horizontal.psignb),
  0x09: ssse3("PSIGNW", horizontal.psignw),
  0x0a: ssse3("PSIGND", horizontal.psignd),
  0x0b: ssse3("PMULHRSW", horizontal.pmulhrsw),
  0x10: sse41("PBLENDVB", blend.pblendvb),
  0x14: sse41("BLENDVPS", blend.blendvps),
  0x15: sse41("BLENDVPD", blend.blendvpd),
  0x17: sse41("PTEST", blend.ptest),
  0x1c: ssse3("PABSB", horizontal.pabsb),
  0x1d: ssse3("PABSW", horizontal.pabsw),
  0x1e: ssse3("PABSD", horizontal.pabsd),
  ...widening("PMOVSX", 0x20, SIGN_EXTEND),
  0x28: sse41("PMULDQ", pmuldq),
  0x29: sse41("PCMPEQQ", packed(i64x2.eq)),
  0x2a: sse41("MOVNTDQA", moveAligned, "Vdq,Wdq", MEMORY),
  0x2b: sse41("PACKUSDW", pack(i16x8.narrowU)),
  ...widening("PMOVZX", 0x30, ZERO_EXTEND),
  0x37: sse42("PCMPGTQ", packed(i64x2.gtS)),
  0x38: sse41("PMINSB", packed(i8x16.minS)),
  0x39: sse41("PMINSD", packed(i32x4.minS)),
  0x3a: sse41("PMINUW", packed(i16x8.minU)),
  0x3b: sse41("PMINUD", packed(i32x4.minU)),
  0x3c: sse41("PMAXSB", packed(i8x16.maxS)),
  0x3d: sse41("PMAXSD", packed(i32x4.maxS)),
  0x3e: sse41("PMAXUW", packed(i16x8.maxU)),
  0x3f: sse41("PMAXUD", packed(i32x4.maxU)),
  0x40: sse41("PMULLD", packed(i32x4.mul)),
  0x41: sse41("PHMINPOSUW", packedCall("phminposuw")),
  0xdb: aes("AESIMC", packedCall("aesimc")),
  0xdc: aes("AESENC", packedCall("aesenc")),
  0xdd: aes("AESENCLAST", packedCall("aesenclast")),
  0xde: aes("AESDEC", packedCall("aesdec")),
  0xdf: aes("AESDECLAST", packedCall("aesdeclast")),
};

/** A lane to memory, or zero-extended to a register of 32 or 64 bits. */
const extraction = (mnemonic: string, semantics: Semantics, memory: string): Entry =>
  byExactPrefix({
    p66: byMod(
      op(mnemonic, semantics, `${memory},Vdq,Ib`, SSE, "sse4_1"),
      op(mnemonic, semantics, "Rd,Vdq,Ib", SSE, "sse4_1"),
    ),
  });

/** After 0F 3A. */
export const SIMD_3A: Rows = {
  0x08: sse41("ROUNDPS", computeByImmediate("sse_round_ps"), WITH_IMMEDIATE),
  0x09: sse41("ROUNDPD", computeByImmediate("sse_round_pd"), WITH_IMMEDIATE),
  0x0a: sse41("ROUNDSS", computeByImmediate("sse_round_ss"), "Vdq,Wd,Ib"),
  0x0b: sse41("ROUNDSD", computeByImmediate("sse_round_sd"), "Vdq,Wq,Ib"),
  0x0c: sse41("BLENDPS", blend.blendByImmediate(4), WITH_IMMEDIATE),
  0x0d: sse41("BLENDPD", blend.blendByImmediate(8), WITH_IMMEDIATE),
  0x0e: sse41("PBLENDW", blend.blendByImmediate(2), WITH_IMMEDIATE),
  0x0f: ssse3("PALIGNR", horizontal.palignr, ",Ib"),
  0x14: extraction("PEXTRB", extract(1), "Mb"),
  0x15: extraction("PEXTRW", extract(2), "Mw"),
  0x16: sse41("PEXTRD", extract(), "Ey,Vdq,Ib"),
  0x17: sse41("EXTRACTPS", extract(4), "Ed,Vdq,Ib"),
  0x20: byExactPrefix({
    p66: byMod(
      op("PINSRB", insert(1), "Vdq,Mb,Ib", SSE, "sse4_1"),
      op("PINSRB", insert(1), "Vdq,Rd,Ib", SSE, "sse4_1"),
    ),
  }),
  0x21: sse41("INSERTPS", insertps, "Vdq,Wd,Ib"),
  0x22: sse41("PINSRD", insert(), "Vdq,Ey,Ib"),
  0x40: sse41("DPPS", computeByImmediate("sse_dp_ps"), WITH_IMMEDIATE),
  0x41: sse41("DPPD", computeByImmediate("sse_dp_pd"), WITH_IMMEDIATE),
  0x42: sse41("MPSADBW", packedCall("mpsadbw"), WITH_IMMEDIATE),
  0x44: of("pclmulqdq")("PCLMULQDQ", packedCall("pclmulqdq"), WITH_IMMEDIATE),
  0x60: sse42("PCMPESTRM", compareTexts("explicit", "mask"), WITH_IMMEDIATE),
  0x61: sse42("PCMPESTRI", compareTexts("explicit", "index"), WITH_IMMEDIATE),
  0x62: sse42("PCMPISTRM", compareTexts("implicit", "mask"), WITH_IMMEDIATE),
  0x63: sse42("PCMPISTRI", compareTexts("implicit", "index"), WITH_IMMEDIATE),
  0xdf: aes("AESKEYGENASSIST", packedCall("aeskeygenassist"), WITH_IMMEDIATE),
};
