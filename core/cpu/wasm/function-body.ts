// Builds the body of one function from statements over typed expressions.

import { pushUnsigned, VALUE_TYPE, type ValueType } from "./encoding.ts";
import { type Expression, memoryArgument, operation, storeOpcode } from "./expression.ts";

/** A variable of the function. */
export interface Local {
  readonly type: ValueType;
  readonly index: number;
  /** Its value now. */
  readonly get: Expression;
}

/** Where a branch goes: the end of a block, or the start of a loop. */
export interface Label {
  readonly depth: number;
}

type LocalsByType = Record<ValueType, number[]>;

export interface FreeLocals {
  readonly free: Readonly<LocalsByType>;
  /** Of all locals. */
  readonly count: number;
}

const noLocals = (): LocalsByType => ({ i32: [], i64: [], f32: [], f64: [], v128: [] });
const mapLocals = ({ i32, i64, f32, f64, v128 }: Readonly<LocalsByType>): LocalsByType => ({
  i32: [...i32],
  i64: [...i64],
  f32: [...f32],
  f64: [...f64],
  v128: [...v128],
});

/** A function that a body can call; the module gives it its index. */
export interface Callee {
  readonly index: number;
  readonly result: ValueType | undefined;
}

export class FunctionBody {
  readonly code: number[] = [];
  readonly #parameters: number;
  readonly #locals: ValueType[] = [];
  /** Locals whose values are no longer wanted, by type. */
  #free: LocalsByType = noLocals();
  #depth = 0;

  /** Parameters come first among the locals. */
  constructor(parameters: readonly ValueType[]) {
    this.#parameters = parameters.length;
  }

  /** How many blocks, loops and conditionals are open. */
  get depth(): number {
    return this.#depth;
  }

  /** Where the code ends now, for {@link rollBack}. */
  mark(): { length: number; depth: number } {
    return { length: this.code.length, depth: this.#depth };
  }

  /** Forgets the code since a mark; locals made since then stay, unused. */
  rollBack(mark: { length: number; depth: number }): void {
    this.code.length = mark.length;
    this.#depth = mark.depth;
  }

  parameter(index: number, type: ValueType): Expression {
    return this.#reference(index, type, true);
  }

  /** A variable; what it holds before it is set is unknown once {@link recycle} was called. */
  local(type: ValueType): Local {
    const index = this.#free[type].pop() ?? this.#parameters + this.#locals.push(type) - 1;
    return { type, index, get: this.#reference(index, type, false) };
  }

  /** Number of the next new local: those from here on are for {@link recycle}. */
  get localCount(): number {
    return this.#parameters + this.#locals.length;
  }

  /** Gives the locals from `first` on to whoever asks next, but for those in `kept`. */
  recycle(first: number, kept: ReadonlySet<number>): void {
    this.#free = noLocals();
    for (let index = this.localCount - 1; index >= first; index--) {
      if (!kept.has(index)) this.#free[this.#locals[index - this.#parameters]!].push(index);
    }
  }

  /** Those that may be given away now. To go back to: later locals are free then, too. */
  get freeLocals(): FreeLocals {
    return { free: mapLocals(this.#free), count: this.localCount };
  }

  set freeLocals({ free, count }: FreeLocals) {
    this.#free = mapLocals(free);
    for (let index = count; index < this.localCount; index++) {
      this.#free[this.#locals[index - this.#parameters]!].push(index);
    }
  }

  #reference(index: number, type: ValueType, stable: boolean): Expression {
    const code = [0x20];
    pushUnsigned(code, index);
    return { type, code, stable, local: index };
  }

  set(local: Local, value: Expression): void {
    if (value.type !== local.type) throw new Error(`local of ${local.type} set to ${value.type}`);
    this.code.push(...value.code, 0x21);
    pushUnsigned(this.code, local.index);
  }

  /** Evaluates now; the result can be used any number of times. */
  let(value: Expression): Expression {
    return value.stable ? value : this.copy(value);
  }

  /** The same, in a local of its own. */
  copy(value: Expression): Expression {
    const local = this.local(value.type);
    this.set(local, value);
    return { ...local.get, stable: true };
  }

  /** Sets several locals at once: none of the values sees what the others become. */
  setTogether(pairs: readonly (readonly [Local, Expression])[]): void {
    for (const [local, value] of pairs) {
      if (value.type !== local.type) throw new Error(`local of ${local.type} set to ${value.type}`);
      this.code.push(...value.code);
    }
    for (const [local] of pairs.toReversed()) {
      this.code.push(0x21);
      pushUnsigned(this.code, local.index);
    }
  }

  /** Stores the low `bits` of a value at address + offset. */
  store(bits: 8 | 16 | 32 | 64 | 128, address: Expression, value: Expression, offset = 0): void {
    this.code.push(
      ...address.code,
      ...value.code,
      ...storeOpcode(value.type, bits),
      ...memoryArgument(offset),
    );
  }

  if(condition: Expression, then: () => void, otherwise?: () => void): void {
    if (condition.constant !== undefined) {
      if (condition.constant) then();
      else otherwise?.();
      return;
    }
    this.code.push(...condition.code, 0x04, 0x40);
    this.#depth++;
    then();
    if (otherwise) {
      this.code.push(0x05);
      otherwise();
    }
    this.#depth--;
    this.code.push(0x0b);
  }

  block(inside: (end: Label) => void): void {
    this.#nest(0x02, inside);
  }

  loop(inside: (again: Label) => void): void {
    this.#nest(0x03, inside);
  }

  #nest(opcode: number, inside: (label: Label) => void): void {
    this.code.push(opcode, 0x40);
    this.#depth++;
    inside({ depth: this.#depth });
    this.#depth--;
    this.code.push(0x0b);
  }

  branch(label: Label): void {
    this.code.push(0x0c);
    pushUnsigned(this.code, this.#depth - label.depth);
  }

  branchIf(label: Label, condition: Expression): void {
    this.code.push(...condition.code, 0x0d);
    pushUnsigned(this.code, this.#depth - label.depth);
  }

  /** A call as a value: evaluate it with `let`, or use it once at once. */
  call(callee: Callee, ...args: Expression[]): Expression {
    const code = [0x10];
    pushUnsigned(code, callee.index);
    return operation(callee.result ?? "i32", code, ...args);
  }

  /** A call of a function that returns nothing. */
  run(callee: Callee, ...args: Expression[]): void {
    if (callee.result) throw new Error("the result of a call is lost");
    this.code.push(...this.call(callee, ...args).code);
  }

  return(value?: Expression): void {
    if (value) this.code.push(...value.code);
    this.code.push(0x0f);
  }

  /** Leaves a value as the function's result, at its end. */
  result(value: Expression): void {
    this.code.push(...value.code);
  }

  unreachable(): void {
    this.code.push(0x00);
  }

  /** The encoded body: declarations of locals, code, end. */
  encode(): number[] {
    const out: number[] = [];
    const groups: [number, ValueType][] = [];
    for (const type of this.#locals) {
      const last = groups.at(-1);
      if (last && last[1] === type) last[0]++;
      else groups.push([1, type]);
    }
    pushUnsigned(out, groups.length);
    for (const [count, type] of groups) {
      pushUnsigned(out, count);
      out.push(VALUE_TYPE[type]);
    }
    for (const byte of this.code) out.push(byte);
    out.push(0x0b);
    return out;
  }
}
