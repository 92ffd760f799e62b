// The same work on every engine, in turn.

import type { Engine } from "./engine.ts";
import type { Program } from "./program.ts";
import { bootInstaller, type Cell, INSTALLER, type Turn, type TurnOptions, takeTurn } from "./session.ts";
import type { Workload } from "./workloads.ts";

export interface CompareOptions extends TurnOptions {
  rounds: number;
  /** With the boot of the installer. */
  installer: boolean;
}

/** The faster one; a failure is never made up for. */
export function better(before: Cell | undefined, now: Cell): Cell {
  if (!before || "failed" in now) return now;
  return "failed" in before || before.seconds <= now.seconds ? before : now;
}

/** The best times, and of the rest what the last round says. */
function merged(before: Turn | undefined, now: Turn): Turn {
  const cells = new Map([...now.cells].map(([name, cell]) => [name, better(before?.cells.get(name), cell)]));
  return { ...before, ...now, cells };
}

/**
 * Every workload on every engine, `rounds` times; failures are reported and kept in their cells.
 *
 * @returns by the engine's name, the best of its rounds.
 */
export async function compare(
  engines: readonly Engine[],
  program: Program,
  workloads: readonly Workload[],
  options: CompareOptions,
): Promise<Map<string, Turn>> {
  const turns = new Map<string, Turn>();
  for (let round = 0; round < options.rounds; round++)
    for (const engine of engines) {
      const turn = await takeTurn(engine, program, workloads, options);
      const menu = options.installer ? await bootInstaller(engine, program, options) : undefined;
      if (menu) turn.cells.set(INSTALLER, menu);
      turns.set(engine.name, merged(turns.get(engine.name), turn));
    }
  const columns = [...turns.values()].map(({ cells }) => cells);
  agree([...(await lesserReferences(engines, program, workloads)), ...columns]);
  return turns;
}

/** The host's own checksums for engines that do less of the work. */
async function lesserReferences(
  engines: readonly Engine[],
  program: Program,
  workloads: readonly Workload[],
): Promise<Map<string, Cell>[]> {
  const native = engines.find(({ id }) => id === "native");
  const columns: Map<string, Cell>[] = [];
  for (const { divisor } of engines)
    if (native && divisor !== native.divisor) {
      const turn = await takeTurn({ ...native, divisor }, program, workloads, {
        idleMs: 0,
        report: () => {},
      });
      columns.push(turn.cells);
    }
  return columns;
}

/** An engine whose checksum is another than that of the first which did the same amount of the work has failed. */
export function agree(columns: readonly Map<string, Cell>[]): void {
  const right = new Map<string, string>();
  for (const cells of columns)
    for (const [name, cell] of cells) {
      if ("failed" in cell || cell.checksum === undefined) continue;
      const work = `${name}=${cell.amount}`;
      const expected = right.get(work) ?? cell.checksum;
      right.set(work, expected);
      if (cell.checksum !== expected)
        cells.set(name, { failed: `checksum ${cell.checksum}, not ${expected}` });
    }
}

/** For each of two machines at once, how much of its speed alone it keeps in each workload; undefined: one failed. */
export async function twoAtOnce(
  engine: Engine,
  program: Program,
  workloads: readonly Workload[],
  alone: ReadonlyMap<string, Cell>,
  options: TurnOptions,
): Promise<(number[] | undefined)[]> {
  const together = await Promise.all(
    [1, 2].map((machine) =>
      takeTurn(engine, program, workloads, {
        ...options,
        idleMs: 0,
        report: (line) => options.report(`machine ${machine} of two: ${line}`),
      }),
    ),
  );
  agree([new Map(alone), ...together.map(({ cells }) => cells)]);
  return together.map(({ cells }) => {
    if ([...cells.values()].some((cell) => "failed" in cell)) return undefined;
    return workloads.flatMap(({ name }) => {
      const [one, two] = [alone.get(name), cells.get(name)];
      return one && two && "seconds" in one && "seconds" in two ? [one.seconds / two.seconds] : [];
    });
  });
}
