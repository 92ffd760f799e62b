// The engines that are put side by side.

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { MACHINE_ASSIGNMENTS, MACHINE_NODE_OPTIONS } from "../../electron/platform/node-options.ts";
import { isBuilt } from "../build.ts";
import { buildRuntimeIfStale } from "../build-runtime.ts";
import { type Architecture, fetchPackage } from "../guests/packages.ts";
import { findTool } from "../guests/tools.ts";
import { Unavailable } from "../guests/unavailable.ts";
import type { Candidate, Engine, EngineId, Machine } from "./engine.ts";

const ROOT = join(import.meta.dirname, "../..");
const V86_PACKAGE = join(ROOT, "node_modules/v86");
const V86_PROGRAM = join(import.meta.dirname, "v86-program.ts");
/** Where Debian's package puts the firmware images. */
const SEABIOS = "usr/share/seabios";
const QEMU = { i386: "qemu-system-i386", amd64: "qemu-system-x86_64" } as const;
const QEMU_OPTIONS = "-accel tcg,thread=single -nodefaults -display none -serial stdio -no-reboot";
/** How much less the interpreter has to do: it is some ten times slower. */
const INTERPRETER_DIVISOR = 10;

/** Options of `twinbox run`, and of QEMU with one dash fewer. */
function kernelOptions(dash: string, { kernel, initrd, append }: Machine): string[] {
  return Object.entries({ kernel, initrd, append }).flatMap(([name, value]) => [`${dash}${name}`, value]);
}

function native(architecture: Architecture): Engine {
  if (process.platform !== "linux" || process.arch !== "x64")
    throw new Unavailable("the host does not run Linux programs for x86");
  return {
    id: "native",
    name: "native",
    description: `native: the same ${architecture} program on the host, on one of its processors`,
    divisor: 1,
    command: (job) => job.native && [...job.native],
  };
}

/** The sources may change while the benchmark runs; a build does not change from one engine's turn to the next. */
export async function twinboxProgram(): Promise<{ program: string; kind: string }> {
  if (isBuilt()) return { program: join(ROOT, "dist/cli/main.js"), kind: "bundled" };
  await buildRuntimeIfStale();
  return { program: join(ROOT, "electron/cli/bin.js"), kind: "from source" };
}

async function twinbox(): Promise<Engine> {
  const { program, kind } = await twinboxProgram();
  return {
    id: "twinbox",
    name: "Twinbox",
    description: `Twinbox, ${kind}, on Node ${process.versions.node}`,
    divisor: 1,
    command: ({ machine }) => twinboxCommand(program, machine),
  };
}

/** `twinbox run` of a guest, with options more, as its first line starts it; `env` becomes Node. */
export const twinboxCommand = (program: string, machine: Machine, ...options: string[]): string[] => [
  ...[
    "env",
    ...MACHINE_ASSIGNMENTS,
    process.execPath,
    ...MACHINE_NODE_OPTIONS,
    program,
    "run",
    "--memory",
    String(machine.memoryMib),
    "--stats",
  ],
  ...options,
  ...kernelOptions("--", machine),
];

async function interpreter(): Promise<Engine> {
  const { program } = await twinboxProgram();
  const help = execFileSync(process.execPath, [program, "run", "--help"], { encoding: "utf8" });
  if (!help.includes("--jit")) throw new Unavailable("`twinbox run` has no option --jit");
  return {
    id: "interpreter",
    name: "interpreter",
    description: `interpreter: Twinbox with \`--jit=off\`, a ${INTERPRETER_DIVISOR}th of the work, its time multiplied`,
    divisor: INTERPRETER_DIVISOR,
    command: ({ machine }) => twinboxCommand(program, machine, "--jit=off"),
  };
}

async function v86(architecture: Architecture): Promise<Engine> {
  if (architecture !== "i386") throw new Unavailable("v86 has no 64-bit mode");
  if (!existsSync(V86_PACKAGE)) throw new Unavailable("the package v86 is not installed");
  const { version } = JSON.parse(readFileSync(join(V86_PACKAGE, "package.json"), "utf8"));
  const installed = join("/", SEABIOS);
  const firmware = existsSync(installed) ? installed : join(await fetchPackage("seabios"), SEABIOS);
  return {
    id: "v86",
    name: "v86",
    description: `npm package v86 ${version} with Debian's SeaBIOS, on Node ${process.versions.node}`,
    divisor: 1,
    command: ({ machine }) => [process.execPath, V86_PROGRAM, JSON.stringify({ machine, firmware })],
  };
}

function qemu(architecture: Architecture): Engine {
  const name = QEMU[architecture];
  const program = findTool(name);
  if (!program) throw new Unavailable(`this host has no ${name}`);
  const version = /version (\S+)/.exec(execFileSync(program, ["--version"], { encoding: "utf8" }))?.[1];
  return {
    id: "qemu",
    name: "QEMU TCG",
    description: `${name} ${version} \`${QEMU_OPTIONS}\``,
    divisor: 1,
    command: ({ machine }) => [
      ...[program, ...QEMU_OPTIONS.split(" "), "-m", String(machine.memoryMib)],
      ...kernelOptions("-", machine),
    ],
  };
}

type Find = (architecture: Architecture) => Engine | Promise<Engine>;

/** In the order of the table's columns. */
const ENGINES: Record<EngineId, { name: string; find: Find }> = {
  native: { name: "native", find: native },
  twinbox: { name: "Twinbox", find: twinbox },
  interpreter: { name: "interpreter", find: interpreter },
  v86: { name: "v86", find: v86 },
  qemu: { name: "QEMU TCG", find: qemu },
};

/** One after the other: they may build or fetch the same. */
export async function findEngines(
  ids: readonly EngineId[],
  architecture: Architecture,
): Promise<Candidate[]> {
  const candidates: Candidate[] = [];
  for (const id of ids) {
    const { name, find } = ENGINES[id];
    try {
      candidates.push(await find(architecture));
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      candidates.push({ id, name, unavailable: error.message });
    }
  }
  return candidates;
}
