// The tables that a run ends with.

import type { Architecture } from "../guests/packages.ts";
import { type Candidate, type EngineId, isAvailable } from "./engine.ts";
import { MEMORY_MIB } from "./program.ts";
import { BOOT, type Cell, type Turn } from "./session.ts";

/** With a load above this share of its processors a host had other work. */
const BUSY_SHARE = 0.5;
const MIB = 1 << 20;
/** What ratios are taken of. */
const FIRST: EngineId = "twinbox";

export interface Run {
  date: Date;
  command: string;
  architecture: Architecture;
  processor: string;
  processors: number;
  /** Processes that wanted to run, over the last minute before the run. */
  load: number;
  rounds: number;
  candidates: readonly Candidate[];
  /** By the engine's name. */
  turns: ReadonlyMap<string, Turn>;
  /** Names of the rows in order: those of the program's work, then what starts a whole machine. */
  work: readonly string[];
  boots: readonly string[];
  /** How much of its speed alone each of two machines keeps, where that was measured; undefined: it failed. */
  twoAtOnce: readonly (number | undefined)[];
}

type Time = Exclude<Cell, { failed: string }>;
const isTime = (cell: Cell | undefined): cell is Time => cell !== undefined && !("failed" in cell);

/** The first row is the head; every column but the first has figures. */
function table(rows: readonly (readonly string[])[]): string {
  const [head, ...body] = rows as [readonly string[], ...(readonly string[])[]];
  const rule = head.map((_, column) => (column > 0 ? "--:" : "---"));
  return [head, rule, ...body].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** Undefined without any figure. */
export function geometricMean(figures: readonly (number | undefined)[]): number | undefined {
  const known = figures.filter((figure) => figure !== undefined);
  if (known.length === 0) return undefined;
  return Math.exp(known.reduce((sum, figure) => sum + Math.log(figure), 0) / known.length);
}

const figure = (value: number | undefined, digits: number, unit = ""): string =>
  value === undefined ? "–" : `${value.toFixed(digits)}${unit}`;

const timeText = (cell: Cell | undefined): string =>
  isTime(cell) ? figure(cell.seconds, cell.seconds < 10 ? 3 : 1) : cell ? "failed" : "–";

/** How many times as long as Twinbox an engine took, by row: above 1 Twinbox is faster. */
function ratios({ turns, candidates }: Run, rows: readonly string[], other: string): (number | undefined)[] {
  const first = candidates.find(({ id }) => id === FIRST)?.name ?? "";
  return rows.map((row) => {
    const [ours, theirs] = [turns.get(first)?.cells.get(row), turns.get(other)?.cells.get(row)];
    return isTime(ours) && isTime(theirs) ? theirs.seconds / ours.seconds : undefined;
  });
}

/** Engines with results, and those that are put beside Twinbox. */
function columns(run: Run): { names: string[]; others: string[] } {
  const engines = run.candidates.filter(isAvailable);
  const compared = engines.some(({ id }) => id === FIRST) ? engines.filter(({ id }) => id !== FIRST) : [];
  return { names: engines.map(({ name }) => name), others: compared.map(({ name }) => name) };
}

function comparison(run: Run): string {
  const { names, others } = columns(run);
  const part = (rows: readonly string[]): string[][] => {
    const byEngine = others.map((other) => ratios(run, rows, other));
    return rows.map((row, index) => [
      row,
      ...names.map((name) => timeText(run.turns.get(name)?.cells.get(row))),
      ...byEngine.map((column) => figure(column[index], 2)),
    ]);
  };
  const means = others.map((other) => `**${figure(geometricMean(ratios(run, run.work, other)), 2)}**`);
  return table([
    ["seconds", ...names, ...others.map((other) => `${other} : Twinbox`)],
    ...part(run.work),
    ["**geometric mean**", ...names.map(() => ""), ...means],
    ...part(run.boots),
  ]);
}

/** What else was measured of machines: a row a measure, a column an engine. */
function machines({ candidates, turns }: Run): string {
  const engines = candidates.filter(isAvailable).filter(({ id }) => id !== "native");
  const row = (title: string, text: (turn: Turn) => string): string[] => [
    title,
    ...engines.map(({ name }) => {
      const turn = turns.get(name);
      return turn ? text(turn) : "–";
    }),
  ];
  const mebibytes = (bytes: number | undefined) => (bytes === undefined ? undefined : bytes / MIB);
  return table([
    ["of the machine", ...engines.map(({ name }) => name)],
    row("resident beyond the guest's RAM, after the work, MiB", ({ residentBytes }) =>
      figure(mebibytes(residentBytes), 0),
    ),
    row("idle guest, part of a processor", ({ idleLoad }) => figure(idleLoad && idleLoad * 100, 1, " %")),
    row("guest instructions, millions a second in guest code", ({ statistics }) =>
      figure(statistics && statistics.instructions / statistics.busySeconds / 1e6, 0),
    ),
    row("start of the process to the first guest instruction, s", ({ statistics }) =>
      figure(statistics?.startSeconds, 2),
    ),
  ]);
}

/** Every failure, in words. */
export function failures({ turns, twoAtOnce }: Run): string[] {
  const machines = twoAtOnce.flatMap((part, index) =>
    part === undefined ? [`machine ${index + 1} of two at once`] : [],
  );
  const rows = [...turns].flatMap(([engine, { cells }]) =>
    [...cells].flatMap(([row, cell]) =>
      "failed" in cell ? [`${row}, ${engine}: ${cell.failed.split("\n")[0]}`] : [],
    ),
  );
  return [...rows, ...machines];
}

const title = ({ date, architecture }: Run): string =>
  `${architecture}, ${date.toISOString().slice(0, 16).replace("T", " ")} UTC`;

/** In Markdown. */
export function describe(run: Run): string {
  const { command, processor, processors, load, rounds, candidates, twoAtOnce } = run;
  const engines = candidates.map((candidate) =>
    isAvailable(candidate)
      ? `- ${candidate.description}`
      : `- ${candidate.name} skipped: ${candidate.unavailable}`,
  );
  const failed = failures(run);
  return [
    `## ${title(run)}`,
    `\`${command}\` on ${processors} × ${processor}; load before the run: ${load.toFixed(1)}. ` +
      `${rounds > 1 ? `Best of ${rounds}` : "One round"}, the engines in turn, ${MEMORY_MIB} MiB a machine.` +
      (load > processors * BUSY_SHARE ? " **The host had other work: these figures are provisional.**" : ""),
    `Engines:\n\n${engines.join("\n")}`,
    comparison(run),
    ...(failed.length > 0 ? [`Failed:\n\n${failed.map((line) => `- ${line}`).join("\n")}`] : []),
    machines(run),
    ...(twoAtOnce.length > 0
      ? [
          `Two machines of Twinbox at once keep ${twoAtOnce.map((part) => figure(part && part * 100, 0, " %")).join(" and ")} of the speed that one has alone.`,
        ]
      : []),
  ].join("\n\n");
}

/** The engines of the document's table of all runs. */
const WORK_BESIDE = ["v86", "QEMU TCG", "native"] as const;
const BOOT_BESIDE = ["v86", "QEMU TCG"] as const;

/** A run as a row of that table: the means of the work, then the boots, each to Twinbox's time, and failures. */
export function summary(run: Run): string {
  const means = WORK_BESIDE.map((name) => figure(geometricMean(ratios(run, run.work, name)), 2));
  const boots = BOOT_BESIDE.map((name) => figure(ratios(run, [BOOT], name)[0], 2));
  return `| ${[title(run), ...means, ...boots, String(failures(run).length)].join(" | ")} |`;
}
