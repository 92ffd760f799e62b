// x87 arithmetic and comparisons. Numbers that are normal or 0 go to the runtime's short ways (runtime/float/x87/usual) in
// registers; the rest to its functions that know every case. [SDM] vol. 1, 8.3.5 and 8.3.6

import { FPU_REGISTERS } from "../layout.ts";
import { constant32, type Expression, i32, select } from "../wasm/expression.ts";
import type { Context } from "./context.ts";
import { type Extended, every, type Outcome, type Place } from "./fpu-stack.ts";
import { extended } from "./x87-moves.ts";
import { begin } from "./x87-state.ts";

type X87 = (c: Context) => void;

const top = constant32(0);
/** C0, C2 and C3, with C1. */
const CODES = 0x4700;
/** From C0, C2 and C3 to CF, PF and ZF. */
const CODES_SHIFT = constant32(8);
/** An exponent that no short way takes. */
const STRANGE = constant32(0x7fff);

/** Operations by the reg field of D8; 2 and 3 are comparisons. */
const NAMES = ["add", "mul", "", "", "sub", "subr", "div", "divr"];

/** What a short way answers (i32), or -1 if a register is empty. */
function ask(c: Context, registers: readonly Place[], name: string, ...args: Expression[]): Expression {
  const { body, fpu } = c;
  const inUse = every(...registers.map((place) => fpu.isInUse(place)));
  if (inUse.constant === 1) return c.call(name, ...args);
  const answer = body.local("i32");
  body.if(
    inUse,
    () => body.set(answer, c.call(name, ...args)),
    () => body.set(answer, constant32(-1)),
    true,
  );
  return answer.kept;
}

const isAnswer = (answer: Expression): Expression => i32.geS(answer, constant32(0));

/** Arguments of a short way. */
const numbers = (...values: Extended[]): Expression[] =>
  values.flatMap(({ significand, high }) => [significand, high]);

/** `place` ← `a` operation `b`, by the short way or else exactly. */
function compute(
  c: Context,
  operation: number,
  place: Place,
  registers: readonly Place[],
  [a, b]: readonly [Extended, Extended],
  pops: number,
  exactly: () => void,
): void {
  const address = i32.add(place.address, constant32(FPU_REGISTERS));
  const flags = ask(c, registers, `fast_${NAMES[operation]}`, address, ...numbers(a, b));
  c.fpu.either(isAnswer(flags), { written: place, pops, flags }, exactly);
}

/** ST(destination) ← ST(destination) operation ST(source), then pops. */
function arithmetic(
  c: Context,
  operation: number,
  destination: Expression,
  source: Expression,
  pops: number,
): void {
  begin(c);
  c.noteX87();
  const [first, second] = [c.fpu.place(destination), c.fpu.place(source)];
  compute(c, operation, first, [first, second], [c.fpu.read(first), c.fpu.read(second)], pops, () => {
    c.call(`fpu_${NAMES[operation]}`, destination, source, constant32(pops));
  });
}

export const arithmeticToTop =
  (operation: number): X87 =>
  (c) =>
    arithmetic(c, operation, top, c.body.let(c.registerNumber(0)), 0);

export const arithmeticToRegister =
  (operation: number, pops: number): X87 =>
  (c) =>
    arithmetic(c, operation, c.body.let(c.registerNumber(0)), top, pops);

/** A number in memory for the short ways. */
function inMemory(c: Context, bits: 32 | 64, value: Expression): Extended {
  const { significand, high, ordinary } = extended(c, bits, value);
  return { significand, high: select(ordinary, high, STRANGE) };
}

/** ST(0) ← ST(0) operation m32fp or m64fp. */
export const arithmeticWithMemory =
  (operation: number, bits: 32 | 64): X87 =>
  (c) => {
    begin(c);
    const value = c.read(0);
    c.noteX87();
    const place = c.fpu.place(top);
    compute(c, operation, place, [place], [c.fpu.read(place), inMemory(c, bits, value)], 0, () => {
      if (bits === 64) c.call(`fpu_${NAMES[operation]}_f64`, value);
      else c.call("fpu_arith_f32", constant32(operation), value);
    });
  };

/** An outcome that sets the condition codes. */
const telling = (codes: Expression, pops: number): Outcome => ({ pops, cleared: CODES, flags: codes });

/** FCOM, FUCOM and their popping forms with ST(i), or with ST(1). */
export const compareWithRegister =
  (quiet: number, pops: number): X87 =>
  (c) => {
    begin(c);
    c.noteX87();
    const index = pops === 2 ? constant32(1) : c.body.let(c.registerNumber(0));
    const [first, second] = [c.fpu.place(top), c.fpu.place(index)];
    const codes = ask(c, [first, second], "fast_order", ...numbers(c.fpu.read(first), c.fpu.read(second)));
    c.fpu.either(isAnswer(codes), telling(codes, pops), () => {
      c.call("fcom", index, constant32(quiet), constant32(pops));
    });
  };

/** FCOM and FCOMP m32fp, m64fp. */
export const compareWithMemory =
  (bits: 32 | 64, pops: number): X87 =>
  (c) => {
    begin(c);
    const value = c.read(0);
    c.noteX87();
    const place = c.fpu.place(top);
    const codes = ask(c, [place], "fast_order", ...numbers(c.fpu.read(place), inMemory(c, bits, value)));
    c.fpu.either(
      isAnswer(codes),
      telling(codes, pops),
      () => void c.call(`fcom_f${bits}`, value, constant32(pops)),
    );
  };

/** FCOMI and its kin: ZF, PF and CF tell the order, the other three are cleared; C1 stays as it was. */
export const compareToFlags =
  (quiet: number, pops: number): X87 =>
  (c) => {
    begin(c);
    c.noteX87();
    const { body } = c;
    const index = body.let(c.registerNumber(0));
    const [first, second] = [c.fpu.place(top), c.fpu.place(index)];
    const codes = ask(c, [first, second], "fast_order", ...numbers(c.fpu.read(first), c.fpu.read(second)));
    const image = body.local("i32");
    body.set(image, i32.shrU(codes, CODES_SHIFT));
    const exactly = (): void => body.set(image, c.call("fcomi", index, constant32(quiet), constant32(pops)));
    const end = c.fpu.either(isAnswer(codes), { pops, cleared: 0 }, exactly, true);
    const bit = (n: number): Expression => i32.and(i32.shrU(image.get, constant32(n)), constant32(1));
    const above = i32.eqz(i32.and(image.get, constant32(0x41)));
    c.flags.order(body.let(bit(0)), body.let(above), body.let(bit(2)));
    end();
  };

/** FCMOVcc, by the condition of Jcc with the same meaning. C1 stays as it was. */
export const fcmov =
  (condition: number): X87 =>
  (c) => {
    begin(c);
    c.noteX87();
    const { body, fpu } = c;
    const index = body.let(c.registerNumber(0));
    const holds = body.let(c.flags.condition(condition));
    const [first, second] = [fpu.place(top), fpu.place(index)];
    const [a, b] = [fpu.read(first), fpu.read(second)];
    const chosen = {
      place: first,
      significand: select(holds, b.significand, a.significand),
      high: select(holds, b.high, a.high),
    };
    const possible = every(fpu.isInUse(first), fpu.isInUse(second));
    fpu.either(possible, { set: [chosen], cleared: 0 }, () => void c.call("fcmov", index, holds));
  };
