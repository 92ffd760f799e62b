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

function meets(linear: u64, size: u64, kinds: u32): bool {
  const count = load<u32>(CPU + WATCHPOINT_COUNT);
  for (let n: u32 = 0; n < count; n++) {
    const place = CPU + WATCHPOINTS + n * WATCHPOINT_SIZE;
    const start = load<u64>(place);
    const end = start + load<u32>(place + 8);
    if (load<u32>(place + 12) & kinds && linear < end && start < linear + size) return true;
  }
  return false;
}

/** Whether a page holds a watchpoint. */
// @ts-ignore: decorator of AssemblyScript
@inline
export function watching(page: u64): bool {
  return load<u32>(CPU + WATCHPOINT_COUNT) != 0 && meets(page & ~0xfff, 0x1000, WATCH_READ | WATCH_WRITE);
}

/** Whether an access meets a watchpoint, which is then noted instead of a fault. */
// @ts-ignore: decorator of AssemblyScript
@inline
export function meetsWatchpoint(linear: u64, size: u32, write: bool): bool {
  if (load<u32>(CPU + WATCHPOINT_COUNT) == 0) return false;
  if (!meets(linear, size, write ? WATCH_WRITE : WATCH_READ)) return false;
  setException(WATCHPOINT_MET, -1);
  return true;
}
