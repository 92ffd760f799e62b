// What x87 instructions have in common: when they may begin, and what follows them.

import { CR0, EFLAGS, FPU_STATUS } from "../layout.ts";
import { constant32, type Expression, i32 } from "../wasm/expression.ts";
import { type Context, MF, NM } from "./context.ts";
import type { SimdContext } from "./simd-context.ts";

/** Bits of CR0. [SDM] vol. 3A, 2.5 */
export const MP = 1 << 1;
export const EM = 1 << 2;
export const TS = 1 << 3;
export const NE = 1 << 5;
const PE = 1 << 0;
/** EFLAGS.VM. */
const VM = 1 << 17;
/** Exception summary of the status word. */
const ES = 1 << 7;

/** Begins an instruction that does not wait: #NM when the x87 is emulated or belongs to another task. */
export function beginNow(c: Context): void {
  c.faultIf(i32.and(c.state(CR0, 32), constant32(EM | TS)), NM);
}

/** Meets the exception that an earlier instruction has left, if any: #MF, or FERR# when CR0.NE is clear. */
export function meetPending(c: SimdContext): void {
  c.body.if(i32.and(c.state(FPU_STATUS, 16), constant32(ES)), () => {
    c.faultIf(i32.and(c.state(CR0, 32), constant32(NE)), MF);
    // The processor stands still until the interrupt that FERR# asks for, unless IGNNE# lets it go on. Time passes:
    // each attempt counts as an instruction.
    c.body.if(i32.eqz(c.call("driveFerr")), () => {
      c.repeatIf(constant32(1));
    });
  });
}

/** Begins a waiting instruction. */
export function begin(c: Context): void {
  c.unlessPassed("x87", () => {
    const absent = i32.and(c.state(CR0, 32), constant32(EM | TS));
    const meet = (): void => {
      beginNow(c);
      meetPending(c);
    };
    c.body.if(i32.or(absent, i32.and(c.state(FPU_STATUS, 16), constant32(ES))), meet, undefined, false);
  });
}

/** FWAIT: #NM only for a task switch, and only when CR0.MP says so. */
export const fwait = (c: Context): void => {
  const both = constant32(MP | TS);
  c.faultIf(i32.eq(i32.and(c.state(CR0, 32), both), both), NM);
  meetPending(c);
};

/** After an instruction that can clear a pending exception: FERR# follows when CR0.NE is clear. */
export function followErrors(c: Context): void {
  c.body.if(i32.eqz(i32.and(c.state(CR0, 32), constant32(NE))), () => void c.call("driveFerr"));
}

/** Layout of the environment (i32): bit 0 for 32-bit operands, bit 1 in real and virtual-8086 mode. */
export function environmentFormat(c: Context): Expression {
  const wide = c.size === 16 ? 0 : 1;
  if (c.codeSize === 64) return constant32(wide);
  const notProtected = i32.eqz(i32.and(c.state(CR0, 32), constant32(PE)));
  const virtual = i32.ne(i32.and(c.state(EFLAGS, 32), constant32(VM)), constant32(0));
  return c.body.let(i32.or(constant32(wide), i32.shl(i32.or(notProtected, virtual), constant32(1))));
}
