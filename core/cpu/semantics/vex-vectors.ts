// Operands of AVX instructions as the vectors that they are made of: one for an XMM register, two for a YMM register.

import { constant32, type Expression, i32, loadVector, wrap } from "../wasm/expression.ts";
import { type Context, GP } from "./context.ts";
import { isInMemory } from "./simd-state.ts";
import { clearUpper } from "./vex-forms.ts";
import type { Half } from "./vex-halves.ts";

/** Lower half first. */
export type Vectors = readonly Expression[];

const HALVES: readonly Half[] = [0, 1];
const HALF_BYTES = 16;

/** How many vectors an operand is. */
export const vectorsIn = (c: Context, index: number): 1 | 2 => (c.operand(index).widths[0] === 256 ? 2 : 1);

/** Linear address of the memory operand; where it has to be aligned and is not, that is #GP(0). */
function linearOf(c: Context, bytes: number, write: boolean, aligned: boolean): Expression {
  const linear = c.linear(bytes, write);
  if (aligned) {
    const low = linear.type === "i64" ? wrap(linear) : linear;
    c.faultIf(i32.and(low, constant32(bytes - 1)), GP, constant32(0));
  }
  return linear;
}

/** A vector operand. */
export function readVectors(c: Context, index: number, aligned = false): Vectors {
  const count = vectorsIn(c, index);
  if (!isInMemory(c, index)) return HALVES.slice(0, count).map((half) => c.readHalf(index, half));
  const bytes = count * HALF_BYTES;
  const address = c.loadAddress(bytes, linearOf(c, bytes, false, aligned));
  return HALVES.slice(0, count).map((half) => c.body.let(loadVector(address, half * HALF_BYTES)));
}

/** Sets a vector operand; a register of which one half is given is cleared above. */
export function writeVectors(c: Context, index: number, values: Vectors, aligned = false): void {
  const kept = values.map((value) => c.body.let(value));
  if (!isInMemory(c, index)) {
    kept.forEach((value, half) => {
      c.writeHalf(index, half as Half, value);
    });
    if (kept.length === 1) clearUpper(c, index);
    return;
  }
  const bytes = kept.length * HALF_BYTES;
  const linear = linearOf(c, bytes, true, aligned);
  if (kept.length === 1) c.store(128, linear, kept[0]!);
  else {
    c.storeAt(bytes, linear, (address) => {
      kept.forEach((value, half) => {
        c.body.store(128, address, value, half * HALF_BYTES);
      });
    });
  }
}
