// A machine that builds, and what its builds must do.

import { execFileSync } from "node:child_process";
import { twinboxCommand, twinboxProgram } from "../bench/engines.ts";
import { prepareProgram } from "../bench/program.ts";
import { TimedProcess } from "../bench/timed-process.ts";
import { prepareBuilder, WORK } from "./builder.ts";

/** What a machine says whose builds are at an end. */
export const FAILURE = /Kernel panic[^\r\n]*|segfault at[^\r\n]*|error:[^\r\n]*/;

/** Of the machine's RAM. */
export const MEMORY_MIB = 512;

/** The checksums in a program's output. */
export const checksums = (output: string): string => output.match(/@end \S+ \S+/g)?.join(" ") ?? "";

/** Those of the program as the host builds it. @throws Unavailable if this host has no compiler. */
export async function expectedChecksums(): Promise<string> {
  const { path } = await prepareProgram("amd64");
  return checksums(execFileSync(path, WORK, { input: "", encoding: "utf8" }));
}

/** Starts the machine; it restarts itself after so many builds. @throws Unavailable if this host has no compiler. */
export async function startBuilder(builds: number): Promise<TimedProcess> {
  const { kernel, initrd } = await prepareBuilder();
  const { program } = await twinboxProgram();
  const append = `quiet console=ttyS0,115200 builds=${builds}`;
  const machine = { architecture: "amd64" as const, memoryMib: MEMORY_MIB, kernel, initrd, append };
  return new TimedProcess(twinboxCommand(program, machine));
}
