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

/**
 * For each of two machines at once, how much of its speed alone it keeps in each workload; undefined: one failed. One machine works
 * alone before and after the two, for a host that is slower than some minutes ago is no cost of having two.
 */
export async function twoAtOnce(
  engine: Engine,
  program: Program,
  workloads: readonly Workload[],
  options: TurnOptions,
): Promise<(number[] | undefined)[]> {
  const work = async (which: string): Promise<Map<string, Cell>> => {
    const report = (line: string): void => options.report(`${which}: ${line}`);
    return (await takeTurn(engine, program, workloads, { ...options, idleMs: 0, report })).cells;
  };
  const before = await work("one machine, before two");
  const together = await Promise.all([work("machine 1 of two"), work("machine 2 of two")]);
  const after = await work("one machine, after two");
  agree([before, ...together, after]);
  return together.map((cells) => {
    const parts = workloads.map(({ name }) => kept(before.get(name), cells.get(name), after.get(name)));
    return parts.every((part) => part !== undefined) ? parts : undefined;
  });
}

/** The part of the speed alone, by the mean of two times alone, that there was meanwhile. */
export function kept(
  before: Cell | undefined,
  meanwhile: Cell | undefined,
  after: Cell | undefined,
): number | undefined {
  const [first, together, last] = [before, meanwhile, after].map((cell) =>
    cell && "seconds" in cell ? cell.seconds : undefined,
  );
  if (first === undefined || together === undefined || last === undefined) return undefined;
  return (first + last) / 2 / together;
}
