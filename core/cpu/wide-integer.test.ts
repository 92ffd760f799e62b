// Quotients of 128 by 64 bits, against those of JavaScript's integers.

import { expect, it } from "vitest";
import { SCRATCH } from "./layout.ts";
import { userMachine } from "./testing/differential.ts";

const { cpu } = userMachine(64);
const divide = cpu.runtime.divideUnsigned as (high: bigint, low: bigint, divisor: bigint) => bigint;

/** Numbers near which digits, their estimates and shifts change. */
const EDGES = [0n, 1n, 2n, 3n, 1n << 31n, 1n << 32n, 3n << 31n, 1n << 62n, 1n << 63n, 1n << 64n]
  .flatMap((value) => [value - 1n, value, value + 1n])
  .map((value) => BigInt.asUintN(64, value));

it("is that of the whole dividend, with its remainder", () => {
  let tried = 0;
  for (const divisor of EDGES) {
    for (const high of EDGES) {
      if (high >= divisor) continue;
      for (const low of EDGES) {
        const dividend = (high << 64n) | low;
        expect(BigInt.asUintN(64, divide(high, low, divisor))).toBe(dividend / divisor);
        expect(BigInt.asUintN(64, cpu.get64(SCRATCH))).toBe(dividend % divisor);
        tried++;
      }
    }
  }
  expect(tried).toBeGreaterThan(10_000);
});

it("is so for divisors of any length", () => {
  let seed = 1n;
  const random = (): bigint => {
    seed = BigInt.asUintN(64, seed * 6364136223846793005n + 1442695040888963407n);
    return seed ^ (seed >> 29n);
  };
  for (let n = 0; n < 20_000; n++) {
    const divisor = BigInt.asUintN(64, random() >> (random() % 64n)) || 1n;
    const high = BigInt.asUintN(64, random()) % divisor;
    const low = BigInt.asUintN(64, random());
    const dividend = (high << 64n) | low;
    expect(BigInt.asUintN(64, divide(high, low, divisor))).toBe(dividend / divisor);
    expect(BigInt.asUintN(64, cpu.get64(SCRATCH))).toBe(dividend % divisor);
  }
});
