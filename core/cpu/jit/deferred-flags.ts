// Flags within a region: what an instruction sets is remembered, and put into locals only where the code may be left or
// another path joins, as an operation with its operands.

import {
  FLAGS_ADD,
  FLAGS_CARRY_GIVEN,
  FLAGS_CARRY_SHIFT,
  FLAGS_COMPARE,
  FLAGS_LOGIC,
  FLAGS_OPERATION,
  FLAGS_STORED,
  FLAGS_SUB,
} from "../layout.ts";
import { type Bits, type Context, opsFor, toSignedI64, zeroExtend } from "../semantics/context.ts";
import {
  auxiliaryOf,
  auxiliaryOfCarries,
  borrowsOfDifference,
  carriesOfSum,
  Flags,
  type FlagValues,
  type GivenFlags,
} from "../semantics/flags.ts";
import {
  constant32,
  constant64,
  type Expression,
  extendS,
  extendU,
  i32,
  i64,
  select,
  wrap,
} from "../wasm/expression.ts";
import type { Callee, Local } from "../wasm/function-body.ts";
import { conditionOfCompare, conditionOfLogic } from "./conditions.ts";
import type { FlagLocals, FlagState, Operation, Pending } from "./pending-flags.ts";
import type { RegisterFile } from "./register-file.ts";
import { CARRY } from "./watching-flags.ts";

/** Thrown where registers or flags are set on one of several paths, or the runtime is given the state there. */
export const MUST_BE_DIRECT: Error = new Error("the instruction must be emitted in the direct way");

const bitOf = (bits: Bits, value: Expression, n: number): Expression =>
  bits === 64
    ? wrap(i64.and(i64.shrU(value, constant64(n)), constant64(1)))
    : i32.and(i32.shrU(value, constant32(n)), constant32(1));

export interface FlagsHost {
  readonly flagState: FlagState;
  readonly flagLocals: FlagLocals;
  readonly registers: RegisterFile;
  /** Whether the code being emitted is on every path through the instruction. */
  readonly unconditional: boolean;
  /** Whether the instruction at hand sets flags in the processor's state. */
  readonly direct: boolean;
}

export class DeferredFlags extends Flags {
  readonly #context: Context;
  readonly #getHost: () => FlagsHost;
  readonly #runtime: (name: string) => Callee;
  readonly #getLive: () => number;

  /** Asked for when they are needed: `host`, functions of the runtime, and which flags will be looked at. */
  constructor(
    context: Context,
    host: () => FlagsHost,
    runtime: (name: string) => Callee,
    live: () => number,
  ) {
    super(context);
    this.#context = context;
    this.#getHost = host;
    this.#runtime = runtime;
    this.#getLive = live;
  }

  get #host(): FlagsHost {
    return this.#getHost();
  }

  get #pending(): Pending | undefined {
    const { flagState } = this.#host;
    if (flagState.pending?.kind === "held") this.flush();
    return flagState.pending;
  }

  /** Emits what makes the processor's state say what the flags are. */
  flush(): void {
    const { flagState, flagLocals } = this.#host;
    if (!flagState.pending) return;
    if (!this.#host.unconditional) throw MUST_BE_DIRECT;
    const { body } = this.#context;
    body.setTogether(this.takeUnheld());
    this.copyToState();
    body.set(flagLocals.kind, constant32(0));
    flagState.pending = undefined;
    flagState.held = false;
  }

  /** Emits what makes the processor's state right when the locals are; what is known stays as it is. */
  copyToState(): void {
    this.#context.body.run(this.#runtime("storeFlags"), ...this.#host.flagLocals.passed);
  }

  /** What must be set for the locals to be right; they are, once that is done. */
  takeUnheld(): [Local, Expression][] {
    const { flagState, flagLocals } = this.#host;
    const now = flagState.pending;
    if (!now || flagState.held || now.kind === "held") return [];
    flagState.held = true;
    const pending = now.kind === "carry" ? this.#overState(now) : now;
    flagState.pending = pending;
    const { kind, a, b } = flagLocals;
    const operandOf = (bits: Bits, value: Expression): Expression =>
      a.type === "i64" && bits !== 64 ? extendU(value) : value;
    switch (pending.kind) {
      case "compare":
      case "add":
      case "adc":
      case "sub": {
        const { bits, cf } = pending;
        if (cf) {
          const operation = FLAGS_CARRY_GIVEN + bits + (pending.kind === "add" ? FLAGS_ADD : FLAGS_SUB);
          const carry = i32.shl(cf, constant32(FLAGS_CARRY_SHIFT));
          return [
            [kind, i32.or(carry, constant32(operation))],
            [a, operandOf(bits, pending.r)],
          ];
        }
        if (pending.kind === "sub" || pending.kind === "adc") break;
        return [
          [kind, constant32(bits + (pending.kind === "add" ? FLAGS_ADD : FLAGS_COMPARE))],
          [a, operandOf(bits, pending.a)],
          [b, operandOf(bits, pending.b)],
        ];
      }
      case "logic":
        return [
          [kind, constant32(FLAGS_LOGIC + pending.bits)],
          [a, operandOf(pending.bits, pending.r)],
        ];
    }
    const auxiliary = this.auxiliary();
    const result = this.lastResult();
    if (a.type === "i64") {
      return [
        [kind, constant32(FLAGS_STORED + 64)],
        [a, extendU(auxiliary)],
        [b, result],
      ];
    }
    return [
      [kind, constant32(FLAGS_STORED + 32)],
      [a, auxiliary],
      [b, this.#narrow(result)],
    ];
  }

  /** An i32 of the same sign, low byte and difference from 0 as an i64, which 64-bit code may have left. */
  #narrow(result: Expression): Expression {
    const { narrow } = result;
    if (narrow) return narrow;
    const value = this.#context.body.let(result);
    const low = i32.or(i32.and(wrap(value), constant32(0xff)), constant32(0x100));
    const sign = i32.and(wrap(i64.shrU(value, constant64(32))), constant32(-0x80000000));
    return select(i64.eqz(value), constant32(0), i32.or(low, sign));
  }

  /** Whether a setting need not be remembered, as nobody looks before the next; the locals may hold anything then. */
  #isDead(): boolean {
    const { flagState, direct } = this.#host;
    if (this.#getLive() !== 0 || direct) return false;
    flagState.pending = { kind: "held" };
    flagState.held = true;
    return true;
  }

  /** Remembers a setting; false: it must be made in the processor's state. */
  #defer(pending: Pending): boolean {
    const { flagState } = this.#host;
    if (this.#host.direct) return false;
    if (!this.#host.unconditional) throw MUST_BE_DIRECT;
    flagState.pending = pending;
    flagState.held = false;
    return true;
  }

  #stable(...values: Expression[]): Expression[] {
    return values.map((value) => this.#host.registers.own(value));
  }

  /** Stays unevaluated if it is computed from what lasts: hardly any flag is looked at. */
  #late(value: Expression): Expression {
    const { registers } = this.#host;
    return value.lasts((local) => !registers.isHome(local)) ? value : registers.own(value);
  }

  /** Remembers an operation; the values of one that must be stored at once are given to `otherwise`. */
  #operation(
    kind: Operation["kind"],
    bits: Bits,
    values: readonly [Expression, Expression, Expression],
    cf: Expression | undefined,
    otherwise: (a: Expression, b: Expression, r: Expression) => void,
  ): void {
    if (this.#isDead()) return;
    const [carry] = cf ? this.#stable(cf) : [];
    const [a, b, r] = this.#stable(...values) as [Expression, Expression, Expression];
    if (!this.#defer({ kind, bits, a, b, r, ...(carry && { cf: carry }) })) otherwise(a, b, r);
  }

  override add(bits: Bits, a: Expression, b: Expression, r: Expression): void {
    this.#operation("add", bits, [a, b, r], undefined, (x, y, z) => super.addWithCarry(bits, x, y, z));
  }

  override addWithCarry(bits: Bits, a: Expression, b: Expression, r: Expression): void {
    this.#operation("adc", bits, [a, b, r], undefined, (x, y, z) => super.addWithCarry(bits, x, y, z));
  }

  override sub(bits: Bits, a: Expression, b: Expression, r: Expression): void {
    this.#operation("sub", bits, [a, b, r], undefined, (x, y, z) => super.sub(bits, x, y, z));
  }

  override compare(bits: Bits, a: Expression, b: Expression, r: Expression): void {
    this.#operation("compare", bits, [a, b, r], undefined, (x, y, z) => super.sub(bits, x, y, z));
  }

  override addKeepingCarry(bits: Bits, a: Expression, b: Expression, r: Expression): void {
    this.#operation("add", bits, [a, b, r], this.#carryToKeep(), (x, y, z) =>
      super.addKeepingCarry(bits, x, y, z),
    );
  }

  override subKeepingCarry(bits: Bits, a: Expression, b: Expression, r: Expression): void {
    const carry = this.#carryToKeep();
    this.#operation(carry ? "sub" : "compare", bits, [a, b, r], carry, (x, y, z) =>
      super.subKeepingCarry(bits, x, y, z),
    );
  }

  /** CF before the instruction, if anybody will look at it. */
  #carryToKeep(): Expression | undefined {
    if (this.#host.direct) return this.cf();
    if (!(this.#getLive() & CARRY)) return undefined;
    if (this.#host.flagState.pending?.kind !== "held") return this.cf();
    const { kind, a, b, passed } = this.#host.flagLocals;
    const { body } = this.#context;
    const carry = body.local("i32");
    const ofOthers = (): void => body.set(carry, body.call(this.#runtime("carryOf"), ...passed));
    const isComparison = i32.eq(i32.and(kind.get, constant32(FLAGS_OPERATION)), constant32(FLAGS_COMPARE));
    body.if(
      i32.and(kind.get, constant32(FLAGS_CARRY_GIVEN)),
      () => body.set(carry, i32.and(i32.shrU(kind.get, constant32(FLAGS_CARRY_SHIFT)), constant32(1))),
      // What ends a loop's round, as a rule.
      () =>
        body.if(
          isComparison,
          () => body.set(carry, (a.type === "i64" ? i64 : i32).ltU(a.get, b.get)),
          ofOthers,
          true,
        ),
    );
    return body.copy(carry.get);
  }

  override logic(bits: Bits, r: Expression): void {
    if (this.#isDead()) return;
    const [z] = this.#stable(r);
    if (!this.#defer({ kind: "logic", bits, r: z! })) super.logic(bits, z!);
  }

  override result(bits: Bits, r: Expression, given: GivenFlags = {}): void {
    if (this.#isDead()) return;
    const none = constant32(0);
    // The result may be in a variable that changes later.
    const z = r.stable ? this.#host.registers.own(r) : this.#context.body.copy(r);
    const [cf, of] = [this.#late(given.cf ?? none), this.#late(given.of ?? none)];
    const af = given.af && this.#context.body.let(given.af);
    if (!this.#defer({ kind: "result", bits, r: z, cf, of, af })) super.result(bits, z, { ...given, cf, of });
  }

  override resultIf(condition: Expression, bits: Bits, r: Expression, given: GivenFlags): void {
    const { flagState, direct, unconditional } = this.#host;
    if (direct || condition.constant !== undefined) {
      super.resultIf(condition, bits, r, given);
      return;
    }
    if (this.#isDead()) return;
    if (!unconditional) throw MUST_BE_DIRECT;
    const { body } = this.#context;
    const none = constant32(0);
    const result: Pending = {
      kind: "result",
      bits,
      r,
      cf: given.cf ?? none,
      of: given.of ?? none,
      af: given.af,
    };
    body.setTogether(this.takeUnheld());
    body.if(condition, () => {
      flagState.pending = result;
      flagState.held = false;
      body.setTogether(this.takeUnheld());
    });
    flagState.pending = { kind: "held" };
    flagState.held = true;
  }

  override signedProduct(bits: Bits, a: Expression, b: Expression, low: Expression): void {
    if (this.#isDead()) return;
    const [x, y, r] = this.#stable(a, b, low) as [Expression, Expression, Expression];
    if (!this.#defer({ kind: "product", bits, a: x, b: y, r })) super.signedProduct(bits, x, y, r);
  }

  override order(below: Expression, above: Expression, unordered: Expression): void {
    if (this.#isDead()) return;
    const [x, y, z] = this.#stable(below, above, unordered);
    const pending: Pending = { kind: "order", below: x!, above: y!, unordered: z! };
    if (!this.#defer(pending)) super.order(x!, y!, z!);
  }

  override assign(values: FlagValues): void {
    if (this.#host.direct || values.zf || values.sf || values.pf || values.af) {
      super.assign(values);
      return;
    }
    if (this.#isDead()) return;
    const [cf, of] = [this.#late(values.cf ?? this.cf()), this.#late(values.of ?? this.of())];
    // What the locals hold stays there: it is hardly ever asked for.
    const now = this.#host.flagState.pending;
    const prior = now?.kind === "carry" ? now.prior : now;
    this.#defer({ kind: "carry", prior, cf, of });
  }

  protected override store(result: Expression, auxiliary: Expression): void {
    if (this.#isDead()) return;
    const [x, y] = this.#stable(result, auxiliary);
    if (!this.#defer({ kind: "stored", result: x!, auxiliary: y! })) super.store(x!, y!);
  }

  // --- Asking ---

  /** Carries (or borrows) out of each bit. */
  #carries({ kind, bits, a, b, r }: Operation): Expression {
    return (kind === "add" || kind === "adc" ? carriesOfSum : borrowsOfDifference)(bits, a, b, r);
  }

  /** One of CF and OF whose older setting is not in the locals: if it was, the processor's state gets it. */
  #overState(now: Pending & { kind: "carry" }): Pending & { kind: "carry" } {
    if (now.prior?.kind !== "held") return now;
    this.copyToState();
    return { ...now, prior: undefined };
  }

  /** Asks the setting before one of CF and OF only. */
  #ofPrior(now: Pending & { kind: "carry" }, ask: () => Expression): Expression {
    const { flagState, unconditional } = this.#host;
    const asked = this.#overState(now);
    flagState.pending = asked.prior;
    const answer = ask();
    // On one path of several the state has it, not on the others.
    flagState.pending = unconditional ? asked : now;
    return answer;
  }

  override cf(): Expression {
    const pending = this.#pending;
    switch (pending?.kind) {
      case "logic":
        return constant32(0);
      case "result":
      case "carry":
        return pending.cf;
      case "order":
        return pending.below;
      case "product":
        return this.overflow(pending.bits, pending.a, pending.b, pending.r);
      case "compare":
        return opsFor(pending.bits).ltU(pending.a, pending.b);
      case "add":
      case "adc":
      case "sub":
        return pending.cf ?? bitOf(pending.bits, this.#carries(pending), pending.bits - 1);
      default:
        return super.cf();
    }
  }

  override of(): Expression {
    const pending = this.#pending;
    switch (pending?.kind) {
      case "logic":
      case "order":
        return constant32(0);
      case "result":
      case "carry":
        return pending.of;
      case "product":
        return this.overflow(pending.bits, pending.a, pending.b, pending.r);
      case "compare":
      case "add":
      case "adc":
      case "sub": {
        const { bits } = pending;
        const vector = this.#context.body.let(this.#carries(pending));
        return i32.xor(bitOf(bits, vector, bits - 1), bitOf(bits, vector, bits - 2));
      }
      default:
        return super.of();
    }
  }

  override af(): Expression {
    const pending = this.#pending;
    switch (pending?.kind) {
      case "logic":
      case "order":
        return constant32(0);
      case "result":
        return pending.af ?? constant32(0);
      case "carry":
        return this.#ofPrior(pending, () => this.af());
      case "compare":
      case "add":
      case "adc":
      case "sub":
        return bitOf(pending.bits, this.#carries(pending), 3);
      default:
        return super.af();
    }
  }

  override zf(): Expression {
    const pending = this.#pending;
    switch (pending?.kind) {
      case "order":
        return i32.or(pending.unordered, i32.eqz(i32.or(pending.below, pending.above)));
      case "compare":
        return opsFor(pending.bits).eq(pending.a, pending.b);
      case "logic":
      case "result":
      case "product":
      case "add":
      case "adc":
      case "sub":
        return opsFor(pending.bits).eqz(zeroExtend(pending.bits, pending.r));
      case "carry":
        return this.#ofPrior(pending, () => this.zf());
      default:
        return super.zf();
    }
  }

  override sf(): Expression {
    const pending = this.#pending;
    switch (pending?.kind) {
      case "order":
        return constant32(0);
      case "compare":
      case "logic":
      case "result":
      case "product":
      case "add":
      case "adc":
      case "sub":
        return bitOf(pending.bits, pending.r, pending.bits - 1);
      case "carry":
        return this.#ofPrior(pending, () => this.sf());
      default:
        return super.sf();
    }
  }

  override pf(): Expression {
    const pending = this.#pending;
    if (pending?.kind === "carry") return this.#ofPrior(pending, () => this.pf());
    if (pending?.kind === "order") return pending.unordered;
    return super.pf();
  }

  override condition(code: number): Expression {
    const pending = this.#pending;
    let short: Expression | undefined;
    if (pending?.kind === "logic") short = conditionOfLogic(code, pending.bits, pending.r);
    else if (pending?.kind === "compare")
      short = conditionOfCompare(code, pending.bits, pending.a, pending.b);
    else if (pending?.kind === "order" && code >> 1 === 3)
      short = code & 1 ? pending.above : i32.eqz(pending.above);
    return short ?? super.condition(code);
  }

  protected override lastResult(): Expression {
    const pending = this.#pending;
    if (!pending) return super.lastResult();
    if (pending.kind === "stored") return pending.result;
    if (pending.kind === "carry") return this.#ofPrior(pending, () => this.lastResult());
    if (pending.kind === "held") throw new Error("flags asked of locals");
    // PF is told apart from the result.
    if (pending.kind === "order") return select(this.zf(), constant64(0), constant64(0x100));
    return pending.bits === 32 ? extendS(pending.r) : toSignedI64(pending.bits, pending.r);
  }

  protected override auxiliary(): Expression {
    const pending = this.#pending;
    const { body } = this.#context;
    if (!pending) return super.auxiliary();
    switch (pending.kind) {
      case "stored":
        return pending.auxiliary;
      case "logic":
        return constant32(0);
      case "result":
        return auxiliaryOf(body.let(pending.cf), body.let(pending.of), pending.af);
      case "product": {
        const overflow = body.let(this.overflow(pending.bits, pending.a, pending.b, pending.r));
        return auxiliaryOf(overflow, overflow);
      }
      case "order": {
        const parity = i32.shl(i32.xor(pending.unordered, constant32(1)), constant32(8));
        return i32.or(parity, auxiliaryOf(pending.below, constant32(0)));
      }
      case "carry": {
        const prior = this.#ofPrior(pending, () => this.auxiliary());
        return i32.or(
          i32.and(prior, constant32(0x3fffffff)),
          auxiliaryOf(body.let(pending.cf), body.let(pending.of)),
        );
      }
      case "held":
        throw new Error("flags asked of locals");
      default:
        return this.#auxiliaryOf(pending);
    }
  }

  #auxiliaryOf(operation: Operation): Expression {
    const vector = this.#context.body.let(this.#carries(operation));
    const own = auxiliaryOfCarries(operation.bits, vector);
    if (!operation.cf) return own;
    // CF is not the operation's; OF is, and is told as its difference from CF.
    const stable = this.#context.body.let(own);
    const of = i32.shrU(i32.xor(stable, i32.shl(stable, constant32(1))), constant32(31));
    return i32.or(auxiliaryOf(operation.cf, of), i32.and(stable, constant32(8)));
  }
}
