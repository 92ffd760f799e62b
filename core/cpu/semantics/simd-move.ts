// MMX and SSE moves. [SDM] vol. 1, 10.4.1, 11.4.1 and 11.4.2.

import { constant32, type Expression, i32 } from "../wasm/expression.ts";
import { i8x16, i32x4, i64x2 } from "../wasm/vector.ts";
import { RDI } from "./context.ts";
import type { SimdContext } from "./simd-context.ts";
import {
  beginBoth,
  beginMmx,
  beginSimd,
  beginSse,
  enterMmx,
  isMmx,
  readAligned,
  readWidened,
  wide,
  writeAligned,
  writeMmx,
} from "./simd-state.ts";

/** dst ← src, of the row's width; the rest of an XMM register stays. */
export const move = (c: SimdContext): void => {
  beginSse(c);
  const bits = c.width(0);
  const numbers = c.row.operands.every(({ file }) => file === "xmm") && !c.memory;
  if (numbers && (bits === 32 || bits === 64)) {
    c.numbers.write(0, bits, c.numbers.read(1, bits), c.numbers.isOrdinary(1, bits));
  } else c.write(0, c.read(1));
};

/** The same with 16 bytes that must be aligned. */
export const moveAligned = (c: SimdContext): void => {
  beginSse(c);
  writeAligned(c, 0, readAligned(c, 1));
};

/** MOVNTI: a general register to memory; asks nothing of the SSE state. */
export const moveGeneral = (c: SimdContext): void => c.write(0, c.read(1));

/** xmm ← src, zeros above. */
export const moveWidened = (c: SimdContext): void => {
  beginSse(c);
  c.write(0, readWidened(c, 1));
};

/** MOVD and MOVQ to MMX registers, MOVDQ2Q among them. */
export const moveToMmx = (c: SimdContext): void => {
  beginOf(c);
  writeMmx(c, 0, wide(c.read(1)));
};

/** MOVD, MOVQ and MOVNTQ from MMX registers. */
export const moveFromMmx = (c: SimdContext): void => {
  beginMmx(c);
  const value = c.read(1);
  if (isMmx(c, 0) && !c.memory) {
    writeMmx(c, 0, value);
    return;
  }
  c.write(0, value);
  enterMmx(c);
};

/** MOVQ2DQ. */
export const moveMmxToXmm = (c: SimdContext): void => {
  beginBoth(c);
  const value = c.read(1);
  enterMmx(c);
  c.write(0, i64x2.fromLane0(value));
};

const beginOf = (c: SimdContext): void =>
  c.row.operands.some((operand) => operand.file === "xmm") ? beginBoth(c) : beginMmx(c);

// --- Halves ---

/** Lower half ← upper half of src: MOVHLPS. */
export const moveHighToLow = (c: SimdContext): void => {
  beginSse(c);
  const upper = i64x2.extractU(c.read(1), 1);
  c.write(0, i64x2.replace(c.read(0), 0, upper));
};

/** Upper half ← src of 64 bits: MOVLHPS, MOVHPS, MOVHPD. */
export const moveToHigh = (c: SimdContext): void => {
  beginSse(c);
  const value = c.read(1);
  c.write(0, i64x2.replace(c.read(0), 1, value));
};

/** m64 ← upper half: MOVHPS, MOVHPD. */
export const moveFromHigh = (c: SimdContext): void => {
  beginSse(c);
  c.write(0, c.body.let(i64x2.extractU(c.read(1), 1)));
};

// --- Masks ---

/** The sign of each lane, in a general register. */
const signs =
  (bitmask: (vector: Expression) => Expression) =>
  (c: SimdContext): void => {
    beginSimd(c);
    if (isMmx(c, 1)) {
      const bits = c.body.let(i32.and(bitmask(i64x2.splat(c.read(1))), constant32(0xff)));
      enterMmx(c);
      c.write(0, bits);
    } else c.write(0, bitmask(readAligned(c, 1)));
  };

export const pmovmskb = signs(i8x16.bitmask);
export const movmskps = signs(i32x4.bitmask);
export const movmskpd = signs(i64x2.bitmask);

/** MASKMOVQ and MASKMOVDQU: bytes whose mask byte has its sign set go to memory at rDI. */
export const maskMove = (c: SimdContext): void => {
  beginSimd(c);
  const bytes = c.width(0) / 8;
  const linear = c.dataLinear(c.gpr(RDI, c.addressSize), bytes, true);
  c.runThrowing(
    "maskMove",
    wide(linear),
    c.readAddress(0, bytes),
    c.readAddress(1, bytes),
    constant32(bytes),
  );
  if (isMmx(c, 0)) enterMmx(c);
};

/** PREFETCHh, PAUSE, fences and CLFLUSH: nothing that the guest could see. */
export const nothing = (_c: SimdContext): void => {};
