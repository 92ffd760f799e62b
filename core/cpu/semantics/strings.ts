// String instructions. Single moves are in place; of what repeats, compares or goes to ports the runtime does the work, element
// by element or page by page.

import { EFLAGS } from "../layout.ts";
import { constant32, type Expression, i32, select } from "../wasm/expression.ts";
import { type Bits, type Context, opsFor, RAX, RDI, RSI, zeroExtend } from "./context.ts";

const k = constant32;
const DF = k(0x400);

/** REP for instructions that do not compare. */
const repeats = (c: Context): Expression => k(c.rep ? 1 : 0);

/** 0 none, 1 REPNE, 2 REPE. */
const repeatsWhile = (c: Context): Expression => k(c.rep === 0xf2 ? 1 : c.rep === 0xf3 ? 2 : 0);

/** Calls a runtime function that tells whether the instruction must be run again. */
function call(c: Context, name: string, ...args: Expression[]): void {
  const again = c.callThrowing(name, ...args);
  if (c.rep) c.repeatIf(again);
}

/** Size of an element: `byte`, or by operand size; ports have 4 bytes at most. */
const bytes = (c: Context, byte: boolean): number => (byte ? 1 : c.size / 8);

/** Bits of an element. */
const width = (c: Context, byte: boolean): Bits => (bytes(c, byte) * 8) as Bits;

/** An index register by address size, zero-extended. */
const index = (c: Context, register: number): Expression =>
  c.body.let(zeroExtend(c.addressSize, c.gpr(register, c.addressSize)));

const read = (c: Context, bits: Bits, from: Expression): Expression =>
  c.body.let(c.load(bits, c.dataLinear(from, bits / 8, false)));

/** Moves an index register from where it was to the next element. */
function advance(c: Context, register: number, from: Expression, bits: Bits): void {
  const w = opsFor(c.addressSize);
  const step = select(i32.and(c.state(EFLAGS, 32), DF), w.constant(-bits / 8), w.constant(bits / 8));
  c.setGpr(register, c.addressSize, w.add(from, step));
}

export const movs =
  (byte: boolean) =>
  (c: Context): void => {
    if (c.rep) {
      call(c, "moveString", k(bytes(c, byte)), k(c.addressSize), c.segment());
      return;
    }
    const bits = width(c, byte);
    const [from, to] = [index(c, RSI), index(c, RDI)];
    const value = read(c, bits, from);
    c.store(bits, c.extraLinear(to, bits / 8), value);
    advance(c, RSI, from, bits);
    advance(c, RDI, to, bits);
  };

export const stos =
  (byte: boolean) =>
  (c: Context): void => {
    if (c.rep) {
      call(c, "storeString", k(bytes(c, byte)), k(c.addressSize));
      return;
    }
    const bits = width(c, byte);
    const to = index(c, RDI);
    c.store(bits, c.extraLinear(to, bits / 8), c.body.let(c.gpr(RAX, bits)));
    advance(c, RDI, to, bits);
  };

export const lods =
  (byte: boolean) =>
  (c: Context): void => {
    if (c.rep) {
      call(c, "loadString", k(bytes(c, byte)), k(c.addressSize), c.segment());
      return;
    }
    const bits = width(c, byte);
    const from = index(c, RSI);
    c.setGpr(RAX, bits, read(c, bits, from));
    advance(c, RSI, from, bits);
  };

export const scas =
  (byte: boolean) =>
  (c: Context): void =>
    call(c, "scanString", k(bytes(c, byte)), k(c.addressSize), repeatsWhile(c));

export const cmps =
  (byte: boolean) =>
  (c: Context): void =>
    call(c, "compareString", k(bytes(c, byte)), k(c.addressSize), c.segment(), repeatsWhile(c));

export const ins =
  (byte: boolean) =>
  (c: Context): void =>
    call(c, "inString", k(Math.min(bytes(c, byte), 4)), k(c.addressSize), repeats(c));

export const outs =
  (byte: boolean) =>
  (c: Context): void =>
    call(c, "outString", k(Math.min(bytes(c, byte), 4)), k(c.addressSize), c.segment(), repeats(c));
