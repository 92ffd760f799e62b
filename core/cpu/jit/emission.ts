// What the instructions of a region share while it is emitted: its locals, what is known at the current point of the
// code, and the ways out.

import { FAR } from "../interpreter/dispatcher.ts";
import { CPU, tlbEntry } from "../interpreter/handler-context.ts";
import { isMappedBy } from "../interpreter/inner-loop.ts";
import {
  BLOCK_IP,
  BUDGET,
  FLAGS_A,
  FLAGS_B,
  FLAGS_KIND,
  LINK_FROM,
  LINK_PAGE,
  RIP,
  TLB_POINTER,
} from "../layout.ts";
import type { EntryTest } from "../semantics/context.ts";
import { constant32, constant64, type Expression, extendS, i32, i64 } from "../wasm/expression.ts";
import type { Callee, FunctionBody, Label, Local } from "../wasm/function-body.ts";
import { type KnownMemory, NO_MEMORY, Permits } from "./known-memory.ts";
import { keepLocalsOfStack, type StackKnowledge } from "./known-stack.ts";
import type { Lasting } from "./lasting.ts";
import { MappedPages } from "./mapped-pages.ts";
import { FlagLocals, type FlagState, keepLocalsOf } from "./pending-flags.ts";
import type { RecentPages } from "./recent-pages.ts";
import type { Placement, RegisterFile } from "./register-file.ts";
import { FROM_START, NO_SPANS, type Place, type Spans } from "./spans.ts";
import { type KnownVectors, VectorCache } from "./vector-cache.ts";

/** What is known at a point of the code. */
interface Knowledge {
  readonly placement: Placement;
  readonly vectors: KnownVectors;
  readonly passed: ReadonlySet<EntryTest>;
  readonly doubted: boolean;
  readonly stack: StackKnowledge | undefined;
  readonly flags: FlagState;
  readonly depth: number;
  readonly uncounted: number;
  readonly spans: Spans;
  readonly memory: KnownMemory;
}

export class Emission {
  readonly body: FunctionBody;
  readonly registers: RegisterFile;
  readonly vectors: VectorCache;
  /** What is known of the x87. */
  stack: StackKnowledge | undefined;
  /** Tests that hold on every path to this point. */
  passed: ReadonlySet<EntryTest> = new Set();
  /** Whether `doubt` is right. */
  #doubted = false;
  /** See Numbers (i32). */
  readonly doubt: Local;
  readonly flagLocals: FlagLocals;
  readonly recent: RecentPages;
  readonly pages: MappedPages;
  readonly flagState: FlagState = { pending: { kind: "held" }, held: true };
  /** Instruction pointer at which the region was entered (i64). */
  readonly base: Expression;
  /** Address of the translation table (i32). */
  readonly #tlb: Local;
  /** Instructions run since the budget was last charged, but for those in #uncounted (i32). */
  readonly #executed: Local;
  /** Instructions run on every path to this point since #executed was last right. */
  #uncounted = 0;
  /** Pages of which it is known where they are. */
  spans: Spans = NO_SPANS;
  /** What is known to be in memory. */
  memory: KnownMemory = NO_MEMORY;
  readonly permits: Permits;
  /** Depth of nesting of what is on every path through the instruction at hand. */
  depth = 0;
  /** Whether the code after this point cannot be reached. */
  over = false;
  /** Whether the runtime may have dropped the region since its validity was last looked at. */
  doubtful = false;
  /**
   * For the ways out: the record of the instruction that was not completed and the offset of its block from the region's
   * start; or where to go, and by which link.
   */
  readonly #record: Local;
  readonly #block: Local;
  readonly #target: Local;
  readonly #link: Local;
  /** Whether some link leads to another page. */
  #hasFar = false;
  /**
   * The last x87 instruction that the state does not know of: its record (0: none) and its offset from the region's
   * start; the same of the last one with a memory operand, and that operand's offset.
   */
  readonly #noted: Local;
  readonly #notedAt: Local;
  readonly #notedOperand: Local;
  readonly #notedOffset: Local;
  /** Whether the region has such instructions. */
  readonly #notes: boolean;
  #fault: Label = { depth: 0 };
  #leave: Label = { depth: 0 };

  /** Emits the entry. `notes`: x87 instructions will be noted. */
  constructor(body: FunctionBody, registers: RegisterFile, notes: boolean, recent: RecentPages) {
    this.body = body;
    this.recent = recent;
    this.vectors = new VectorCache(body);
    this.doubt = body.local("i32");
    this.#executed = body.local("i32");
    this.#block = body.local("i32");
    this.#record = body.local("i32");
    this.#target = body.local("i64");
    this.#link = body.local("i32");
    this.#noted = body.local("i32");
    this.#notedAt = body.local("i32");
    this.#notedOperand = body.local("i32");
    this.#notedOffset = body.local("i64");
    this.#notes = notes;
    this.pages = new MappedPages(body);
    this.permits = new Permits(body);
    this.base = body.let(i64.load(CPU, BLOCK_IP));
    this.#tlb = body.local("i32");
    this.registers = registers;
    registers.originElsewhere = (local) => this.#originOf(local);
    this.flagLocals = new FlagLocals(body, this.registers.wide);
    body.keepLocals();
    this.registers.load();
    this.loadTlb();
    this.pages.begin();
  }

  get tlb(): Expression {
    return this.#tlb.get;
  }

  /** Another translation table may have been chosen. */
  loadTlb(): void {
    this.body.set(this.#tlb, i32.load(CPU, TLB_POINTER));
  }

  /** Emits the code within the ways out, and these after it. */
  enclose(inside: () => void, leaveFaulted: Callee, storeNotes: Callee): void {
    const { body } = this;
    const save = (): void => {
      this.registers.store();
      this.storeNotes(storeNotes);
      this.handFlagsOn();
      body.store(32, CPU, i32.sub(i32.load(CPU, BUDGET), this.#executed.get), BUDGET);
    };
    body.block((leave) => {
      this.#leave = leave;
      body.block((fault) => {
        this.#fault = fault;
        inside();
        body.unreachable();
      });
      save();
      body.store(64, CPU, i64.add(this.base, extendS(this.#block.get)), BLOCK_IP);
      body.return(body.call(leaveFaulted, this.#record.get));
    });
    save();
    body.if(this.#link.get, () => {
      const link = this.#hasFar ? body.let(i32.and(this.#link.get, constant32(~FAR))) : this.#link.get;
      const next = body.let(i32.load(link));
      body.if(
        next,
        () => {
          body.block((elsewhere) => {
            body.branchIf(elsewhere, i32.leS(i32.load(CPU, BUDGET), constant32(0)));
            if (this.#hasFar)
              body.if(i32.and(this.#link.get, constant32(FAR)), () => {
                const there = this.isMapped(this.#target.get, i32.load(link, LINK_PAGE));
                body.branchIf(elsewhere, i32.eqz(there), false);
              });
            body.store(64, CPU, this.#target.get, BLOCK_IP);
            body.return(next);
          });
        },
        () => body.store(32, CPU, link, LINK_FROM),
      );
    });
    body.store(64, CPU, this.#target.get, RIP);
    body.return(constant32(0));
  }

  /** Leaves the flags in the processor's state as the locals have them. */
  handFlagsOn(): void {
    const { body } = this;
    const [kind, a, b] = this.flagLocals.passed;
    body.if(kind, () => {
      body.store(32, CPU, kind, FLAGS_KIND);
      body.store(64, CPU, a, FLAGS_A);
      body.store(64, CPU, b, FLAGS_B);
    });
  }

  /** An instruction pointer by its offset from the region's start (i64). */
  pointer(delta: number): Expression {
    return i64.add(this.base, constant64(delta)).asStable();
  }

  /** The offset from the region's start of the place that an instruction pointer is known to lead to. */
  deltaOf(pointer: Expression): number | undefined {
    const sum = (pointer.narrow?.wrapped ?? pointer).sum;
    return sum && sum.of === this.base ? sum.by : undefined;
  }

  #originOf(local: number): Place | undefined {
    if (local === this.base.local) return { origin: FROM_START, offset: 0 };
    return this.memory.find(({ value }) => value.local === local)?.origin;
  }

  get unconditional(): boolean {
    return this.body.depth === this.depth;
  }

  get direct(): boolean {
    return this.registers.direct;
  }

  // --- What is known ---

  get knowledge(): Knowledge {
    const { placement } = this.registers;
    const { depth, passed, spans, memory, stack } = this;
    const { known: vectors } = this.vectors;
    const flags = { ...this.flagState };
    const uncounted = this.#uncounted;
    const doubted = this.#doubted;
    return { placement, vectors, passed, doubted, stack, flags, depth, uncounted, spans, memory };
  }

  set knowledge(known: Knowledge) {
    const { placement, vectors, passed, doubted, stack, flags, depth, uncounted, spans, memory } = known;
    this.spans = spans;
    this.memory = memory;
    this.stack = stack;
    this.registers.placement = placement;
    this.vectors.known = vectors;
    this.passed = passed;
    this.#doubted = doubted;
    this.flagState.pending = flags.pending;
    this.flagState.held = flags.held;
    this.depth = depth;
    this.#uncounted = uncounted;
  }

  /** Forgets what is known besides registers and flags. */
  forgetAround(): void {
    this.forgetVectors();
    this.stack = undefined;
    this.passed = new Set();
    this.spans = NO_SPANS;
    this.memory = NO_MEMORY;
  }

  /** What holds wherever paths join: everything is in the locals that are its home. */
  join(): void {
    this.registers.forget();
    this.forgetAround();
    this.dropFlags();
    this.depth = this.body.depth;
    this.#uncounted = 0;
    this.over = false;
    this.recycle();
  }

  /** What is known here that may last beyond a join. */
  get lasting(): Lasting {
    return { origins: this.registers.origins, spans: this.spans, memory: this.memory };
  }

  /** After {@link join}: what is known on all paths to this point. */
  adopt({ origins, spans, memory }: Lasting): void {
    this.registers.adoptOrigins(origins);
    this.spans = spans;
    this.memory = memory;
    this.#forgetUnreachable();
    for (const { host } of this.spans) this.body.hold(host);
    for (const { value } of this.memory) {
      const { type, local } = value;
      if (local !== undefined) this.body.hold({ type, index: local });
    }
  }

  /** Forgets what is known of places that no value leads to any more. */
  #forgetUnreachable(): void {
    const isOrigin = (origin: number): boolean =>
      origin <= 0 ||
      this.registers.isOrigin(origin) ||
      this.memory.some((known) => known.origin.origin === origin);
    this.memory = this.memory.filter(({ place }) => isOrigin(place.origin));
    this.spans = this.spans.filter(({ origin }) => isOrigin(origin));
  }

  /** Emits `inside` as one of several ways to go on from here; what is known is the same after it. */
  fork(inside: () => void): void {
    const { knowledge } = this;
    const locals = this.body.localUse;
    this.depth = this.body.depth;
    inside();
    this.over = false;
    this.knowledge = knowledge;
    this.body.localUse = locals;
  }

  /** Nobody looks at the flags before they are set again: their locals may hold anything. */
  dropFlags(): void {
    this.flagState.pending = { kind: "held" };
    this.flagState.held = true;
  }

  /** After an instruction: temporary values that nothing refers to any more make room. */
  recycle(): void {
    this.registers.keepValues();
    this.vectors.keepValues();
    keepLocalsOfStack(this.stack, this.body);
    keepLocalsOf(this.flagState.pending, this.body);
    this.#forgetUnreachable();
    for (const { host } of this.spans) this.body.keep(host.get);
    for (const { value } of this.memory) this.body.keep(value);
    this.body.recycle();
  }

  // --- SSE and the x87 ---

  /** The x87 may have changed: it may have an exception pending. */
  forgetStack(): void {
    this.stack = undefined;
    this.passed = new Set([...this.passed].filter((test) => test !== "x87"));
  }

  /** XMM registers and MXCSR may have changed. */
  forgetVectors(): void {
    this.vectors.forget();
    this.#doubted = false;
  }

  /** Makes `doubt` right by what MXCSR says, if it is not already, and every number a stranger. */
  beginDoubt(hindrances: () => Expression): void {
    if (this.#doubted) return;
    this.body.set(this.doubt, hindrances());
    this.#doubted = this.unconditional;
  }

  // --- Homes ---

  /** Makes the homes right, as every way out and every join wants them. */
  settle(takeUnheld: () => [Local, Expression][]): void {
    const before = this.unconditional ? undefined : this.knowledge;
    // Flags first: they may be computed now, from where registers were.
    const flags = takeUnheld();
    const registers = this.registers.takeUnsaved();
    if (flags.length + registers.length > 0) this.body.setTogether([...registers, ...flags]);
    // On one path of several: for the others nothing has happened.
    if (before) this.knowledge = before;
  }

  // --- Counting ---

  /** Counts instructions as run. */
  count(instructions: number): void {
    this.#uncounted += instructions;
  }

  /** Instructions run since the budget was last charged, but for `unfinished` of those counted (i32). */
  executed(unfinished = 0): Expression {
    return i32.add(this.#executed.get, constant32(this.#uncounted - unfinished));
  }

  /** Makes the count right, as every join wants it. */
  settleCount(): void {
    this.#setExecuted(this.executed());
    this.#uncounted = 0;
  }

  #setExecuted(value: Expression): void {
    if (value !== this.#executed.get) this.body.set(this.#executed, value);
  }

  /** Charges the budget with what has run. */
  charge(): void {
    this.body.store(32, CPU, i32.sub(i32.load(CPU, BUDGET), this.executed()), BUDGET);
    this.#setExecuted(constant32(-this.#uncounted));
  }

  /** After a call of what is not part of the region, which has come back to a page of it: everything is what the processor's state says. */
  afterCall(page: number): void {
    this.registers.forget();
    this.registers.load();
    this.forgetAround();
    this.body.set(this.flagLocals.kind, constant32(0));
    this.dropFlags();
    this.loadTlb();
    this.pages.forget(page);
  }

  /** What is left of the budget (i32). */
  left(): Expression {
    return i32.sub(i32.load(CPU, BUDGET), this.executed());
  }

  /** Whether the budget allows to go on, where the count is right (i32). */
  mayGoOn(): Expression {
    return i32.gtS(i32.load(CPU, BUDGET), this.#executed.get);
  }

  // --- x87 instructions ---

  /** Notes the one with that record, at an offset from the region's start; `operand`: the offset of its memory operand (i64). */
  noteX87(record: Expression, at: number, operand: Expression | undefined): void {
    this.body.set(this.#noted, record);
    this.body.set(this.#notedAt, constant32(at));
    if (!operand) return;
    this.body.set(this.#notedOperand, record);
    this.body.set(this.#notedOffset, operand);
  }

  /** Lets the state know of them. */
  storeNotes(storeNotes: Callee): void {
    if (!this.#notes) return;
    const { body } = this;
    body.if(this.#noted.get, () => {
      const pointer = i64.add(this.base, extendS(this.#notedAt.get));
      body.run(storeNotes, this.#noted.get, pointer, this.#notedOperand.get, this.#notedOffset.get);
      body.set(this.#noted, constant32(0));
      body.set(this.#notedOperand, constant32(0));
    });
  }

  // --- Ways out; the homes are right ---

  /** Leaves at an instruction in a block at an offset, which has not happened; `unfinished` of those counted have not. */
  leaveAt(record: Expression, block: number, unfinished = 0): void {
    this.#setExecuted(this.executed(unfinished));
    this.body.set(this.#record, record);
    this.body.set(this.#block, constant32(block));
    this.body.branch(this.#fault);
    this.#isOver();
  }

  /**
   * Leaves for an instruction pointer, directly to the next block if there is a link that leads to it, with FAR if to another page; `unfinished` of
   * the instructions counted have not happened.
   */
  leaveTo(target: Expression, link = 0, unfinished = 0): void {
    this.#setExecuted(this.executed(unfinished));
    this.body.set(this.#target, target);
    this.body.set(this.#link, constant32(link));
    if (link & FAR) this.#hasFar = true;
    this.body.branch(this.#leave);
    this.#isOver();
  }

  #isOver(): void {
    if (this.unconditional) this.over = true;
  }

  /** Whether a linear address is still mapped for execution to a physical page (i32). */
  isMapped(linear: Expression, page: Expression): Expression {
    return isMappedBy(this.body.let(tlbEntry(this.tlb, linear)), linear, page);
  }
}
