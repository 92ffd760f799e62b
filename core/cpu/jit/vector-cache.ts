// XMM registers within a region: the processor's state always has them, and locals have what is known of them besides, so
// that what was just computed need not be loaded.

import { CPU } from "../interpreter/handler-context.ts";
import { XMM } from "../layout.ts";
import type { NumberBits } from "../semantics/numbers.ts";
import { constant32, type Expression, i32, i64, loadNumber, loadVector } from "../wasm/expression.ts";
import type { FunctionBody } from "../wasm/function-body.ts";
import { f32, f64 } from "../wasm/scalar.ts";
import { i64x2, loadHigh, v128 } from "../wasm/vector.ts";

/** What is known of a register; the expressions are stable. */
interface Known {
  /** All of it. */
  readonly whole?: Expression | undefined;
  /** Its lowest lane (f32 or f64). */
  readonly number?: Expression | undefined;
  /** A vector with all the other lanes of that width. */
  readonly others?: Expression | undefined;
  /** Whether the number is normal or 0, unless there is a doubt. */
  readonly ordinary: boolean;
}

export type KnownVectors = readonly (Known | undefined)[];

/** XMM registers, and the upper halves of the YMM registers after them. */
const REGISTERS = 32;

export const isVector = (offset: number): boolean => offset >= XMM && offset < XMM + REGISTERS * 16;

const registerOf = (offset: number): number => (offset - XMM) >> 4;

const typeOf = (bits: NumberBits): "f32" | "f64" => (bits === 32 ? "f32" : "f64");

export class VectorCache {
  readonly #body: FunctionBody;
  #known: (Known | undefined)[] = new Array(REGISTERS).fill(undefined);
  /** Registers whose addresses were given away for writing by the instruction at hand, a bit each. */
  #exposed = 0;

  constructor(body: FunctionBody) {
    this.#body = body;
  }

  get known(): KnownVectors {
    return this.#known.slice();
  }

  set known(known: KnownVectors) {
    this.#known = known.slice();
  }

  /** Forgets everything. */
  forget(): void {
    this.#known.fill(undefined);
  }

  /** The instruction at hand may write the register at its address. */
  expose(offset: number): void {
    const register = registerOf(offset);
    this.#known[register] = undefined;
    this.#exposed |= 1 << register;
  }

  /** Ends an instruction. */
  end(): void {
    for (let left = this.#exposed; left; left &= left - 1)
      this.#known[31 - Math.clz32(left & -left)] = undefined;
    this.#exposed = 0;
  }

  /** The locals in which values are hold them further. */
  keepValues(): void {
    for (const known of this.#known) {
      if (!known) continue;
      this.#body.keep(known.whole);
      this.#body.keep(known.number);
      this.#body.keep(known.others);
    }
  }

  #of(register: number): Known {
    // What is read of an exposed register may have been written by address.
    return ((this.#exposed >> register) & 1 ? undefined : this.#known[register]) ?? { ordinary: false };
  }

  // --- The lowest lane ---

  readNumber(offset: number, bits: NumberBits): Expression {
    const register = registerOf(offset);
    const known = this.#of(register);
    const { whole, number } = known;
    const type = typeOf(bits);
    if (number?.type === type) return number;
    const lane = (bits === 32 ? f32 : f64).extract;
    const value = this.#body.copy(whole ? lane(whole, 0) : loadNumber(type, CPU, offset));
    this.#known[register] = { whole, number: value, ordinary: false };
    return value;
  }

  /** The rest of the register stays. */
  writeNumber(offset: number, value: Expression, ordinary: boolean): void {
    const bits = value.type === "f32" ? 32 : 64;
    const number = this.#body.let(value);
    this.#body.store(bits, CPU, number, offset);
    const register = registerOf(offset);
    const { whole, number: old, others } = this.#of(register);
    this.#known[register] = {
      number,
      others: whole ?? (old?.type === value.type ? others : undefined),
      ordinary,
    };
  }

  isOrdinary(offset: number, bits: NumberBits): boolean {
    const { number, ordinary } = this.#of(registerOf(offset));
    return ordinary && number?.type === typeOf(bits);
  }

  setOrdinary(offset: number, bits: NumberBits): void {
    const register = registerOf(offset);
    const known = this.#of(register);
    if (known.number?.type === typeOf(bits)) this.#known[register] = { ...known, ordinary: true };
  }

  // --- All of it, and lanes as integers ---

  /** Its low 32 or 64 bits as integer, or all 128. */
  read(offset: number, bits: 32 | 64 | 128): Expression {
    if (bits === 128) return this.#whole(offset);
    const { whole, number } = this.#of(registerOf(offset));
    const body = this.#body;
    if (bits === 64) {
      if (number?.type === "f64") return body.copy(f64.bits(number));
      return body.copy(whole ? i64x2.extractU(whole, 0) : i64.load(CPU, offset));
    }
    return body.copy(number?.type === "f32" ? f32.bits(number) : i32.load(CPU, offset));
  }

  #whole(offset: number): Expression {
    const register = registerOf(offset);
    const known = this.#of(register);
    if (known.whole) return known.whole;
    const whole = this.#body.copy(this.#assembled(offset, known));
    this.#known[register] = { whole, number: known.number, ordinary: known.ordinary };
    return whole;
  }

  /** Together from its parts: a load of what was stored in parts has to wait. */
  #assembled(offset: number, { number, others }: Known): Expression {
    if (number && others) return (number.type === "f32" ? f32 : f64).replace(others, 0, number);
    if (number?.type === "f64") return loadHigh(i32.add(CPU, constant32(offset + 8)), f64.splat(number));
    return loadVector(CPU, offset);
  }

  write(offset: number, bits: 32 | 64 | 128, value: Expression): void {
    const register = registerOf(offset);
    if (bits !== 128) {
      this.#body.store(bits, CPU, value, offset);
      this.#known[register] = undefined;
      return;
    }
    // Upper halves are cleared again and again.
    const cleared = value === v128.zero;
    if (cleared && this.#of(register).whole === v128.zero) return;
    const whole = cleared ? value : this.#body.let(value);
    this.#body.store(128, CPU, whole, offset);
    // What is known of the register that this is a copy of holds for both.
    this.#known[register] = this.#known.find((known) => known?.whole === whole) ?? { whole, ordinary: false };
  }
}
