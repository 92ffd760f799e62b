// SSE and SSE2 arithmetic on numbers, comparisons and conversions. The numbers are the runtime's work
// (runtime/float/sse), on addresses of operands. [SDM] vol. 1, 10.4.1 and 11.4.1.

import { SSE_EXCEPTION } from "../layout.ts";
import { constant32, type Expression, i32, wrap } from "../wasm/expression.ts";
import { toSignedI64 } from "./context.ts";
import type { Simd, SimdContext } from "./simd-context.ts";
import { type NativeOperation, nativeArithmetic, nativeCompare, type Suffix } from "./simd-native.ts";
import {
  doubleFromInteger,
  scalarArithmetic,
  scalarConversion,
  scalarFromInteger,
  scalarOrder,
  scalarToInteger,
} from "./simd-scalar.ts";
import {
  beginBoth,
  beginSse,
  enterMmx,
  immediateByte,
  markMmx,
  raiseIf,
  sourceAddress,
} from "./simd-state.ts";

const numbers = (values: readonly number[]): Expression[] => values.map(constant32);

/** Address of a register operand. */
const register = (c: SimdContext, index: number): Expression => c.readAddress(index, 16);

/** xmm ← function of xmm and src; #XM by its result. */
export const compute =
  (name: string, ...more: number[]): Simd =>
  (c) => {
    beginSse(c);
    const source = sourceAddress(c, 1);
    raiseIf(c, c.call(name, register(c, 0), source, ...numbers(more)));
  };

/** ADDPS to MAXSD and the square roots. */
export const arithmetic =
  (operation: NativeOperation, suffix: Suffix): Simd =>
  (c) => {
    beginSse(c);
    const selects = operation === "min" || operation === "max";
    if (!suffix.startsWith("p") && !selects) {
      scalarArithmetic(c, operation, suffix === "ss" ? 32 : 64);
      return;
    }
    nativeArithmetic(c, operation, suffix, (destination, source) =>
      raiseIf(c, c.call(`sse_${operation}_${suffix}`, destination, source)),
    );
  };

/** CVTSS2SD and CVTSD2SS, by the bits of the result. */
export const convert =
  (bits: 32 | 64): Simd =>
  (c) => {
    beginSse(c);
    scalarConversion(c, bits);
  };

/** The same for functions that raise nothing: reciprocals, CVTDQ2PD. */
export const computeQuietly =
  (name: string, ...more: number[]): Simd =>
  (c) => {
    beginSse(c);
    const source = sourceAddress(c, 1);
    c.run(name, register(c, 0), source, ...numbers(more));
  };

/** The same with an immediate: ROUNDPS, DPPS and their kin. */
export const computeByImmediate =
  (name: string): Simd =>
  (c) => {
    beginSse(c);
    const source = sourceAddress(c, 1);
    raiseIf(c, c.call(name, register(c, 0), source, immediateByte(c)));
  };

/** CMPPS and its kin; of the predicate three bits count, with VEX five. */
export const compare =
  (suffix: Suffix): Simd =>
  (c) => {
    beginSse(c);
    const predicate = i32.and(immediateByte(c), constant32(c.vex ? 31 : 7));
    const exactly = (destination: Expression, source: Expression): void =>
      raiseIf(c, c.call(`sse_cmp_${suffix}`, destination, source, predicate));
    // A handler serves every predicate.
    if (predicate.constant === undefined) {
      const source = sourceAddress(c, 1);
      exactly(register(c, 0), source);
    } else nativeCompare(c, suffix, Number(predicate.constant), exactly);
  };

/** COMISS and its kin. */
export const order =
  (bits: 32 | 64, signals: number): Simd =>
  (c) => {
    beginSse(c);
    scalarOrder(c, bits, signals);
  };

/** CVTSI2SS and CVTSI2SD, by the bits of the result. */
export const fromInteger =
  (bits: 32 | 64): Simd =>
  (c) => {
    beginSse(c);
    const width = c.width(1);
    const integer = c.read(1);
    if (bits === 64 && width === 32) doubleFromInteger(c, integer);
    else scalarFromInteger(c, bits, c.body.let(toSignedI64(width, integer)));
  };

/** CVTSS2SI, CVTSD2SI and their truncating forms, by the bits of the source. */
export const toInteger =
  (bits: 32 | 64, truncating: 0 | 1): Simd =>
  (c) => {
    beginSse(c);
    const width = c.width(0) as 32 | 64;
    const name = bits === 32 ? "sse_cvtss2si" : "sse_cvtsd2si";
    const integer = scalarToInteger(c, bits, width, truncating === 1, (source) => {
      const value = c.call(name, source, constant32(width), constant32(truncating));
      raiseIf(c, c.state(SSE_EXCEPTION, 32));
      return width === 64 ? value : wrap(value);
    });
    c.write(0, integer);
  };

// --- Between XMM and MMX registers: that the x87 registers become MMX ones happens also with #XM ---

/** CVTPS2PI, CVTPD2PI and their truncating forms. */
export const toMmx =
  (name: string, ...more: number[]): Simd =>
  (c) => {
    beginBoth(c);
    const source = sourceAddress(c, 1);
    enterMmx(c);
    raiseIf(c, c.call(name, c.readAddress(0, 8), source, ...numbers(more)));
    markMmx(c, 0);
  };

/** CVTPI2PS. By [SDM] it is an MMX instruction also with its source in memory; AMD processors see that otherwise. */
export const fromMmx =
  (name: string, ...more: number[]): Simd =>
  (c) => {
    beginBoth(c);
    const source = sourceAddress(c, 1);
    enterMmx(c);
    raiseIf(c, c.call(name, register(c, 0), source, ...numbers(more)));
  };

/** CVTPI2PD: an MMX instruction only with an MMX operand. */
export const cvtpi2pd: Simd = (c) => {
  if (c.memory) beginSse(c);
  else beginBoth(c);
  const source = sourceAddress(c, 1);
  if (!c.memory) enterMmx(c);
  c.run("sse_cvtdq2pd", register(c, 0), source);
};
