// Compiles a decoded block into one function: the semantics of its instructions in a row, with operands that are
// known, flags that are stored only where something can see them, and a branch to the block's own start as a loop.

import { codeSizeOf, type Form } from "../interpreter/form.ts";
import {
  CPU,
  HandlerContext,
  type RecordFields,
  type RuntimeSignatures,
} from "../interpreter/handler-context.ts";
import {
  BLOCK_INSTRUCTIONS,
  BLOCK_IP,
  BUDGET,
  LINK_FROM,
  MODE_FLAT_CODE,
  REC_HANDLER,
  REC_IMMEDIATE,
  REC_IP_DELTA,
  REC_LENGTH,
  REC_LINK,
  RECORD_SIZE,
  RIP,
  TLB_POINTER,
} from "../layout.ts";
import type { Flags } from "../semantics/flags.ts";
import { constant32, constant64, type Expression, i32, i64 } from "../wasm/expression.ts";
import { FunctionBody, type Label } from "../wasm/function-body.ts";
import type { ModuleBuilder } from "../wasm/module.ts";
import { DeferredFlags, MustStoreFirst, type Pending } from "./deferred-flags.ts";

/** Functions of the runtime that neither look at the flags nor change them. */
const BLIND = new Set([
  "slowRead",
  "slowWrite",
  "slowModify",
  "commitWrite",
  "setException",
  "leaveFaulted",
  "leaveToRepeat",
  "multiplyHighUnsigned",
  "multiplyHighSigned",
  "divideUnsigned",
  "divideSigned",
]);

/** The code of a block is inside one loop. */
const BASE_DEPTH = 1;
const NEVER = -1;
const PAGE = 0x1000;

export interface CompilableBlock {
  /** Address of the first record. */
  readonly record: number;
  readonly count: number;
  readonly physical: number;
  readonly mode: number;
}

const knownFields = (view: DataView, at: number): RecordFields => ({
  address: constant32(at),
  u8: (field) => constant32(view.getUint8(at + field)),
  u16: (field) => constant32(view.getUint16(at + field, true)),
  i32: (field) => constant32(view.getInt32(at + field, true)),
  wideI32: (field) => constant64(view.getInt32(at + field, true)),
  i64: (field) => constant64(view.getBigInt64(at + field, true)),
});

/** What the instructions of a block share while it is compiled. */
interface Shared {
  readonly start: Label;
  readonly tlbPointer: Expression;
  readonly count: number;
  /** Of the block's first byte. */
  readonly pageOffset: number;
  /** Whether CS spans all addresses. */
  readonly unlimited: boolean;
  pending: Pending | undefined;
}

class BlockContext extends HandlerContext {
  /** Offset of the next instruction, and of a relative branch's target, from the block's start. */
  readonly #nextDelta: number;
  readonly #targetDelta: bigint;
  readonly #shared: Shared;
  /** Whether a store was made that may have hit decoded code, one expression for each. */
  readonly stores: Expression[] = [];
  #ownStart: Expression | undefined;
  #linkable: Expression | undefined;

  constructor(
    form: Form,
    module: ModuleBuilder,
    runtime: RuntimeSignatures,
    body: FunctionBody,
    fields: RecordFields,
    shared: Shared,
  ) {
    super(form, module, runtime, body, fields);
    this.#shared = shared;
    (this.flags as DeferredFlags).pending = shared.pending;
    this.#nextDelta = Number(fields.u16(REC_IP_DELTA).constant) + Number(fields.u8(REC_LENGTH).constant);
    this.#targetDelta = BigInt(this.#nextDelta) + (fields.i64(REC_IMMEDIATE).constant as bigint);
  }

  protected override makeFlags(): Flags {
    return new DeferredFlags(this, BASE_DEPTH);
  }

  get deferred(): DeferredFlags {
    return this.flags as DeferredFlags;
  }

  protected override tlbPointer(): Expression {
    return this.#shared.tlbPointer;
  }

  protected override beforeExit(): void {
    this.deferred.spill();
  }

  protected override beforeCall(name: string): void {
    if (BLIND.has(name)) return;
    this.deferred.flush();
    // It may have written memory.
    this.stores.push(constant32(1));
  }

  protected override stored(slow: Expression): void {
    this.stores.push(slow);
  }

  // BLOCK_IP does not change within the block: these need no locals.

  override ip(): Expression {
    return {
      ...i64.add(i64.load(CPU, BLOCK_IP), constant64(this.#nextDelta - this.#length())),
      stable: true,
    };
  }

  override nextIp(): Expression {
    return { ...i64.add(i64.load(CPU, BLOCK_IP), constant64(this.#nextDelta)), stable: true };
  }

  #length(): number {
    return Number(this.fields.u8(REC_LENGTH).constant);
  }

  override relativeTarget(): Expression {
    const target = i64.add(i64.load(CPU, BLOCK_IP), constant64(this.#targetDelta));
    const mask = this.size === 16 ? 0xffff : this.size === 32 ? 0xffffffff : -1;
    const cut = { ...i64.and(target, constant64(mask)), stable: true };
    if (this.#targetDelta === 0n) this.#ownStart = cut;
    else if (this.#inPage(Number(this.#targetDelta))) this.#linkable = cut;
    return cut;
  }

  override jump(target: Expression, before?: () => void): void {
    if (target === this.#linkable) {
      before?.();
      this.beforeExit();
      this.giveBack(0);
      this.#leaveByLink(Number(this.fields.address.constant) + REC_LINK, target);
      return;
    }
    if (target !== this.#ownStart) {
      super.jump(target, before);
      return;
    }
    before?.();
    this.deferred.spill();
    this.giveBack(0);
    const budget = this.body.let(i32.load(CPU, BUDGET));
    this.body.if(i32.gtS(budget, constant32(0)), () => {
      this.setState(BUDGET, 32, i32.sub(budget, constant32(this.#shared.count)));
      this.body.branch(this.#shared.start);
    });
    this.setState(RIP, 64, i64.load(CPU, BLOCK_IP));
    this.body.return(constant32(0));
  }

  /** The block's end: the next instruction is another block's. */
  finish(): void {
    this.beforeExit();
    const next = this.nextIp();
    if (this.#inPage(this.#nextDelta)) {
      this.#leaveByLink(Number(this.fields.address.constant) + RECORD_SIZE + REC_LINK, next);
      return;
    }
    this.setState(RIP, 64, next);
    this.body.return(constant32(0));
  }

  /**
   * Whether an offset from the block's start lies in the block's page, of a code segment without limit: there the
   * translation is that of the block, and what is decoded there needs no second look.
   */
  #inPage(delta: number): boolean {
    const { pageOffset, unlimited } = this.#shared;
    return unlimited && pageOffset + delta >= 0 && pageOffset + delta < PAGE;
  }

  /** Goes on with the block that the link leads to if budget is left, or else leaves with the link to be closed. */
  #leaveByLink(link: number, target: Expression): void {
    const next = this.body.let(i32.load(constant32(link)));
    this.body.if(
      next,
      () => {
        const budget = this.body.let(i32.load(CPU, BUDGET));
        this.body.if(i32.gtS(budget, constant32(0)), () => {
          const count = i32.load(i32.add(next, constant32(BLOCK_INSTRUCTIONS)));
          this.setState(BUDGET, 32, i32.sub(budget, count));
          this.setState(BLOCK_IP, 64, target);
          this.body.return(next);
        });
      },
      () => this.setState(LINK_FROM, 32, constant32(link)),
    );
    this.setState(RIP, 64, target);
    this.body.return(constant32(0));
  }

  /** Leaves before the next instruction if a store has dropped this block. */
  leaveIfDropped(view: DataView, record: number, staleHandler: number): void {
    const handler = view.getUint32(record + REC_HANDLER, true);
    if (handler === staleHandler) return;
    for (const slow of this.stores) {
      this.body.if(slow, () => {
        const now = i32.load(constant32(record), REC_HANDLER);
        this.body.if(i32.eq(now, constant32(staleHandler)), () => {
          this.beforeExit();
          this.body.return(this.leaveAt(record));
        });
      });
    }
  }
}

/** Emits the function of a block: it takes its first record's address and returns, as a handler does,
 * the record to go on with, or 0 when RIP says where. */
export function compileBlock(
  block: CompilableBlock,
  forms: readonly Form[],
  view: DataView,
  module: ModuleBuilder,
  runtime: RuntimeSignatures,
  staleHandler: number,
): FunctionBody {
  const body = new FunctionBody(["i32"]);
  const tlbPointer = body.let(i32.load(CPU, TLB_POINTER));
  body.loop((start) => {
    const shared: Shared = {
      start,
      tlbPointer,
      count: block.count,
      pageOffset: block.physical % PAGE,
      unlimited: codeSizeOf(block.mode) === 64 || (block.mode & MODE_FLAT_CODE) !== 0,
      pending: undefined,
    };
    forms.forEach((form, n) => {
      const record = block.record + n * RECORD_SIZE;
      const fields = knownFields(view, record);
      const mark = body.mark();
      let context = new BlockContext(form, module, runtime, body, fields, shared);
      try {
        form.row.semantics(context);
      } catch (error) {
        if (!(error instanceof MustStoreFirst)) throw error;
        body.rollBack(mark);
        context.deferred.pending = shared.pending;
        context.deferred.flush();
        shared.pending = undefined;
        context = new BlockContext(form, module, runtime, body, fields, shared);
        context.deferred.baseDepth = NEVER;
        form.row.semantics(context);
      }
      shared.pending = context.deferred.pending;
      const last = n === block.count - 1;
      if (!last) context.leaveIfDropped(view, record + RECORD_SIZE, staleHandler);
      else context.finish();
    });
  });
  body.unreachable();
  return body;
}
