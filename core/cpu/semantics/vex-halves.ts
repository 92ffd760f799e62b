// An instruction with VEX as the SSE instruction that it comes from, done for each half of YMM registers: what the latter takes for
// its destination is the first source, and what it leaves there goes to a third register once all halves are done.
// [SDM] vol. 1, 14.1 and 14.3.

import type { OperandSpec, Row } from "../decode/row.ts";
import { VEX_DESTINATION, XMM, YMM_HIGH } from "../layout.ts";
import { constant32, type Expression, i32, loadVector, wrap } from "../wasm/expression.ts";
import { i64x2 } from "../wasm/vector.ts";
import type { Bits, Context } from "./context.ts";
import { type NumberBits, Numbers } from "./numbers.ts";
import type { SimdContext } from "./simd-context.ts";
import { isInMemory } from "./simd-state.ts";
import type { Exceptions } from "./vex-exceptions.ts";

export type Half = 0 | 1;

/** Which operand of the instruction each one of the SSE instruction is read from, by position. */
export type Sources = readonly number[];

/** Of those with a destination and the same sources as before; and of those where it is a further operand. */
export const TWO: Sources = [0, 1, 2];
export const THREE: Sources = [1, 2, 3];

const DESTINATION = 0;

/** Where a half of a register operand is. */
export const halfAddress = (c: Context, index: number, half: Half): Expression => {
  const offset = i32.add(c.registerOffset(index), constant32(half * (YMM_HIGH - XMM)));
  return c.body.let(i32.add(c.stateAddress(0), offset));
};

/** Scalars: results take the other lanes of the first source along. */
class HalfNumbers extends Numbers {
  readonly #half: HalfContext;
  readonly #whole: Context;

  constructor(half: HalfContext, whole: Context) {
    super(whole);
    this.#half = half;
    this.#whole = whole;
  }

  override read(index: number, bits: NumberBits): Expression {
    return this.#whole.numbers.read(this.#half.sourceOf(index), bits);
  }

  override write(_index: number, bits: NumberBits, value: Expression, ordinary: boolean): void {
    const number = this.#whole.body.let(value);
    const first = this.#half.sourceOf(DESTINATION);
    const [from, to] = [this.#whole.registerOffset(first), this.#whole.registerOffset(DESTINATION)];
    const same = from.constant !== undefined && from.constant === to.constant;
    if (!same) this.#whole.writeHalf(DESTINATION, 0, this.#whole.readHalf(first, 0));
    this.#whole.numbers.write(DESTINATION, bits, number, ordinary);
    this.#half.isWritten = true;
  }

  override address(index: number): Expression {
    if (index === DESTINATION) return this.#half.readAddress(index, 16);
    return halfAddress(this.#whole, this.#half.sourceOf(index), this.#half.half);
  }

  override isOrdinary(index: number, bits: NumberBits): boolean {
    return this.#whole.numbers.isOrdinary(this.#half.sourceOf(index), bits);
  }

  override setOrdinary(index: number, bits: NumberBits): void {
    this.#whole.numbers.setOrdinary(this.#half.sourceOf(index), bits);
  }

  override doubt(): Expression {
    return this.#whole.numbers.doubt();
  }

  override doubtAgain(bits: NumberBits, first: Expression, second: Expression): void {
    this.#whole.numbers.doubtAgain(bits, first, second);
  }
}

interface HalfOptions {
  /** The half of the sources other than the first, if it is not the same. */
  readonly sourceHalf?: Half | undefined;
  /** Host address of this half of the memory operand, where both were translated together. */
  readonly memory?: Expression | undefined;
  /** What takes faults, to be met once both halves are done. */
  readonly exceptions?: Exceptions | undefined;
  readonly immediate?: Expression | undefined;
}

/** What an SSE instruction is told when it is done for one half. */
export class HalfContext implements SimdContext {
  readonly row: Row;
  readonly half: Half;
  readonly numbers: Numbers;
  readonly vex = true;
  /** Whether the destination has its result already. */
  isWritten = false;
  readonly #whole: Context;
  readonly #sources: Sources;
  /** The half of the sources other than the first. */
  readonly #sourceHalf: Half;
  readonly #memory: Expression | undefined;
  readonly #exceptions: Exceptions | undefined;
  readonly #immediate: Expression;
  #result: Expression | undefined;
  #isAddressed = false;

  constructor(whole: Context, row: Row, sources: Sources, half: Half, more: HalfOptions = {}) {
    this.#whole = whole;
    this.row = row;
    this.#sources = sources;
    this.half = half;
    this.#sourceHalf = more.sourceHalf ?? half;
    this.#memory = more.memory;
    this.#exceptions = more.exceptions;
    this.#immediate = more.immediate ?? whole.immediate;
    this.numbers = new HalfNumbers(this, whole);
  }

  /** The operand of the instruction that stands for one of the SSE instruction. */
  sourceOf(index: number): number {
    return this.#sources[index]!;
  }

  /** Takes the result, if it was left at an address: right after the instruction. */
  finish(): void {
    if (this.#result || this.isWritten) return;
    if (!this.#isAddressed) throw new Error(`${this.row.mnemonic} has no result`);
    this.#result = this.#whole.body.let(loadVector(this.stateAddress(VEX_DESTINATION)));
  }

  /** Sets this half of the destination, unless that has happened. */
  commit(): void {
    this.finish();
    if (this.#result) this.#whole.writeHalf(DESTINATION, this.half, this.#result);
  }

  // --- Operands ---

  operand(index: number): OperandSpec {
    return this.row.operands[index]!;
  }

  width(index: number): Bits {
    return this.operand(index).widths[this.size === 64 ? 2 : 1] as Bits;
  }

  read(index: number): Expression {
    const whole = this.#whole;
    const { file } = this.operand(index);
    const bits = this.width(index);
    if (file !== "xmm" || (isInMemory(this, index) && !this.#memory)) return whole.read(this.sourceOf(index));
    if (this.#memory && isInMemory(this, index)) return whole.body.let(loadVector(this.#memory));
    const half = index === DESTINATION ? this.half : this.#sourceHalf;
    const vector = whole.readHalf(this.sourceOf(index), half);
    if (bits === 128) return vector;
    const low = i64x2.extractU(vector, 0);
    return whole.body.let(bits === 64 ? low : wrap(low));
  }

  write(index: number, value: Expression): void {
    if (this.operand(index).file !== "xmm") throw new Error(`${this.row.mnemonic} does not write a vector`);
    const bits = this.width(index);
    // What is narrower than the register leaves the rest as it is.
    const vector = bits === 64 ? i64x2.replace(this.#first, 0, value) : value;
    this.#result = this.#whole.body.let(vector);
  }

  get #first(): Expression {
    return this.#whole.readHalf(this.sourceOf(DESTINATION), this.half);
  }

  readAddress(index: number, bytes: number): Expression {
    const whole = this.#whole;
    if (index !== DESTINATION) {
      if (!isInMemory(this, index)) return halfAddress(whole, this.sourceOf(index), this.#sourceHalf);
      return this.#memory ?? whole.readAddress(this.sourceOf(index), bytes);
    }
    const address = this.stateAddress(VEX_DESTINATION);
    whole.body.store(128, address, loadVector(halfAddress(whole, this.sourceOf(index), this.half)));
    this.#isAddressed = true;
    return address;
  }

  get immediate(): Expression {
    return this.#immediate;
  }

  // --- Leaving ---

  fault(vector: number | Expression, error?: Expression): void {
    if (!this.#exceptions) this.#whole.fault(vector, error);
    else this.#exceptions.meet(typeof vector === "number" ? constant32(vector) : vector);
  }

  faultIf(condition: Expression, vector: number, error?: Expression): void {
    this.#whole.body.if(condition, () => this.fault(vector, error), undefined, false);
  }

  /** The instruction as a whole has passed the test. */
  unlessPassed(): void {}

  repeatIf(condition: Expression): void {
    this.#whole.repeatIf(condition);
  }

  // --- The rest is as for the whole instruction ---

  get body(): Context["body"] {
    return this.#whole.body;
  }
  get flags(): Context["flags"] {
    return this.#whole.flags;
  }
  get size(): Context["size"] {
    return this.#whole.size;
  }
  get addressSize(): Context["addressSize"] {
    return this.#whole.addressSize;
  }
  get codeSize(): Context["codeSize"] {
    return this.#whole.codeSize;
  }
  get memory(): boolean {
    return this.#whole.memory;
  }
  linear(bytes: number, write: boolean): Expression {
    return this.#whole.linear(bytes, write);
  }
  dataLinear(offset: Expression, bytes: number, write: boolean): Expression {
    return this.#whole.dataLinear(offset, bytes, write);
  }
  loadAddress(bytes: number, linear: Expression): Expression {
    return this.#whole.loadAddress(bytes, linear);
  }
  store(bits: Bits, linear: Expression, value: Expression): void {
    this.#whole.store(bits, linear, value);
  }
  gpr(number: number, bits: Bits): Expression {
    return this.#whole.gpr(number, bits);
  }
  setGpr(number: number, bits: Bits, value: Expression): void {
    this.#whole.setGpr(number, bits, value);
  }
  state(offset: number, bits: Bits): Expression {
    return this.#whole.state(offset, bits);
  }
  setState(offset: number, bits: Bits, value: Expression): void {
    this.#whole.setState(offset, bits, value);
  }
  stateAddress(offset: number): Expression {
    return this.#whole.stateAddress(offset);
  }
  call(name: string, ...args: Expression[]): Expression {
    return this.#whole.call(name, ...args);
  }
  run(name: string, ...args: Expression[]): void {
    this.#whole.run(name, ...args);
  }
  runThrowing(name: string, ...args: Expression[]): void {
    this.#whole.runThrowing(name, ...args);
  }
}
