/**
 * `npm run bench`: Twinbox beside other emulators on the same host, in one run. Prints the table and writes it into
 * `docs/performance.md`, unless only some of the workloads were asked for.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { measureAlone } from "./alone.ts";
import { compare } from "./compare.ts";
import { isAvailable } from "./engine.ts";
import { findEngines } from "./engines.ts";
import { describe, type Run, withLatestRun } from "./report.ts";
import { WORKLOADS } from "./workloads.ts";

const DOCUMENT = join(import.meta.dirname, "../../docs/performance.md");
const USAGE = `Usage: npm run bench [-- [--rounds N] [WORKLOAD …]]

Workloads: ${WORKLOADS.map(({ name }) => `"${name}"`).join(", ")}. With names given, only those are run and nothing
is written.
`;

const progress = (line: string): void => void process.stderr.write(`${line}\n`);

function parse(): { rounds: number; names: string[] } {
  const { values, positionals } = parseArgs({
    options: { rounds: { type: "string", default: "2" } },
    allowPositionals: true,
  });
  const rounds = Number(values.rounds);
  const known = new Set(WORKLOADS.map(({ name }) => name));
  if (!(Number.isInteger(rounds) && rounds > 0)) throw new Error("--rounds takes a whole number from 1");
  for (const name of positionals) if (!known.has(name)) throw new Error(`there is no workload "${name}"`);
  return { rounds, names: positionals };
}

async function bench(rounds: number, names: readonly string[]): Promise<Run> {
  const date = new Date();
  const load = loadavg()[0]!;
  const candidates = await findEngines();
  const chosen = WORKLOADS.filter(({ name }) => names.length === 0 || names.includes(name));
  const rows = await compare(chosen, candidates.filter(isAvailable), rounds, progress);
  const alone = names.length === 0 ? await measureAlone(progress) : [];
  const processors = cpus().length;
  const processor = cpus()[0]?.model.trim() ?? "unknown processor";
  const command = ["npm run bench", ...(rounds === 2 ? [] : [`-- --rounds ${rounds}`])].join(" ");
  return { date, command, processor, processors, load, rounds, candidates, rows, alone };
}

try {
  const { rounds, names } = parse();
  const run = await bench(rounds, names);
  const text = describe(run);
  process.stdout.write(`${text}\n`);
  if (run.rows.some(({ cells }) => [...cells.values()].some((cell) => "failed" in cell)))
    process.exitCode = 1;
  else if (names.length === 0) writeFileSync(DOCUMENT, withLatestRun(readFileSync(DOCUMENT, "utf8"), text));
} catch (error) {
  process.stderr.write(`bench: ${(error as Error).message}\n\n${USAGE}`);
  process.exitCode = 1;
}
