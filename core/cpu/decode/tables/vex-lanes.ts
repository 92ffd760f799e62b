// AVX and AVX2 rows that do to lanes what SSE does not: orders, blends, widths, shifts of their own, masks in memory; and
// FMA and F16C. [SDM] vol. 2D, tables.

import { YMM_HIGH } from "../../layout.ts";
import * as convert from "../../semantics/vex-convert.ts";
import { cleared, onBoth } from "../../semantics/vex-forms.ts";
import {
  EVEN_SUBTRACTED,
  fused,
  NEGATED,
  ODD_SUBTRACTED,
  type Order,
  SUBTRACTED,
} from "../../semantics/vex-fused.ts";
import { TWO } from "../../semantics/vex-halves.ts";
import { gather, maskedLoad, maskedStore } from "../../semantics/vex-memory.ts";
import * as permute from "../../semantics/vex-permute.ts";
import { v128 } from "../../wasm/vector.ts";
import {
  byLength,
  byPrefix,
  byWidth,
  type Entry,
  MEMORY,
  op,
  PREFIX_66,
  PREFIX_F2,
  PREFIX_F3,
  PREFIX_NONE,
  type Row,
  type Semantics,
  VEX,
  VSIB,
} from "../row.ts";
import { SIGN_EXTEND, SIMD_3A, SIMD_38, ZERO_EXTEND } from "./simd-extensions.ts";
import { SIMD_FLOAT } from "./simd-float.ts";
import { SIMD_MOVES } from "./simd-moves.ts";
import type { Rows } from "./simd-rows.ts";
import { AVX2, avx, avx2, ofBoth, p66, WIDER_BY_AVX2, w0, wide } from "./vex-moves.ts";
import { ofPrefix, same, third } from "./vex-rows.ts";

/** The row that SSE has of an opcode with a mandatory prefix. */
function sseRow(entry: Entry, prefix: number): Row {
  const row = ofPrefix(entry, prefix);
  if (row?.kind !== "row") throw new Error("no row of its own");
  return row;
}

/** The SSE instruction in XMM registers, another semantics of the same in YMM registers. */
const besides = (row: Row, semantics: Semantics, operands: string, feature = "avx", shape = same): Entry =>
  byLength(shape(row), op(`V${row.mnemonic}`, semantics, operands, VEX, feature));

const FORMATS = SIMD_FLOAT[0x5a];
const INTEGERS = SIMD_FLOAT[0xe6];

/** In the map of 0F. */
export const LANES_0F: Rows = {
  0x5a: byPrefix({
    none: besides(sseRow(FORMATS, PREFIX_NONE), convert.widenBy("sse_cvtps2pd"), "Vqq,Wdq"),
    p66: besides(sseRow(FORMATS, PREFIX_66), convert.narrowBy("sse_cvtpd2ps"), "Vdq,Wqq"),
    pF3: third(sseRow(FORMATS, PREFIX_F3)),
    pF2: third(sseRow(FORMATS, PREFIX_F2)),
  }),
  0xe6: byPrefix({
    p66: besides(sseRow(INTEGERS, PREFIX_66), convert.narrowBy("sse_cvtpd2dq", 16, 1), "Vdq,Wqq"),
    pF3: besides(sseRow(INTEGERS, PREFIX_F3), convert.vcvtdq2pd, "Vqq,Wdq"),
    pF2: besides(sseRow(INTEGERS, PREFIX_F2), convert.narrowBy("sse_cvtpd2dq", 16, 0), "Vdq,Wqq"),
  }),
};

/** Six opcodes, as of SSE4.1; the sources of YMM registers are twice as wide. */
function widening(first: number, [words, dwords, qwords]: typeof SIGN_EXTEND): Rows {
  const { widenToBoth } = permute;
  const rows: [Semantics, string][] = [
    [widenToBoth(words), "Wdq"],
    [widenToBoth(words, dwords), "Wq"],
    [widenToBoth(words, dwords, qwords), "Wd"],
    [widenToBoth(dwords), "Wdq"],
    [widenToBoth(dwords, qwords), "Wq"],
    [widenToBoth(qwords), "Wdq"],
  ];
  return Object.fromEntries(
    rows.map(([semantics, source], n) => {
      const row = sseRow(SIMD_38[first + n], PREFIX_66);
      return [first + n, p66(besides(row, semantics, `Vqq,${source}`, "avx2"))];
    }),
  );
}

/** Lanes of 32 bits with VEX.W 0, of 64 with 1. */
const byLane = (make: (bits: 32 | 64) => Entry): Entry => p66(byWidth(make(32), make(64)));

const LETTER = { 32: "D", 64: "Q" } as const;

const shift = (mnemonic: string, kind: "shl" | "shrU"): Entry =>
  byLane((bits) => ofBoth(`${mnemonic}${LETTER[bits]}`, permute.shiftEach(kind, bits), "V,H,W", 0, AVX2));

/** Indices of 32 bits with an even opcode, of 64 with an odd one; lanes by VEX.W. */
const gathering = (mnemonics: readonly [string, string], index: 32 | 64): Entry =>
  byLane((bits) => {
    const of = (length: 128 | 256): Entry => {
      const lanes = length / Math.max(bits, index);
      // The destination may be shorter than the indices.
      const size = lanes * bits > 128 ? "qq" : "dq";
      const semantics = gather((bits / 8) as 4 | 8, (index / 8) as 4 | 8, lanes as 2 | 4 | 8);
      return avx2(
        mnemonics[bits === 32 ? 0 : 1],
        semantics,
        `V${size},M${bits === 32 ? "d" : "q"},H${size}`,
        MEMORY | VSIB,
      );
    };
    return byLength(of(128), of(256));
  });

const fma = (mnemonic: string, semantics: Semantics, operands: string): Entry =>
  op(mnemonic, semantics, operands, VEX, "fma");

/** The ten opcodes of an order of operands, from the one of VFMADDSUB on. */
function fusedRows(first: number, order: Order): Rows {
  const packed = (name: string, kind: number): Entry =>
    byLane((bits) => {
      const suffix = bits === 32 ? "ps" : "pd";
      const of = (size: string): Entry =>
        fma(
          `${name}${order}${suffix.toUpperCase()}`,
          fused(order, kind, suffix),
          `V${size},H${size},W${size}`,
        );
      return byLength(of("dq"), of("qq"));
    });
  const scalar = (name: string, kind: number): Entry =>
    byLane((bits) => {
      const suffix = bits === 32 ? "ss" : "sd";
      const operands = bits === 32 ? "Vdq,Hdq,Wd" : "Vdq,Hdq,Wq";
      return fma(`${name}${order}${suffix.toUpperCase()}`, fused(order, kind, suffix), operands);
    });
  const rows = [
    packed("VFMADDSUB", EVEN_SUBTRACTED),
    packed("VFMSUBADD", ODD_SUBTRACTED),
    ...(["VFMADD", "VFMSUB", "VFNMADD", "VFNMSUB"] as const).flatMap((name, n) => {
      const kind = (n & 1 ? SUBTRACTED : 0) | (n & 2 ? NEGATED : 0);
      return [packed(name, kind), scalar(name, kind)];
    }),
  ];
  return Object.fromEntries(rows.map((row, n) => [first + n, row]));
}

const f16c = (semantics: Semantics, mnemonic: string, operands: string): Entry =>
  op(mnemonic, semantics, operands, VEX, "f16c");

/** In the map of 0F 38. */
export const LANES_38: Rows = {
  0x0c: w0(ofBoth("VPERMILPS", permute.vpermilps, "V,H,W")),
  0x0d: w0(ofBoth("VPERMILPD", permute.vpermilpd, "V,H,W")),
  0x13: w0(
    byLength(
      f16c(convert.vcvtph2ps, "VCVTPH2PS", "Vdq,Wq"),
      f16c(convert.widenBy("sse_cvtph2ps"), "VCVTPH2PS", "Vqq,Wdq"),
    ),
  ),
  0x16: wide(avx2("VPERMPS", permute.vpermd, "Vqq,Hqq,Wqq")),
  ...widening(0x20, SIGN_EXTEND),
  0x2c: w0(ofBoth("VMASKMOVPS", maskedLoad(4), "V,H,W", MEMORY)),
  0x2d: w0(ofBoth("VMASKMOVPD", maskedLoad(8), "V,H,W", MEMORY)),
  0x2e: w0(ofBoth("VMASKMOVPS", maskedStore(4), "W,H,V", MEMORY)),
  0x2f: w0(ofBoth("VMASKMOVPD", maskedStore(8), "W,H,V", MEMORY)),
  ...widening(0x30, ZERO_EXTEND),
  0x36: wide(avx2("VPERMD", permute.vpermd, "Vqq,Hqq,Wqq")),
  0x45: shift("VPSRLV", "shrU"),
  0x46: w0(ofBoth("VPSRAVD", permute.shiftEach("shrS", 32), "V,H,W", 0, AVX2)),
  0x47: shift("VPSLLV", "shl"),
  0x8c: byLane((bits) =>
    ofBoth(`VPMASKMOV${LETTER[bits]}`, maskedLoad((bits / 8) as 4 | 8), "V,H,W", MEMORY, AVX2),
  ),
  0x8e: byLane((bits) =>
    ofBoth(`VPMASKMOV${LETTER[bits]}`, maskedStore((bits / 8) as 4 | 8), "W,H,V", MEMORY, AVX2),
  ),
  0x90: gathering(["VPGATHERDD", "VPGATHERDQ"], 32),
  0x91: gathering(["VPGATHERQD", "VPGATHERQQ"], 64),
  0x92: gathering(["VGATHERDPS", "VGATHERDPD"], 32),
  0x93: gathering(["VGATHERQPS", "VGATHERQPD"], 64),
  ...fusedRows(0x96, "132"),
  ...fusedRows(0xa6, "213"),
  ...fusedRows(0xb6, "231"),
};

const SHUFFLE = sseRow(SIMD_MOVES[0x70], PREFIX_66);
const W1_256 = (entry: Entry): Entry => p66(byWidth(undefined, byLength(undefined, entry)));

/** PCMPESTRM and PCMPISTRM leave their mask in XMM0. */
const textMask = (opcode: number): Entry => {
  const row = sseRow(SIMD_3A[opcode], PREFIX_66);
  const semantics: Semantics = (c) => {
    row.semantics(c);
    c.setState(YMM_HIGH, 128, v128.zero);
  };
  return p66(byLength(avx(`V${row.mnemonic}`, semantics, "Vdq,Wdq,Ib"), undefined));
};

/** In the map of 0F 3A. */
export const LANES_3A: Rows = {
  0x00: W1_256(avx2("VPERMQ", permute.vpermq, "Vqq,Wqq,Ib")),
  0x01: W1_256(avx2("VPERMPD", permute.vpermq, "Vqq,Wqq,Ib")),
  0x02: w0(ofBoth("VPBLENDD", permute.vpblendd, "V,H,W,Ib", 0, AVX2)),
  // Both halves by the same eight bits, as PSHUFD does it for one.
  0x04: w0(
    byLength(
      avx("VPERMILPS", cleared(SHUFFLE), "Vdq,Wdq,Ib"),
      avx("VPERMILPS", onBoth(SHUFFLE, TWO), "Vqq,Wqq,Ib"),
    ),
  ),
  0x05: w0(ofBoth("VPERMILPD", permute.vpermilpdByImmediate, "V,W,Ib")),
  0x1d: w0(
    byLength(
      f16c(convert.vcvtps2ph, "VCVTPS2PH", "Wq,Vdq,Ib"),
      f16c(convert.vcvtps2ph, "VCVTPS2PH", "Wdq,Vqq,Ib"),
    ),
  ),
  0x40: p66(besides(sseRow(SIMD_3A[0x40], PREFIX_66), convert.vdpps, "Vqq,Hqq,Wqq,Ib", "avx", third)),
  0x4a: w0(ofBoth("VBLENDVPS", permute.vblendvps, "V,H,W,L")),
  0x4b: w0(ofBoth("VBLENDVPD", permute.vblendvpd, "V,H,W,L")),
  0x4c: w0(ofBoth("VPBLENDVB", permute.vpblendvb, "V,H,W,L", 0, WIDER_BY_AVX2)),
  0x60: textMask(0x60),
  0x62: textMask(0x62),
};
