// What is no lane-by-lane arithmetic and is done by the runtime (runtime/packed): sums of absolute differences, the
// smallest word, texts (SSE4.2), AES and carry-less products. [SDM] vol. 1, 12.8, 12.10 and 12.13.

import { XMM } from "../layout.ts";
import { type Expression, extendS } from "../wasm/expression.ts";
import { RAX, RCX, RDX } from "./context.ts";
import type { Simd, SimdContext } from "./simd-context.ts";
import { beginSse, immediateByte, sourceAddress } from "./simd-state.ts";

/** xmm ← function of xmm and src, both by address; and of the immediate if the row has one. */
export const packedCall =
  (name: string): Simd =>
  (c) => {
    beginSse(c);
    const source = sourceAddress(c, 1);
    const more = c.row.operands.length > 2 ? [immediateByte(c)] : [];
    c.run(name, c.readAddress(0, 16), source, ...more);
  };

/** The length in a register: of 64 bits with REX.W, else of 32. */
const length = (c: SimdContext, register: number): Expression =>
  c.size === 64 ? c.gpr(register, 64) : c.body.let(extendS(c.gpr(register, 32)));

/** PCMPESTRI, PCMPESTRM, PCMPISTRI, PCMPISTRM: texts with lengths in RAX and RDX, or up to a zero. No alignment. */
export const compareTexts =
  (lengths: "explicit" | "implicit", result: "index" | "mask"): Simd =>
  (c) => {
    beginSse(c);
    const second = c.readAddress(1, 16);
    const first = c.readAddress(0, 16);
    const immediate = immediateByte(c);
    const flags =
      lengths === "explicit"
        ? c.call("compareTexts", first, second, length(c, RAX), length(c, RDX), immediate)
        : c.call("compareTextsToZero", first, second, immediate);
    if (result === "index") c.setGpr(RCX, 32, c.call("textIndex", immediate));
    else c.run("textMask", c.stateAddress(XMM), immediate);
    c.flags.setImage(flags);
  };
