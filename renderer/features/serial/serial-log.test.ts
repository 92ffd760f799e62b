import { expect, test } from "vitest";
import { SerialLog } from "./serial-log.ts";

const view = () => {
  const text: string[] = [];
  return {
    text,
    clear: () => text.splice(0),
    write: (bytes: Uint8Array) => text.push(new TextDecoder().decode(bytes)),
  };
};
const bytes = (text: string) => new TextEncoder().encode(text);

test("a terminal that comes later starts with the history", () => {
  const log = new SerialLog();
  log.append(bytes("one "));
  log.append(bytes("two "));
  const late = view();
  const detach = log.attach(late);
  log.append(bytes("three"));
  expect(late.text.join("")).toBe("one two three");
  detach();
  log.append(bytes("four"));
  expect(late.text.join("")).toBe("one two three");
});

test("a history that is told anew replaces the old one in every terminal", () => {
  const log = new SerialLog();
  const terminal = view();
  log.attach(terminal);
  log.append(bytes("old"));
  log.clear();
  log.append(bytes("new"));
  expect(terminal.text).toEqual(["new"]);
});

test("the oldest goes once a mebibyte is kept", () => {
  const log = new SerialLog();
  log.append(bytes("first"));
  for (let n = 0; n < 1024; n++) log.append(new Uint8Array(1024));
  let kept = 0;
  log.attach({ clear() {}, write: (chunk) => (kept += chunk.length) });
  expect(kept).toBe(1 << 20);
});
