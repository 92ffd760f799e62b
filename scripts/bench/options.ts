// The command line of `npm run bench`.

import { parseArgs } from "node:util";
import type { Architecture } from "../guests/packages.ts";
import { ENGINE_IDS, type EngineId } from "./engine.ts";
import { INSTALLER } from "./session.ts";
import { WORKLOADS } from "./workloads.ts";

export const ARCHITECTURES: readonly Architecture[] = ["i386", "amd64"];
const NAMES = [...WORKLOADS.map(({ name }) => name), INSTALLER];

export const USAGE = `Usage: npm run bench -- [OPTIONS]

  --arch LIST       ${ARCHITECTURES.join(", ")} (both)
  --engines LIST    ${ENGINE_IDS.join(", ")} (all)
  --only LIST       ${NAMES.join(", ")} (all)
  --rounds N        the best of N (1)
  --quick           a twentieth of the work, without installer, idle load and two machines at once
  --help            this text

A run of everything is written into docs/performance.md.
`;

export interface Options {
  architectures: readonly Architecture[];
  engines: readonly EngineId[];
  /** Names of workloads, and the installer's. */
  only: readonly string[];
  rounds: number;
  quick: boolean;
  /** All engines and all work: what a document can be told of. */
  everything: boolean;
}

/** Names of a list's text, in the order of `all`; all of them if there is no text. @throws Error for a name that is not there. */
export function list<Name extends string>(
  option: string,
  text: string | undefined,
  all: readonly Name[],
): readonly Name[] {
  if (text === undefined) return all;
  const names = text.split(",");
  for (const name of names)
    if (!(all as readonly string[]).includes(name))
      throw new Error(`--${option} takes a list of ${all.join(", ")}, not "${name}"`);
  return all.filter((name) => names.includes(name));
}

/** Undefined where help is asked for. @throws Error a line that says what is wrong. */
export function parseOptions(args: readonly string[]): Options | undefined {
  const text = { type: "string" } as const;
  const flag = { type: "boolean" } as const;
  const { values } = parseArgs({
    args: [...args],
    options: { arch: text, engines: text, only: text, rounds: text, quick: flag, help: flag },
  });
  if (values.help) return undefined;
  const rounds = Number(values.rounds ?? "1");
  if (!(Number.isInteger(rounds) && rounds > 0)) throw new Error("--rounds takes a whole number from 1");
  const quick = values.quick ?? false;
  return {
    architectures: list("arch", values.arch, ARCHITECTURES),
    engines: list("engines", values.engines, ENGINE_IDS),
    only: list("only", values.only, NAMES),
    rounds,
    quick,
    everything: values.engines === undefined && values.only === undefined && !quick,
  };
}
