// What x87 instructions have in common: when they may begin, and what they leave behind for an error's handler.

import {
  CR0,
  EFLAGS,
  FPU_CS,
  FPU_DP,
  FPU_DS,
  FPU_IP,
  FPU_OPCODE,
  FPU_STATUS,
  SEGMENT_SELECTOR,
  SEGMENT_SIZE,
  SEGMENTS,
} from "../layout.ts";
import { constant32, type Expression, extendU, i32 } from "../wasm/expression.ts";
import { type Context, MF, NM } from "./context.ts";

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
const CODE_SEGMENT = SEGMENTS + SEGMENT_SIZE;

/** Begins an instruction that does not wait: #NM when the x87 is emulated or belongs to another task. */
export function beginNow(c: Context): void {
  c.faultIf(i32.and(c.state(CR0, 32), constant32(EM | TS)), NM);
}

/** Meets the exception that an earlier instruction has left, if any: #MF, or FERR# when CR0.NE is clear. */
export function meetPending(c: Context): void {
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
  const absent = i32.and(c.state(CR0, 32), constant32(EM | TS));
  c.body.if(i32.or(absent, i32.and(c.state(FPU_STATUS, 16), constant32(ES))), () => {
    beginNow(c);
    meetPending(c);
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

/**
 * Notes the instruction, and its memory operand if it has one, for FSTENV and its like; after the last access that
 * can fault. The decoder gives the opcode as the second immediate.
 */
export function note(c: Context): void {
  c.setState(FPU_IP, 64, c.ip());
  c.setState(FPU_CS, 16, c.state(CODE_SEGMENT + SEGMENT_SELECTOR, 16));
  c.setState(FPU_OPCODE, 16, c.immediate2);
  if (!c.memory) return;
  const offset = c.offset();
  c.setState(FPU_DP, 64, offset.type === "i64" ? offset : extendU(offset));
  const place = i32.add(c.stateAddress(SEGMENTS), i32.mul(c.segment(), constant32(SEGMENT_SIZE)));
  c.setState(FPU_DS, 16, i32.load16U(place, SEGMENT_SELECTOR));
}

/** Layout of the environment (i32): bit 0 for 32-bit operands, bit 1 in real and virtual-8086 mode. */
export function environmentFormat(c: Context): Expression {
  const wide = c.size === 16 ? 0 : 1;
  if (c.codeSize === 64) return constant32(wide);
  const notProtected = i32.eqz(i32.and(c.state(CR0, 32), constant32(PE)));
  const virtual = i32.ne(i32.and(c.state(EFLAGS, 32), constant32(VM)), constant32(0));
  return c.body.let(i32.or(constant32(wide), i32.shl(i32.or(notProtected, virtual), constant32(1))));
}
