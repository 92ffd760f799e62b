// Data movement, and the stack. [SDM] vol. 1, 7.3.1.

import { EFLAGS, GPR } from "../layout.ts";
import { constant32, extendU, i32, select, wrap } from "../wasm/expression.ts";
import { type Context, fromI64, opsFor, RAX, RBP, RSP, toSignedI64 } from "./context.ts";

export const mov = (c: Context): void => c.write(0, c.read(1));

/** Exchanges; the register is written before memory, whose translation has been checked. */
export const xchg = (c: Context): void => {
  const source = c.read(1);
  c.modify(0, (old) => {
    c.write(1, old);
    return source;
  });
};

export const nop = (): void => {};

export const lea = (c: Context): void => {
  const offset = c.offset();
  const bits = c.width(0);
  const value = offset.type === "i64" ? offset : extendU(offset);
  c.write(0, fromI64(bits, value));
};

/** Zero extension of a narrower operand. */
export const movzx = (c: Context): void => {
  const value = c.read(1);
  c.write(0, c.width(0) === 64 && value.type === "i32" ? extendU(value) : value);
};

/** Sign extension of a narrower operand. */
export const movsx = (c: Context): void =>
  c.write(0, fromI64(c.width(0), toSignedI64(c.width(1), c.read(1))));

/** The operand is read, and a 32-bit destination's upper half cleared, whether or not the condition holds. */
export const cmov =
  (condition: number) =>
  (c: Context): void => {
    const source = c.read(1);
    c.write(0, select(c.flags.condition(condition), source, c.read(0)));
  };

/** AL ← [rBX + AL]. */
export const xlat = (c: Context): void => c.setGpr(RAX, 8, c.load(8, c.xlatAddress()));

export const push = (c: Context): void => c.push(c.width(0), c.read(0));

/** POP to a register: the stack pointer moves first, so that POP SP gets the value. */
export const popRegister = (c: Context): void => {
  const { value, commit } = c.pop(c.width(0));
  commit();
  c.write(0, value);
};

/** POP to memory: an address by rSP is that after the pop. */
export const popMemory = (c: Context): void => {
  if (!c.memory) {
    popRegister(c);
    return;
  }
  const bits = c.width(0);
  const { value, commit } = c.pop(bits);
  const w = opsFor(c.codeSize === 64 ? 64 : 32);
  const byStack = c.baseIs(RSP);
  const moved = select(byStack, constant32(bits / 8), constant32(0));
  const displacement = w.type === "i64" ? extendU(moved) : moved;
  c.store(bits, c.linear(bits / 8, true, c.body.let(displacement)), value);
  commit();
};

export const pushAll = (c: Context): void => c.runThrowing("pushAll", constant32(c.size / 8));
export const popAll = (c: Context): void => c.runThrowing("popAll", constant32(c.size / 8));

export const enter = (c: Context): void => {
  const allocation = i32.and(wrap(c.immediate), constant32(0xffff));
  c.runThrowing("enter", constant32(c.size / 8), allocation, c.immediate2);
};

/** rSP ← rBP, then POP rBP. */
export const leave = (c: Context): void => {
  const { value, commit } = c.popAt(c.size, RBP);
  commit();
  c.setGpr(RBP, c.size, value);
};

/** AH ← SF ZF 0 AF 0 PF 1 CF. */
export const lahf = (c: Context): void => c.setState(GPR + 1, 8, i32.and(c.flags.image(), constant32(0xff)));

/** SF ZF AF PF CF ← AH; OF keeps its value. */
export const sahf = (c: Context): void => {
  const ah = c.state(GPR + 1, 8);
  const at = (n: number) => c.body.let(i32.and(i32.shrU(ah, constant32(n)), constant32(1)));
  c.flags.assign({ cf: at(0), pf: at(2), af: at(4), zf: at(6), sf: at(7) });
};

const DF = 0x400;

export const setDirection =
  (down: boolean) =>
  (c: Context): void => {
    const flags = c.state(EFLAGS, 32);
    c.setState(EFLAGS, 32, down ? i32.or(flags, constant32(DF)) : i32.and(flags, constant32(~DF)));
  };

export const setCarry =
  (value: 0 | 1) =>
  (c: Context): void =>
    c.flags.assign({ cf: constant32(value) });

export const complementCarry = (c: Context): void =>
  c.flags.assign({ cf: c.body.let(i32.xor(c.flags.cf(), constant32(1))) });

/** AL ← CF ? FF : 0 (SALC, undocumented). */
export const salc = (c: Context): void => c.setGpr(RAX, 8, i32.sub(constant32(0), c.flags.cf()));
