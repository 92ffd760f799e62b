/**
 * `npm run soak`: one machine boots, builds a program with gcc ten times, runs each, and restarts, for an hour. Tells once a
 * minute what the machine's process holds beyond the guest's RAM; fails where a build does not do the work that the host's does.
 * `--minutes N` takes another time.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { residentBeyondGuest } from "../bench/process-use.ts";
import type { TimedProcess } from "../bench/timed-process.ts";
import { BOOTED, BUILT } from "./builder.ts";
import { checksums, expectedChecksums, FAILURE, MEMORY_MIB, startBuilder } from "./session.ts";

const BUILDS = 10;
const MIB = 1 << 20;
const BUILD = new RegExp(`${BUILT} [^\r\n]*[\r\n]`, "g");

/** Looks once a minute. @throws Error what has gone wrong. */
async function watch(run: TimedProcess, minutes: number, expected: string): Promise<void> {
  for (let minute = 1; minute <= minutes; minute++) {
    await sleep(60_000);
    const { output } = run;
    const builds = output.match(BUILD) ?? [];
    const wrong = builds.find((line) => checksums(line) !== expected);
    if (wrong !== undefined) throw new Error(`a build does ${wrong.trim()}, not ${expected}`);
    const failure = FAILURE.exec(output)?.[0] ?? (run.isOver ? "the machine's process has ended" : undefined);
    if (failure !== undefined) throw new Error(failure);
    const boots = output.split(BOOTED).length - 1;
    const beyond = Math.round(residentBeyondGuest(run.pid!, MEMORY_MIB * MIB) / MIB);
    process.stdout.write(
      `${minute} min: ${boots} boots, ${builds.length} builds, ${beyond} MiB beyond the guest's RAM\n`,
    );
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { minutes: { type: "string", default: "60" } } });
  const minutes = Number(values.minutes);
  if (!(Number.isInteger(minutes) && minutes > 0)) throw new Error("--minutes takes a whole number from 1");
  const expected = await expectedChecksums();
  const run = await startBuilder(BUILDS);
  try {
    await watch(run, minutes, expected);
  } finally {
    process.stdout.write(`${(await run.stop()).trim()}\n`);
  }
}

try {
  await main();
} catch (error) {
  process.stderr.write(`soak: ${(error as Error).message}\n`);
  process.exitCode = 1;
}
