import { describe, expect, it } from "vitest";
import { createRandom } from "../testing/float-random.ts";
import { hashOf, perfectHash } from "./perfect-hash.ts";

describe("perfectHash", () => {
  it("gives different numbers another result each, below a small power of two", () => {
    const random = createRandom(1);
    for (let count = 1; count <= 64; count++) {
      const values = new Set<number>();
      while (values.size < count) values.add((random.below(0x8000) - 0x4000) | 0);
      const { multiplier, shift } = perfectHash([...values]);
      const results = new Set([...values].map((value) => hashOf(value, multiplier, shift)));
      expect(results.size).toBe(count);
      expect(Math.max(...results)).toBeLessThan(2 ** (32 - shift));
      expect(2 ** (32 - shift)).toBeLessThanOrEqual(Math.max(2, 32 * count));
    }
  });

  it("tells neighbours apart, and the ends of the range", () => {
    for (const values of [[0, 1, 2, 3, 4], [-0x80000000, 0x7fffffff], [5]]) {
      const { multiplier, shift } = perfectHash(values);
      expect(new Set(values.map((value) => hashOf(value, multiplier, shift))).size).toBe(values.length);
    }
  });
});
