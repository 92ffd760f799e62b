import { expect, test } from "vitest";
import type { Architecture } from "../guests/packages.ts";
import { Unavailable } from "../guests/unavailable.ts";
import { type Engine, isAvailable } from "./engine.ts";
import { findEngines } from "./engines.ts";
import { ARCHITECTURES } from "./options.ts";
import { type Program, prepareProgram } from "./program.ts";
import { BOOT, type Cell, takeTurn } from "./session.ts";
import { WORKLOADS } from "./workloads.ts";

/** One unit of each. */
const LEAST = WORKLOADS.map((workload) => ({ ...workload, amount: 1 }));
const OPTIONS = { idleMs: 0, report: () => {} };

/** The program, or why this host cannot have it. */
async function prepare(architecture: Architecture): Promise<Program | string> {
  try {
    return await prepareProgram(architecture);
  } catch (error) {
    if (error instanceof Unavailable) return error.message;
    throw error;
  }
}

/** A checksum for each workload, or what went wrong. */
const results = (cells: ReadonlyMap<string, Cell>): Record<string, string | undefined> =>
  Object.fromEntries(
    [...cells]
      .filter(([name]) => name !== BOOT)
      .map(([name, cell]) => [name, "failed" in cell ? cell.failed : cell.checksum]),
  );

test.for(ARCHITECTURES)(
  "the benchmark's work gives the same on the PC as on the host, %s",
  async (architecture, { skip }) => {
    const program = await prepare(architecture);
    const engines = await findEngines(["native", "twinbox"], architecture);
    if (typeof program === "string") return skip(program);
    for (const engine of engines) if (!isAvailable(engine)) return skip(engine.unavailable);
    const [host, pc] = engines as [Engine, Engine];
    const onHost = results((await takeTurn(host, program, LEAST, OPTIONS)).cells);
    expect(Object.keys(onHost)).toEqual(LEAST.map(({ name }) => name));
    for (const sum of Object.values(onHost)) expect(sum).toMatch(/^[0-9a-f]{8}$/);
    expect(results((await takeTurn(pc, program, LEAST, OPTIONS)).cells)).toEqual(onHost);
  },
);
