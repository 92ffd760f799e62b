// Semantics of instructions with VEX made from those of the SSE rows that they extend. [SDM] vol. 1, 14.1.

import type { Row, Semantics } from "../decode/row.ts";
import { constant32, constant64, type Expression, i32, i64 } from "../wasm/expression.ts";
import { v128 } from "../wasm/vector.ts";
import type { Context } from "./context.ts";
import { isInMemory } from "./simd-state.ts";
import { Exceptions } from "./vex-exceptions.ts";
import { type Half, HalfContext, type Sources } from "./vex-halves.ts";
import { beginAvx } from "./vex-state.ts";

const HALF_BYTES = 16;

/** The SSE instruction for one half: its semantics are of the SIMD tables, and ask for no more than a {@link HalfContext} has. */
const carryOut = (row: Row, half: HalfContext): void => row.semantics(half as unknown as Context);

/** What is above 128 bits of the destination becomes 0. */
export const clearUpper = (c: Context, index = 0): void => c.writeHalf(index, 1, v128.zero);

/** The SSE instruction as it is; a destination that is an XMM register is cleared above. */
export const cleared =
  (row: Row): Semantics =>
  (c) => {
    row.semantics(c);
    if (!isInMemory(c, 0)) clearUpper(c);
  };

/** On XMM registers, with a first source that is not the destination. */
export const onLower =
  (row: Row, sources: Sources): Semantics =>
  (c) => {
    beginAvx(c);
    const half = new HalfContext(c, row, sources, 0);
    carryOut(row, half);
    half.commit();
    clearUpper(c);
  };

/** Where the halves of a YMM instruction differ otherwise. */
export interface Both {
  /** The upper half takes the immediate from this bit on. */
  readonly shift?: number;
  /** The last source has 128 bits, which are meant for both. */
  readonly shared?: boolean;
  /** Its numbers may have exceptions. */
  readonly raises?: boolean;
}

/** Host addresses of the halves of the memory operand. */
function memoryHalves(c: Context, shared: boolean): readonly [Expression?, Expression?] {
  if (!c.memory) return [];
  const bytes = shared ? HALF_BYTES : 2 * HALF_BYTES;
  const lower = c.loadAddress(bytes, c.linear(bytes, false));
  return [lower, shared ? lower : c.body.let(i32.add(lower, constant32(HALF_BYTES)))];
}

/** On YMM registers, half by half. */
export const onBoth =
  (row: Row, sources: Sources, { shift = 0, shared = false, raises = false }: Both = {}): Semantics =>
  (c) => {
    beginAvx(c);
    const memory = memoryHalves(c, shared);
    const exceptions = raises ? new Exceptions(c) : undefined;
    const halves = ([0, 1] as const).map((n: Half) => {
      const half = new HalfContext(c, row, sources, n, {
        memory: memory[n],
        exceptions,
        sourceHalf: shared ? 0 : n,
        immediate: n === 1 && shift > 0 ? i64.shrU(c.immediate, constant64(shift)) : undefined,
      });
      carryOut(row, half);
      half.finish();
      return half;
    });
    exceptions?.settle();
    for (const half of halves) half.commit();
  };
