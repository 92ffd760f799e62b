// Flags within a compiled block: what an instruction sets is remembered, and stored only where something can see it.

import {
  type Bits,
  type Context,
  opsFor,
  signExtend,
  toSignedI64,
  zeroExtend,
} from "../semantics/context.ts";
import { Flags } from "../semantics/flags.ts";
import { constant32, constant64, type Expression, extendS, i32, i64, wrap } from "../wasm/expression.ts";

/**
 * The last setting of the flags, not stored yet; its expressions are stable. `compare` is an exact a - b; `cf`
 * replaces the carry of the operation.
 */
export type Pending =
  | {
      kind: "add" | "sub" | "compare";
      bits: Bits;
      a: Expression;
      b: Expression;
      r: Expression;
      cf?: Expression;
    }
  | { kind: "logic"; bits: Bits; r: Expression }
  | { kind: "stored"; result: Expression; auxiliary: Expression };

/** Thrown where flags are set on one of several paths while older ones wait: store those first, then emit again. */
export class MustStoreFirst extends Error {}

const bitOf = (bits: Bits, value: Expression, n: number): Expression =>
  bits === 64
    ? wrap(i64.and(i64.shrU(value, constant64(n)), constant64(1)))
    : i32.and(i32.shrU(value, constant32(n)), constant32(1));

export class DeferredFlags extends Flags {
  pending: Pending | undefined;
  readonly #context: Context;
  /** Settings at this depth of nesting are deferred; deeper ones are on one path of several. -1: none is. */
  baseDepth: number;

  constructor(context: Context, baseDepth: number) {
    super(context);
    this.#context = context;
    this.baseDepth = baseDepth;
  }

  /** Emits the stores that make memory say what the flags are; they stay pending. */
  spill(): void {
    if (this.pending) super.store(this.lastResult(), this.auxiliary());
  }

  /** The same, and nothing is pending any more: for what reads or changes the flags in memory. */
  flush(): void {
    if (!this.pending) return;
    if (this.#context.body.depth !== this.baseDepth) throw new MustStoreFirst();
    this.spill();
    this.pending = undefined;
  }

  #defer(pending: Pending): boolean {
    if (this.#context.body.depth !== this.baseDepth) {
      if (this.pending) throw new MustStoreFirst();
      return false;
    }
    this.pending = pending;
    return true;
  }

  #stable(...values: Expression[]): Expression[] {
    return values.map((value) => this.#context.body.let(value));
  }

  override add(bits: Bits, a: Expression, b: Expression, r: Expression): void {
    const [x, y, z] = this.#stable(a, b, r);
    if (!this.#defer({ kind: "add", bits, a: x!, b: y!, r: z! })) super.add(bits, x!, y!, z!);
  }

  override sub(bits: Bits, a: Expression, b: Expression, r: Expression): void {
    const [x, y, z] = this.#stable(a, b, r);
    if (!this.#defer({ kind: "sub", bits, a: x!, b: y!, r: z! })) super.sub(bits, x!, y!, z!);
  }

  override compare(bits: Bits, a: Expression, b: Expression, r: Expression): void {
    const [x, y, z] = this.#stable(a, b, r);
    if (!this.#defer({ kind: "compare", bits, a: x!, b: y!, r: z! })) super.sub(bits, x!, y!, z!);
  }

  override addKeepingCarry(bits: Bits, a: Expression, b: Expression, r: Expression): void {
    const [cf, x, y, z] = this.#stable(this.cf(), a, b, r);
    if (this.#defer({ kind: "add", bits, a: x!, b: y!, r: z!, cf: cf! })) return;
    super.addKeepingCarry(bits, x!, y!, z!);
  }

  override subKeepingCarry(bits: Bits, a: Expression, b: Expression, r: Expression): void {
    const [cf, x, y, z] = this.#stable(this.cf(), a, b, r);
    if (this.#defer({ kind: "sub", bits, a: x!, b: y!, r: z!, cf: cf! })) return;
    super.subKeepingCarry(bits, x!, y!, z!);
  }

  override logic(bits: Bits, r: Expression): void {
    const [z] = this.#stable(r);
    if (!this.#defer({ kind: "logic", bits, r: z! })) super.logic(bits, z!);
  }

  protected override store(result: Expression, auxiliary: Expression): void {
    const [x, y] = this.#stable(result, auxiliary);
    if (!this.#defer({ kind: "stored", result: x!, auxiliary: y! })) super.store(x!, y!);
  }

  // --- Asking ---

  /** Carries (or borrows) out of each bit. */
  #carries(): Expression | undefined {
    const pending = this.pending;
    if (!pending || pending.kind === "logic" || pending.kind === "stored") return undefined;
    const { bits, a, b, r } = pending;
    const o = opsFor(bits);
    if (pending.kind === "add") return o.or(o.and(a, b), o.and(o.or(a, b), o.not(r)));
    return o.or(o.and(o.not(a), o.or(b, r)), o.and(b, r));
  }

  override cf(): Expression {
    const pending = this.pending;
    if (!pending || pending.kind === "stored") return super.cf();
    if (pending.kind === "logic") return constant32(0);
    if (pending.cf) return pending.cf;
    if (pending.kind === "compare") return opsFor(pending.bits).ltU(pending.a, pending.b);
    return bitOf(pending.bits, this.#carries()!, pending.bits - 1);
  }

  override of(): Expression {
    const pending = this.pending;
    if (!pending || pending.kind === "stored") return super.of();
    if (pending.kind === "logic") return constant32(0);
    const vector = this.#context.body.let(this.#carries()!);
    return i32.xor(
      bitOf(pending.bits, vector, pending.bits - 1),
      bitOf(pending.bits, vector, pending.bits - 2),
    );
  }

  override af(): Expression {
    const pending = this.pending;
    if (!pending || pending.kind === "stored") return super.af();
    if (pending.kind === "logic") return constant32(0);
    return bitOf(pending.bits, this.#carries()!, 3);
  }

  override zf(): Expression {
    const pending = this.pending;
    if (!pending || pending.kind === "stored") return super.zf();
    if (pending.kind === "compare") return opsFor(pending.bits).eq(pending.a, pending.b);
    return opsFor(pending.bits).eqz(zeroExtend(pending.bits, pending.r));
  }

  override sf(): Expression {
    const pending = this.pending;
    if (!pending || pending.kind === "stored") return super.sf();
    return bitOf(pending.bits, pending.r, pending.bits - 1);
  }

  override condition(code: number): Expression {
    const pending = this.pending;
    if (pending?.kind !== "compare") return super.condition(code);
    const { bits, a, b } = pending;
    const o = opsFor(bits);
    const [x, y] = [signExtend(bits, a), signExtend(bits, b)];
    switch (code) {
      case 2:
        return o.ltU(a, b);
      case 3:
        return o.geU(a, b);
      case 4:
        return o.eq(a, b);
      case 5:
        return o.ne(a, b);
      case 6:
        return o.leU(a, b);
      case 7:
        return o.gtU(a, b);
      case 12:
        return o.ltS(x, y);
      case 13:
        return o.geS(x, y);
      case 14:
        return o.leS(x, y);
      case 15:
        return o.gtS(x, y);
      default:
        return super.condition(code);
    }
  }

  protected override lastResult(): Expression {
    const pending = this.pending;
    if (!pending) return super.lastResult();
    if (pending.kind === "stored") return pending.result;
    return pending.bits === 32 ? extendS(pending.r) : toSignedI64(pending.bits, pending.r);
  }

  protected override auxiliary(): Expression {
    const pending = this.pending;
    if (!pending) return super.auxiliary();
    if (pending.kind === "stored") return pending.auxiliary;
    if (pending.kind === "logic") return constant32(0);
    const { bits } = pending;
    const vector = this.#context.body.let(this.#carries()!);
    const narrow = bits === 64 ? wrap(i64.shrU(vector, constant64(32))) : vector;
    const aligned = bits >= 32 ? narrow : i32.shl(narrow, constant32(32 - bits));
    const half = bits === 64 ? wrap(vector) : vector;
    const af = i32.and(half, constant32(8));
    const high = this.#context.body.let(i32.and(aligned, constant32(0xc0000000)));
    if (!pending.cf) return i32.or(high, af);
    const of = i32.and(i32.xor(high, i32.shl(high, constant32(1))), constant32(0x80000000));
    const cf = i32.shl(pending.cf, constant32(31));
    const second = i32.shrU(i32.xor(cf, of), constant32(1));
    return i32.or(i32.or(cf, second), af);
  }
}
