// MASKMOVQ and MASKMOVDQU.

import { throwFault } from "./host";
import { commitWrite, slowModify } from "./memory";

/** Writes those of `bytes` bytes at `source` whose mask byte has its sign set. A mask of zeros meets no fault. */
export function maskMove(linear: u64, source: usize, mask: usize, bytes: u32): void {
  let signs: u64 = 0;
  for (let at: u32 = 0; at < bytes; at += 8) signs |= load<u64>(mask + at);
  if (!(signs & 0x8080808080808080)) return;
  const address = slowModify(linear, bytes);
  if (!address) throwFault();
  for (let at: u32 = 0; at < bytes; at++) {
    if (load<u8>(mask + at) & 0x80) store<u8>(address + at, load<u8>(source + at));
  }
  commitWrite();
}
