// Lazy arithmetic flags: an instruction stores its result and the vector of carries out of each bit, and what
// is asked later is read off those two. The layout of the second word is at FLAGS_AUX in layout.ts.

import { EFLAGS, FLAGS_AUX, FLAGS_RESULT } from "../layout.ts";
import { constant32, constant64, type Expression, i32, i64, select, wrap } from "../wasm/expression.ts";
import { type Bits, type Context, opsFor, toSignedI64 } from "./context.ts";

const CF_BIT = 31;
const CARRY_IN_BIT = 30;
/** Bits of FLAGS_AUX that hold CF, CF⊕OF and AF. */
const CARRIES = 0xc0000000 | 8;

/** New values (i32, 0 or 1) of some flags. */
export interface FlagValues {
  cf?: Expression;
  pf?: Expression;
  af?: Expression;
  zf?: Expression;
  sf?: Expression;
  of?: Expression;
}

/** Those of a result that it does not tell by itself, 0 where absent. */
export type GivenFlags = Pick<FlagValues, "cf" | "of" | "af">;

const ZERO32 = constant32(0);

/** The flags as an instruction's semantics set and ask them. */
export class Flags {
  readonly #c: Context;

  constructor(context: Context) {
    this.#c = context;
  }

  // --- Setting all six ---

  /** Of r = a + b. The values may hold rubbish above their width. */
  add(bits: Bits, a: Expression, b: Expression, r: Expression): void {
    this.addWithCarry(bits, a, b, r);
  }

  /** Of r = a + b, with or without carry in. */
  addWithCarry(bits: Bits, a: Expression, b: Expression, r: Expression): void {
    this.#carries(bits, carriesOfSum(bits, a, b, r), r);
  }

  /** Of r = a - b, with or without borrow in. */
  sub(bits: Bits, a: Expression, b: Expression, r: Expression): void {
    this.#carries(bits, borrowsOfDifference(bits, a, b, r), r);
  }

  /** Of r = a - b without borrow in, of values that hold nothing above their width: a comparison. */
  compare(bits: Bits, a: Expression, b: Expression, r: Expression): void {
    this.sub(bits, a, b, r);
  }

  /** As add and sub, but CF keeps its value (INC, DEC). */
  addKeepingCarry(bits: Bits, a: Expression, b: Expression, r: Expression): void {
    const cf = this.#c.body.let(this.cf());
    this.add(bits, a, b, r);
    this.assign({ cf });
  }

  subKeepingCarry(bits: Bits, a: Expression, b: Expression, r: Expression): void {
    const cf = this.#c.body.let(this.cf());
    this.sub(bits, a, b, r);
    this.assign({ cf });
  }

  /** Of a logical result: CF and OF clear, AF (undefined) clear. */
  logic(bits: Bits, r: Expression): void {
    this.store(toSignedI64(bits, r), ZERO32);
  }

  /** ZF, SF and PF of a result; the others as given. */
  result(bits: Bits, r: Expression, given: GivenFlags = {}): void {
    const { body } = this.#c;
    const [cf, of] = [body.let(given.cf ?? ZERO32), body.let(given.of ?? ZERO32)];
    this.store(toSignedI64(bits, r), auxiliaryOf(cf, of, given.af));
  }

  /** The same where a condition holds (i32, not 0); else all keep their values, and none of those given is asked for. */
  resultIf(condition: Expression, bits: Bits, r: Expression, given: GivenFlags): void {
    this.#c.body.if(condition, () => this.result(bits, r, given));
  }

  /** Of the low half of a × b: CF and OF tell whether the whole signed product is another. */
  signedProduct(bits: Bits, a: Expression, b: Expression, low: Expression): void {
    const overflow = this.#c.body.let(this.overflow(bits, a, b, low));
    this.result(bits, low, { cf: overflow, of: overflow });
  }

  /** Whether the signed product a × b is not its low half (i32). */
  protected overflow(bits: Bits, a: Expression, b: Expression, low: Expression): Expression {
    if (bits === 64) return i64.ne(this.#c.call("multiplyHighSigned", a, b), i64.shrS(low, constant64(63)));
    return i64.ne(i64.mul(toSignedI64(bits, a), toSignedI64(bits, b)), toSignedI64(bits, low));
  }

  /** All six from an image of EFLAGS (i32). */
  setImage(image: Expression): void {
    const at = (n: number): Expression => i32.and(i32.shrU(image, constant32(n)), constant32(1));
    this.#setAll({ cf: at(0), pf: at(2), af: at(4), zf: at(6), sf: at(7), of: at(11) });
  }

  /** CF, PF and ZF by the order of two numbers (i32, 0 or 1 each): the first is below the other or they are unordered; it is above; they are unordered. */
  order(below: Expression, above: Expression, unordered: Expression): void {
    const zf = i32.or(unordered, i32.eqz(i32.or(below, above)));
    this.#setAll({ cf: below, pf: unordered, af: ZERO32, zf, sf: ZERO32, of: ZERO32 });
  }

  /** Some flags; the others keep their values. */
  assign(values: FlagValues): void {
    const body = this.#c.body;
    if (!values.zf && !values.sf && !values.pf) {
      const of = body.let(values.of ?? this.of());
      const cf = body.let(values.cf ?? this.cf());
      let kept = i32.and(this.auxiliary(), constant32(values.af ? ~CARRIES : ~0xc0000000));
      if (values.af) kept = i32.or(kept, i32.shl(values.af, constant32(3)));
      this.store(this.lastResult(), i32.or(kept, auxiliaryOf(cf, of)));
      return;
    }
    this.#setAll({
      cf: body.let(values.cf ?? this.cf()),
      pf: body.let(values.pf ?? this.pf()),
      af: body.let(values.af ?? this.af()),
      zf: body.let(values.zf ?? this.zf()),
      sf: body.let(values.sf ?? this.sf()),
      of: body.let(values.of ?? this.of()),
    });
  }

  // --- Asking (i32, 0 or 1) ---

  cf(): Expression {
    return i32.shrU(this.auxiliary(), constant32(CF_BIT));
  }

  of(): Expression {
    const bits = this.#c.body.let(this.auxiliary());
    return i32.shrU(i32.xor(bits, i32.shl(bits, constant32(1))), constant32(31));
  }

  af(): Expression {
    return i32.and(i32.shrU(this.auxiliary(), constant32(3)), constant32(1));
  }

  zf(): Expression {
    return i64.eqz(this.lastResult());
  }

  sf(): Expression {
    return i32.xor(
      wrap(i64.shrU(this.lastResult(), constant64(63))),
      i32.and(this.auxiliary(), constant32(1)),
    );
  }

  pf(): Expression {
    const byte = i32.and(
      i32.xor(wrap(this.lastResult()), i32.shrU(this.auxiliary(), constant32(8))),
      constant32(0xff),
    );
    return i32.xor(i32.and(i32.popcnt(byte), constant32(1)), constant32(1));
  }

  /** Condition 0 to 15 as in Jcc's opcode. [SDM] vol. 1, appendix B. */
  condition(code: number): Expression {
    const holds = this.#condition(code >> 1);
    return code & 1 ? i32.eqz(holds) : holds;
  }

  /** EFLAGS as PUSHF stores it (i32), VM and RF included. */
  image(): Expression {
    const at = (bit: Expression, n: number): Expression => i32.shl(bit, constant32(n));
    return [
      at(this.pf(), 2),
      at(this.af(), 4),
      at(this.zf(), 6),
      at(this.sf(), 7),
      at(this.of(), 11),
      this.#c.state(EFLAGS, 32),
    ].reduce((all, bit) => i32.or(all, bit), this.cf());
  }

  #condition(kind: number): Expression {
    switch (kind) {
      case 0:
        return this.of();
      case 1:
        return this.cf();
      case 2:
        return this.zf();
      case 3:
        return i32.or(this.cf(), this.zf());
      case 4:
        return this.sf();
      case 5:
        return this.pf();
      case 6:
        return i32.xor(this.sf(), this.of());
      default:
        return i32.or(this.zf(), i32.xor(this.sf(), this.of()));
    }
  }

  // --- What the two tiers keep differently ---

  protected store(result: Expression, auxiliary: Expression): void {
    // Either may be computed from what is stored now.
    const carries = this.#c.body.let(auxiliary);
    this.#c.setState(FLAGS_RESULT, 64, result);
    this.#c.setState(FLAGS_AUX, 32, carries);
  }

  protected lastResult(): Expression {
    return this.#c.state(FLAGS_RESULT, 64);
  }

  protected auxiliary(): Expression {
    return this.#c.state(FLAGS_AUX, 32);
  }

  #carries(bits: Bits, carries: Expression, r: Expression): void {
    const vector = bits === 32 ? carries : this.#c.body.let(carries);
    this.store(toSignedI64(bits, r), auxiliaryOfCarries(bits, vector));
  }

  #setAll(values: Required<FlagValues>): void {
    const body = this.#c.body;
    const result = body.let(select(values.zf, constant64(0), constant64(0x100)));
    const deltas = i32.or(values.sf, i32.shl(i32.xor(values.pf, constant32(1)), constant32(8)));
    this.store(result, i32.or(deltas, auxiliaryOf(body.let(values.cf), body.let(values.of), values.af)));
  }
}

/** Carries out of each bit of r = a + b, with or without carry in. */
export function carriesOfSum(bits: Bits, a: Expression, b: Expression, r: Expression): Expression {
  const o = opsFor(bits);
  return o.or(o.and(a, b), o.and(o.or(a, b), o.not(r)));
}

/** Borrows out of each bit of r = a - b, with or without borrow in. */
export function borrowsOfDifference(bits: Bits, a: Expression, b: Expression, r: Expression): Expression {
  const o = opsFor(bits);
  return o.or(o.and(o.not(a), o.or(b, r)), o.and(b, r));
}

/** FLAGS_AUX of such a vector, which is stable where `bits` is not 32. */
export function auxiliaryOfCarries(bits: Bits, vector: Expression): Expression {
  if (bits === 32) return i32.and(vector, constant32(CARRIES));
  const top = bits === 64 ? wrap(i64.shrU(vector, constant64(32))) : i32.shl(vector, constant32(32 - bits));
  const low = bits === 64 ? wrap(vector) : vector;
  return i32.or(i32.and(top, constant32(0xc0000000)), i32.and(low, constant32(8)));
}

/** FLAGS_AUX of the flags themselves. */
export function auxiliaryOf(cf: Expression, of: Expression, af?: Expression): Expression {
  const high = i32.or(i32.shl(cf, constant32(CF_BIT)), i32.shl(i32.xor(cf, of), constant32(CARRY_IN_BIT)));
  return af ? i32.or(high, i32.shl(af, constant32(3))) : high;
}
