// RDFSBASE, RDGSBASE, WRFSBASE, WRGSBASE.

import { SEGMENT_BASE } from "../layout";
import { GP, raise } from "./exceptions";
import { isCanonical } from "./frames";
import { segment } from "./processor";

export function segmentBase(number: u32): u64 {
  return load<u64>(segment(number) + SEGMENT_BASE);
}

/** #GP(0) for a base that is not canonical. */
export function setSegmentBase(number: u32, base: u64): void {
  if (!isCanonical(base)) raise(GP, 0);
  store<u64>(segment(number) + SEGMENT_BASE, base);
}
