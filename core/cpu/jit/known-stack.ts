// The compiler's way with the x87's register stack: the processor's state always has it, and locals have what is known of
// it besides: where the top is, which registers are in use, and their numbers.

import { CPU } from "../interpreter/handler-context.ts";
import { FPU_REGISTERS, FPU_STATUS, FPU_TAGS } from "../layout.ts";
import type { Context } from "../semantics/context.ts";
import {
  C1,
  type Extended,
  FpuStack,
  HIGH,
  type Outcome,
  type Place,
  TOP,
  TOP_SHIFT,
} from "../semantics/fpu-stack.ts";
import { constant32, type Expression, i32, i64 } from "../wasm/expression.ts";
import type { FunctionBody } from "../wasm/function-body.ts";
import type { Emission } from "./emission.ts";

/** What is known of a register, by its distance from where the top was when knowledge began; expressions are stable. */
interface Slot {
  readonly place?: Place | undefined;
  readonly inUse?: boolean | undefined;
  readonly value?: Extended | undefined;
}

export interface StackKnowledge {
  /** The physical number of the top when knowledge began, and how far it has moved since, 0 to 7. */
  readonly base: Expression;
  readonly moved: number;
  readonly status: Expression;
  /** Whether C1 is known to be clear. */
  readonly clear: boolean;
  readonly tags: Expression;
  readonly slots: readonly Slot[];
}

/** Exception summary of the status word. */
const ES = 1 << 7;

export function keepLocalsOfStack(known: StackKnowledge | undefined, body: FunctionBody): void {
  if (!known) return;
  body.keep(known.base);
  body.keep(known.status);
  body.keep(known.tags);
  for (const { place, value } of known.slots) {
    body.keep(place?.number);
    body.keep(place?.address);
    body.keep(value?.significand);
    body.keep(value?.high);
  }
}

/** A place that knows its slot. */
interface KnownPlace extends Place {
  readonly slot: number;
}

const slotOf = (place: Place): number => (place as KnownPlace).slot;

export class KnownStack extends FpuStack {
  readonly #emission: () => Emission;

  constructor(context: Context, emission: () => Emission) {
    super(context);
    this.#emission = emission;
  }

  get #known(): StackKnowledge {
    const emission = this.#emission();
    if (!emission.stack) {
      const { body } = this.c;
      const status = body.copy(i32.load16U(CPU, FPU_STATUS));
      const tags = body.copy(i32.load8U(CPU, FPU_TAGS));
      const base = body.copy(i32.and(i32.shrU(status, constant32(TOP_SHIFT)), constant32(7)));
      emission.stack = { base, moved: 0, status, clear: false, tags, slots: new Array(8).fill({}) };
    }
    return emission.stack;
  }

  #learn(slot: number, what: Slot): void {
    const known = this.#known;
    this.#emission().stack = {
      ...known,
      slots: known.slots.map((old, n) => (n === slot ? { ...old, ...what } : old)),
    };
  }

  protected override get status(): Expression {
    return this.#known.status;
  }

  protected override get tags(): Expression {
    return this.#known.tags;
  }

  override place(index: Expression): Place {
    const { base, moved, slots } = this.#known;
    const slot = (moved + Number(index.constant)) & 7;
    let { place } = slots[slot]!;
    if (!place) {
      const { body } = this.c;
      const number = slot === 0 ? base : body.copy(i32.and(i32.add(base, constant32(slot)), constant32(7)));
      const address = body.copy(i32.add(CPU, i32.shl(number, constant32(4))));
      place = { number, address };
      this.#learn(slot, { place });
    }
    return { ...place, slot } as KnownPlace;
  }

  override isInUse(place: Place): Expression {
    const { inUse } = this.#known.slots[slotOf(place)]!;
    return inUse === undefined ? super.isInUse(place) : constant32(inUse ? 1 : 0);
  }

  override isEmpty(place: Place): Expression {
    const { inUse } = this.#known.slots[slotOf(place)]!;
    return inUse === undefined ? super.isEmpty(place) : constant32(inUse ? 0 : 1);
  }

  override read(place: Place): Extended {
    const slot = slotOf(place);
    const { value } = this.#known.slots[slot]!;
    if (value) return value;
    const read = super.read(place);
    this.#learn(slot, { value: read });
    return read;
  }

  protected override isKnownInUse(place: Place): boolean {
    return this.#known.slots[slotOf(place)]!.inUse === true;
  }

  override either(possible: Expression, outcome: Outcome, exactly: () => void, later = false): () => void {
    const { c } = this;
    const { body } = c;
    const { set = [], written, pushed, pops = 0 } = outcome;
    const top = this.place(constant32(0));
    const above = this.place(constant32(-1));
    const moved = pushed ? -1 : pops;
    const after = this.place(constant32(moved));
    // All places that are asked for are known now.
    const known = this.#known;
    const { passed } = this.#emission();
    const always = possible.constant === 1;
    const stays = always && known.clear && moved === 0 && changesC1Only(outcome);
    const status = body.local("i32");
    const tags = body.local("i32");
    const strange = body.local("i32");
    const newTags = this.tagsAfter(outcome, top, above);
    const numbers = [...set, ...(pushed ? [{ ...pushed, place: above }] : [])].map((number) => ({
      ...number,
      locals: { significand: body.local("i64"), high: body.local("i32") },
    }));
    const fast = (): void => {
      for (const { significand, high, locals } of numbers) {
        body.set(locals.significand, significand);
        body.set(locals.high, high);
      }
      for (const { place, locals } of numbers) this.store(place, locals.significand.get, locals.high.get);
      if (newTags !== known.tags) {
        body.set(tags, newTags);
        body.store(8, CPU, tags.get, FPU_TAGS);
      }
      if (!stays) {
        body.set(status, this.statusAfter(outcome, moved ? after.number : undefined));
        body.store(16, CPU, status.get, FPU_STATUS);
      }
      if (later) body.set(strange, constant32(0));
    };
    const leave = (): void => body.if(strange.get, () => c.leaveAfter(), undefined, false);
    const slow = (): void => {
      exactly();
      body.set(status, i32.load16U(CPU, FPU_STATUS));
      // What is not as expected ends the region: a fault of the stack, an exception that is pending.
      const expected = i32.shl(after.number, constant32(TOP_SHIFT));
      const other = i32.and(i32.xor(status.get, expected), constant32(TOP | ES));
      body.set(strange, i32.or(other, i32.xor(i32.load8U(CPU, FPU_TAGS), newTags)));
      if (!later) leave();
      if (newTags !== known.tags) body.set(tags, newTags);
      for (const { place, locals } of numbers) {
        body.set(locals.significand, i64.load(place.address, FPU_REGISTERS));
        body.set(locals.high, i32.load16U(place.address, FPU_REGISTERS + HIGH));
      }
    };
    body.if(possible, fast, slow, true);
    const slots = known.slots.slice();
    for (const { place, locals } of numbers) {
      const value = { significand: locals.significand.kept, high: locals.high.kept };
      slots[slotOf(place)] = { ...slots[slotOf(place)], inUse: true, value };
    }
    if (written) slots[slotOf(written)] = { ...slots[slotOf(written)], inUse: true, value: undefined };
    for (let n = 0; n < pops; n++) {
      const freed = (known.moved + n) & 7;
      slots[freed] = { place: slots[freed]!.place, inUse: false };
    }
    const emission = this.#emission();
    emission.stack = {
      base: known.base,
      moved: (known.moved + moved) & 7,
      status: stays ? known.status : status.kept,
      clear: always && changesC1Only(outcome),
      tags: newTags === known.tags ? known.tags : tags.kept,
      slots,
    };
    emission.passed = passed;
    return later && !always ? leave : () => {};
  }
}

/** Whether an outcome does no more to the status word, TOP apart, than to clear C1. */
const changesC1Only = ({ cleared = C1, flags }: Outcome): boolean => cleared === C1 && !flags;
