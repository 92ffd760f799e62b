import { expect, test } from "vitest";
import { crc, sieve } from "./integer-work.ts";
import { makeKernel } from "./kernel.ts";

test("the sieve's checksum is the sum of the primes, as often as it ran", () => {
  expect(sieve({ limit: 20, passes: 1 }).checksum()).toBe(2 + 3 + 5 + 7 + 11 + 13 + 17 + 19);
  expect(sieve({ limit: 12, passes: 3 }).checksum()).toBe(3 * 28);
});

test("two passes of the checksum are one over the buffer twice", () => {
  expect(crc({ length: 8, passes: 2 }).checksum()).not.toBe(crc({ length: 8, passes: 1 }).checksum());
});

test.each([sieve({ limit: 64, passes: 1 }), crc({ length: 64, passes: 1 })])(
  "a kernel has a multiboot header",
  (work) => {
    const image = makeKernel((a) => work.code(a));
    const header = new DataView(image.buffer);
    const [magic, flags, sum] = [0, 4, 8].map((at) => header.getUint32(at, true)) as [number, number, number];
    expect(magic).toBe(0x1badb002);
    expect((magic + flags + sum) >>> 0).toBe(0);
  },
);
