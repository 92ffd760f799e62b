// How an instruction tells that it has met an exception.

import {
  BLOCK_IP,
  BUDGET,
  BUDGET_GIVEN,
  EXCEPTION,
  EXCEPTION_ERROR,
  GPR,
  NONCANONICAL,
  NONCANONICAL_ADDRESS,
  REC_IP_DELTA,
  REC_REMAINING,
  REC_SEGMENT,
  RETIRED,
  RIP,
} from "../layout";
import { CPU } from "./cpu";
import { throwFault } from "./host";

export const DE = 0;
export const DB = 1;
export const BP = 3;
export const OF = 4;
export const BR = 5;
export const UD = 6;
export const NM = 7;
export const DF = 8;
export const TS = 10;
export const NP = 11;
export const SS = 12;
export const GP = 13;
export const PF = 14;
export const MF = 16;
export const AC = 17;
export const XM = 19;

const STACK_SEGMENT = 2;
const RSP = 4;
const RBP = 5;
const WIDEST_PUSH = 8;

/** Notes an exception for the run loop; the instruction must then leave without any effect. */
export function setException(vector: i32, error: i32): void {
  store<i32>(CPU + EXCEPTION, vector);
  store<i32>(CPU + EXCEPTION_ERROR, error);
  store<u32>(CPU + NONCANONICAL, 0);
}

/** Leaves the instruction at once with an exception and its error code. */
export function raise(vector: i32, error: i32): void {
  setException(vector, error);
  throwFault();
}

/** Leaves the instruction at once with an exception that has no error code. */
export function raisePlain(vector: i32): void {
  raise(vector, -1);
}

/**
 * Whether the address that was not canonical is one of the stack: that of an operand in SS, or of a push or pop, whose
 * records do not say so.
 */
function ofStack(record: usize): bool {
  const address = load<u64>(CPU + NONCANONICAL_ADDRESS);
  return (
    load<u8>(record + REC_SEGMENT) == STACK_SEGMENT ||
    address - load<u64>(CPU + GPR + RSP * 8) + WIDEST_PUSH <= 2 * WIDEST_PUSH ||
    address == load<u64>(CPU + GPR + RBP * 8)
  );
}

/** Sets RIP to a record's instruction, which has not happened, and gives its block's rest back to the budget. */
export function leaveFaulted(record: usize): usize {
  if (load<u32>(CPU + NONCANONICAL) && ofStack(record)) setException(SS, 0);
  store<u64>(CPU + RIP, load<u64>(CPU + BLOCK_IP) + load<u16>(record + REC_IP_DELTA));
  store<i32>(CPU + BUDGET, load<i32>(CPU + BUDGET) + <i32>load<u8>(record + REC_REMAINING) + 1);
  return 0;
}

/** Sets RIP to a record's instruction, to go on with it; what it has done so far counts as one instruction. */
export function leaveToRepeat(record: usize): usize {
  leaveFaulted(record);
  store<i32>(CPU + BUDGET, load<i32>(CPU + BUDGET) - 1);
  return 0;
}

/** A budget that is used up even when an instruction gives back what the rest of its block would have used. */
const USED_UP: i32 = -256;

/** Ends the budget now, so that the run loop looks around before the next block. */
export function stopSoon(): void {
  const used = load<i32>(CPU + BUDGET_GIVEN) - load<i32>(CPU + BUDGET);
  store<u64>(CPU + RETIRED, load<u64>(CPU + RETIRED) + <u64>(<i64>used));
  store<i32>(CPU + BUDGET_GIVEN, USED_UP);
  store<i32>(CPU + BUDGET, USED_UP);
}

/** Sets RIP to where a block's end record stands. */
export function endBlock(record: usize): void {
  store<u64>(CPU + RIP, load<u64>(CPU + BLOCK_IP) + load<u16>(record + REC_IP_DELTA));
}
