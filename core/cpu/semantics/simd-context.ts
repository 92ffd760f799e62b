// What the semantics of MMX and SSE ask of a context: so much can also be had for one half of an instruction on YMM registers
// (vex-halves.ts).

import type { Context } from "./context.ts";

export type SimdContext = Pick<
  Context,
  | "row"
  | "body"
  | "flags"
  | "numbers"
  | "size"
  | "addressSize"
  | "codeSize"
  | "memory"
  | "vex"
  | "operand"
  | "width"
  | "read"
  | "write"
  | "readAddress"
  | "immediate"
  | "linear"
  | "dataLinear"
  | "loadAddress"
  | "store"
  | "gpr"
  | "setGpr"
  | "state"
  | "setState"
  | "stateAddress"
  | "fault"
  | "faultIf"
  | "repeatIf"
  | "unlessPassed"
  | "call"
  | "run"
  | "runThrowing"
>;

/** Semantics of an instruction on vectors. */
export type Simd = (c: SimdContext) => void;
