import { expect, test } from "vitest";
import { parseSteps } from "./steps.ts";

test("texts are the rest of the line, or quoted, with escapes", () => {
  const texts = parseSteps('send-serial  a b  \nsend-serial " c\\n"\nsend-serial \\x41\\e[A\\s', "f").map(
    (step) => (step.do === "send-serial" ? step.text : null),
  );
  expect(texts).toEqual(["a b", " c\n", "A\x1b[A "]);
});

test("typed capitals and signs hold shift", () => {
  expect(parseSteps("type a?\\n", "f")[0]).toMatchObject({
    strokes: [["KeyA"], ["ShiftLeft", "Slash"], ["Enter"]],
  });
});

test("keys takes names, codes and the minus sign itself", () => {
  expect(parseSteps("keys ctrl-c alt-f2 ctrl-- NumpadEnter", "f")[0]).toMatchObject({
    strokes: [["ControlLeft", "KeyC"], ["AltLeft", "F2"], ["ControlLeft", "Minus"], ["NumpadEnter"]],
  });
});

test.each([
  "wait-serial",
  "type é",
  "keys ctrl-entre",
  "keys Bogus",
  "mouse 1",
  "mouse 1 2 9",
  "mouse a b 1",
  "sleep soon",
  "sleep",
  "jump 3",
])("%s is refused with its line number", (line) => {
  expect(() => parseSteps(`sleep 1\n${line}`, "boot.steps")).toThrow(/boot\.steps line 2: /);
});
