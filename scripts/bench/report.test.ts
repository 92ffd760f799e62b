import { expect, test } from "vitest";
import { agree, better } from "./compare.ts";
import { withRun } from "./document.ts";
import type { Engine, EngineId } from "./engine.ts";
import { describe, failures, geometricMean, type Run, summary } from "./report.ts";
import type { Cell } from "./session.ts";

const engine = (id: EngineId, name: string): Engine => ({
  id,
  name,
  description: `engine ${name}`,
  divisor: 1,
  command: () => [name],
});
const cells = (...entries: [string, Cell][]): Map<string, Cell> => new Map(entries);

const run: Run = {
  date: new Date("2026-01-02T03:04:05Z"),
  command: "npm run bench",
  architecture: "i386",
  processor: "a processor",
  processors: 2,
  load: 0,
  rounds: 2,
  candidates: [
    engine("twinbox", "Twinbox"),
    engine("v86", "v86"),
    { id: "qemu", name: "QEMU TCG", unavailable: "not installed" },
  ],
  turns: new Map([
    [
      "Twinbox",
      {
        cells: cells(["loop", { seconds: 2 }], ["jump", { seconds: 1 }], ["boot", { seconds: 10 }]),
        residentBytes: 100 << 20,
        idleLoad: 0.012,
        statistics: { instructions: 100e6, busySeconds: 2, startSeconds: 0.25 },
      },
    ],
    [
      "v86",
      {
        cells: cells(["loop", { seconds: 4 }], ["jump", { seconds: 8 }], ["boot", { seconds: 5 }]),
      },
    ],
  ]),
  work: ["loop", "jump"],
  boots: ["boot"],
  twoAtOnce: [],
};

test("a row has times and the ratio to Twinbox; the mean is that of the work without the boots", () => {
  const text = describe(run);
  expect(text).toContain("| loop | 2.000 | 4.000 | 2.00 |");
  expect(text).toContain("| **geometric mean** |  |  | **4.00** |");
  expect(text).toContain("| boot | 10.0 | 5.000 | 0.50 |");
});

test("what is measured of the machine stands by the engine, with its unit", () => {
  const text = describe(run);
  expect(text).toContain("after the work, MiB | 100 | – |");
  expect(text).toContain("| 1.2 % | – |");
  expect(text).toContain("in guest code | 50 | – |");
  expect(text).toContain("s | 0.25 | – |");
});

test("an engine that is not there is named with the reason", () => {
  expect(describe(run)).toContain("QEMU TCG skipped: not installed");
});

test("two machines at once are told of where they were measured", () => {
  expect(describe(run)).not.toContain("at once");
  expect(describe({ ...run, twoAtOnce: [0.9, 0.85] })).toContain("90 % and 85 %");
  expect(failures({ ...run, twoAtOnce: [0.9, undefined] })).toEqual(["machine 2 of two at once"]);
});

test("a failure has no ratio, is told in one line, and counts in the summary", () => {
  const failed: Run = {
    ...run,
    turns: new Map([...run.turns, ["v86", { cells: cells(["loop", { failed: "no end:\nmuch output" }]) }]]),
  };
  expect(describe(failed)).toContain("| loop | 2.000 | failed | – |");
  expect(describe(failed)).toContain("- loop, v86: no end:\n");
  expect(failures(failed)).toEqual(["loop, v86: no end:"]);
  expect(summary(failed)).toBe("| i386, 2026-01-02 03:04 UTC | – | – | – | – | – | 1 |");
});

test("the summary has the means of the work and the boots", () => {
  expect(summary(run)).toBe("| i386, 2026-01-02 03:04 UTC | 4.00 | – | – | 0.50 | – | 0 |");
});

test("a run on a host with other work says so", () => {
  expect(describe({ ...run, load: 1.5 })).toContain("provisional");
  expect(describe(run)).not.toContain("provisional");
});

test("the geometric mean leaves out what is not known", () => {
  expect(geometricMean([2, undefined, 8])).toBeCloseTo(4);
  expect(geometricMean([undefined])).toBeUndefined();
});

test("the best round counts, but no round makes up for a failure", () => {
  expect(better({ seconds: 2 }, { seconds: 1 })).toEqual({ seconds: 1 });
  expect(better({ seconds: 1 }, { seconds: 2 })).toEqual({ seconds: 1 });
  expect(better({ failed: "checksum" }, { seconds: 1 })).toEqual({ failed: "checksum" });
  expect(better({ seconds: 1 }, { failed: "checksum" })).toEqual({ failed: "checksum" });
});

test("an engine with another checksum than the first for the same work has failed", () => {
  const first = cells(["loop", { seconds: 1, checksum: "0000002a", amount: 10 }]);
  const lesser = cells(["loop", { seconds: 1, checksum: "00000007", amount: 1 }]);
  const wrong = cells(["loop", { seconds: 1, checksum: "0000002b", amount: 10 }]);
  agree([first, lesser, wrong]);
  expect(first.get("loop")).toHaveProperty("seconds");
  expect(lesser.get("loop")).toHaveProperty("seconds");
  expect(wrong.get("loop")).toEqual({ failed: "checksum 0000002b, not 0000002a" });
});

test("the document keeps the latest run of each architecture, and a row of every run", () => {
  const marks = (name: string) =>
    `<!-- latest ${name} -->\nold ${name}\n<!-- end of the latest ${name} -->\n`;
  const document = `| head |\n| row |\n<!-- end of the runs -->\n${marks("i386")}${marks("amd64")}`;
  const once = withRun(document, "i386", "| new row |", "new text");
  expect(once).toContain("| row |\n| new row |\n<!-- end of the runs -->");
  expect(once).toContain("<!-- latest i386 -->\n\nnew text\n\n<!-- end of the latest i386 -->");
  expect(once).not.toContain("old i386");
  expect(once).toContain("old amd64");
  expect(() => withRun("no marks", "i386", "", "")).toThrow("marks");
});
