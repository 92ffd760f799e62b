// AVX rows that move vectors, or tell something of them, and are not the SSE ones done for each half.
// [SDM] vol. 2D, tables.

import {
  broadcast,
  broadcastHalf,
  clearAll,
  clearUppers,
  extractHalf,
  insertHalf,
  masks,
  moveVectors,
  permuteHalves,
  vptest,
  vtestpd,
  vtestps,
} from "../../semantics/vex-moves.ts";
import { ldmxcsr, stmxcsr } from "../../semantics/x87-control.ts";
import {
  byLength,
  byMod,
  byPrefix,
  byWidth,
  type Entry,
  group,
  MEMORY,
  op,
  PREFIX_F2,
  PREFIX_F3,
  REGISTER,
  type Semantics,
  VEX,
} from "../row.ts";
import { SIMD_MOVES } from "./simd-moves.ts";
import type { Rows } from "./simd-rows.ts";
import { asItIs, extend, ofPrefix, type Shape, same, third } from "./vex-rows.ts";

export const avx = (mnemonic: string, semantics: Semantics, operands: string, flags = 0): Entry =>
  op(mnemonic, semantics, operands, VEX | flags, "avx");

export const avx2 = (mnemonic: string, semantics: Semantics, operands: string, flags = 0): Entry =>
  op(mnemonic, semantics, operands, VEX | flags, "avx2");

/** With 66; and VEX.W 0; of YMM registers only. */
export const p66 = (entry: Entry): Entry => byPrefix({ p66: entry });
export const w0 = (entry: Entry): Entry => p66(byWidth(entry, undefined));
export const wide = (entry: Entry): Entry => w0(byLength(undefined, entry));

/** What makes the row of XMM registers and that of YMM registers. */
type Makers = readonly [of128: typeof avx, of256: typeof avx];

const AVX: Makers = [avx, avx];
export const AVX2: Makers = [avx2, avx2];
/** YMM registers came with AVX2. */
export const WIDER_BY_AVX2: Makers = [avx, avx2];

/** The same of XMM and YMM registers: vector operands without a size have that of the register. */
export const ofBoth = (
  mnemonic: string,
  semantics: Semantics,
  operands: string,
  flags = 0,
  [of128, of256]: Makers = AVX,
): Entry => {
  const sized = (size: string): string => operands.replace(/[VHWUL](?=,|$)/g, `$&${size}`);
  return byLength(
    of128(mnemonic, semantics, sized("dq"), flags),
    of256(mnemonic, semantics, sized("qq"), flags),
  );
};

const load = (mnemonic: string, aligned: boolean, flags = 0): Entry =>
  ofBoth(mnemonic, moveVectors(aligned), "V,W", flags);
const store = (mnemonic: string, aligned: boolean, flags = 0): Entry =>
  ofBoth(mnemonic, moveVectors(aligned), "W,V", flags);

/** Scalars: from memory zeros come along; between registers the first source's other lanes. */
const scalarLoad: Shape = (row) => (row.operands[0]!.widths[1] < 128 ? third(row) : same(row));
const scalarStore: Shape = (row) => byMod(asItIs(row), third(row));

const scalars = (entry: Entry, shape: Shape): { pF3: Entry; pF2: Entry } => ({
  pF3: extend(ofPrefix(entry, PREFIX_F3), shape),
  pF2: extend(ofPrefix(entry, PREFIX_F2), shape),
});

/** From memory or, with AVX2, from a register. */
const broadcasting = (mnemonic: string, bits: 32 | 64, destination: string): Entry => {
  const source = bits === 32 ? "d" : "q";
  return byMod(
    avx(mnemonic, broadcast(bits), `${destination},W${source}`),
    avx2(mnemonic, broadcast(bits), `${destination},Wdq`),
  );
};

const broadcastInteger = (mnemonic: string, bits: 8 | 16 | 32 | 64, source: string): Entry =>
  w0(ofBoth(mnemonic, broadcast(bits), `V,W${source}`, 0, AVX2));

/** In the map of 0F. */
export const MOVES_0F: Rows = {
  0x10: byPrefix({
    none: load("VMOVUPS", false),
    p66: load("VMOVUPD", false),
    ...scalars(SIMD_MOVES[0x10], scalarLoad),
  }),
  0x11: byPrefix({
    none: store("VMOVUPS", false),
    p66: store("VMOVUPD", false),
    ...scalars(SIMD_MOVES[0x11], scalarStore),
  }),
  0x28: byPrefix({ none: load("VMOVAPS", true), p66: load("VMOVAPD", true) }),
  0x29: byPrefix({ none: store("VMOVAPS", true), p66: store("VMOVAPD", true) }),
  0x2b: byPrefix({ none: store("VMOVNTPS", true, MEMORY), p66: store("VMOVNTPD", true, MEMORY) }),
  0x50: byPrefix({
    none: ofBoth("VMOVMSKPS", masks(32), "Gd,U", REGISTER),
    p66: ofBoth("VMOVMSKPD", masks(64), "Gd,U", REGISTER),
  }),
  0x6f: byPrefix({ p66: load("VMOVDQA", true), pF3: load("VMOVDQU", false) }),
  0x77: byPrefix({ none: byLength(avx("VZEROUPPER", clearUppers, ""), avx("VZEROALL", clearAll, "")) }),
  0x7f: byPrefix({ p66: store("VMOVDQA", true), pF3: store("VMOVDQU", false) }),
  0xae: group(
    undefined,
    undefined,
    byPrefix({ none: byLength(avx("VLDMXCSR", ldmxcsr, "Md", MEMORY), undefined) }),
    byPrefix({ none: byLength(avx("VSTMXCSR", stmxcsr, "Md", MEMORY), undefined) }),
  ),
  0xd7: p66(
    byLength(avx("VPMOVMSKB", masks(8), "Gd,Udq", REGISTER), avx2("VPMOVMSKB", masks(8), "Gd,Uqq", REGISTER)),
  ),
  0xe7: p66(store("VMOVNTDQ", true, MEMORY)),
  0xf0: byPrefix({ pF2: load("VLDDQU", false, MEMORY) }),
};

/** In the map of 0F 38. */
export const MOVES_38: Rows = {
  0x0e: w0(ofBoth("VTESTPS", vtestps, "V,W")),
  0x0f: w0(ofBoth("VTESTPD", vtestpd, "V,W")),
  0x17: p66(ofBoth("VPTEST", vptest, "V,W")),
  0x18: w0(byLength(broadcasting("VBROADCASTSS", 32, "Vdq"), broadcasting("VBROADCASTSS", 32, "Vqq"))),
  0x19: wide(broadcasting("VBROADCASTSD", 64, "Vqq")),
  0x1a: wide(avx("VBROADCASTF128", broadcastHalf, "Vqq,Wdq", MEMORY)),
  0x2a: p66(ofBoth("VMOVNTDQA", moveVectors(true), "V,W", MEMORY, WIDER_BY_AVX2)),
  0x58: broadcastInteger("VPBROADCASTD", 32, "d"),
  0x59: broadcastInteger("VPBROADCASTQ", 64, "q"),
  0x5a: wide(avx2("VBROADCASTI128", broadcastHalf, "Vqq,Wdq", MEMORY)),
  0x78: broadcastInteger("VPBROADCASTB", 8, "b"),
  0x79: broadcastInteger("VPBROADCASTW", 16, "w"),
};

/** In the map of 0F 3A. */
export const MOVES_3A: Rows = {
  0x06: wide(avx("VPERM2F128", permuteHalves, "Vqq,Hqq,Wqq,Ib")),
  0x18: wide(avx("VINSERTF128", insertHalf, "Vqq,Hqq,Wdq,Ib")),
  0x19: wide(avx("VEXTRACTF128", extractHalf, "Wdq,Vqq,Ib")),
  0x38: wide(avx2("VINSERTI128", insertHalf, "Vqq,Hqq,Wdq,Ib")),
  0x39: wide(avx2("VEXTRACTI128", extractHalf, "Wdq,Vqq,Ib")),
  0x46: wide(avx2("VPERM2I128", permuteHalves, "Vqq,Hqq,Wqq,Ib")),
};
