import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { isaCoverage } from "./testing/isa-coverage.ts";

it("docs/isa-coverage.md is what `npm run docs:isa` makes of the tables", () => {
  expect(readFileSync(join(import.meta.dirname, "../../docs/isa-coverage.md"), "utf8")).toBe(isaCoverage());
});
