import { expect, it } from "vitest";
import { Block } from "./block.ts";

it("has what it was made of, up to the longest and the highest", () => {
  for (const [physical, mode, length, count] of [
    [0, 0, 1, 1],
    [0xfffffff0, 0x3f, 32 * 15, 32],
    [0x80000000, 0xff, 1023, 63],
  ] as const)
    expect(new Block(physical, mode, length, count, 0x1000020, undefined)).toMatchObject({
      physical,
      mode,
      length,
      count,
    });
});
