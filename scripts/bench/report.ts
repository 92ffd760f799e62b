// The tables that a run ends with, and their place in the documents.

import type { Measure } from "./alone.ts";
import type { Cell, Row, Time } from "./compare.ts";
import { type Candidate, isAvailable } from "./engine.ts";

/** What the latest run is kept between. */
const START = "<!-- latest run -->";
const END = "<!-- end of the latest run -->";

/** With a load above this share of its processors a host had other work. */
const BUSY_SHARE = 0.5;

export interface Run {
  date: Date;
  command: string;
  processor: string;
  processors: number;
  /** Processes that wanted to run, over the last minute before the run. */
  load: number;
  rounds: number;
  candidates: readonly Candidate[];
  rows: readonly Row[];
  alone: readonly Measure[];
}

const isTime = (cell: Cell | undefined): cell is Time => cell !== undefined && !("failed" in cell);

/** The first row is the head; `figures` says which columns are. */
const table = (rows: readonly (readonly string[])[], figures: (column: number) => boolean): string => {
  const [head, ...body] = rows as [readonly string[], ...(readonly string[])[]];
  const rule = head.map((_, column) => (figures(column) ? "--:" : "---"));
  return [head, rule, ...body].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
};

/** How many times as long as the first engine another one took; above 1 the first is faster. */
function ratios(rows: readonly Row[], first: string, other: string): (number | undefined)[] {
  return rows.map(({ cells }) => {
    const [ours, theirs] = [cells.get(first), cells.get(other)];
    return isTime(ours) && isTime(theirs) ? theirs.seconds / ours.seconds : undefined;
  });
}

/** Undefined without any figure. */
export function geometricMean(figures: readonly (number | undefined)[]): number | undefined {
  const known = figures.filter((figure) => figure !== undefined);
  if (known.length === 0) return undefined;
  return Math.exp(known.reduce((sum, figure) => sum + Math.log(figure), 0) / known.length);
}

const ratioText = (ratio: number | undefined): string => (ratio === undefined ? "–" : ratio.toFixed(2));

function timeText(cell: Cell | undefined, instructions: number | undefined): string {
  if (!isTime(cell)) return cell ? "failed" : "–";
  const seconds = cell.seconds.toFixed(2);
  return instructions === undefined
    ? seconds
    : `${seconds} (${(instructions / cell.seconds / 1e6).toFixed(0)} MIPS)`;
}

/** Times in seconds, then each other engine's time by that of the first. */
function comparison(candidates: readonly Candidate[], all: readonly Row[]): string {
  const rows = all.filter(({ unavailable }) => unavailable === undefined);
  const [first, ...others] = candidates.filter(isAvailable).map(({ name }) => name) as [string, ...string[]];
  const byEngine = others.map((other) => ratios(rows, first, other));
  const body = rows.map(({ workload, cells }, row) => {
    const counted = [...cells.values()].find((cell) => isTime(cell) && cell.instructions !== undefined);
    const instructions = (counted as Time | undefined)?.instructions;
    return [
      workload.name,
      ...[first, ...others].map((name) => timeText(cells.get(name), instructions)),
      ...byEngine.map((column) => ratioText(column[row])),
    ];
  });
  return table(
    [
      ["seconds", first, ...others, ...others.map((other) => `${other} : ${first}`)],
      ...body,
      [
        "geometric mean",
        ...[first, ...others].map(() => ""),
        ...byEngine.map((column) => ratioText(geometricMean(column))),
      ],
    ],
    (column) => column > 0,
  );
}

/** In Markdown. */
export function describe(run: Run): string {
  const { date, command, processor, processors, load, rounds, candidates, rows, alone } = run;
  const engines = candidates.map((candidate) =>
    isAvailable(candidate)
      ? `- ${candidate.description}`
      : `- ${candidate.name} skipped: ${candidate.unavailable}`,
  );
  const skipped = rows.filter(({ unavailable }) => unavailable !== undefined);
  const workloads = rows.map(({ workload, unavailable }) =>
    unavailable === undefined
      ? `- **${workload.name}**: ${workload.description}`
      : `- **${workload.name}** skipped: ${unavailable}`,
  );
  return [
    `## ${date.toISOString().slice(0, 16).replace("T", " ")} UTC`,
    `\`${command}\` on ${processors} × ${processor}; load before the run: ${load.toFixed(1)}. ` +
      `${rounds > 1 ? `Best of ${rounds}` : "One round"}, the engines in turn.` +
      (load > processors * BUSY_SHARE ? " **The host had other work: these figures are provisional.**" : ""),
    `Engines:\n\n${engines.join("\n")}`,
    `Workloads:\n\n${workloads.join("\n")}`,
    ...(rows.length > skipped.length ? [comparison(candidates, rows)] : []),
    ...(alone.length > 0
      ? [
          table(
            [
              ["Twinbox alone", "", "what"],
              ...alone.map(({ name, value, description }) => [name, value, description]),
            ],
            (column) => column === 1,
          ),
        ]
      : []),
  ].join("\n\n");
}

/**
 * The document with this run in the place of the one before.
 *
 * @throws Error if the document has no place for it.
 */
export function withLatestRun(document: string, run: string): string {
  const [start, end] = [document.indexOf(START), document.indexOf(END)];
  if (start < 0 || end < start) throw new Error("the document has lost the marks of the latest run");
  return `${document.slice(0, start + START.length)}\n\n${run}\n\n${document.slice(end)}`;
}
