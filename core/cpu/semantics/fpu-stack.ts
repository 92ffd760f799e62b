// The register stack of the x87 as the short ways of instructions find and leave it. [SDM] vol. 1, 8.1

import { FPU_REGISTERS, FPU_STATUS, FPU_TAGS } from "../layout.ts";
import { constant32, type Expression, i32, i64 } from "../wasm/expression.ts";
import type { Context } from "./context.ts";

/** A register, by its place in the stack when the instruction began. */
export interface Place {
  /** Physical number (i32, 0 to 7). */
  readonly number: Expression;
  /** From here FPU_REGISTERS leads to it (i32). */
  readonly address: Expression;
}

/** A number of 80 bits: significand (i64), then sign and exponent (i32). */
export interface Extended {
  readonly significand: Expression;
  readonly high: Expression;
}

/** What the short way of an instruction does; expressions are evaluated there, in this order. */
export interface Outcome {
  /** Registers that get a number, and are in use then. */
  readonly set?: readonly (Extended & { readonly place: Place })[];
  /** One in use that has got a number already. */
  readonly written?: Place;
  /** A number for what was ST(7), which is empty, and is the top then. */
  readonly pushed?: Extended;
  readonly pops?: number;
  /** Bits of the status word to be cleared, if not C1, and to be set (i32). */
  readonly cleared?: number;
  readonly flags?: Expression;
}

/** Bits of the status word: TOP, and C1, which most instructions clear. */
export const TOP = 0x3800;
export const C1 = 0x200;
export const TOP_SHIFT = 11;
/** Offset of the sign and exponent word in a register. */
export const HIGH = 8;

/** Whether all conditions hold (i32, 0 or 1 each). */
export const every = (...conditions: Expression[]): Expression =>
  conditions
    .filter(({ constant }) => constant !== 1)
    .reduceRight(
      (all, condition) => (all.constant === 1 ? condition : i32.and(condition, all)),
      constant32(1),
    );

const bitOf = ({ number }: Place): Expression => i32.shl(constant32(1), number);

/** The interpreter's way: everything is read from the processor's state, once an instruction. */
export class FpuStack {
  protected readonly c: Context;
  #status: Expression | undefined;
  #tags: Expression | undefined;

  constructor(context: Context) {
    this.c = context;
  }

  protected get status(): Expression {
    this.#status ??= this.c.state(FPU_STATUS, 16);
    return this.#status;
  }

  protected get tags(): Expression {
    this.#tags ??= this.c.state(FPU_TAGS, 8);
    return this.#tags;
  }

  /** ST(index); to be asked before the instruction branches, as are the next two. */
  place(index: Expression): Place {
    const { body } = this.c;
    const moved = i32.add(i32.shrU(this.status, constant32(TOP_SHIFT)), index);
    const number = body.let(i32.and(moved, constant32(7)));
    return { number, address: body.let(i32.add(this.c.stateAddress(0), i32.shl(number, constant32(4)))) };
  }

  /** Whether a register is in use (i32, 0 or 1). */
  isInUse(place: Place): Expression {
    return i32.eqz(this.isEmpty(place));
  }

  isEmpty(place: Place): Expression {
    return i32.and(i32.shrU(this.tags, place.number), constant32(1));
  }

  read({ address }: Place): Extended {
    const { body } = this.c;
    return {
      significand: body.let(i64.load(address, FPU_REGISTERS)),
      high: body.let(i32.load16U(address, FPU_REGISTERS + HIGH)),
    };
  }

  /**
   * Emits `outcome` if it is possible (i32), else `exactly`, which calls the runtime's function of the instruction. An
   * instruction that does more afterwards (`later`) calls what this returns at its end.
   */
  either(possible: Expression, outcome: Outcome, exactly: () => void, _later = false): () => void {
    const places = { top: this.place(constant32(0)), above: this.place(constant32(-1)) };
    this.c.body.if(possible, () => this.#apply(outcome, places), exactly, true);
    return () => {};
  }

  #apply(outcome: Outcome, { top, above }: { top: Place; above: Place }): void {
    const { set = [], pushed, pops = 0 } = outcome;
    for (const { place, significand, high } of set) this.store(place, significand, high);
    if (pushed) this.store(above, pushed.significand, pushed.high);
    const tags = this.tagsAfter(outcome, top, above);
    if (tags !== this.tags) this.c.setState(FPU_TAGS, 8, tags);
    const moved = pushed ? -1 : pops;
    this.c.setState(
      FPU_STATUS,
      16,
      this.statusAfter(outcome, moved ? this.place(constant32(moved)).number : undefined),
    );
  }

  protected store({ address }: Place, significand: Expression, high: Expression): void {
    this.c.body.store(64, address, significand, FPU_REGISTERS);
    this.c.body.store(16, address, high, FPU_REGISTERS + HIGH);
  }

  /** The tag word after an outcome. */
  protected tagsAfter({ set = [], pushed, pops = 0 }: Outcome, top: Place, above: Place): Expression {
    const filled = [
      ...set.map(({ place }) => place).filter((place) => !this.isKnownInUse(place)),
      ...(pushed ? [above] : []),
    ];
    let { tags } = this;
    for (const place of filled) tags = i32.and(tags, i32.not(bitOf(place)));
    if (pops > 0) tags = i32.or(tags, bitOf(top));
    if (pops > 1)
      tags = i32.or(tags, i32.shl(constant32(1), i32.and(i32.add(top.number, constant32(1)), constant32(7))));
    return tags;
  }

  /** Whether the tag word need not be changed for a register to be in use. */
  protected isKnownInUse(_place: Place): boolean {
    return false;
  }

  /** The status word after an outcome; `top` is its number if that is another. */
  protected statusAfter({ cleared = C1, flags }: Outcome, top: Expression | undefined): Expression {
    let word = i32.and(this.status, constant32(~(cleared | (top ? TOP : 0))));
    if (top) word = i32.or(word, i32.shl(top, constant32(TOP_SHIFT)));
    return flags ? i32.or(word, flags) : word;
  }
}
