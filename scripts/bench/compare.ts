// Workloads on every engine, in turn.

import { Unavailable } from "../guests/unavailable.ts";
import type { Engine, Guest } from "./engine.ts";
import { TimedProcess } from "./timed-process.ts";
import type { Workload } from "./workloads.ts";

const TIMEOUT_SECONDS = 300;

/** The best of an engine's runs of a workload. */
export interface Time {
  seconds: number;
  checksum?: string;
  /** Guest instructions of the whole run, where the engine counts them. */
  instructions?: number;
}

export type Cell = Time | { failed: string };

export interface Row {
  workload: Workload;
  /** Why the host cannot have the guest. */
  unavailable?: string;
  /** By the engine's name. */
  cells: Map<string, Cell>;
}

async function timeOnce(workload: Workload, guest: Guest, engine: Engine): Promise<Time> {
  const run = new TimedProcess(engine.command(guest));
  try {
    const began = workload.begin ? (await run.see(workload.begin, TIMEOUT_SECONDS)).seconds : 0;
    const { seconds, match } = await run.see(workload.end, TIMEOUT_SECONDS);
    const time: Time = { seconds: seconds - began };
    if (match[1] !== undefined) time.checksum = match[1];
    const instructions = countedInstructions(await run.stop());
    if (workload.countsInstructions && instructions !== undefined) time.instructions = instructions;
    return time;
  } finally {
    await run.stop();
  }
}

/** From the statistics of `twinbox run`; undefined in what other engines print. */
function countedInstructions(complaints: string): number | undefined {
  const found = /^\{"instructions":(\d+)/m.exec(complaints)?.[1];
  return found === undefined ? undefined : Number(found);
}

/** Every workload on every engine, `rounds` times in turn; failures are reported and kept in their cells. */
export async function compare(
  workloads: readonly Workload[],
  engines: readonly Engine[],
  rounds: number,
  report: (line: string) => void,
): Promise<Row[]> {
  const rows: Row[] = [];
  for (const workload of workloads) {
    const row: Row = { workload, cells: new Map() };
    rows.push(row);
    try {
      const guest = await workload.prepare();
      for (let round = 0; round < rounds; round++)
        for (const engine of engines) {
          const before = row.cells.get(engine.name);
          const cell = better(before, await attempt(workload, guest, engine));
          row.cells.set(engine.name, cell);
          report(
            `${workload.name}, ${engine.name}: ${"failed" in cell ? cell.failed : `${cell.seconds.toFixed(2)} s`}`,
          );
        }
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      row.unavailable = error.message;
    }
  }
  return rows;
}

async function attempt(workload: Workload, guest: Guest, engine: Engine): Promise<Cell> {
  try {
    const time = await timeOnce(workload, guest, engine);
    const expected = workload.checksum?.();
    if (time.checksum === expected) return time;
    return { failed: `checksum ${time.checksum}, not ${expected}` };
  } catch (error) {
    return { failed: (error as Error).message };
  }
}

/** The faster one; a failure is never made up for. */
export function better(before: Cell | undefined, now: Cell): Cell {
  if (!before || "failed" in now) return now;
  return "failed" in before || before.seconds <= now.seconds ? before : now;
}
