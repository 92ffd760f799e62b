// The numbers of SSE's scalar instructions: lowest lanes of XMM registers, and what has to be known of them before
// WebAssembly's arithmetic may take the place of the processor's. [SDM] vol. 1, 11.5.

import { MXCSR } from "../layout.ts";
import { constant32, type Expression, i32, loadNumber } from "../wasm/expression.ts";
import type { Context } from "./context.ts";

/** MXCSR: PE raised, PE masked, rounding control. */
const PE = 1 << 5;
const PM = 1 << 12;
const RC = 3 << 13;

/** In a doubt: a number that was taken for an ordinary one may be none. */
export const STRANGE = 1;

export type NumberBits = 32 | 64;

/** Offset of MXCSR's hindrances from none: rounding is to nearest, and an inexact result raises nothing new. */
export const hindrances = (mxcsr: Expression): Expression =>
  i32.xor(i32.and(mxcsr, constant32(RC | PM | PE)), constant32(PM | PE));

/** The interpreter's way: everything is in the processor's state, and nothing is known. */
export class Numbers {
  protected readonly c: Context;

  constructor(context: Context) {
    this.c = context;
  }

  /** The number in a register operand (f32 or f64). */
  read(index: number, bits: NumberBits): Expression {
    const address = i32.add(this.c.stateAddress(0), this.c.registerOffset(index));
    return this.c.body.let(loadNumber(bits === 32 ? "f32" : "f64", address));
  }

  /** Sets it; the rest of the register stays. `ordinary`: the number is so unless there is a doubt. */
  write(index: number, bits: NumberBits, value: Expression, _ordinary: boolean): void {
    this.c.body.store(bits, i32.add(this.c.stateAddress(0), this.c.registerOffset(index)), value);
  }

  /** Address of the number in a register operand, which is right there. What is written there must be told by `write`. */
  address(index: number): Expression {
    return this.c.body.let(i32.add(this.c.stateAddress(0), this.c.registerOffset(index)));
  }

  /** Whether a register's number is known to be normal or 0 unless there is a doubt. */
  isOrdinary(_index: number, _bits: NumberBits): boolean {
    return false;
  }

  /** Now this is known of it. */
  setOrdinary(_index: number, _bits: NumberBits): void {}

  /** Not 0 (i32) if results that are not exact would have to raise something, or are rounded in an unusual way; or STRANGE. */
  doubt(): Expression {
    return hindrances(this.c.state(MXCSR, 32));
  }

  /** After MXCSR, or numbers at two addresses that are taken for ordinary, have been set by the runtime. */
  doubtAgain(_bits: NumberBits, _first: Expression, _second: Expression): void {}
}
