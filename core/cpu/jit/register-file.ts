// General registers within a region: each has a local of its own, its home. Between one point where the code may be left
// and the next, what an instruction writes stays where it was computed.

import { CPU } from "../interpreter/handler-context.ts";
import { GPR } from "../layout.ts";
import type { Bits } from "../semantics/context.ts";
import { constant32, constant64, type Expression, extendU, i32, i64, wrap } from "../wasm/expression.ts";
import type { FunctionBody, Local } from "../wasm/function-body.ts";

/** Where each register's value is, apart from its home; `unsaved`: the home does not have it yet. */
export interface Placement {
  readonly values: ReadonlyMap<number, Expression>;
  readonly unsaved: ReadonlySet<number>;
}

export const isRegister = (offset: number): boolean => offset >= GPR && offset < GPR + 128;

const slotOf = (register: number): number => GPR + register * 8;

/** The bits above a partial write, and the part in place. */
const PARTS: Record<string, { keep: number; shift: number; mask: number }> = {
  low8: { keep: ~0xff, shift: 0, mask: 0xff },
  high8: { keep: ~0xff00, shift: 8, mask: 0xff },
  low16: { keep: ~0xffff, shift: 0, mask: 0xffff },
};

const partOf = (offset: number, bits: Bits) =>
  bits === 16 ? PARTS.low16! : offset & 1 ? PARTS.high8! : PARTS.low8!;

export class RegisterFile {
  readonly #body: FunctionBody;
  /** Homes are i64 in 64-bit code, else i32. */
  readonly #wide: boolean;
  readonly #homes = new Map<number, Local>();
  readonly #homeIndexes = new Set<number>();
  readonly #changed: ReadonlySet<number>;
  #values = new Map<number, Expression>();
  #unsaved = new Set<number>();
  /** Whether instructions read and write homes in place, as they must inside conditions. */
  direct = false;

  /** `touched`: the registers that have homes; `changed`: those of them that are written back. */
  constructor(body: FunctionBody, wide: boolean, touched: Iterable<number>, changed: Iterable<number>) {
    this.#body = body;
    this.#wide = wide;
    for (const register of touched) {
      const home = body.local(wide ? "i64" : "i32");
      this.#homes.set(register, home);
      this.#homeIndexes.add(home.index);
    }
    this.#changed = new Set(changed);
  }

  #home(register: number): Local {
    const home = this.#homes.get(register);
    if (!home) throw new Error(`register ${register} was not expected in this region`);
    return home;
  }

  /** Fills the homes from the processor's state. */
  load(): void {
    for (const [register, home] of this.#homes) this.#body.set(home, this.#loaded(register));
  }

  #loaded(register: number): Expression {
    return this.#wide ? i64.load(CPU, slotOf(register)) : i32.load(CPU, slotOf(register));
  }

  /** Emits the stores that make the processor's state right; the homes must be. */
  store(): void {
    for (const register of this.#changed) this.#storeHome(register, this.#home(register).get);
  }

  #storeHome(register: number, value: Expression): void {
    this.#body.store(64, CPU, this.#wide ? value : extendU(value), slotOf(register));
  }

  /** Makes the processor's state right for one register, wherever its value is. */
  expose(offset: number): void {
    const register = (offset - GPR) >> 3;
    this.#storeHome(register, this.#value(register));
  }

  /** After the runtime may have changed registers: they are what the processor's state says. */
  reload(): void {
    if (this.direct) {
      this.load();
      return;
    }
    for (const register of this.#homes.keys()) {
      this.#values.set(register, this.#body.let(this.#loaded(register)));
      this.#unsaved.add(register);
    }
  }

  #value(register: number): Expression {
    const home = this.#home(register);
    if (this.direct) return this.#body.copy(home.get);
    return this.#values.get(register) ?? home.kept;
  }

  #setValue(register: number, value: Expression): void {
    if (!this.#changed.has(register)) throw new Error(`register ${register} was not expected to change`);
    if (this.direct) {
      this.#body.set(this.#home(register), value);
      return;
    }
    this.#values.set(register, this.own(value));
    this.#unsaved.add(register);
  }

  /** Evaluates now; the result is not in a home, which may get another value while this one is still wanted. */
  own(value: Expression): Expression {
    const home = value.local !== undefined && this.#homeIndexes.has(value.local);
    return home ? this.#body.copy(value) : this.#body.let(value);
  }

  read(offset: number, bits: Bits): Expression {
    const value = this.#value((offset - GPR) >> 3);
    if (bits === 64) return this.#wide ? value : this.#body.let(extendU(value));
    const low = this.#wide ? wrap(value) : value;
    if (bits === 32) return this.#body.let(low);
    const { shift, mask } = partOf(offset, bits);
    return this.#body.let(i32.and(i32.shrU(low, constant32(shift)), constant32(mask)));
  }

  write(offset: number, bits: Bits, value: Expression): void {
    const register = (offset - GPR) >> 3;
    if (bits === 64) {
      this.#setValue(register, this.#wide ? value : wrap(value));
      return;
    }
    if (bits === 32) {
      if (!this.#wide) this.#setValue(register, value);
      else {
        const upper = i64.and(this.#value(register), constant64(-0x100000000));
        this.#setValue(register, i64.or(upper, extendU(value)));
      }
      return;
    }
    const { keep, shift, mask } = partOf(offset, bits);
    const part = i32.shl(i32.and(value, constant32(mask)), constant32(shift));
    const old = this.#value(register);
    this.#setValue(
      register,
      this.#wide
        ? i64.or(i64.and(old, constant64(keep)), extendU(part))
        : i32.or(i32.and(old, constant32(keep)), part),
    );
  }

  /** What must be set for the homes to be right; they are, once that is done. */
  takeUnsaved(): [Local, Expression][] {
    const pairs = [...this.#unsaved].map((register): [Local, Expression] => [
      this.#home(register),
      this.#values.get(register)!,
    ]);
    this.#unsaved.clear();
    return pairs;
  }

  /** Forgets where values are besides the homes. */
  forget(): void {
    this.#values.clear();
    this.#unsaved.clear();
  }

  get placement(): Placement {
    return { values: new Map(this.#values), unsaved: new Set(this.#unsaved) };
  }

  set placement({ values, unsaved }: Placement) {
    this.#values = new Map(values);
    this.#unsaved = new Set(unsaved);
  }

  /** Locals other than homes in which values are. */
  *locals(): Iterable<number> {
    for (const value of this.#values.values()) if (value.local !== undefined) yield value.local;
  }
}
