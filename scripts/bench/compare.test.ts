import { expect, test } from "vitest";
import { kept } from "./compare.ts";
import type { Cell } from "./session.ts";

const took = (seconds: number): Cell => ({ seconds });

test("what is kept of the speed alone is told by what it was before and after", () => {
  expect(kept(took(1), took(2), took(1))).toBe(0.5);
  expect(kept(took(1), took(2), took(3))).toBe(1);
});

test("nothing is told of what has failed, alone or beside another", () => {
  const failed: Cell = { failed: "no end" };
  expect(kept(took(1), failed, took(1))).toBeUndefined();
  expect(kept(failed, took(1), took(1))).toBeUndefined();
  expect(kept(took(1), took(1), undefined)).toBeUndefined();
});
