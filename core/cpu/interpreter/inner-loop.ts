// The interpreter's inner loop, as WebAssembly: runs records one after the other, and goes from block to block where the jump
// cache tells how. The forms met most are in the loop itself; others, and what is compiled, it calls by the table.

import { ENDS, isNearReturn } from "../decode/row.ts";
import {
  BLOCK_COMPILED,
  BLOCK_HEAT,
  BLOCK_INSTRUCTIONS,
  BLOCK_IP,
  BRANCHED_FROM,
  BUDGET,
  EXCEPTION,
  FLAGS_KIND,
  GPR,
  JUMP_CACHE,
  JUMP_ENTRIES,
  JUMP_IP,
  JUMP_PLACE,
  JUMP_RECORD,
  JUMP_REGION,
  LINK_FROM,
  MODE,
  REC_HANDLER,
  REC_IP_DELTA,
  REC_NEXT,
  REC_NEXT_AGE,
  REC_NEXT_PLACE,
  REC_REMAINING,
  REC_RETURNED,
  RECORD_SIZE,
  RECORDS_AGE,
  RIP,
  TLB_EXECUTE,
  TLB_PHYSICAL,
  TLB_POINTER,
} from "../layout.ts";
import { RSP } from "../semantics/context.ts";
import {
  constant32,
  constant64,
  type Expression,
  extendU,
  i32,
  i64,
  operation,
  wrap,
} from "../wasm/expression.ts";
import { type Callee, FunctionBody, type Label, type Local } from "../wasm/function-body.ts";
import type { ModuleBuilder, Signature } from "../wasm/module.ts";
import type { Form } from "./form.ts";
import { CPU, HandlerContext, loadedFields, type RuntimeSignatures, tlbEntry } from "./handler-context.ts";
import { loopForms, type Pair } from "./loop-forms.ts";

/** Of what is in the function table: it takes the record that it begins with, and returns the next one, or 0 if RIP tells. */
export const HANDLER: Signature = { parameters: ["i32"], result: "i32" };

/**
 * Of an inner loop: it begins with a record, or where RIP tells if that is 0. It returns {@link LOOK_AROUND} when the dispatcher
 * must look what comes next; if `reach` is not 0, also at the instruction pointer `expected`, and where the stack pointer is at most
 * so many bytes above `stack`; {@link NOT_FOUND} where the jump cache has no block for RIP. The table has it for each code size, by its number
 * in MODE.
 */
export const INNER_LOOP: Signature = { parameters: ["i32", "i64", "i64", "i64"], result: "i32" };
export const LOOK_AROUND = 0;
export const NOT_FOUND = 1;

export const STACK_POINTER = GPR + 8 * RSP;

/** Whether what runs must stop before the next block (i32): the budget is used up, or EXCEPTION is not -1. */
export const mustLeave = (): Expression =>
  i32.or(
    i32.shrS(i32.sub(i32.load(CPU, BUDGET), constant32(1)), constant32(31)),
    i32.xor(i32.load(CPU, EXCEPTION), constant32(-1)),
  );

/** Whether a linear address is mapped for execution to a physical page, by an entry of a translation table (i32). */
export function isMappedBy(entry: Expression, linear: Expression, page: Expression): Expression {
  const otherLinear = i64.xor(i64.load(entry, TLB_EXECUTE), i64.and(linear, constant64(-4096)));
  const otherPhysical = i32.xor(i32.and(i32.load(entry, TLB_PHYSICAL), constant32(-4096)), page);
  return i64.eqz(i64.or(otherLinear, extendU(otherPhysical)));
}

/** The jump cache's entry for an instruction pointer. */
export function jumpEntry(body: FunctionBody, ip: Expression): Expression {
  const hash = i32.and(i32.xor(wrap(ip), wrap(i64.shrU(ip, constant64(12)))), constant32(JUMP_ENTRIES - 1));
  return body.let(i32.add(i32.shl(hash, constant32(4)), constant32(JUMP_CACHE)));
}

/** JUMP_PLACE of code in a physical page. */
export const placeOf = (physical: Expression): Expression =>
  i32.or(i32.and(physical, constant32(-4096)), i32.load(CPU, MODE));

/** Of `noteHot`: it takes a block's first record. */
export const NOTE_HOT: Signature = { parameters: ["i32"] };

/** Functions that a block which is not compiled may need before it runs. */
export interface Beginning {
  readonly noteHot: Callee;
  readonly settleFlags: Callee;
}

/** Those of a module: `dispatcher` is where its `noteHot` is from. */
export const beginningOf = (module: ModuleBuilder, dispatcher: "dispatcher" | "env"): Beginning => ({
  noteHot: module.import(dispatcher, "noteHot", NOTE_HOT),
  settleFlags: module.import("runtime", "settleFlags", { parameters: [] }),
});

/** What is not compiled finds the flags in their two words, and is charged for before it runs; once it is hot, that is made known. */
export function beginBlock(
  body: FunctionBody,
  record: Expression,
  count: Expression,
  { noteHot, settleFlags }: Beginning,
): void {
  body.if(i32.load(CPU, FLAGS_KIND), () => body.run(settleFlags), undefined, false);
  body.store(32, CPU, i32.sub(i32.load(CPU, BUDGET), count), BUDGET);
  const place = body.let(i32.add(record, constant32(BLOCK_HEAT)));
  const heat = body.let(i32.sub(i32.load(place), constant32(1)));
  body.store(32, place, heat);
  body.if(i32.eqz(heat), () => body.run(noteHot, record), undefined, false);
}

/** A handler whose code is part of the loop. */
class LoopContext extends HandlerContext {
  readonly #from: Local;
  readonly #away: Label;
  #target: Expression | undefined;

  constructor(
    form: Form,
    module: ModuleBuilder,
    runtime: RuntimeSignatures,
    body: FunctionBody,
    record: Expression,
    from: Local,
    away: Label,
  ) {
    super(form, module, runtime, body, loadedFields(record));
    this.#from = from;
    this.#away = away;
  }

  override relativeTarget(): Expression {
    this.#target = super.relativeTarget();
    return this.#target;
  }

  protected override goTo(to: Expression): void {
    this.setState(RIP, 64, to);
    const { address } = this.fields;
    const returns = isNearReturn(this.row);
    if (returns) {
      // Another target than last time.
      this.body.if(i32.ne(i32.load(address, REC_RETURNED), wrap(to)), () => {
        this.body.store(32, address, wrap(to), REC_RETURNED);
        this.body.store(32, address, constant32(-1), REC_NEXT_PLACE);
      });
    }
    this.body.set(this.#from, returns || to === this.#target ? address : constant32(0));
    // Where more follows in the block, it is given back to the budget.
    if (!(this.row.flags & ENDS))
      this.setState(BUDGET, 32, i32.add(i32.load(CPU, BUDGET), this.fields.u8(REC_REMAINING)));
    this.body.branch(this.#away);
  }
}

/**
 * From where RIP tells, to `next` with `record` and `index` set to the block there, if the record that `from` has the address of (0: none)
 * or the jump cache knows it; falls through where they do not, and where a link is open that compiled code could be led by.
 */
function followJump(
  body: FunctionBody,
  ip: Expression,
  from: Expression,
  record: Local,
  index: Local,
  beginning: Beginning,
  next: Label,
): void {
  body.block((miss) => {
    const tlb = body.let(tlbEntry(i32.load(CPU, TLB_POINTER), ip));
    body.branchIf(miss, i64.ne(i64.load(tlb, TLB_EXECUTE), i64.and(ip, constant64(-4096))), false);
    const place = body.let(placeOf(i32.load(tlb, TLB_PHYSICAL)));
    const found = body.local("i32");
    const header = (offset: number): Expression => i32.load(i32.add(found.get, constant32(offset)));
    const age = i32.load(constant32(RECORDS_AGE));
    /** Compiled code is entered elsewhere where it could be led to by the link that is open. */
    const isLed = (): void => body.branchIf(miss, i32.load(CPU, LINK_FROM), false);
    body.set(index, constant32(0));
    body.block((known) => {
      body.block((unknown) => {
        body.branchIf(unknown, i32.eqz(from));
        body.branchIf(unknown, i32.ne(i32.load(from, REC_NEXT_PLACE), place), false);
        body.branchIf(unknown, i32.ne(i32.load(from, REC_NEXT_AGE), age), false);
        body.set(found, i32.load(from, REC_NEXT));
        body.branchIf(known, header(BLOCK_INSTRUCTIONS), true);
      });
      const jump = jumpEntry(body, ip);
      body.branchIf(miss, i32.ne(i32.load(jump, JUMP_IP), wrap(ip)), false);
      body.branchIf(miss, i32.ne(i32.load(jump, JUMP_PLACE), place), false);
      body.set(found, i32.load(jump, JUMP_RECORD));
      body.set(index, i32.load(jump, JUMP_REGION));
      body.if(i32.eqz(index.get), () => {
        body.branchIf(miss, i32.eqz(header(BLOCK_INSTRUCTIONS)), false);
        body.if(header(BLOCK_COMPILED), () => {
          body.set(index, i32.load(found.get, REC_HANDLER));
          body.store(32, jump, index.get, JUMP_REGION);
        });
      });
      body.if(from, () => {
        body.store(32, from, place, REC_NEXT_PLACE);
        body.store(32, from, found.get, REC_NEXT);
        body.store(32, from, age, REC_NEXT_AGE);
      });
    });
    body.store(64, CPU, ip, BLOCK_IP);
    body.if(
      i32.eqz(index.get),
      () => {
        body.if(header(BLOCK_COMPILED), isLed, () => {
          beginBlock(body, found.get, header(BLOCK_INSTRUCTIONS), beginning);
          body.store(32, CPU, constant32(0), LINK_FROM);
        });
        body.set(index, i32.load(found.get, REC_HANDLER));
      },
      isLed,
    );
    body.set(record, found.get);
    body.store(32, CPU, constant32(0), BRANCHED_FROM);
    body.branch(next);
  });
}

/** Emits the inner loop for a code size, by its number in MODE. That of 16-bit code has no forms in itself, and serves all at first. */
export function innerLoop(
  module: ModuleBuilder,
  runtime: RuntimeSignatures,
  beginning: Beginning,
  codeSize: number,
): FunctionBody {
  const handler = module.type(HANDLER);
  const { first, forms, pairs } = loopForms()[codeSize]!;
  const body = new FunctionBody(INNER_LOOP.parameters);
  const expected = body.parameter(1, "i64");
  const stack = body.parameter(2, "i64");
  const reach = body.parameter(3, "i64");
  const record = body.local("i32");
  const index = body.local("i32");
  /** The record that led away, if it is one that remembers where; else 0. */
  const from = body.local("i32");
  const follow = (next: Label): void => {
    body.set(index, i32.load(record.get, REC_HANDLER));
    body.branch(next);
  };

  /** The code of forms and pairs, each after the end of a block of its own. */
  const emitForms = (next: Label, away: Label, other: Label): void => {
    const labels: Label[] = [];
    const emitEnd = (): void => {
      const ip = i64.add(i64.load(CPU, BLOCK_IP), extendU(i32.load16U(record.get, REC_IP_DELTA)));
      body.store(64, CPU, ip, RIP);
      body.set(from, record.get);
      body.branch(away);
    };
    const contextOf = (form: Form): LoopContext =>
      new LoopContext(form, module, runtime, body, record.kept, from, away);
    const emit = (form: Form): void => {
      const context = contextOf(form);
      form.row.semantics(context);
      if (form.row.flags & ENDS) {
        context.leaveAfter();
      } else {
        body.set(record, i32.add(record.get, constant32(RECORD_SIZE)));
        follow(next);
      }
      body.recycle();
    };
    const emitPair = (pair: Pair): void => {
      const [one, other] = [forms[pair.first - first]!, forms[pair.second - first]!];
      one.row.semantics(contextOf(one));
      body.set(record, i32.add(record.get, constant32(RECORD_SIZE)));
      body.recycle();
      // The first may have written over the second.
      const isThere = i32.eq(i32.load(record.get, REC_HANDLER), constant32(pair.second));
      body.if(i32.eqz(isThere), () => follow(next), undefined, false);
      emit(other);
    };
    const bodies = [...forms.map((form) => () => emit(form)), ...pairs.map((pair) => () => emitPair(pair))];
    const nest = (n: number): void => {
      if (n === bodies.length) {
        body.block((end) => {
          const all = [away, other, other, end];
          while (all.length < first) all.push(other);
          body.branchTable([...all, ...labels.toReversed()], other, index.get);
        });
        emitEnd();
        return;
      }
      body.block((label) => {
        labels.push(label);
        nest(n + 1);
      });
      bodies[bodies.length - 1 - n]!();
    };
    nest(0);
  };
  body.set(record, body.parameter(0, "i32"));
  body.keepLocals();
  body.if(record.get, () => body.set(index, i32.load(record.get, REC_HANDLER)));
  body.loop((next) => {
    // Until RIP tells where to go on.
    body.block((away) => {
      body.block((other) => emitForms(next, away, other));
      body.set(record, operation("i32", [0x11, handler, 0], record.get, index.get));
      body.if(record.get, () => follow(next));
      body.set(from, constant32(0));
    });
    body.if(mustLeave(), () => body.return(constant32(LOOK_AROUND)), undefined, false);
    const ip = body.let(i64.load(CPU, RIP));
    const lookAround = (): void => body.return(constant32(LOOK_AROUND));
    const isCalled = i64.ne(reach, constant64(0));
    body.if(i64.eq(ip, expected), () => body.if(isCalled, lookAround), undefined, false);
    const above = i64.sub(i64.load(CPU, STACK_POINTER), stack);
    body.if(i64.ltU(i64.sub(above, constant64(1)), reach), lookAround, undefined, false);
    followJump(body, ip, from.get, record, index, beginning, next);
    body.return(constant32(NOT_FOUND));
  });
  body.unreachable();
  return body;
}
