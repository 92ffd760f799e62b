import { expect, test } from "vitest";
import { describeKeys, matchesKeys, parseKeys } from "./keys.ts";

const press = (
  code: string,
  held: Partial<Record<"ctrlKey" | "altKey" | "shiftKey" | "metaKey", boolean>> = {},
) => ({
  code,
  ctrlKey: false,
  altKey: false,
  shiftKey: false,
  metaKey: false,
  ...held,
});

test("a combination needs exactly its modifiers", () => {
  const keys = parseKeys("Ctrl+Shift+P");
  expect(matchesKeys(keys, press("KeyP", { ctrlKey: true, shiftKey: true }), false, false)).toBe(true);
  expect(matchesKeys(keys, press("KeyP", { ctrlKey: true }), false, false)).toBe(false);
  expect(
    matchesKeys(keys, press("KeyP", { ctrlKey: true, shiftKey: true, altKey: true }), false, false),
  ).toBe(false);
});

test("Ctrl is Cmd on macOS", () => {
  const keys = parseKeys("Ctrl+Shift+P");
  expect(matchesKeys(keys, press("KeyP", { metaKey: true, shiftKey: true }), false, true)).toBe(true);
  expect(matchesKeys(keys, press("KeyP", { ctrlKey: true, shiftKey: true }), false, true)).toBe(false);
});

test("the host key may itself be a modifier", () => {
  const keys = parseKeys("Host+Del");
  expect(matchesKeys(keys, press("Delete", { ctrlKey: true }), true, false)).toBe(true);
  expect(matchesKeys(keys, press("Delete", { ctrlKey: true }), false, false)).toBe(false);
});

test("names of keys become physical codes", () => {
  const names = ["Host+F", "Host+1", "Host+F12", "Host+\\", "Host+Left", "Ctrl+,"];
  expect(names.map((name) => parseKeys(name).code)).toEqual([
    "KeyF",
    "Digit1",
    "F12",
    "Backslash",
    "ArrowLeft",
    "Comma",
  ]);
});

test("people read the host key by its name", () => {
  expect(describeKeys("Host+F", "Right Ctrl", false)).toBe("Right Ctrl+F");
  expect(describeKeys("Ctrl+Shift+P", "Left Cmd", true)).toBe("Cmd+Shift+P");
});
