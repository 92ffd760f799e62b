// Flags that are not in the processor's state: as what set them, and as the locals in which paths hand them on.

import type { Bits } from "../semantics/context.ts";
import { type Expression, extendU } from "../wasm/expression.ts";
import type { FunctionBody, Local } from "../wasm/function-body.ts";

export interface Operation {
  /** `adc`: r may be a + b + 1; `sub`: and a - b - 1, as it is not for `compare`. */
  readonly kind: "add" | "adc" | "sub" | "compare";
  readonly bits: Bits;
  readonly a: Expression;
  readonly b: Expression;
  readonly r: Expression;
  /** Replaces the carry of the operation. */
  readonly cf?: Expression;
}

/** Where the flags come from, if not from the processor's state; the expressions keep their values. */
export type Pending =
  | Operation
  | { readonly kind: "logic"; readonly bits: Bits; readonly r: Expression }
  | {
      readonly kind: "result";
      readonly bits: Bits;
      readonly r: Expression;
      readonly cf: Expression;
      readonly of: Expression;
      readonly af: Expression | undefined;
    }
  /** CF and OF where the signed product a × b is not r. */
  | {
      readonly kind: "product";
      readonly bits: Bits;
      readonly a: Expression;
      readonly b: Expression;
      readonly r: Expression;
    }
  /** CF and OF as given, the others from an older setting (undefined: the processor's state; it may be that of the locals). */
  | {
      readonly kind: "carry";
      readonly prior: Pending | undefined;
      readonly cf: Expression;
      readonly of: Expression;
    }
  /** CF, neither CF nor ZF, and PF; the other three are clear. */
  | {
      readonly kind: "order";
      readonly below: Expression;
      readonly above: Expression;
      readonly unordered: Expression;
    }
  /** The two words of the processor's state. */
  | { readonly kind: "stored"; readonly result: Expression; readonly auxiliary: Expression }
  /** The locals, whatever they hold. */
  | { readonly kind: "held" };

/**
 * The locals: kind as for storeFlags (0: the processor's state has the flags, perhaps as an operation too), and the operands, which are i64 in 64-bit
 * code, else i32.
 */
export class FlagLocals {
  readonly kind: Local;
  readonly a: Local;
  readonly b: Local;

  constructor(body: FunctionBody, wide: boolean) {
    const type = wide ? "i64" : "i32";
    this.kind = body.local("i32");
    this.a = body.local(type);
    this.b = body.local(type);
  }

  /** What storeFlags and carryOf take. */
  get passed(): [kind: Expression, a: Expression, b: Expression] {
    const [a, b] = [this.a.get, this.b.get];
    return a.type === "i64" ? [this.kind.get, a, b] : [this.kind.get, extendU(a), extendU(b)];
  }
}

/** What is known of the flags at a point of the code. */
export interface FlagState {
  pending: Pending | undefined;
  /** Whether the locals have it. */
  held: boolean;
}

/** The locals that a pending setting refers to are wanted further. */
export function keepLocalsOf(pending: Pending | undefined, body: FunctionBody): void {
  if (!pending) return;
  const keep = (local: Expression): void => body.keep(local);
  switch (pending.kind) {
    case "held":
      return;
    case "logic":
      body.keep(pending.r);
      return;
    case "result":
      body.keep(pending.r);
      pending.cf.forEachLocal(keep);
      pending.of.forEachLocal(keep);
      body.keep(pending.af);
      return;
    case "carry":
      pending.cf.forEachLocal(keep);
      pending.of.forEachLocal(keep);
      keepLocalsOf(pending.prior, body);
      return;
    case "order":
      body.keep(pending.below);
      body.keep(pending.above);
      body.keep(pending.unordered);
      return;
    case "product":
      body.keep(pending.a);
      body.keep(pending.b);
      body.keep(pending.r);
      return;
    case "stored":
      body.keep(pending.result);
      body.keep(pending.auxiliary);
      return;
    default:
      body.keep(pending.a);
      body.keep(pending.b);
      body.keep(pending.r);
      body.keep(pending.cf);
  }
}
