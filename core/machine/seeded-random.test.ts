import { expect, test } from "vitest";
import { seededRandomBits } from "./seeded-random.ts";

test("the numbers are those of SplitMix64's reference implementation", () => {
  const next = seededRandomBits(1234567n);
  expect([next(), next(), next()]).toEqual([
    6457827717110365317n,
    3203168211198807973n,
    9817491932198370423n,
  ]);
});
