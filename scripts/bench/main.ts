/**
 * `npm run bench`: Twinbox beside other engines on the same host, in one run. Prints the tables, and writes those of a
 * run of everything into `docs/performance.md`.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import type { Architecture } from "../guests/packages.ts";
import { Unavailable } from "../guests/unavailable.ts";
import { compare, twoAtOnce } from "./compare.ts";
import { withRun } from "./document.ts";
import { isAvailable } from "./engine.ts";
import { findEngines } from "./engines.ts";
import { type Options, parseOptions, USAGE } from "./options.ts";
import { prepareProgram } from "./program.ts";
import { describe, failures, geometricMean, type Run, summary } from "./report.ts";
import { BOOT, INSTALLER } from "./session.ts";
import { divided, quick, WORKLOADS } from "./workloads.ts";

const DOCUMENT = join(import.meta.dirname, "../../docs/performance.md");
const IDLE_MS = 10_000;
/** Processor, memory and kernel, without taking long: what two machines at once are measured by. */
const TWICE = ["sieve", "crc32", "sha256", "interp", "memcpy", "syscall"];
/** How much more of it they do: two that begin have four threads for two cores, of which two compile; what is meant is two that run. */
const TWICE_AS_MUCH = 8;

const report = (line: string): void => void process.stderr.write(`${line}\n`);

async function bench(architecture: Architecture, options: Options, args: readonly string[]): Promise<Run> {
  const date = new Date();
  const load = loadavg()[0]!;
  const program = await prepareProgram(architecture);
  const candidates = await findEngines(options.engines, architecture);
  const engines = candidates.filter(isAvailable);
  const chosen = WORKLOADS.filter(({ name }) => options.only.includes(name));
  const workloads = options.quick ? quick(chosen) : chosen;
  const idleMs = options.quick ? 0 : IDLE_MS;
  const { rounds } = options;
  const installer = options.only.includes(INSTALLER) && !options.quick;
  const turns = await compare(engines, program, workloads, { idleMs, report, rounds, installer });
  const run: Run = {
    date,
    command: ["npm run bench", ...(args.length > 0 ? ["--", ...args] : [])].join(" "),
    architecture,
    processor: cpus()[0]?.model.trim() ?? "unknown processor",
    processors: cpus().length,
    load,
    rounds,
    candidates,
    turns,
    work: workloads.map(({ name }) => name),
    boots: [BOOT, ...(installer ? [INSTALLER] : [])],
    twoAtOnce: [],
  };
  const twinbox = engines.find(({ id }) => id === "twinbox");
  if (!options.everything || !twinbox) return run;
  const twice = divided(workloads, 1 / TWICE_AS_MUCH).filter(({ name }) => TWICE.includes(name));
  const parts = await twoAtOnce(twinbox, program, twice, { idleMs, report });
  return { ...run, twoAtOnce: parts.map((part) => part && geometricMean(part)) };
}

async function main(args: readonly string[]): Promise<void> {
  const options = parseOptions(args);
  if (!options) return void process.stdout.write(USAGE);
  for (const architecture of options.architectures)
    try {
      const run = await bench(architecture, options, args);
      const text = describe(run);
      process.stdout.write(`${text}\n\n`);
      if (failures(run).length > 0) process.exitCode = 1;
      if (!options.everything) continue;
      const document = readFileSync(DOCUMENT, "utf8");
      writeFileSync(DOCUMENT, withRun(document, architecture, summary(run), text));
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      report(`${architecture} skipped: ${error.message}`);
    }
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`bench: ${(error as Error).message}\n\n${USAGE}`);
  process.exitCode = 1;
}
