// x87 instructions that are the runtime's work (runtime/float/x87); here is where operands come from, in an order that keeps
// every fault precise. [SDM] vol. 1, 8.3.

import { FPU_STORE_HIGH } from "../layout.ts";
import { constant32, type Expression, i32, i64, wrap } from "../wasm/expression.ts";
import { type Context, signExtend } from "./context.ts";
import { begin } from "./x87-state.ts";

type X87 = (c: Context) => void;

const numbers = (values: readonly number[]): Expression[] => values.map(constant32);

/** An instruction without operands: one call. */
export const call =
  (name: string, ...values: number[]): X87 =>
  (c) => {
    begin(c);
    c.noteX87();
    c.call(name, ...numbers(values));
  };

// --- Loads ---

/** A 16- or 32-bit integer in memory, given sign-extended as i32. */
export const withInteger =
  (name: string, before: readonly number[] = [], after: readonly number[] = []): X87 =>
  (c) => {
    begin(c);
    const value = c.body.let(signExtend(c.width(0), c.read(0)));
    c.noteX87();
    c.call(name, ...numbers(before), value, ...numbers(after));
  };

/** FLD m80fp and FBLD. */
export const load80 =
  (name: string): X87 =>
  (c) => {
    begin(c);
    const address = c.loadAddress(10, c.linear(10, false));
    const low = c.body.let(i64.load(address));
    const high = c.body.let(i32.load16U(address, 8));
    c.noteX87();
    c.call(name, low, high);
  };

// --- Stores: the value is computed, written, and only then flags are raised and the stack popped ---

const storing = (c: Context, pops: number, write: () => void): void => {
  // An unmasked exception keeps the value from memory.
  c.body.if(c.call("fst_writes"), write);
  c.noteX87();
  c.fpu.either(constant32(0), { pops }, () => void c.call("fst_commit", constant32(pops)));
};

/** FIST, FISTP, FISTTP of the row's width. */
export const storeInteger =
  (name: string, pops: number): X87 =>
  (c) => {
    begin(c);
    const bits = c.width(0);
    const value = c.call(name, constant32(bits));
    storing(c, pops, () => c.write(0, bits === 64 ? value : wrap(value)));
  };

/** FSTP m80fp and FBSTP. */
export const store80 =
  (name: string): X87 =>
  (c) => {
    begin(c);
    const low = c.call(name);
    const high = c.state(FPU_STORE_HIGH, 16);
    storing(c, 1, () =>
      c.storeAt(10, c.linear(10, true), (address) => {
        c.body.store(64, address, low);
        c.body.store(16, address, high, 8);
      }),
    );
  };

// --- Register forms; operand 0 is ST(i) ---

/** A function of ST(i)'s number and further values. */
export const withRegister =
  (name: string, ...after: number[]): X87 =>
  (c) => {
    begin(c);
    c.noteX87();
    c.call(name, c.registerNumber(0), ...numbers(after));
  };
