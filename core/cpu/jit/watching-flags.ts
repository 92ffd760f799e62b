// What an instruction does with the arithmetic flags: found by watching while it is emitted once.

import { type Bits, type Context, toSignedI64 } from "../semantics/context.ts";
import { Flags } from "../semantics/flags.ts";
import { constant32, type Expression } from "../wasm/expression.ts";

/** Sets of flags: CF, and the five others. */
export const CARRY = 1;
export const OTHERS = 2;
export const ALL_FLAGS = CARRY | OTHERS;

export interface FlagEffects {
  /** Flags that must be right when it begins: it asks them, or may leave before it sets them. */
  wanted: number;
  /** Flags that it sets on every path. */
  set: number;
  /** Whether it may leave after it has set them. */
  leavesAfter: boolean;
}

export class WatchingFlags extends Flags {
  readonly seen: FlagEffects = { wanted: 0, set: 0, leavesAfter: false };
  readonly #context: Context;

  constructor(context: Context) {
    super(context);
    this.#context = context;
  }

  /** The code may be left here. */
  noteExit(): void {
    this.#want(ALL_FLAGS);
    if (this.seen.set) this.seen.leavesAfter = true;
  }

  /** The runtime is given the processor's state, and the code may be left after the instruction. */
  noteCall(): void {
    this.#want(ALL_FLAGS);
    this.seen.leavesAfter = true;
  }

  /** Where registers or flags are set on one of several paths, the processor's state is made right first. */
  noteSetting(): void {
    if (this.#context.body.depth > 0) this.#want(ALL_FLAGS);
  }

  #want(flags: number): void {
    this.seen.wanted |= flags & ~this.seen.set;
  }

  #set(flags: number): void {
    this.noteSetting();
    if (this.#context.body.depth === 0) this.seen.set |= flags;
  }

  override addKeepingCarry(bits: Bits, _a: Expression, _b: Expression, r: Expression): void {
    this.#keepingCarry(bits, r);
  }

  override subKeepingCarry(bits: Bits, _a: Expression, _b: Expression, r: Expression): void {
    this.#keepingCarry(bits, r);
  }

  #keepingCarry(bits: Bits, r: Expression): void {
    this.#set(OTHERS);
    super.store(toSignedI64(bits, r), constant32(0));
  }

  override cf(): Expression {
    this.#want(CARRY);
    return constant32(0);
  }

  protected override store(result: Expression, auxiliary: Expression): void {
    this.#set(ALL_FLAGS);
    super.store(result, auxiliary);
  }

  protected override lastResult(): Expression {
    this.#want(OTHERS);
    return super.lastResult();
  }

  protected override auxiliary(): Expression {
    this.#want(ALL_FLAGS);
    return super.auxiliary();
  }
}
