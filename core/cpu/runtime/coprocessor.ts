// FERR# and IGNNE#: how errors of the x87 are told when CR0.NE is clear. [SDM] vol. 1, appendix D.

import { FPU_STATUS } from "../layout";
import { CPU } from "./cpu";

/** Level of FERR#, 1 when asserted; answers that of IGNNE#. */
// @ts-ignore: decorator of AssemblyScript
@external("env", "floatingPointError")
declare function floatingPointError(asserted: i32): i32;

/** Drives FERR# from the status word's summary bit. Returns 1 when IGNNE# is asserted. */
export function driveFerr(): i32 {
  return floatingPointError((load<u16>(CPU + FPU_STATUS) >> 7) & 1);
}
