// AVX conversions between lanes of different widths, halves of 16 bits (F16C), and dot products. [SDM] vol. 1, 14.4; vol. 2C.

import { SSE_FIRST, SSE_SECOND, VEX_DESTINATION, XMM, YMM_HIGH } from "../layout.ts";
import { constant32, type Expression, i32, loadVector } from "../wasm/expression.ts";
import { f64x2, i64x2, v128 } from "../wasm/vector.ts";
import type { Context } from "./context.ts";
import { lowerQuadwords } from "./simd-integer.ts";
import { immediateByte, isInMemory, raiseIf, readWidened } from "./simd-state.ts";
import { Exceptions } from "./vex-exceptions.ts";
import { halfAddress } from "./vex-halves.ts";
import { beginAvx } from "./vex-state.ts";
import { vectorsIn, writeVectors } from "./vex-vectors.ts";

type Emit = (c: Context) => void;

/** Host addresses of a source's two parts: the halves of a YMM operand, or the quadwords of an XMM operand. */
function parts(c: Context, index: number): [Expression, Expression] {
  const bytes = (c.width(index) as number) / 8;
  const whole = bytes === 32;
  const apart = constant32(whole ? 16 : 8);
  if (isInMemory(c, index)) {
    const lower = c.loadAddress(bytes, c.linear(bytes, false));
    return [lower, c.body.let(i32.add(lower, apart))];
  }
  const lower = halfAddress(c, index, 0);
  return [lower, whole ? halfAddress(c, index, 1) : c.body.let(i32.add(lower, apart))];
}

/** What a function of the runtime makes of addresses of sources, and their exceptions once all are done. */
function convertEach(
  c: Context,
  name: string,
  sources: readonly Expression[],
  ...more: Expression[]
): Expression[] {
  const destination = c.stateAddress(VEX_DESTINATION);
  const exceptions = new Exceptions(c);
  const results = sources.map((source) => {
    exceptions.meetIf(c.call(name, destination, source, ...more));
    return c.body.let(loadVector(destination));
  });
  exceptions.settle();
  return results;
}

const numbers = (values: readonly number[]): Expression[] => values.map(constant32);

/** To a YMM register from quadwords of the source: VCVTPS2PD, VCVTPH2PS. */
export const widenBy =
  (name: string): Emit =>
  (c) => {
    beginAvx(c);
    writeVectors(c, 0, convertEach(c, name, parts(c, 1)));
  };

/** VCVTDQ2PD to a YMM register: always exact. */
export const vcvtdq2pd: Emit = (c) => {
  beginAvx(c);
  const source = readWidened(c, 1);
  const upper = v128.shuffle(source, source, [8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15]);
  writeVectors(c, 0, [source, upper].map(f64x2.convertLowS));
};

/** From the halves of a YMM operand to those of an XMM register: VCVTPD2PS, VCVTPD2DQ, VCVTTPD2DQ. */
export const narrowBy =
  (name: string, ...more: number[]): Emit =>
  (c) => {
    beginAvx(c);
    const [low, high] = convertEach(c, name, parts(c, 1), ...numbers(more)) as [Expression, Expression];
    writeVectors(c, 0, [lowerQuadwords(low, high)]);
  };

/** VCVTPH2PS to an XMM register. */
export const vcvtph2ps: Emit = (c) => {
  beginAvx(c);
  const source = c.readAddress(1, 8);
  writeVectors(c, 0, convertEach(c, "sse_cvtph2ps", [source]));
};

/** VCVTPS2PH. */
export const vcvtps2ph: Emit = (c) => {
  beginAvx(c);
  const halves = ([0, 1] as const).slice(0, vectorsIn(c, 1)).map((half) => halfAddress(c, 1, half));
  const [low, high] = convertEach(c, "sse_cvtps2ph", halves, immediateByte(c)) as [Expression, Expression?];
  const value = high ? c.body.let(lowerQuadwords(low, high)) : low;
  if (isInMemory(c, 0)) c.write(0, high ? value : c.body.let(i64x2.extractU(low, 0)));
  else writeVectors(c, 0, [high ? value : i64x2.fromLane0(i64x2.extractU(low, 0))]);
};

/** VDPPS of YMM registers: no step of a half goes on where one of the other has met an unmasked exception. */
export const vdpps: Emit = (c) => {
  beginAvx(c);
  const memory = isInMemory(c, 2);
  const source = memory ? c.loadAddress(32, c.linear(32, false)) : halfAddress(c, 2, 0);
  const apart = constant32(memory ? 16 : YMM_HIGH - XMM);
  raiseIf(c, c.call("sse_dp_ps_halves", halfAddress(c, 1, 0), source, apart, immediateByte(c)));
  writeVectors(c, 0, [c.state(SSE_FIRST, 128), c.state(SSE_SECOND, 128)]);
};
