import { expect, test } from "vitest";
import { EscapeFilter } from "./serial-terminal.ts";
import { onScreen, TextDetector, TextWatch } from "./text-watch.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

test("a text is seen also where it comes in pieces, even of one character", () => {
  for (const size of [1, 2, 3, 100]) {
    const detector = new TextDetector("login: ü");
    const stream = bytes("Debian login: üser");
    const seen: boolean[] = [];
    for (let at = 0; at < stream.length; at += size) seen.push(detector.push(stream.subarray(at, at + size)));
    expect(seen.includes(true)).toBe(true);
  }
  expect(new TextDetector("x").push(bytes("abc"))).toBe(false);
});

test("each wait begins where the text of the one before ended", () => {
  const watch = new TextWatch();
  watch.push(bytes("# ls\r\n# "));
  expect([watch.take("# "), watch.take("# "), watch.take("# ")]).toEqual([true, true, false]);
  watch.push(bytes("#"));
  expect(watch.take("# ")).toBe(false);
  watch.push(bytes(" "));
  expect(watch.take("# ")).toBe(true);
});

test("a text is on the screen where a row holds it; graphics hold none", () => {
  expect(onScreen(["Choose language", "English"], "language")).toBe(true);
  expect(onScreen(["Choose", "language"], "Choose language")).toBe(false);
  expect(onScreen(null, "x")).toBe(false);
});

test("Ctrl-A x quits, Ctrl-A Ctrl-A is Ctrl-A, and Ctrl-A before others goes with them", () => {
  const typed = (...chunks: string[]) => {
    const filter = new EscapeFilter();
    return chunks.map((chunk) => {
      const { bytes: out, quit } = filter.filter(bytes(chunk));
      return `${new TextDecoder().decode(out)}${quit ? "<quit>" : ""}`;
    });
  };
  expect(typed("ab\x01xc")).toEqual(["ab<quit>"]);
  expect(typed("\x01", "x")).toEqual(["", "<quit>"]);
  expect(typed("\x01\x01x")).toEqual(["\x01x"]);
  expect(typed("\x01", "cx")).toEqual(["", "\x01cx"]);
});
