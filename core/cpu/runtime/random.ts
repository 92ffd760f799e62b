// RDRAND and RDSEED.

import { randomBits } from "./host";

/** 64 random bits; there are always some. */
export function randomNumber(): u64 {
  return randomBits();
}
