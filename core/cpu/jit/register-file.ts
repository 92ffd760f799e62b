// General registers within a region: each has a local of its own, its home. Between one point where the code may be left
// and the next, what an instruction writes stays where it was computed.

import { CPU } from "../interpreter/handler-context.ts";
import { GPR } from "../layout.ts";
import type { Bits } from "../semantics/context.ts";
import { constant32, constant64, type Expression, extendU, i32, i64, wrap } from "../wasm/expression.ts";
import type { FunctionBody, Local } from "../wasm/function-body.ts";
import type { Place } from "./spans.ts";

/** Where each register's value is, apart from its home; `unsaved`: the home does not have it yet. */
export interface Placement {
  /** By register. */
  readonly values: readonly (Expression | undefined)[];
  /** What was written last into a part of a register, if nothing else was since. */
  readonly parts: readonly (WrittenPart | undefined)[];
  /** What the values are computed from. */
  readonly origins: readonly Place[];
  /** A bit for each. */
  readonly unsaved: number;
}

interface WrittenPart {
  readonly part: Part;
  readonly value: Expression;
}

export const isRegister = (offset: number): boolean => offset >= GPR && offset < GPR + 128;

const REGISTERS = 16;

/** Number of the lowest bit that is set. */
const lowest = (bits: number): number => 31 - Math.clz32(bits & -bits);

const slotOf = (register: number): number => GPR + register * 8;

/** A part of a register: the bits around it, and where it is. */
interface Part {
  readonly keep: number;
  readonly shift: number;
  readonly mask: number;
}

const LOW_8: Part = { keep: ~0xff, shift: 0, mask: 0xff };
const HIGH_8: Part = { keep: ~0xff00, shift: 8, mask: 0xff };
const LOW_16: Part = { keep: ~0xffff, shift: 0, mask: 0xffff };

const partOf = (offset: number, bits: Bits): Part => (bits === 16 ? LOW_16 : offset & 1 ? HIGH_8 : LOW_8);

export class RegisterFile {
  readonly #body: FunctionBody;
  /** Homes are i64 in 64-bit code, else i32. */
  readonly wide: boolean;
  readonly #homes: (Local | undefined)[] = new Array(REGISTERS).fill(undefined);
  /** Locals from the first home to before the last are homes. */
  readonly #firstHome: number;
  readonly #endOfHomes: number;
  readonly #touched: number;
  readonly #changed: number;
  #values: (Expression | undefined)[] = new Array(REGISTERS).fill(undefined);
  #parts: (WrittenPart | undefined)[] = new Array(REGISTERS).fill(undefined);
  #origins: Place[];
  /** The greatest number that stands for a value so far. */
  #lastOrigin = 0;
  #unsaved = 0;
  /** Where the value in a local that is no register's comes from, if that is known. */
  originElsewhere: (local: number) => Place | undefined = () => undefined;
  /** Whether instructions read and write homes in place, as they must inside conditions. */
  direct = false;

  /** `touched`: the registers that have homes; `changed`: those of them that are written back; a bit each. */
  constructor(body: FunctionBody, wide: boolean, touched: number, changed: number) {
    this.#body = body;
    this.wide = wide;
    this.#touched = touched;
    this.#changed = changed;
    for (let left = touched; left; left &= left - 1)
      this.#homes[lowest(left)] = body.local(wide ? "i64" : "i32");
    const indexes = this.#homes.flatMap((home) => (home ? [home.index] : []));
    this.#origins = this.#freshOrigins();
    this.#firstHome = Math.min(...indexes);
    this.#endOfHomes = Math.max(...indexes) + 1;
  }

  #home(register: number): Local {
    const home = this.#homes[register];
    if (!home) throw new Error(`register ${register} was not expected in this region`);
    return home;
  }

  /** Fills the homes from the processor's state. */
  load(): void {
    for (let left = this.#touched; left; left &= left - 1) {
      const register = lowest(left);
      this.#body.set(this.#home(register), this.#loaded(register));
    }
  }

  #loaded(register: number): Expression {
    return this.wide ? i64.load(CPU, slotOf(register)) : i32.load(CPU, slotOf(register));
  }

  /** Emits the stores that make the processor's state right; the homes must be. `unsaved`: it may lack these, a bit each. */
  store(unsaved = -1): void {
    for (let left = this.#changed & unsaved; left; left &= left - 1) {
      const register = lowest(left);
      this.#storeHome(register, this.#home(register).get);
    }
  }

  #storeHome(register: number, value: Expression): void {
    this.#body.store(64, CPU, this.wide ? value : extendU(value), slotOf(register));
  }

  /** Makes the processor's state right for one register, wherever its value is. */
  expose(offset: number): void {
    const register = (offset - GPR) >> 3;
    this.#storeHome(register, this.#value(register));
  }

  /** After the runtime may have changed registers: they are what the processor's state says. */
  reload(): void {
    this.#origins = this.#freshOrigins();
    if (this.direct) {
      this.load();
      return;
    }
    for (let left = this.#touched; left; left &= left - 1) {
      const register = lowest(left);
      this.#values[register] = this.#body.let(this.#loaded(register));
      this.#parts[register] = undefined;
    }
    this.#unsaved = this.#touched;
  }

  #value(register: number): Expression {
    const home = this.#home(register);
    if (this.direct) return this.#body.copy(home.get);
    return this.#values[register] ?? home.kept;
  }

  #setValue(register: number, value: Expression): void {
    if (!((this.#changed >> register) & 1))
      throw new Error(`register ${register} was not expected to change`);
    if (this.direct) {
      this.#body.set(this.#home(register), value);
      this.#origins[register] = this.#freshOrigin();
      return;
    }
    this.#origins[register] = this.originOf(value);
    this.#values[register] = this.own(value);
    this.#parts[register] = undefined;
    this.#unsaved |= 1 << register;
  }

  // --- Where values come from ---

  #freshOrigin(): Place {
    return { origin: ++this.#lastOrigin, offset: 0 };
  }

  #freshOrigins(): Place[] {
    return Array.from({ length: REGISTERS }, () => this.#freshOrigin());
  }

  /** The address in a register plus a displacement. */
  placeAt(register: number, displacement: number): Place {
    const { origin, offset } = this.#origins[register]!;
    return { origin, offset: offset + displacement };
  }

  /** By register. */
  get origins(): readonly Place[] {
    return this.#origins.slice();
  }

  /** Registers hold the values that these tell, where they tell of any. */
  adoptOrigins(origins: readonly (Place | undefined)[]): void {
    this.#origins = this.#origins.map((fresh, register) => origins[register] ?? fresh);
  }

  /** Whether a register holds a value with that origin. */
  isOrigin(origin: number): boolean {
    return this.#origins.some((place) => place.origin === origin);
  }

  /** That of a value about to be written: of a register's, or of another that is known, if it is that plus a constant. */
  originOf(value: Expression): Place {
    let by = 0;
    let now: Expression | undefined = value;
    while (now) {
      const { local, sum, wrapped }: Expression = now;
      if (local !== undefined) {
        const register = this.#registerIn(local);
        if (register >= 0) return this.placeAt(register, by);
        const place = this.originElsewhere(local);
        if (place) return { origin: place.origin, offset: place.offset + by };
        now = this.#body.copiedTo(local);
      } else {
        by += sum?.by ?? 0;
        now = wrapped ?? sum?.of;
      }
    }
    return this.#freshOrigin();
  }

  /** The register whose value is in a local now, -1 if it is none's. */
  #registerIn(local: number): number {
    return this.#homes.findIndex((home, n) => home && (this.#values[n] ?? home.get).local === local);
  }

  isHome(local: number): boolean {
    return local >= this.#firstHome && local < this.#endOfHomes;
  }

  /** Evaluates now; the result is not in a home, which may get another value while this one is still wanted. */
  own(value: Expression): Expression {
    const { local } = value;
    return local !== undefined && this.isHome(local) ? this.#body.copy(value) : this.#body.let(value);
  }

  read(offset: number, bits: Bits): Expression {
    const register = (offset - GPR) >> 3;
    const value = this.#value(register);
    if (bits === 64) return this.wide ? value : this.#body.let(extendU(value));
    const low = this.wide ? wrap(value) : value;
    if (bits === 32) return this.#body.let(low);
    const part = partOf(offset, bits);
    const written = this.#parts[register];
    if (written?.part === part) return written.value;
    const { shift, mask } = part;
    return this.#body.let(i32.and(i32.shrU(low, constant32(shift)), constant32(mask)));
  }

  write(offset: number, bits: Bits, value: Expression): void {
    const register = (offset - GPR) >> 3;
    if (bits === 64) {
      this.#setValue(register, this.wide ? value : wrap(value));
      return;
    }
    if (bits === 32) {
      if (!this.wide) this.#setValue(register, value);
      else {
        const upper = i64.and(this.#value(register), constant64(-0x100000000));
        this.#setValue(register, i64.or(upper, extendU(value)));
      }
      return;
    }
    const part = partOf(offset, bits);
    const written = this.own(i32.and(value, constant32(part.mask)));
    const inPlace = i32.shl(written, constant32(part.shift));
    const old = this.#value(register);
    this.#setValue(
      register,
      this.wide
        ? i64.or(i64.and(old, constant64(part.keep)), extendU(inPlace))
        : i32.or(i32.and(old, constant32(part.keep)), inPlace),
    );
    if (!this.direct) this.#parts[register] = { part, value: written };
  }

  /** What must be set for the homes to be right; they are, once that is done. */
  takeUnsaved(): [Local, Expression][] {
    const pairs: [Local, Expression][] = [];
    for (let left = this.#unsaved; left; left &= left - 1) {
      const register = lowest(left);
      pairs.push([this.#home(register), this.#values[register]!]);
    }
    this.#unsaved = 0;
    return pairs;
  }

  /** Forgets where values are besides the homes. */
  forget(): void {
    this.#values.fill(undefined);
    this.#parts.fill(undefined);
    this.#origins = this.#freshOrigins();
    this.#unsaved = 0;
  }

  get placement(): Placement {
    return {
      values: this.#values.slice(),
      parts: this.#parts.slice(),
      origins: this.#origins.slice(),
      unsaved: this.#unsaved,
    };
  }

  set placement({ values, parts, origins, unsaved }: Placement) {
    this.#origins = origins.slice();
    this.#values = values.slice();
    this.#parts = parts.slice();
    this.#unsaved = unsaved;
  }

  /** The locals in which values are hold them further. */
  keepValues(): void {
    for (let n = 0; n < REGISTERS; n++) {
      this.#body.keep(this.#values[n]);
      this.#body.keep(this.#parts[n]?.value);
    }
  }
}
