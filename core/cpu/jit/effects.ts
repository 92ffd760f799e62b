// Which general registers a form of an instruction looks at and changes, and what it does with flags: found by emitting
// it once and watching.

import type { Form } from "../interpreter/form.ts";
import {
  type FastAccess,
  HandlerContext,
  loadedFields,
  type RecordFields,
  type RuntimeSignatures,
} from "../interpreter/handler-context.ts";
import { GPR, REC_BASE, REC_INDEX, REC_REG, REC_RM, REC_VVVV, RECORD_SIZE, TLB_WRITE } from "../layout.ts";
import type { Bits, Context } from "../semantics/context.ts";
import { FpuStack, type Outcome } from "../semantics/fpu-stack.ts";
import { constant32, type Expression } from "../wasm/expression.ts";
import { FunctionBody, type Local } from "../wasm/function-body.ts";
import { ModuleBuilder } from "../wasm/module.ts";
import { isPlain, keepsTranslations } from "./plain-functions.ts";
import type { Node } from "./region.ts";
import type { OrderedBlock } from "./region-order.ts";
import { isRegister } from "./register-file.ts";
import { type FlagEffects, WatchingFlags } from "./watching-flags.ts";

/** Fields of a record that hold the offset of a register. */
const SLOT_FIELDS = [REC_REG, REC_RM, REC_BASE, REC_INDEX, REC_VVVV];
/**
 * Offsets in the state that stand in for them, a page for each, so that a part of a register is told from another one: beyond
 * all that the state has.
 */
const STAND_IN = 0x1000000;
const standIn = (field: number): number => STAND_IN + field * 0x1000;
const fieldOf = (offset: number): number => (offset - STAND_IN) >> 12;

/** What instructions do: to registers, a bit each by number, and else. */
export interface Effects {
  touched: number;
  changed: number;
  /** Whether x87 instructions are noted. */
  notes: boolean;
}

export const noEffects = (): Effects => ({ touched: 0, changed: 0, notes: false });

/** The same of a form, whose records say which registers are meant: fields, or numbers of fixed registers. */
interface FormEffects extends Effects {
  readonly touchedFields: readonly number[];
  readonly changedFields: readonly number[];
  readonly flags: FlagEffects;
  /** Whether it calls what may change translations, or anything. */
  readonly calls: boolean;
  /** Its accesses at its memory operand's address. */
  readonly accesses: readonly Access[];
}

export interface Access {
  readonly bytes: number;
  readonly write: boolean;
}

const registerOf = (offset: number): number | undefined =>
  offset >= GPR && offset < GPR + 128 ? (offset - GPR) >> 3 : undefined;

/** Compiled code may be left at the end of an instruction that went the long way. */
class WatchingStack extends FpuStack {
  readonly #noteExit: () => void;

  constructor(context: Context, noteExit: () => void) {
    super(context);
    this.#noteExit = noteExit;
  }

  override either(possible: Expression, outcome: Outcome, exactly: () => void): () => void {
    super.either(possible, outcome, exactly);
    this.#noteExit();
    return this.#noteExit;
  }
}

class WatchingContext extends HandlerContext {
  readonly #touchedFields = new Set<number>();
  readonly #changedFields = new Set<number>();
  #touched = 0;
  #changed = 0;
  #notes = false;
  #calls = false;
  readonly #accesses: Access[] = [];
  /** Addresses of its memory operand. */
  readonly #addresses = new Set<Expression>();
  readonly #stays: boolean;

  /** `stays`: accesses at its memory operand's address are known not to leave. */
  constructor(
    form: Form,
    runtime: RuntimeSignatures,
    body: FunctionBody,
    fields: RecordFields,
    stays: boolean,
  ) {
    super(form, new ModuleBuilder(), runtime, body, fields);
    this.#stays = stays;
  }

  get seen(): FormEffects {
    return {
      touchedFields: [...this.#touchedFields],
      changedFields: [...this.#changedFields],
      touched: this.#touched,
      changed: this.#changed,
      notes: this.#notes,
      flags: this.#flags.seen,
      calls: this.#calls,
      accesses: this.#accesses,
    };
  }

  protected override makeFlags(): WatchingFlags {
    return new WatchingFlags(this);
  }

  protected override makeStack(): FpuStack {
    return new WatchingStack(this, () => this.#flags.noteExit());
  }

  get #flags(): WatchingFlags {
    return this.flags as WatchingFlags;
  }

  protected override beforeCall(name: string): void {
    this.#calls ||= !keepsTranslations(name);
    if (isPlain(name)) return;
    this.#flags.noteCall();
  }

  protected override mayLeave(): void {
    this.#flags.noteExit();
  }

  override linear(bytes: number, write: boolean, displacement?: Expression): Expression {
    const linear = super.linear(bytes, write, displacement);
    if (!displacement) this.#addresses.add(linear);
    return linear;
  }

  protected override translate(
    address: Local,
    linear: Expression,
    bytes: number,
    tag: number,
    slow: () => void,
    fast?: FastAccess,
  ): void {
    const isOperands = this.#addresses.has(linear);
    if (isOperands) this.#accesses.push({ bytes, write: tag === TLB_WRITE });
    if (!isOperands || !this.#stays) {
      super.translate(address, linear, bytes, tag, slow, fast);
      return;
    }
    this.body.set(address, constant32(0));
    fast?.(address.get, 0);
  }

  override faultIf(condition: Expression, vector: number, error?: Expression): void {
    this.#flags.noteExit();
    super.faultIf(condition, vector, error);
  }

  protected override leaveBy(name: "leaveFaulted" | "leaveToRepeat"): void {
    this.#flags.noteExit();
    super.leaveBy(name);
  }

  override runAndLeave(name: string, ...args: Expression[]): void {
    super.runAndLeave(name, ...args);
    this.#flags.noteExit();
  }

  #note(offset: number, changes: boolean): void {
    if (offset >= STAND_IN) {
      this.#touchedFields.add(fieldOf(offset));
      if (changes) this.#changedFields.add(fieldOf(offset));
      return;
    }
    const register = registerOf(offset);
    if (register === undefined) return;
    this.#touched |= 1 << register;
    if (changes) this.#changed |= 1 << register;
  }

  override state(offset: number, bits: Bits): Expression {
    this.#note(offset, false);
    return super.state(offset, bits);
  }

  override setState(offset: number, bits: Bits, value: Expression): void {
    this.#note(offset, true);
    if (offset >= STAND_IN || isRegister(offset)) this.#flags.noteSetting();
    super.setState(offset, bits, value);
  }

  override noteX87(): void {
    this.#notes = true;
    super.noteX87();
  }

  protected override exposeRegister(offset: number): void {
    this.#note(offset, false);
  }
}

function watch(form: Form, runtime: RuntimeSignatures, stays: boolean): FormEffects {
  const body = new FunctionBody(["i32"]);
  const loaded = loadedFields(body.parameter(0, "i32"));
  const fields: RecordFields = {
    ...loaded,
    u16: (field) => (SLOT_FIELDS.includes(field) ? constant32(standIn(field)) : loaded.u16(field)),
  };
  const context = new WatchingContext(form, runtime, body, fields, stays);
  form.row.semantics(context);
  return context.seen;
}

/** Answers by form; a form is emitted once. */
export class EffectsOf {
  readonly #runtime: RuntimeSignatures;
  readonly #known = new Map<Form, FormEffects>();
  readonly #staying = new Map<Form, FormEffects>();

  constructor(runtime: RuntimeSignatures) {
    this.#runtime = runtime;
  }

  #of(form: Form, stays = false): FormEffects {
    const known = stays ? this.#staying : this.#known;
    let effects = known.get(form);
    if (!effects) {
      effects = watch(form, this.#runtime, stays);
      known.set(form, effects);
    }
    return effects;
  }

  /** `stays`: accesses at its memory operand's address are known not to leave. */
  flagsOf(form: Form, stays: boolean): FlagEffects {
    return this.#of(form, stays).flags;
  }

  /** Whether it calls what may change translations, or anything. */
  calls(form: Form): boolean {
    return this.#of(form).calls;
  }

  /** What covers all its accesses at its memory operand's address, if it has any. */
  access(form: Form): Access | undefined {
    const { accesses } = this.#of(form);
    if (accesses.length === 0) return undefined;
    return {
      bytes: Math.max(...accesses.map(({ bytes }) => bytes)),
      write: accesses.some(({ write }) => write),
    };
  }

  /** Adds the effects of an instruction of a node to others. */
  add(all: Effects, { block, forms }: Node<OrderedBlock>, n: number): void {
    const effects = this.#of(forms[n]!);
    const record = n * RECORD_SIZE;
    all.notes ||= effects.notes;
    all.touched |= effects.touched | registersNamed(effects.touchedFields, block.records, record);
    all.changed |= effects.changed | registersNamed(effects.changedFields, block.records, record);
  }
}

/** The registers whose offsets stand in fields of a record. */
function registersNamed(fields: readonly number[], view: DataView, record: number): number {
  let registers = 0;
  for (const field of fields) {
    const register = registerOf(view.getUint16(record + field, true));
    if (register !== undefined) registers |= 1 << register;
  }
  return registers;
}
