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

export interface LocalUse {
  readonly free: Readonly<LocalsByType>;
  readonly taken: readonly number[];
  /** Of all locals. */
  readonly count: number;
}

const noLocals = (): LocalsByType => ({ i32: [], i64: [], f32: [], f64: [], v128: [] });
const copyLocals = ({ i32, i64, f32, f64, v128 }: Readonly<LocalsByType>): LocalsByType => ({
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
  /** Locals in use, but for those that are kept for good. */
  #taken: number[] = [];
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
    this.#taken.push(index);
    return { type, index, get: this.#reference(index, type, false) };
  }

  /** The locals taken so far are for good: {@link recycle} leaves them alone. */
  keepLocals(): void {
    this.#taken = [];
  }

  /** Gives locals taken so far to whoever asks next, but for those in `kept`. */
  recycle(kept: ReadonlySet<number>): void {
    const taken = this.#taken;
    this.#taken = [];
    for (const index of taken) {
      if (kept.has(index)) this.#taken.push(index);
      else this.#free[this.#locals[index - this.#parameters]!].push(index);
    }
  }

  /** Which locals are taken and free. To go back to: those made later are free then, too. */
  get localUse(): LocalUse {
    return { free: copyLocals(this.#free), taken: this.#taken.slice(), count: this.#locals.length };
  }

  set localUse({ free, taken, count }: LocalUse) {
    this.#free = copyLocals(free);
    this.#taken = taken.slice();
    for (let n = count; n < this.#locals.length; n++) this.#free[this.#locals[n]!].push(this.#parameters + n);
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

  /** The encoded body, with its length before it: declarations of locals, code, end. */
  encode(): Uint8Array {
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
    const length: number[] = [];
    pushUnsigned(length, out.length + this.code.length + 1);
    const all = new Uint8Array(length.length + out.length + this.code.length + 1);
    all.set(length);
    all.set(out, length.length);
    all.set(this.code, length.length + out.length);
    all[all.length - 1] = 0x0b;
    return all;
  }
}
