// The engines that are put side by side.

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isBuilt } from "../build.ts";
import { buildRuntimeIfStale } from "../build-runtime.ts";
import { fetchPackage } from "../guests/packages.ts";
import { findTool } from "../guests/tools.ts";
import { Unavailable } from "../guests/unavailable.ts";
import { type Candidate, type Engine, type Guest, MEMORY_MIB } from "./engine.ts";

const ROOT = join(import.meta.dirname, "../..");
const V86_PACKAGE = join(ROOT, "node_modules/v86");
const V86_PROGRAM = join(import.meta.dirname, "v86-program.ts");
/** Where Debian's package puts the firmware images. */
const SEABIOS = "usr/share/seabios";
const QEMU = "qemu-system-i386";

/** The sources may change while the benchmark runs; what it measures does not change from one to the other. */
const BUILT = isBuilt();

/** `twinbox run` and the options that every measurement of it shares. */
export function twinboxCommand(...options: string[]): string[] {
  const program = join(ROOT, BUILT ? "dist/cli/main.js" : "electron/cli/main.ts");
  return [process.execPath, program, "run", "--memory", String(MEMORY_MIB), ...options];
}

/** Options of `twinbox run`, and of QEMU with one dash fewer. */
function kernelOptions(dash: string, { kernel, initrd, append }: Guest): string[] {
  return Object.entries({ kernel, initrd, append }).flatMap(([name, value]) =>
    value === undefined ? [] : [`${dash}${name}`, value],
  );
}

async function twinbox(): Promise<Engine> {
  if (!BUILT) await buildRuntimeIfStale();
  return {
    name: "Twinbox",
    description: `Twinbox, ${BUILT ? "bundled" : "from source"}, on Node ${process.versions.node}`,
    command: (guest) => twinboxCommand("--stats", ...kernelOptions("--", guest)),
  };
}

async function v86(): Promise<Engine> {
  if (!existsSync(V86_PACKAGE)) throw new Unavailable("the package v86 is not installed");
  const { version } = JSON.parse(readFileSync(join(V86_PACKAGE, "package.json"), "utf8"));
  const installed = join("/", SEABIOS);
  const firmware = existsSync(installed) ? installed : join(await fetchPackage("seabios"), SEABIOS);
  return {
    name: "v86",
    description: `npm package v86 ${version} with Debian's SeaBIOS, on Node ${process.versions.node}`,
    command: (guest) => [process.execPath, V86_PROGRAM, JSON.stringify({ guest, firmware })],
  };
}

function qemu(): Engine {
  const program = findTool(QEMU);
  if (!program) throw new Unavailable(`this host has no ${QEMU}`);
  const version = /version (\S+)/.exec(execFileSync(program, ["--version"], { encoding: "utf8" }))?.[1];
  const options = "-accel tcg,thread=single -nodefaults -display none -serial stdio -no-reboot";
  return {
    name: "QEMU TCG",
    description: `${QEMU} ${version} \`${options}\``,
    command: (guest) => [
      program,
      ...options.split(" "),
      "-m",
      String(MEMORY_MIB),
      ...kernelOptions("-", guest),
    ],
  };
}

const ENGINES: readonly { name: string; find(): Engine | Promise<Engine> }[] = [
  { name: "Twinbox", find: twinbox },
  { name: "v86", find: v86 },
  { name: "QEMU TCG", find: qemu },
];

/** In the order of the table's columns. */
export function findEngines(): Promise<Candidate[]> {
  return Promise.all(
    ENGINES.map(async ({ name, find }) => {
      try {
        return await find();
      } catch (error) {
        if (error instanceof Unavailable) return { name, unavailable: error.message };
        throw error;
      }
    }),
  );
}
