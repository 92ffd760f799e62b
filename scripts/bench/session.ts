// One engine's turn: the guest program's work, timed from outside by what it writes.

import { setTimeout as sleep } from "node:timers/promises";
import type { Engine } from "./engine.ts";
import { processorSeconds, residentBeyondGuest } from "./process-use.ts";
import { INSTALLER_MENU, installerMachine, MEMORY_MIB, type Program, programJob } from "./program.ts";
import { TimedProcess } from "./timed-process.ts";
import { divided, type Workload } from "./workloads.ts";

/** Rows that are no workloads of the program. */
export const BOOT = "boot";
export const INSTALLER = "installer";

const BOOT_SECONDS = 300;
const WORK_SECONDS = 300;
/** What a guest says when it will not come to the end of its work. */
export const FAILURE = /Kernel panic[^\r\n]*|@failed[^\r\n]*|segfault at[^\r\n]*/;
/** A guest that has just finished still has something to do. */
const SETTLE_MS = 3000;
const MIB = 1 << 20;

/** An engine's time for a row, or why it has none. */
export type Cell = { seconds: number; checksum?: string; amount?: number } | { failed: string };

/** What `twinbox run --stats` says of a whole run. */
export interface Statistics {
  instructions: number;
  busySeconds: number;
  startSeconds: number;
}

export interface Turn {
  /** By the row's name. */
  cells: Map<string, Cell>;
  /** Resident bytes beyond the guest's RAM, after the work. */
  residentBytes?: number;
  /** Processor time of the guest that waits for input, as a part of a processor. */
  idleLoad?: number;
  statistics?: Statistics;
}

export interface TurnOptions {
  /** The load of an idle guest is taken over this time; 0 leaves it out. */
  idleMs: number;
  report(line: string): void;
}

/** From what the process has printed on standard error; undefined for other engines. */
export function parseStatistics(complaints: string): Statistics | undefined {
  const line = /^\{"instructions":.*\}$/m.exec(complaints)?.[0];
  return line === undefined ? undefined : (JSON.parse(line) as Statistics);
}

/** A part of a processor that the process uses over some time. */
async function load(pid: number, milliseconds: number): Promise<number> {
  const [used, began] = [processorSeconds(pid), performance.now()];
  await sleep(milliseconds);
  return (processorSeconds(pid) - used) / ((performance.now() - began) / 1000);
}

const progress = (name: string, engine: Engine, cell: Cell): string =>
  `${name}, ${engine.name}: ${"failed" in cell ? cell.failed : `${cell.seconds.toFixed(3)} s`}`;

const reason = (error: unknown): string => (error as Error).message;

/**
 * The workloads on one engine. Where one fails the next begin with a new process, so that no failure hides another;
 * where the guest does not start at all, all have failed.
 */
export async function takeTurn(
  engine: Engine,
  program: Program,
  all: readonly Workload[],
  options: TurnOptions,
): Promise<Turn> {
  const turn: Turn = { cells: new Map() };
  let rest: readonly Workload[] = divided(all, engine.divisor);
  do rest = await doWork(engine, program, rest, turn, options);
  while (rest.length > 0);
  return turn;
}

/** Resolves with what is still to be done, after a failure. */
async function doWork(
  engine: Engine,
  program: Program,
  workloads: readonly Workload[],
  turn: Turn,
  { idleMs, report }: TurnOptions,
): Promise<readonly Workload[]> {
  const keep = (name: string, cell: Cell): void => {
    turn.cells.set(name, cell);
    report(progress(name, engine, cell));
  };
  const run = new TimedProcess(engine.command(programJob(program, workloads))!);
  try {
    try {
      const { seconds } = await run.see(/@ready/, BOOT_SECONDS, FAILURE);
      if (engine.id !== "native" && !turn.cells.has(BOOT)) keep(BOOT, { seconds });
    } catch (error) {
      for (const name of [BOOT, ...workloads.map((workload) => workload.name)])
        if (!turn.cells.has(name)) keep(name, { failed: reason(error) });
      return [];
    }
    for (const [index, { name, amount }] of workloads.entries())
      try {
        const begin = await run.see(new RegExp(`@begin ${name}\\r?\\n`), WORK_SECONDS, FAILURE);
        const end = await run.see(new RegExp(`@end ${name} ([0-9a-f]{8})\\r?\\n`), WORK_SECONDS, FAILURE);
        const seconds = (end.seconds - begin.seconds) * engine.divisor;
        keep(name, { seconds, checksum: end.match[1]!, amount });
      } catch (error) {
        keep(name, { failed: reason(error) });
        return workloads.slice(index + 1);
      }
    await run.see(/@done/, WORK_SECONDS, FAILURE);
    if (engine.id === "native") return [];
    if (process.platform === "linux" && run.pid !== undefined) {
      turn.residentBytes = residentBeyondGuest(run.pid, MEMORY_MIB * MIB);
      if (idleMs > 0) {
        await sleep(SETTLE_MS);
        turn.idleLoad = await load(run.pid, idleMs);
      }
    }
    const statistics = parseStatistics(await run.stop());
    if (statistics) turn.statistics = statistics;
    return [];
  } finally {
    await run.stop();
  }
}

/** The netboot installer's first menu, from the start of the engine's process; undefined where that is no machine. */
export async function bootInstaller(
  engine: Engine,
  program: Program,
  { report }: TurnOptions,
): Promise<Cell | undefined> {
  const command = engine.command({ machine: await installerMachine(program.architecture) });
  if (!command) return undefined;
  const run = new TimedProcess(command);
  let cell: Cell;
  try {
    cell = { seconds: (await run.see(INSTALLER_MENU, BOOT_SECONDS, FAILURE)).seconds };
  } catch (error) {
    cell = { failed: reason(error) };
  } finally {
    await run.stop();
  }
  report(progress(INSTALLER, engine, cell));
  return cell;
}
