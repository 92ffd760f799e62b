// Arithmetic on numbers, comparisons, conversions.

import {
  compare,
  compute,
  computeQuietly,
  cvtpi2pd,
  fromInteger,
  fromMmx,
  order,
  toInteger,
  toMmx,
} from "../../semantics/simd-float.ts";
import { packed, pandn, unpackHigh, unpackLow } from "../../semantics/simd-integer.ts";
import { v128 } from "../../wasm/vector.ts";
import type { Entry } from "../row.ts";
import { byExactPrefix, four, type Rows, sse, sse2, two } from "./simd-rows.ts";

const arithmetic = (mnemonic: string): Entry =>
  four(mnemonic, (suffix) => compute(`sse_${mnemonic.toLowerCase()}_${suffix}`));

/** RCP and RSQRT have no forms for doubles. */
const approximate = (mnemonic: string): Entry => {
  const name = `sse_${mnemonic.toLowerCase()}`;
  return byExactPrefix({
    none: sse(`${mnemonic}PS`, computeQuietly(name, 4), "Vdq,Wdq"),
    pF3: sse(`${mnemonic}SS`, computeQuietly(name, 1), "Vdq,Wd"),
  });
};

/** COMIS and UCOMIS. */
const ordering = (mnemonic: string, signals: number): Entry =>
  byExactPrefix({
    none: sse(`${mnemonic}SS`, order("sse_comi_ss", signals), "Vdq,Wd"),
    p66: sse2(`${mnemonic}SD`, order("sse_comi_sd", signals), "Vdq,Wq"),
  });

/** To integers, 0F 2C truncating and 0F 2D rounding. */
const toIntegers = (mnemonic: string, truncating: number): Entry =>
  byExactPrefix({
    none: sse(`${mnemonic}PS2PI`, toMmx("sse_cvtps2dq", 2, truncating), "Pq,Wq"),
    p66: sse2(`${mnemonic}PD2PI`, toMmx("sse_cvtpd2dq", 8, truncating), "Pq,Wdq"),
    pF3: sse(`${mnemonic}SS2SI`, toInteger("sse_cvtss2si", truncating), "Gy,Wd"),
    pF2: sse2(`${mnemonic}SD2SI`, toInteger("sse_cvtsd2si", truncating), "Gy,Wq"),
  });

export const SIMD_FLOAT: Rows = {
  20: two("UNPCKL", unpackLow),
  21: two("UNPCKH", unpackHigh),
  42: byExactPrefix({
    none: sse("CVTPI2PS", fromMmx("sse_cvtdq2ps", 2), "Vdq,Qq"),
    p66: sse2("CVTPI2PD", cvtpi2pd, "Vdq,Qq"),
    pF3: sse("CVTSI2SS", fromInteger("sse_cvtsi2ss"), "Vdq,Ey"),
    pF2: sse2("CVTSI2SD", fromInteger("sse_cvtsi2sd"), "Vdq,Ey"),
  }),
  44: toIntegers("CVTT", 1),
  45: toIntegers("CVT", 0),
  46: ordering("UCOMI", 0),
  47: ordering("COMI", 1),
  81: arithmetic("SQRT"),
  82: approximate("RSQRT"),
  83: approximate("RCP"),
  84: two("AND", () => packed(v128.and)),
  85: two("ANDN", () => pandn),
  86: two("OR", () => packed(v128.or)),
  87: two("XOR", () => packed(v128.xor)),
  88: arithmetic("ADD"),
  89: arithmetic("MUL"),
  90: byExactPrefix({
    none: sse2("CVTPS2PD", compute("sse_cvtps2pd"), "Vdq,Wq"),
    p66: sse2("CVTPD2PS", compute("sse_cvtpd2ps"), "Vdq,Wdq"),
    pF3: sse2("CVTSS2SD", compute("sse_cvtss2sd"), "Vdq,Wd"),
    pF2: sse2("CVTSD2SS", compute("sse_cvtsd2ss"), "Vdq,Wq"),
  }),
  91: byExactPrefix({
    none: sse2("CVTDQ2PS", compute("sse_cvtdq2ps", 4), "Vdq,Wdq"),
    p66: sse2("CVTPS2DQ", compute("sse_cvtps2dq", 4, 0), "Vdq,Wdq"),
    pF3: sse2("CVTTPS2DQ", compute("sse_cvtps2dq", 4, 1), "Vdq,Wdq"),
  }),
  92: arithmetic("SUB"),
  93: arithmetic("MIN"),
  94: arithmetic("DIV"),
  95: arithmetic("MAX"),
  194: four("CMP", (suffix) => compare(`sse_cmp_${suffix}`), ",Ib"),
  230: byExactPrefix({
    p66: sse2("CVTTPD2DQ", compute("sse_cvtpd2dq", 16, 1), "Vdq,Wdq"),
    pF3: sse2("CVTDQ2PD", computeQuietly("sse_cvtdq2pd"), "Vdq,Wq"),
    pF2: sse2("CVTPD2DQ", compute("sse_cvtpd2dq", 16, 0), "Vdq,Wdq"),
  }),
};
