// Near transfers of control. [SDM] vol. 1, 7.3.8.

import { constant32, constant64, extendU, i32, i64, wrap } from "../wasm/expression.ts";
import { type Bits, type Context, opsFor, RCX, RSP, toI64 } from "./context.ts";

export const jcc =
  (condition: number) =>
  (c: Context): void =>
    c.branch(c.flags.condition(condition), c.relativeTarget());

export const jmpRelative = (c: Context): void => c.jump(c.relativeTarget());

export const jmpIndirect = (c: Context): void => c.jump(toI64(c.width(0), c.read(0)));

export const callRelative = (c: Context): void =>
  c.jump(c.relativeTarget(), () => c.push(c.size, c.returnAddress()));

export const callIndirect = (c: Context): void => {
  const target = c.body.let(toI64(c.width(0), c.read(0)));
  c.jump(target, () => c.push(c.size, c.returnAddress()));
};

export const ret = (c: Context): void => {
  const { value, commit } = c.pop(c.size);
  c.jump(toI64(c.size, value), commit);
};

/** RET imm16: releases parameters too. */
export const retAndRelease = (c: Context): void => {
  const { value, commit } = c.pop(c.size);
  c.jump(toI64(c.size, value), () => {
    commit();
    const size = c.stackSize;
    const w = opsFor(size);
    const bytes = i32.and(wrap(c.immediate), constant32(0xffff));
    c.setGpr(RSP, size, w.add(c.gpr(RSP, size), size === 64 ? extendU(bytes) : bytes));
  });
};

/** LOOP, LOOPE, LOOPNE: rCX, by address size, counts down. */
export const loop =
  (condition: number | undefined) =>
  (c: Context): void => {
    const size = c.addressSize as Bits;
    const w = opsFor(size);
    const rest = c.body.let(w.sub(c.gpr(RCX, size), w.constant(1)));
    const some =
      size === 16 ? i32.ne(i32.and(rest, constant32(0xffff)), constant32(0)) : w.ne(rest, w.constant(0));
    const taken = condition === undefined ? some : i32.and(some, c.flags.condition(condition));
    const count = (): void => c.setGpr(RCX, size, rest);
    c.branch(c.body.let(taken), c.relativeTarget(), count);
    count();
  };

/** JCXZ, JECXZ, JRCXZ. */
export const jcxz = (c: Context): void => {
  const size = c.addressSize as Bits;
  c.branch(i64.eq(toI64(size, c.gpr(RCX, size)), constant64(0)), c.relativeTarget());
};
