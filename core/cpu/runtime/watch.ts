// The debugger's watchpoints. An instruction that would access a watched byte is left like one that faults, before it
// has changed anything; the debugger then runs it with the watchpoints taken away. Pages that hold one are never
// entered in the translation table for data, so that each access to them comes by the slow path.

import {
  WATCHPOINT_COUNT,
  WATCHPOINT_MET,
  WATCHPOINT_SIZE,
  WATCHPOINTS,
  WATCH_READ,
  WATCH_WRITE,
} from "../layout";
import { CPU } from "./cpu";
import { setException } from "./exceptions";

/** Number of the watchpoint, -1 if none. */
function meets(linear: u64, size: u64, kinds: u32): i32 {
  const count = load<u32>(CPU + WATCHPOINT_COUNT);
  for (let n: u32 = 0; n < count; n++) {
    const place = CPU + WATCHPOINTS + n * WATCHPOINT_SIZE;
    const start = load<u64>(place);
    const end = start + load<u32>(place + 8);
    if (load<u32>(place + 12) & kinds && linear < end && start < linear + size) return <i32>n;
  }
  return -1;
}

/** Whether a page holds a watchpoint. */
// @ts-ignore: decorator of AssemblyScript
@inline
export function watching(page: u64): bool {
  return load<u32>(CPU + WATCHPOINT_COUNT) != 0 && meets(page & ~0xfff, 0x1000, WATCH_READ | WATCH_WRITE) >= 0;
}

/** Whether an access meets a watchpoint, which is then noted instead of a fault, its number as the error code. */
// @ts-ignore: decorator of AssemblyScript
@inline
export function meetsWatchpoint(linear: u64, size: u32, write: bool): bool {
  if (load<u32>(CPU + WATCHPOINT_COUNT) == 0) return false;
  const met = meets(linear, size, write ? WATCH_WRITE : WATCH_READ);
  if (met < 0) return false;
  setException(WATCHPOINT_MET, met);
  return true;
}
