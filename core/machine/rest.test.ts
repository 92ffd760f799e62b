import { expect, test } from "vitest";
import { Rest } from "./rest.ts";

const MS = 1e6;

test("a machine that only ticks is at rest a tenth of a second after its last work", () => {
  const rest = new Rest();
  rest.note(1_000_000, 0, 0);
  expect(rest.slackAt(0)).toBe(0);
  rest.halt();
  rest.note(3000, 2, 99 * MS);
  expect(rest.slackAt(99 * MS)).toBe(0);
  rest.halt();
  rest.note(3000, 2, 103 * MS);
  expect(rest.slackAt(103 * MS)).toBe(12 * MS);
});

test("two seconds after its last work it may sleep through more, and ten after it through more again", () => {
  const rest = new Rest();
  rest.note(1_000_000, 0, 0);
  expect(rest.slackAt(1999 * MS)).toBe(12 * MS);
  expect(rest.slackAt(2000 * MS)).toBe(44 * MS);
  expect(rest.slackAt(10_000 * MS)).toBe(92 * MS);
});

test.each([
  ["instructions", 70_000, 0],
  ["accesses to devices", 100, 30],
])("many %s end the rest", (_, instructions, accesses) => {
  const rest = new Rest();
  expect(rest.slackAt(1000 * MS)).toBeGreaterThan(0);
  rest.note(instructions, accesses, 1004 * MS);
  expect(rest.slackAt(1004 * MS)).toBe(0);
});

test("ticks that come one after another, with a halt after each, are no work", () => {
  const rest = new Rest();
  for (let i = 0; i < 20; i++) {
    rest.note(3000, 2, 1000 * MS);
    rest.halt();
  }
  expect(rest.slackAt(1001 * MS)).toBeGreaterThan(0);
});

test("work in several short stretches without a halt is work", () => {
  const rest = new Rest();
  for (let i = 0; i < 20; i++) rest.note(3000, 0, 1000 * MS);
  expect(rest.slackAt(1001 * MS)).toBe(0);
});
