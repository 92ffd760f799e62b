// The compiler's side of an instruction's semantics: operands are known, general registers and flags are in locals,
// and branches lead within the region where they can.

import { isRelativeBranch } from "../decode/row.ts";
import { FAR } from "../interpreter/dispatcher.ts";
import { type Form, isPlainAddress } from "../interpreter/form.ts";
import {
  CPU,
  type FastAccess,
  HandlerContext,
  type RecordFields,
  type RuntimeSignatures,
  type SlowAccess,
} from "../interpreter/handler-context.ts";
import {
  BLOCK_IP,
  CR0,
  CR4,
  CURRENT_RECORD,
  FPU_REGISTERS,
  FPU_TAGS,
  GPR,
  MXCSR,
  REC_BASE,
  REC_DISPLACEMENT,
  REC_IMMEDIATE,
  REC_INDEX,
  REC_IP_DELTA,
  REC_LENGTH,
  REC_LINK,
  REC_REMAINING,
  SEGMENT_ATTRIBUTES,
  SEGMENT_BASE,
  SEGMENT_LIMIT,
  SEGMENT_SIZE,
  SEGMENTS,
  TLB_RECENT,
  TLB_RECENT_ADDEND,
  TLB_RECENT_SIZE,
  TLB_WRITE,
  ZERO,
} from "../layout.ts";
import { type Bits, type EntryTest, opsFor } from "../semantics/context.ts";
import type { Flags } from "../semantics/flags.ts";
import type { ValueType } from "../wasm/encoding.ts";
import {
  constant32,
  constant64,
  type Expression,
  extendU,
  i32,
  i64,
  load32AsI64,
  wrap,
} from "../wasm/expression.ts";
import type { Local } from "../wasm/function-body.ts";
import type { ModuleBuilder } from "../wasm/module.ts";
import { DeferredFlags, MUST_BE_DIRECT } from "./deferred-flags.ts";
import type { Emission } from "./emission.ts";
import type { Calling, Flow } from "./flow.ts";
import { afterStore, valueAt, withValue } from "./known-memory.ts";
import { KnownNumbers } from "./known-numbers.ts";
import { KnownStack } from "./known-stack.ts";
import { changesStack, isPlain } from "./plain-functions.ts";
import { type AccessKind, isComparable, pageMask } from "./recent-pages.ts";
import { isRegister } from "./register-file.ts";
import { ABSOLUTE, FROM_START, type Place, spanFrom, spanOf, withSpan } from "./spans.ts";
import { isVector } from "./vector-cache.ts";

/** Attributes of a segment: unusable, data, writable, expands up, present. */
const SEGMENT_KIND = 0x1009e;
const UP_WRITABLE = 0x92;

/** Functions that look at flags or change them, and are plain otherwise; in 16-bit code they may throw, for virtual-8086 mode. */
const OF_FLAGS = new Set(["flagsToPush", "popFlags"]);

/** Functions after which an interrupt or a trap may be due, as the budget then tells. */
const LETS_IN = new Set(["setInterruptFlag", "popFlags"]);

/** Functions that may choose another translation table. */
const CHOOSES_TABLE = new Set(["setAlignmentFlag", "popFlags"]);

/** Plain functions that store or set what notes of x87 instructions tell. */
const SEES_NOTES = new Set(["fninit", "fnstenv", "fldenv", "fnsave", "frstor", "fxsave", "fxrstor"]);

const REGION_ACCESS: Record<SlowAccess, string> = {
  slowRead: "regionRead",
  slowWrite: "regionWrite",
  slowModify: "regionModify",
};

const typeOf = (bits: Bits): ValueType => (bits === 128 ? "v128" : opsFor(bits).type);

export class RegionContext extends HandlerContext {
  readonly #emission: Emission;
  readonly #form: Form;
  readonly #flow: Flow;
  /** Offset of the instruction and of the next from the region's start. */
  readonly #at: number;
  readonly #next: number;
  #target: Expression | undefined;
  /** Where addresses of the instruction come from. */
  readonly #places = new Map<Expression, Place>();
  readonly #kinds = new Map<Expression, AccessKind>();

  constructor(
    form: Form,
    module: ModuleBuilder,
    runtime: RuntimeSignatures,
    fields: RecordFields,
    emission: Emission,
    flow: Flow,
  ) {
    super(form, module, runtime, emission.body, fields);
    this.#form = form;
    this.#emission = emission;
    this.#flow = flow;
    this.#at = flow.delta + Number(fields.u16(REC_IP_DELTA).constant);
    this.#next = this.#at + Number(fields.u8(REC_LENGTH).constant);
  }

  protected override makeFlags(): Flags {
    return new DeferredFlags(
      this,
      () => this.#emission,
      (name) => this.imported(name),
      () => this.#flow.liveFlags,
    );
  }

  protected override makeStack(): KnownStack {
    return new KnownStack(this, () => this.#emission);
  }

  protected override makeNumbers(): KnownNumbers {
    return new KnownNumbers(this, () => this.#emission);
  }

  get #deferred(): DeferredFlags {
    return this.flags as DeferredFlags;
  }

  /** Emits the instruction; what follows it in its block must be emitted unless the emission is over. */
  emitHere(): void {
    const { body, registers } = this.#emission;
    const { knowledge, doubtful } = this.#emission;
    const mark = body.mark();
    try {
      this.row.semantics(this);
    } catch (error) {
      if (error !== MUST_BE_DIRECT) throw error;
      body.rollBack(mark);
      this.#emission.knowledge = knowledge;
      for (const { extent } of knowledge.spans) extent.rollBack(mark.length);
      this.#emission.permits.rollBack(mark.length);
      this.#emission.doubtful = doubtful;
      this.#emission.over = false;
      this.settle();
      this.#deferred.flush();
      registers.forget();
      registers.direct = true;
      this.row.semantics(this);
      registers.direct = false;
    }
    this.#emission.vectors.end();
    if (!this.#emission.over) this.#emission.recycle();
  }

  /** Makes the homes of registers and flags right. */
  settle(): void {
    this.#emission.settle(() => this.#deferred.takeUnheld());
  }

  /** The region may have been dropped by what the instruction has done: then it is left after it. */
  leaveIfDropped(valid: Expression): void {
    if (!this.#emission.doubtful) return;
    this.#emission.doubtful = false;
    this.settle();
    this.body.if(
      i32.eqz(valid),
      () => {
        this.#emission.leaveTo(this.#emission.pointer(this.#next), 0, this.#remaining);
      },
      undefined,
      false,
    );
  }

  get #remaining(): number {
    return Number(this.fields.u8(REC_REMAINING).constant);
  }

  /** Leaves for the instruction after the last of its block. */
  leaveForNext(link: number): void {
    this.settle();
    const linked = this.#flow.mayLink(this.#next) ? link : 0;
    this.#emission.leaveTo(this.#cut(this.#emission.pointer(this.#next)), linked);
  }

  #cut(target: Expression): Expression {
    return this.codeSize === 64 ? target : i64.and(target, constant64(0xffffffff));
  }

  // --- Calls ---

  protected override beforeCall(name: string): void {
    if (SEES_NOTES.has(name)) this.#storeNotes();
    const emission = this.#emission;
    if (this.#keepsRegisters(name)) {
      if (OF_FLAGS.has(name)) this.#deferred.flush();
      if (LETS_IN.has(name)) emission.charge();
      return;
    }
    if (!emission.unconditional && !emission.direct) throw MUST_BE_DIRECT;
    if (!emission.direct) {
      this.settle();
      this.#deferred.flush();
    }
    this.#exposeState();
  }

  /** Whether general registers may stay in locals over a call of a function of the runtime. */
  #keepsRegisters(name: string): boolean {
    return isPlain(name) || (OF_FLAGS.has(name) && this.codeSize !== 16);
  }

  #storeNotes(): void {
    this.#emission.storeNotes(this.imported("storeNotes"));
  }

  override noteX87(): void {
    const operand = this.memory ? this.wide(this.offset()) : undefined;
    this.#emission.noteX87(this.fields.address, this.#at, operand);
  }

  /** Makes the processor's state right but for the flags; the homes of registers are. */
  #exposeState(): void {
    this.#emission.registers.store();
    this.#storeNotes();
    this.#emission.charge();
    this.setState(BLOCK_IP, 64, this.#emission.pointer(this.#flow.delta));
  }

  protected override afterCall(name: string): void {
    if (name === "fxrstor") this.#emission.forgetVectors();
    if (changesStack(name)) this.#emission.forgetStack();
    if (this.#keepsRegisters(name)) {
      if (CHOOSES_TABLE.has(name)) {
        this.#emission.forgetAround();
        this.#emission.loadTlb();
      }
      if (LETS_IN.has(name)) this.#emission.doubtful = true;
      return;
    }
    this.#emission.forgetAround();
    this.#emission.pages.forget();
    this.#emission.registers.reload();
    this.#emission.loadTlb();
    this.#emission.doubtful = true;
  }

  protected override exposeRegister(offset: number, forWriting: boolean): void {
    if (isRegister(offset)) this.#emission.registers.expose(offset);
    else if (forWriting && isVector(offset)) this.#emission.vectors.expose(offset);
  }

  override stateAddress(offset: number): Expression {
    if (isVector(offset)) this.#emission.vectors.expose(offset);
    return super.stateAddress(offset);
  }

  // --- Memory ---

  protected override tlbPointer(): Expression {
    return this.#emission.tlb;
  }

  override linear(bytes: number, write: boolean, displacement?: Expression): Expression {
    const linear = super.linear(bytes, write, displacement);
    if (isPlainAddress(this.#form) && !displacement) {
      const base = Number(this.fields.u16(REC_BASE).constant);
      const index = Number(this.fields.u16(REC_INDEX).constant);
      const offset = Number(this.fields.i32(REC_DISPLACEMENT).constant);
      if (index === ZERO) this.#place(linear, base, offset);
      const displacement = base === BLOCK_IP ? this.#flow.delta + offset : offset;
      this.#kinds.set(linear, { base, index, displacement });
    }
    return linear;
  }

  protected override stackLinear(
    offset: Expression,
    bytes: number,
    write: boolean,
    register: number,
    displacement: number,
  ): Expression {
    const linear = super.stackLinear(offset, bytes, write, register, displacement);
    const plain = this.stackKind === "flat" || this.stackKind === "long";
    if (plain) this.#place(linear, GPR + register * 8, displacement);
    return linear;
  }

  /** Notes that an address is the sum of a register, by its offset in the state, and a displacement. */
  #place(linear: Expression, base: number, displacement: number): void {
    const { registers } = this.#emission;
    if (base === ZERO) this.#places.set(linear, { origin: ABSOLUTE, offset: displacement });
    else if (base === BLOCK_IP)
      this.#places.set(linear, { origin: FROM_START, offset: this.#flow.delta + displacement });
    else this.#places.set(linear, registers.placeAt((base - GPR) >> 3, displacement));
  }

  protected override translate(
    address: Local,
    linear: Expression,
    bytes: number,
    tag: number,
    slow: () => void,
    fast: FastAccess = (from, offset) => this.body.set(address, i32.add(from, constant32(offset))),
  ): void {
    const { body } = this;
    const emission = this.#emission;
    const place = this.#placeOf(linear);
    const write = tag === TLB_WRITE;
    if (write) emission.memory = afterStore(emission.memory, place, bytes);
    const { addend } = this.#flow;
    if (addend && this.#kinds.has(linear)) {
      fast(i32.add(linear.type === "i64" ? wrap(linear) : linear, addend.get), 0);
      return;
    }
    const known = place && spanOf(emission.spans, place, bytes, write);
    if (!place || !(emission.unconditional || known?.open)) {
      this.#translateAnew(address, linear, bytes, tag, slow, fast);
      return;
    }
    if (!known) {
      const span = spanFrom(place, bytes, write, body.local("i32"));
      const { host, extent } = span;
      const none = (): void => {
        body.set(host, constant32(0));
        slow();
      };
      const found: FastAccess = (from, offset) => {
        body.set(host, i32.add(from, constant32(offset - extent.offsetOf(place))));
        fast(from, offset);
      };
      this.#translateAnew(address, linear, bytes, tag, none, found);
      emission.spans = withSpan(emission.spans, span);
      return;
    }
    this.mayLeave();
    const { host, extent } = known;
    extent.cover(place, bytes);
    const found = (): void => fast(host.get, extent.offsetOf(place));
    if (!known.open) {
      const within = extent.isWithin(body, place, linear);
      body.block((end) => {
        body.block((beyond) => {
          body.branchIf(beyond, i32.eqz(host.get), false);
          body.branchIf(beyond, i32.eqz(within), false);
          found();
          body.branch(end);
        });
        body.set(host, constant32(0));
        slow();
      });
      emission.spans = withSpan(emission.spans, { ...known, open: true });
      return;
    }
    body.if(host.get, found, slow, true);
  }

  /** By the page that such an access met last, else by the translation table. */
  #translateAnew(
    address: Local,
    linear: Expression,
    bytes: number,
    tag: number,
    slow: () => void,
    fast: FastAccess,
  ): void {
    const { body } = this;
    const { tlb, recent, direct } = this.#emission;
    const kind = direct || !isComparable(bytes) ? undefined : this.#kinds.get(linear);
    const place = kind && recent.placeOf(kind, tag);
    if (place === undefined) {
      super.translate(address, linear, bytes, tag, slow, fast);
      return;
    }
    this.mayLeave();
    const at = TLB_RECENT + place * TLB_RECENT_SIZE;
    const o = linear.type === "i64" ? i64 : i32;
    const low = linear.type === "i64" ? wrap(linear) : linear;
    const held = i64.load(tlb, at);
    const masked = o.and(linear, o.constant(pageMask(bytes)));
    const hit = o === i64 ? i64.eq(held, masked) : i32.eq(wrap(held), masked);
    const there = (): void => {
      body.set(address, i32.add(low, i32.load(tlb, at + TLB_RECENT_ADDEND)));
      fast(address.get, 0);
    };
    const elsewhere = (): void => {
      const found: FastAccess = (from, offset) => {
        body.store(64, tlb, this.wide(o.and(linear, o.constant(-4096))), at);
        body.store(32, tlb, i32.sub(from, low), at + TLB_RECENT_ADDEND);
        fast(from, offset);
      };
      super.translate(address, linear, bytes, tag, slow, found);
    };
    body.if(hit, there, elsewhere, true);
  }

  protected override mayLeave(): void {
    this.#emission.settle(() => []);
  }

  protected override slowAccess(name: SlowAccess, linear: Expression, bytes: number): Expression {
    const access = this.#emission.permits.of(bytes);
    return this.call(REGION_ACCESS[name], linear, access, this.#emission.executed());
  }

  protected override commit(): void {
    this.run("commitCounted", this.#emission.executed());
  }

  override store(bits: Bits, linear: Expression, value: Expression): void {
    const kept = this.body.let(value);
    const at = this.body.let(linear);
    const since = this.body.length;
    const address = this.body.local("i32");
    const slow = (): void => {
      if (bits === 128) {
        this.body.set(address, this.slowAccess("slowWrite", this.wide(at), 16));
        this.leaveIfZero(address.get);
        this.body.store(128, address.get, kept);
        this.commitIfSlow(address.get);
        return;
      }
      const count = this.#emission.executed();
      const access = this.#emission.permits.of(bits / 8);
      const done = this.call("regionStore", this.wide(at), this.wide(kept), access, count);
      this.leaveIfZero(done);
    };
    this.translate(address, at, bits / 8, TLB_WRITE, slow, (to, offset) =>
      this.body.store(bits, to, kept, offset),
    );
    this.learn(bits, at, kept, since);
  }

  #placeOf(linear: Expression): Place | undefined {
    return this.#emission.direct ? undefined : this.#places.get(linear);
  }

  protected override known(bits: Bits, linear: Expression): Expression | undefined {
    const place = this.#placeOf(linear);
    const found = place && valueAt(this.#emission.memory, place, bits);
    if (found) this.#emission.permits.plainSince(found.since);
    return found?.value;
  }

  protected override learn(bits: Bits, linear: Expression, value: Expression, since: number): void {
    const emission = this.#emission;
    const place = this.#placeOf(linear);
    if (!place || !emission.unconditional) return;
    // What was stored may be of another type, and have more bits than that.
    if (bits < 32 || value.type !== typeOf(bits)) return;
    const kept = emission.registers.own(value);
    const origin = emission.registers.originOf(kept);
    emission.memory = withValue(emission.memory, { place, bits, value: kept, origin, since });
  }

  protected override checkedLinear(
    segment: Expression,
    offset: Expression,
    bytes: number,
    write: boolean,
  ): Expression {
    if (this.codeSize === 64) return super.checkedLinear(segment, offset, bytes, write);
    const linear = this.body.local("i32");
    const place = SEGMENTS + Number(segment.constant) * SEGMENT_SIZE;
    const kind = i32.and(i32.load(CPU, place + SEGMENT_ATTRIBUTES), constant32(SEGMENT_KIND));
    const last = i64.add(extendU(offset), constant64(bytes - 1));
    this.mayLeave();
    // Two branches are less code than one by both conditions.
    this.body.block((done) => {
      this.body.block((other) => {
        this.body.branchIf(other, i32.ne(kind, constant32(UP_WRITABLE)), false);
        this.body.branchIf(other, i64.gtU(last, load32AsI64(CPU, place + SEGMENT_LIMIT)), false);
        this.body.set(linear, i32.add(offset, i32.load(CPU, place + SEGMENT_BASE)));
        this.body.branch(done);
      });
      // It looks at segments only, but may throw.
      this.settle();
      this.#deferred.copyToState();
      this.#exposeState();
      this.setState(CURRENT_RECORD, 32, this.fields.address);
      const name = write ? "segmentWrite" : "segmentRead";
      this.body.set(linear, this.body.call(this.imported(name), segment, offset, constant32(bytes)));
    });
    return this.body.copy(linear.get);
  }

  // --- Registers ---

  override state(offset: number, bits: Bits): Expression {
    if (isRegister(offset)) return this.#emission.registers.read(offset, bits);
    if (isVector(offset)) return this.#emission.vectors.read(offset, bits as 32 | 64 | 128);
    if (offset === BLOCK_IP) {
      const pointer = this.#emission.pointer(this.#flow.delta);
      return bits === 64 ? pointer : this.body.let(wrap(pointer));
    }
    return super.state(offset, bits);
  }

  override setState(offset: number, bits: Bits, value: Expression): void {
    if (isVector(offset)) {
      this.#emission.vectors.write(offset, bits as 32 | 64 | 128, value);
      return;
    }
    if (!isRegister(offset)) {
      if (offset >= FPU_REGISTERS && offset <= FPU_TAGS) this.#emission.forgetStack();
      if (offset === MXCSR) this.#emission.forgetVectors();
      if (offset === CR0 || offset === CR4) this.#emission.passed = new Set();
      super.setState(offset, bits, value);
      return;
    }
    if (!this.#emission.unconditional && !this.#emission.direct) throw MUST_BE_DIRECT;
    this.#emission.registers.write(offset, bits, value);
  }

  // --- Flow ---

  override unlessPassed(test: EntryTest, emit: () => void): void {
    const { passed } = this.#emission;
    if (passed.has(test)) return;
    emit();
    if (this.#emission.unconditional) this.#emission.passed = new Set([...passed, test]);
  }

  override ip(): Expression {
    return this.#emission.pointer(this.#at);
  }

  override nextIp(): Expression {
    return this.#emission.pointer(this.#next);
  }

  get #immediate(): number {
    return Number(this.fields.i32(REC_IMMEDIATE).constant);
  }

  override returnAddress(): Expression {
    const pointer = this.#emission.pointer(this.#next);
    return this.size === 32 ? wrap(pointer).asStable() : super.returnAddress();
  }

  override relativeTarget(): Expression {
    const mask = this.size === 16 ? 0xffff : this.size === 32 ? 0xffffffff : -1;
    const pointer = this.#emission.pointer(this.#next + this.#immediate);
    this.#target = i64.and(pointer, constant64(mask)).asStable();
    return this.#target;
  }

  override jump(target: Expression, before?: () => void): void {
    const known = target === this.#target && this.size !== 16;
    if (known && this.#flow.toTarget) {
      before?.();
      this.#emission.count(-this.#remaining);
      this.#flow.toTarget();
      return;
    }
    const returned = isRelativeBranch(this.row) ? undefined : this.#emission.deltaOf(target);
    const goOn = returned === undefined ? undefined : this.#flow.goTo(returned);
    if (goOn) {
      before?.();
      goOn();
      return;
    }
    const delta = this.#next + this.#immediate;
    const to = this.body.let(target);
    const linked = known && this.#flow.unlimited && this.#flow.mayLink(delta);
    // What is in the region need not be checked.
    if (!before && !isRelativeBranch(this.row)) this.#flow.reach(to);
    if (!linked) this.checkTarget(to);
    before?.();
    if (before && !isRelativeBranch(this.row)) this.#flow.reach(to);
    this.noteBranch();
    const place = Number(this.fields.address.constant) + REC_LINK;
    const link = linked ? place : known && this.#flow.unlimited ? place + FAR : 0;
    if (this.#flow.calling) this.#callFor(to, link, this.#flow.calling);
    else this.#leaveFor(to, link);
  }

  /** Calls what is not part of the region, and goes on once it has returned. */
  #callFor(to: Expression, link: number, { call, unsaved, page, linearPage, goOn }: Calling): void {
    const emission = this.#emission;
    this.settle();
    emission.handFlagsOn();
    emission.registers.store(unsaved);
    this.#storeNotes();
    emission.charge();
    const expected = this.#cut(emission.pointer(this.#next));
    const returned = this.body.call(call, to, constant32(link), expected, constant32(page));
    this.body.if(i32.eqz(returned), () => this.body.return(constant32(0)), undefined, false);
    emission.afterCall(linearPage);
    goOn();
  }

  protected override goTo(to: Expression): void {
    this.#leaveFor(to, 0);
  }

  #leaveFor(to: Expression, link: number): void {
    this.settle();
    this.#emission.leaveTo(to, link, this.#remaining);
  }

  override branch(condition: Expression, target: Expression, before?: () => void): void {
    const holds = this.body.let(condition);
    // What is not in the region was hardly ever run.
    const likely = this.#flow.toTarget ? undefined : false;
    this.body.if(holds, () => this.#emission.fork(() => this.jump(target, before)), undefined, likely);
  }

  override faultIf(condition: Expression, vector: number, error?: Expression): void {
    const holds = this.body.let(condition);
    if (this.#emission.unconditional) this.mayLeave();
    this.body.if(holds, () => this.fault(vector, error), undefined, false);
  }

  protected override leaveBy(name: "leaveFaulted" | "leaveToRepeat"): void {
    this.settle();
    // One that is to be repeated counts as run.
    this.#emission.leaveAt(this.fields.address, this.#flow.delta, name === "leaveToRepeat" ? -1 : 0);
  }

  override runAndLeave(name: string, ...args: Expression[]): void {
    this.setState(CURRENT_RECORD, 32, this.fields.address);
    this.beforeCall(name);
    this.body.run(this.imported(name), ...args);
    this.body.return(constant32(0));
    if (this.#emission.unconditional) this.#emission.over = true;
  }
}
