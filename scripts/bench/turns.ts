/**
 * `npm run bench:turns`: bundles of several checkouts, or other engines, do the same work, a quarter of a second each by turns while the
 * others stand still. A host whose speed changes from one second to the next meets all of them alike, so differences of some hundredths show.
 */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { type Candidate, ENGINE_IDS, isAvailable, type Job } from "./engine.ts";
import { findEngines, twinboxCommand } from "./engines.ts";
import { ARCHITECTURES, list } from "./options.ts";
import { firstThreadSeconds } from "./process-use.ts";
import { prepareProgram, programJob } from "./program.ts";
import { BOOT, FAILURE } from "./session.ts";
import { TimedProcess } from "./timed-process.ts";
import { WORKLOADS, type Workload } from "./workloads.ts";

/** The others do the same amount of work. */
const BESIDE = ENGINE_IDS.filter((id) => id !== "twinbox" && id !== "interpreter");

const USAGE = `Usage: npm run bench:turns -- [OPTIONS] CHECKOUT CHECKOUT|ENGINE …

  --arch NAME       ${ARCHITECTURES.join(" or ")} (i386)
  --only LIST       ${WORKLOADS.map(({ name }) => name).join(", ")} (all)

Each checkout is a folder in which \`npm run build\` was run. What is told is processor time of the machine's own thread, in
seconds, and for those after the first its ratio to the first's. A thread that compiles is not in it. Beside an engine
(${BESIDE.join(", ")}) it is the time of its own turns by the clock.
`;

const TURN_MS = 250;
/** Longest silence of one of several. */
const PATIENCE_SECONDS = 3600;

/** One that does the work, which stands still until it is its turn. */
class Contender {
  readonly seconds = new Map<string, number>();
  readonly checksums = new Map<string, string>();
  readonly finished: Promise<void>;
  isOver = false;
  readonly #run: TimedProcess;
  readonly #pid: number;
  readonly #byClock: boolean;

  constructor(command: readonly string[], workloads: readonly Workload[], byClock: boolean) {
    this.#run = new TimedProcess(command);
    if (this.#run.pid === undefined) throw new Error(`no process could be started for ${command[0]}`);
    this.#pid = this.#run.pid;
    this.#byClock = byClock;
    this.pause();
    this.finished = this.#follow(workloads).finally(() => {
      this.isOver = true;
    });
  }

  pause(): void {
    this.#run.pause();
  }

  goOn(): void {
    this.#run.goOn();
  }

  async stop(): Promise<void> {
    this.goOn();
    await this.#run.stop();
  }

  async #follow(workloads: readonly Workload[]): Promise<void> {
    const until = async (pattern: RegExp): Promise<{ seconds: number; checksum: string | undefined }> => {
      const { match, seconds } = await this.#run.see(pattern, PATIENCE_SECONDS, FAILURE);
      return { seconds: this.#byClock ? seconds : firstThreadSeconds(this.#pid), checksum: match[1] };
    };
    this.seconds.set(BOOT, (await until(/@ready/)).seconds);
    for (const { name } of workloads) {
      const begin = await until(new RegExp(`@begin ${name}\\r?\\n`));
      const end = await until(new RegExp(`@end ${name} ([0-9a-f]{8})\\r?\\n`));
      this.seconds.set(name, end.seconds - begin.seconds);
      this.checksums.set(name, end.checksum!);
    }
  }
}

/** Of a checkout's build, or of an engine by its name. @throws Error if there is none. */
function commandOf(name: string, engines: readonly Candidate[], job: Job): string[] {
  const engine = engines.find(({ id }) => id === name);
  if (engine) {
    if (!isAvailable(engine)) throw new Error(engine.unavailable);
    return engine.command(job)!;
  }
  const program = join(resolve(name), "dist/cli/main.js");
  if (!existsSync(program)) throw new Error(`${resolve(name)} has no build: run npm run build there`);
  return twinboxCommand(program, job.machine);
}

async function takeTurns(contenders: readonly Contender[]): Promise<void> {
  // Who fails ends all.
  const all = Promise.all(contenders.map(({ finished }) => finished));
  while (contenders.some(({ isOver }) => !isOver))
    for (const contender of contenders.filter(({ isOver }) => !isOver)) {
      contender.goOn();
      await Promise.race([sleep(TURN_MS), contender.finished, all]);
      contender.pause();
    }
  await all;
}

/** @throws Error if they did not compute the same. */
function requireAgreement([first, ...others]: readonly Contender[]): void {
  for (const [name, checksum] of first!.checksums)
    for (const other of others)
      if (other.checksums.get(name) !== checksum)
        throw new Error(`${name}: the checksums are ${checksum} and ${other.checksums.get(name)}`);
}

function table(contenders: readonly Contender[]): string {
  const [first] = contenders;
  const rows = [...first!.seconds].map(([name, seconds]) => {
    const others = contenders.slice(1).map((contender) => contender.seconds.get(name)!);
    const cells = [
      seconds.toFixed(2),
      ...others.map((other) => `${other.toFixed(2)} (${(other / seconds).toFixed(2)})`),
    ];
    return `${name.padEnd(12)} ${cells.join("   ")}`;
  });
  return `${rows.join("\n")}\n`;
}

async function main(args: string[]): Promise<void> {
  const text = { type: "string" } as const;
  const { values, positionals } = parseArgs({
    args,
    options: { arch: text, only: text, help: { type: "boolean" } },
    allowPositionals: true,
  });
  if (values.help) return void process.stdout.write(USAGE);
  if (positionals.length < 2) throw new Error("it takes two checkouts or engines");
  const [architecture] = list("arch", values.arch ?? "i386", ARCHITECTURES);
  const names = list(
    "only",
    values.only,
    WORKLOADS.map(({ name }) => name),
  );
  const program = await prepareProgram(architecture!);
  const workloads = WORKLOADS.filter(({ name }) => names.includes(name));
  const job = programJob(program, workloads);
  const engines = await findEngines(
    BESIDE.filter((id) => positionals.includes(id)),
    architecture!,
  );
  const byClock = engines.length > 0;
  const commands = positionals.map((name) => commandOf(name, engines, job));
  const contenders = commands.map((command) => new Contender(command, workloads, byClock));
  try {
    await takeTurns(contenders);
  } finally {
    await Promise.all(contenders.map((contender) => contender.stop()));
  }
  requireAgreement(contenders);
  process.stdout.write(table(contenders));
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`bench:turns: ${(error as Error).message}\n\n${USAGE}`);
  process.exitCode = 1;
}
