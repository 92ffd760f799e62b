// Builds the body of one function from statements over typed expressions.

import { Code, VALUE_TYPE, type ValueType } from "./encoding.ts";
import { callOf, type Expression, localOf, storeOpcode } from "./expression.ts";

/** A variable of the function. */
export interface Local {
  readonly type: ValueType;
  readonly index: number;
  /** Its value now. */
  readonly get: Expression;
  /** The same while it is not set to anything else. */
  readonly kept: Expression;
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

/** An i32 from -8192 to 8191 that may be set until the body is encoded. */
export interface OpenConstant {
  readonly get: Expression;
  value: number;
}

/** A function that a body can call; the module gives it its index. */
export interface Callee {
  readonly index: number;
  readonly result: ValueType | undefined;
}

export class FunctionBody {
  readonly #code = new Code();
  /** Branches of which it is known how they mostly go, by their places in the code. */
  readonly #hints: { at: number; likely: boolean }[] = [];
  readonly #parameters: number;
  readonly #locals: ValueType[] = [];
  /** Locals whose values are no longer wanted, by type. */
  #free: LocalsByType = noLocals();
  /** Locals in use, but for those that are kept for good. */
  #taken: number[] = [];
  /** By index: whether a local is for good. */
  readonly #forGood: boolean[] = [];
  /** How often locals were recycled, and by local before which of these times it was to be kept last. */
  #recycled = 0;
  readonly #kept: number[] = [];
  /** By index. */
  readonly #made: Local[] = [];
  #depth = 0;
  /** Sums and locals that were copied to locals since these were recycled last. */
  readonly #copied = new Map<number, Expression>();

  /** Parameters come first among the locals. */
  constructor(parameters: readonly ValueType[]) {
    this.#parameters = parameters.length;
  }

  /** Bytes of code so far. */
  get length(): number {
    return this.#code.length;
  }

  /** How many blocks, loops and conditionals are open. */
  get depth(): number {
    return this.#depth;
  }

  /** Where the code ends now, for {@link rollBack}. */
  mark(): { length: number; depth: number } {
    return { length: this.#code.length, depth: this.#depth };
  }

  /** Forgets the code since a mark; locals made since then stay, unused. */
  rollBack(mark: { length: number; depth: number }): void {
    this.#code.cut(mark.length);
    while (this.#hints.length > 0 && this.#hints.at(-1)!.at >= mark.length) this.#hints.pop();
    this.#depth = mark.depth;
  }

  parameter(index: number, type: ValueType): Expression {
    return localOf(type, index, true);
  }

  /** A variable; what it holds before it is set is unknown once {@link recycle} was called. */
  local(type: ValueType): Local {
    const index = this.#free[type].pop() ?? this.#parameters + this.#locals.push(type) - 1;
    this.#taken.push(index);
    this.#made[index] ??= { type, index, get: localOf(type, index, false), kept: localOf(type, index, true) };
    return this.#made[index];
  }

  /** The locals taken so far are for good: {@link recycle} leaves them alone. */
  keepLocals(): void {
    for (const index of this.#taken) this.#forGood[index] = true;
    this.#taken = [];
  }

  /** The next {@link recycle} leaves the local of a value alone, if it is in one. */
  keep(value: Expression | undefined): void {
    const local = value?.local;
    if (local !== undefined) this.#kept[local] = this.#recycled;
  }

  /** A local that was taken on every path to this point is so here, whatever happened on others; one that is for good stays so. */
  hold({ type, index }: Pick<Local, "type" | "index">): void {
    if (this.#forGood[index]) return;
    const at = this.#free[type].indexOf(index);
    if (at >= 0) this.#free[type].splice(at, 1);
    if (!this.#taken.includes(index)) this.#taken.push(index);
  }

  /** Gives locals taken so far to whoever asks next, but for those of values that are to be kept. */
  recycle(): void {
    const taken = this.#taken;
    let still = 0;
    for (const index of taken) {
      if (this.#kept[index] === this.#recycled) taken[still++] = index;
      else this.#free[this.#locals[index - this.#parameters]!].push(index);
    }
    taken.length = still;
    this.#recycled++;
    this.#copied.clear();
  }

  /** Which locals are taken and free. To go back to: those made later are free then, too. */
  get localUse(): LocalUse {
    return { free: copyLocals(this.#free), taken: this.#taken.slice(), count: this.#locals.length };
  }

  set localUse({ free, taken, count }: LocalUse) {
    this.#free = copyLocals(free);
    this.#taken = taken.slice();
    for (let n = count; n < this.#locals.length; n++) this.#free[this.#locals[n]!].push(this.#parameters + n);
    this.#copied.clear();
  }

  set(local: Local, value: Expression): void {
    if (value.type !== local.type) throw new Error(`local of ${local.type} set to ${value.type}`);
    value.write(this.#code);
    this.#code.byte(0x21);
    this.#code.unsigned(local.index);
    this.#forgetCopies(local.index);
  }

  /** What a local held is no longer in it: neither is it a copy, nor are there any of it. */
  #forgetCopies(local: number): void {
    for (const [copy, { local: source, sum }] of this.#copied)
      if (copy === local || source === local || sum?.of.local === local) this.#copied.delete(copy);
  }

  /** Evaluates now; the result can be used any number of times. */
  let(value: Expression): Expression {
    return value.stable ? value : this.copy(value);
  }

  /** The same, in a local of its own. */
  copy(value: Expression): Expression {
    const local = this.local(value.type);
    this.set(local, value);
    if (value.local !== undefined || value.sum) this.#copied.set(local.index, value);
    return local.kept.atMost(value.most);
  }

  /** The sum with a constant, or other local, of which a local is a copy, if that was made by the instruction at hand. */
  copiedTo(local: number): Expression | undefined {
    return this.#copied.get(local);
  }

  /** A constant that is not known yet, 0 so far; it is not to be set once its code was rolled back. */
  openConstant(): OpenConstant {
    const code = this.#code;
    code.byte(0x41);
    const at = code.length;
    code.append([0x80, 0]);
    const local = this.local("i32");
    code.byte(0x21);
    code.unsigned(local.index);
    return {
      get: local.kept,
      get value(): number {
        throw new Error("an open constant can only be set");
      },
      set value(value: number) {
        code.setSigned14(at, value);
      },
    };
  }

  /** Sets several locals at once: none of the values sees what the others become. */
  setTogether(pairs: readonly (readonly [Local, Expression])[]): void {
    for (const [local, value] of pairs) {
      if (value.type !== local.type) throw new Error(`local of ${local.type} set to ${value.type}`);
      value.write(this.#code);
    }
    for (let n = pairs.length - 1; n >= 0; n--) {
      const { index } = pairs[n]![0];
      this.#code.byte(0x21);
      this.#code.unsigned(index);
      this.#forgetCopies(index);
    }
  }

  /** Stores the low `bits` of a value at address + offset. */
  store(bits: 8 | 16 | 32 | 64 | 128, address: Expression, value: Expression, offset = 0): void {
    address.write(this.#code);
    value.write(this.#code);
    this.#code.append(storeOpcode(value.type, bits));
    this.#code.unsigned(offset);
  }

  /** `likely`: whether the condition mostly holds, if that is known. */
  if(condition: Expression, then: () => void, otherwise?: () => void, likely?: boolean): void {
    if (condition.constant !== undefined) {
      if (condition.constant) then();
      else otherwise?.();
      return;
    }
    condition.write(this.#code);
    this.#hint(likely);
    this.#code.byte(0x04);
    this.#code.byte(0x40);
    this.#depth++;
    then();
    if (otherwise) {
      this.#code.byte(0x05);
      otherwise();
    }
    this.#depth--;
    this.#code.byte(0x0b);
  }

  #hint(likely: boolean | undefined): void {
    if (likely !== undefined) this.#hints.push({ at: this.#code.length, likely });
  }

  block(inside: (end: Label) => void): void {
    this.#nest(0x02, inside);
  }

  loop(inside: (again: Label) => void): void {
    this.#nest(0x03, inside);
  }

  #nest(opcode: number, inside: (label: Label) => void): void {
    this.#code.byte(opcode);
    this.#code.byte(0x40);
    this.#depth++;
    inside({ depth: this.#depth });
    this.#depth--;
    this.#code.byte(0x0b);
  }

  branch(label: Label): void {
    this.#code.byte(0x0c);
    this.#code.unsigned(this.#depth - label.depth);
  }

  branchIf(label: Label, condition: Expression, likely?: boolean): void {
    condition.write(this.#code);
    this.#hint(likely);
    this.#code.byte(0x0d);
    this.#code.unsigned(this.#depth - label.depth);
  }

  /** Goes to one of the labels by its index, to `otherwise` beyond the last. */
  branchTable(labels: readonly Label[], otherwise: Label, index: Expression): void {
    index.write(this.#code);
    this.#code.byte(0x0e);
    this.#code.unsigned(labels.length);
    for (const { depth } of [...labels, otherwise]) this.#code.unsigned(this.#depth - depth);
  }

  /** A call as a value: evaluate it with `let`, or use it once at once. */
  call(callee: Callee, ...args: Expression[]): Expression {
    return callOf(callee.result ?? "i32", callee.index, args);
  }

  /** A call of a function that returns nothing. */
  run(callee: Callee, ...args: Expression[]): void {
    if (callee.result) throw new Error("the result of a call is lost");
    callOf("i32", callee.index, args).write(this.#code);
  }

  return(value?: Expression): void {
    value?.write(this.#code);
    this.#code.byte(0x0f);
  }

  /** Leaves a value as the function's result, at its end. */
  result(value: Expression): void {
    value.write(this.#code);
  }

  unreachable(): void {
    this.#code.byte(0x00);
  }

  /** Appends the hints of branches, by their offsets in the encoded body: see the branch hinting proposal. */
  encodeHintsTo(out: Code): void {
    const before = this.#declarations().length;
    out.unsigned(this.#hints.length);
    for (const { at, likely } of this.#hints) {
      out.unsigned(before + at);
      out.unsigned(1);
      out.byte(likely ? 1 : 0);
    }
  }

  get hinted(): boolean {
    return this.#hints.length > 0;
  }

  /** Appends the encoded body, with its length before it: declarations of locals, code, end. */
  encodeTo(out: Code): void {
    const declarations = this.#declarations();
    out.unsigned(declarations.length + this.#code.length + 1);
    out.appendCode(declarations);
    out.appendCode(this.#code);
    out.byte(0x0b);
  }

  #declarations(): Code {
    const groups: [number, ValueType][] = [];
    for (const type of this.#locals) {
      const last = groups.at(-1);
      if (last && last[1] === type) last[0]++;
      else groups.push([1, type]);
    }
    const declarations = new Code();
    declarations.unsigned(groups.length);
    for (const [count, type] of groups) {
      declarations.unsigned(count);
      declarations.byte(VALUE_TYPE[type]);
    }
    return declarations;
  }
}
