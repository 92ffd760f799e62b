// The compiler's way with the numbers of scalars: those of XMM registers in locals, and whether something about them is
// unusual in a local too.

import { CPU } from "../interpreter/handler-context.ts";
import { MXCSR } from "../layout.ts";
import type { Context } from "../semantics/context.ts";
import { hindrances, type NumberBits, Numbers, STRANGE } from "../semantics/numbers.ts";
import { constant32, type Expression, i32 } from "../wasm/expression.ts";
import type { Emission } from "./emission.ts";

export class KnownNumbers extends Numbers {
  readonly #getEmission: () => Emission;

  constructor(context: Context, emission: () => Emission) {
    super(context);
    this.#getEmission = emission;
  }

  get #emission(): Emission {
    return this.#getEmission();
  }

  #offset(index: number): number {
    return Number(this.c.registerOffset(index).constant);
  }

  override read(index: number, bits: NumberBits): Expression {
    return this.#emission.vectors.readNumber(this.#offset(index), bits);
  }

  override write(index: number, _bits: NumberBits, value: Expression, ordinary: boolean): void {
    this.#emission.vectors.writeNumber(this.#offset(index), value, ordinary);
  }

  override address(index: number): Expression {
    return i32.add(CPU, this.c.registerOffset(index)).asStable();
  }

  override isOrdinary(index: number, bits: NumberBits): boolean {
    return this.#emission.vectors.isOrdinary(this.#offset(index), bits);
  }

  override setOrdinary(index: number, bits: NumberBits): void {
    this.#emission.vectors.setOrdinary(this.#offset(index), bits);
  }

  override doubt(): Expression {
    const { doubt } = this.#emission;
    this.#emission.beginDoubt(() => super.doubt());
    return doubt.get;
  }

  override doubtAgain(bits: NumberBits, first: Expression, second: Expression): void {
    const { doubt } = this.#emission;
    const strange = this.c.call(bits === 32 ? "sse_strange_ss" : "sse_strange_sd", first, second);
    const kept = i32.or(i32.and(doubt.get, constant32(STRANGE)), strange);
    this.c.body.set(doubt, i32.or(kept, hindrances(i32.load(CPU, MXCSR))));
  }
}
