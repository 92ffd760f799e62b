// String instructions: the runtime does the work, element by element or page by page.

import { constant32, type Expression } from "../wasm/expression.ts";
import type { Context } from "./context.ts";

const k = constant32;

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

export const movs =
  (byte: boolean) =>
  (c: Context): void =>
    call(c, "moveString", k(bytes(c, byte)), k(c.addressSize), c.segment(), repeats(c));

export const stos =
  (byte: boolean) =>
  (c: Context): void =>
    call(c, "storeString", k(bytes(c, byte)), k(c.addressSize), repeats(c));

export const lods =
  (byte: boolean) =>
  (c: Context): void =>
    call(c, "loadString", k(bytes(c, byte)), k(c.addressSize), c.segment(), repeats(c));

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
