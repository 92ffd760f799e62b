import { expect, test } from "vitest";
import { better } from "./compare.ts";
import { describe, geometricMean, type Run, withLatestRun } from "./report.ts";

const engine = (name: string) => ({ name, description: name, command: () => [name] });
const run: Run = {
  date: new Date("2026-01-02T03:04:05Z"),
  command: "npm run bench",
  processor: "a processor",
  processors: 2,
  load: 0,
  rounds: 2,
  candidates: [engine("ours"), engine("theirs"), { name: "third", unavailable: "not installed" }],
  rows: [
    {
      workload: {
        name: "loop",
        description: "goes round",
        end: /END/,
        prepare: async () => ({ kind: "multiboot", kernel: "loop.bin" }),
      },
      cells: new Map([
        ["ours", { seconds: 2, instructions: 100e6 }],
        ["theirs", { seconds: 5 }],
      ]),
    },
  ],
  alone: [],
};

test("a row has times, speeds by the instructions counted, and the ratio to the first engine", () => {
  expect(describe(run)).toContain("| loop | 2.00 (50 MIPS) | 5.00 (20 MIPS) | 2.50 |");
});

test("an engine that is not there is named with the reason", () => {
  expect(describe(run)).toContain("third skipped: not installed");
});

test("a failure has no ratio and stays, whatever comes after it", () => {
  const failed = better({ failed: "checksum" }, { seconds: 1 });
  expect(failed).toEqual({ failed: "checksum" });
  const [row] = run.rows;
  const cells = new Map([...row!.cells, ["theirs", failed] as const]);
  expect(describe({ ...run, rows: [{ ...row!, cells }] })).toContain("| failed | – |");
});

test("a run on a host with other work says so", () => {
  expect(describe({ ...run, load: 1.5 })).toContain("provisional");
  expect(describe(run)).not.toContain("provisional");
});

test("the geometric mean leaves out what is not known", () => {
  expect(geometricMean([2, undefined, 8])).toBeCloseTo(4);
  expect(geometricMean([undefined])).toBeUndefined();
});

test("only the latest run stays in the document", () => {
  const document = "before\n<!-- latest run -->\nold\n<!-- end of the latest run -->\nafter\n";
  const once = withLatestRun(document, "new");
  expect(once).not.toContain("old");
  expect(withLatestRun(once, "new")).toBe(once);
  expect(once).toMatch(/^before[\s\S]*new[\s\S]*after\n$/);
  expect(() => withLatestRun("no marks", "new")).toThrow("marks");
});
