// Which general registers a form of an instruction looks at and changes, and what it does with flags: found by emitting
// it once and watching.

import type { Form } from "../interpreter/form.ts";
import {
  HandlerContext,
  loadedFields,
  type RecordFields,
  type RuntimeSignatures,
} from "../interpreter/handler-context.ts";
import { GPR, REC_BASE, REC_INDEX, REC_REG, REC_RM, REC_VVVV, RECORD_SIZE } from "../layout.ts";
import type { Bits, Context } from "../semantics/context.ts";
import { FpuStack, type Outcome } from "../semantics/fpu-stack.ts";
import { constant32, type Expression } from "../wasm/expression.ts";
import { FunctionBody } from "../wasm/function-body.ts";
import { ModuleBuilder } from "../wasm/module.ts";
import { isPlain } from "./plain-functions.ts";
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
const standIn = (field: number): number => STAND_IN + field * 0x100;
const fieldOf = (offset: number): number => (offset - STAND_IN) >> 8;

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

  get seen(): FormEffects {
    return {
      touchedFields: [...this.#touchedFields],
      changedFields: [...this.#changedFields],
      touched: this.#touched,
      changed: this.#changed,
      notes: this.#notes,
      flags: this.#flags.seen,
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
    if (isPlain(name)) return;
    this.#flags.noteCall();
  }

  protected override mayLeave(): void {
    this.#flags.noteExit();
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

function watch(form: Form, runtime: RuntimeSignatures): FormEffects {
  const body = new FunctionBody(["i32"]);
  const loaded = loadedFields(body.parameter(0, "i32"));
  const fields: RecordFields = {
    ...loaded,
    u16: (field) => (SLOT_FIELDS.includes(field) ? constant32(standIn(field)) : loaded.u16(field)),
  };
  const context = new WatchingContext(form, new ModuleBuilder(), runtime, body, fields);
  form.row.semantics(context);
  return context.seen;
}

/** Answers by form; a form is emitted once. */
export class EffectsOf {
  readonly #runtime: RuntimeSignatures;
  readonly #known = new Map<Form, FormEffects>();

  constructor(runtime: RuntimeSignatures) {
    this.#runtime = runtime;
  }

  #of(form: Form): FormEffects {
    let effects = this.#known.get(form);
    if (!effects) {
      effects = watch(form, this.#runtime);
      this.#known.set(form, effects);
    }
    return effects;
  }

  flagsOf(form: Form): FlagEffects {
    return this.#of(form).flags;
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
