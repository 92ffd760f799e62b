import { expect, test } from "vitest";
import { Scrollback } from "./scrollback.ts";

test.each([1, 2, 3, 5, 8, 21])("the last eight bytes are kept, pushed %d at a time", (size) => {
  const scrollback = new Scrollback(8);
  const all = Uint8Array.from({ length: 100 }, (_, i) => i);
  for (let at = 0; at < all.length; at += size) {
    scrollback.push(all.subarray(at, at + size));
    const end = Math.min(all.length, at + size);
    expect(scrollback.contents()).toEqual(all.slice(Math.max(0, end - 8), end));
  }
});
