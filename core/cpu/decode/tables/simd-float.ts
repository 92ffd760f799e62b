// Arithmetic on numbers, comparisons, conversions.

import {
  arithmetic,
  compare,
  compute,
  computeQuietly,
  convert,
  cvtpi2pd,
  fromInteger,
  fromMmx,
  order,
  toInteger,
  toMmx,
} from "../../semantics/simd-float.ts";
import { packed, pandn, unpackHigh, unpackLow } from "../../semantics/simd-integer.ts";
import type { NativeOperation } from "../../semantics/simd-native.ts";
import { v128 } from "../../wasm/vector.ts";
import type { Entry } from "../row.ts";
import { byExactPrefix, four, type Rows, sse, sse2, two } from "./simd-rows.ts";

const calculation = (mnemonic: string): Entry =>
  four(mnemonic, (suffix) => arithmetic(mnemonic.toLowerCase() as NativeOperation, suffix));

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
    none: sse(`${mnemonic}SS`, order(32, signals), "Vdq,Wd"),
    p66: sse2(`${mnemonic}SD`, order(64, signals), "Vdq,Wq"),
  });

/** To integers, 0F 2C truncating and 0F 2D rounding. */
const toIntegers = (mnemonic: string, truncating: 0 | 1): Entry =>
  byExactPrefix({
    none: sse(`${mnemonic}PS2PI`, toMmx("sse_cvtps2dq", 2, truncating), "Pq,Wq"),
    p66: sse2(`${mnemonic}PD2PI`, toMmx("sse_cvtpd2dq", 8, truncating), "Pq,Wdq"),
    pF3: sse(`${mnemonic}SS2SI`, toInteger(32, truncating), "Gy,Wd"),
    pF2: sse2(`${mnemonic}SD2SI`, toInteger(64, truncating), "Gy,Wq"),
  });

export const SIMD_FLOAT: Rows = {
  0x14: two("UNPCKL", unpackLow),
  0x15: two("UNPCKH", unpackHigh),
  0x2a: byExactPrefix({
    none: sse("CVTPI2PS", fromMmx("sse_cvtdq2ps", 2), "Vdq,Qq"),
    p66: sse2("CVTPI2PD", cvtpi2pd, "Vdq,Qq"),
    pF3: sse("CVTSI2SS", fromInteger(32), "Vdq,Ey"),
    pF2: sse2("CVTSI2SD", fromInteger(64), "Vdq,Ey"),
  }),
  0x2c: toIntegers("CVTT", 1),
  0x2d: toIntegers("CVT", 0),
  0x2e: ordering("UCOMI", 0),
  0x2f: ordering("COMI", 1),
  0x51: calculation("SQRT"),
  0x52: approximate("RSQRT"),
  0x53: approximate("RCP"),
  0x54: two("AND", () => packed(v128.and)),
  0x55: two("ANDN", () => pandn),
  0x56: two("OR", () => packed(v128.or)),
  0x57: two("XOR", () => packed(v128.xor)),
  0x58: calculation("ADD"),
  0x59: calculation("MUL"),
  0x5a: byExactPrefix({
    none: sse2("CVTPS2PD", compute("sse_cvtps2pd"), "Vdq,Wq"),
    p66: sse2("CVTPD2PS", compute("sse_cvtpd2ps"), "Vdq,Wdq"),
    pF3: sse2("CVTSS2SD", convert(64), "Vdq,Wd"),
    pF2: sse2("CVTSD2SS", convert(32), "Vdq,Wq"),
  }),
  0x5b: byExactPrefix({
    none: sse2("CVTDQ2PS", compute("sse_cvtdq2ps", 4), "Vdq,Wdq"),
    p66: sse2("CVTPS2DQ", compute("sse_cvtps2dq", 4, 0), "Vdq,Wdq"),
    pF3: sse2("CVTTPS2DQ", compute("sse_cvtps2dq", 4, 1), "Vdq,Wdq"),
  }),
  0x5c: calculation("SUB"),
  0x5d: calculation("MIN"),
  0x5e: calculation("DIV"),
  0x5f: calculation("MAX"),
  0xc2: four("CMP", (suffix) => compare(suffix), ",Ib"),
  0xe6: byExactPrefix({
    p66: sse2("CVTTPD2DQ", compute("sse_cvtpd2dq", 16, 1), "Vdq,Wdq"),
    pF3: sse2("CVTDQ2PD", computeQuietly("sse_cvtdq2pd"), "Vdq,Wq"),
    pF2: sse2("CVTPD2DQ", compute("sse_cvtpd2dq", 16, 0), "Vdq,Wdq"),
  }),
};
