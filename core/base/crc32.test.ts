import { crc32 as zlibCrc32 } from "node:zlib";
import { expect, test } from "vitest";
import { seededRandom } from "../board/testing/random.ts";
import { crc32 } from "./crc32.ts";

test("the check value of the standard", () => {
  expect(crc32(Uint8Array.from("123456789", (c) => c.charCodeAt(0)))).toBe(0xcbf43926);
  expect(crc32(new Uint8Array())).toBe(0);
});

test("every alignment and length agrees with zlib", () => {
  const random = seededRandom(1);
  const bytes = Uint8Array.from({ length: 200 }, () => random(256));
  for (let start = 0; start < 9; start++) {
    for (let end = start; end < 60; end++) {
      const part = bytes.subarray(start, end);
      expect(crc32(part), `${start} to ${end}`).toBe(zlibCrc32(part));
    }
  }
});

test("a long run agrees with zlib", () => {
  const random = seededRandom(2);
  const bytes = Uint8Array.from({ length: 300_001 }, () => random(256));
  expect(crc32(bytes)).toBe(zlibCrc32(bytes));
});
