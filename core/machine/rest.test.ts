import { expect, test } from "vitest";
import { Rest } from "./rest.ts";

const MS = 1e6;

test("a machine that only ticks is at rest a tenth of a second after its last work", () => {
  const rest = new Rest();
  rest.note(1_000_000, 0, 0);
  expect(rest.isAtRest(0)).toBe(false);
  rest.note(3000, 2, 99 * MS);
  expect(rest.isAtRest(99 * MS)).toBe(false);
  rest.note(3000, 2, 103 * MS);
  expect(rest.isAtRest(103 * MS)).toBe(true);
});

test.each([
  ["instructions", 30_000, 0],
  ["accesses to devices", 100, 20],
])("many %s end the rest", (_, instructions, accesses) => {
  const rest = new Rest();
  expect(rest.isAtRest(1000 * MS)).toBe(true);
  rest.note(instructions, accesses, 1004 * MS);
  expect(rest.isAtRest(1004 * MS)).toBe(false);
});

test("work in several short stretches without a halt is work", () => {
  const rest = new Rest();
  for (let i = 0; i < 10; i++) rest.note(3000, 0, 1000 * MS);
  expect(rest.isAtRest(1001 * MS)).toBe(false);
});
