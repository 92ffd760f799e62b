// Exceptions of numbers where an instruction is done in two halves: each raises its flags, and the fault is met once both are done.
// [SDM] vol. 1, 11.5.

import { MXCSR, SSE_EXCEPTION } from "../layout.ts";
import { constant32, type Expression, i32 } from "../wasm/expression.ts";
import type { Local } from "../wasm/function-body.ts";
import type { SimdContext } from "./simd-context.ts";
import { numberException } from "./simd-state.ts";

/** Above the vector lie the unmasked exceptions. */
const EXCEPTIONS = 8;

export class Exceptions {
  readonly #c: SimdContext;
  /** What was met, or 0. */
  readonly #met: Local;
  readonly #before: Expression;

  /** Before the first half. */
  constructor(c: SimdContext) {
    this.#c = c;
    this.#met = c.body.local("i32");
    c.body.set(this.#met, constant32(0));
    this.#before = c.state(MXCSR, 32);
  }

  /** A half has met a fault of this vector (i32) by what its numbers are. */
  meet(vector: Expression): void {
    const unmasked = i32.shl(this.#c.state(SSE_EXCEPTION, 32), constant32(EXCEPTIONS));
    this.#c.body.set(this.#met, i32.or(this.#met.get, i32.or(vector, unmasked)));
  }

  /** The same if what a function of the runtime has answered is not 0. */
  meetIf(answer: Expression): void {
    this.#c.body.if(answer, () => this.meet(numberException(this.#c)), undefined, false);
  }

  /** After both halves, before anything is written. */
  settle(): void {
    const c = this.#c;
    const fault = (): void => {
      c.run("sse_settle_parts", this.#before, i32.shrU(this.#met.get, constant32(EXCEPTIONS)));
      c.fault(i32.and(this.#met.get, constant32((1 << EXCEPTIONS) - 1)));
    };
    c.body.if(this.#met.get, fault, undefined, false);
  }
}
