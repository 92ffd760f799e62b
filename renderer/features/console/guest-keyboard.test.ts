import { expect, test } from "vitest";
import { GuestKeyboard } from "./guest-keyboard.ts";

function keyboard(mac = false) {
  const sent: string[] = [];
  return { sent, keys: new GuestKeyboard((code, down) => sent.push(`${down ? "+" : "-"}${code}`), mac) };
}

test("repeats are left to the guest's own keyboard", () => {
  const { sent, keys } = keyboard();
  keys.press("KeyA");
  keys.press("KeyA");
  keys.release("KeyA");
  expect(sent).toEqual(["+KeyA", "-KeyA"]);
});

test("a release without its press is not sent", () => {
  const { sent, keys } = keyboard();
  keys.release("KeyA");
  expect(sent).toEqual([]);
});

test("when the window loses the keyboard every key goes up, last pressed first", () => {
  const { sent, keys } = keyboard();
  keys.press("ControlLeft");
  keys.press("KeyC");
  keys.releaseAll();
  keys.releaseAll();
  expect(sent).toEqual(["+ControlLeft", "+KeyC", "-KeyC", "-ControlLeft"]);
});

test("on macOS, where keys under Cmd never report their release, Cmd's release frees them", () => {
  const { sent, keys } = keyboard(true);
  keys.press("MetaLeft");
  keys.press("KeyC");
  keys.release("MetaLeft");
  expect(sent).toEqual(["+MetaLeft", "+KeyC", "-MetaLeft", "-KeyC"]);
});
