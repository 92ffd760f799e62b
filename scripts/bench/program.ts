// The guest program: compiled, and packed with busybox into an initial RAM disk whose init it is.

import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { make } from "../guests/cache.ts";
import { type CpioEntry, makeCpio, S_IFCHR, S_IFDIR, S_IFREG } from "../guests/cpio.ts";
import { prepareInstaller } from "../guests/installer.ts";
import { type Architecture, fetchPackage } from "../guests/packages.ts";
import { findTool, runTool } from "../guests/tools.ts";
import { Unavailable } from "../guests/unavailable.ts";
import { COMPILER, compilation, flagsOf, RECIPE, SOURCES } from "./compilation.ts";
import type { Job, Machine } from "./engine.ts";
import type { Workload } from "./workloads.ts";

/** Debian's packages that have what gcc needs for static i386 programs on amd64. */
const COMPILER_PACKAGES = "gcc, gcc-multilib and libc6-dev-i386";

/** Enough for the work. */
export const MEMORY_MIB = 256;
/** With less the installer for amd64 asks about little memory first. */
const INSTALLER_MEMORY_MIB = 1024;

/** @throws Unavailable if the host has no compiler for the architecture. */
async function compile(architecture: Architecture): Promise<string> {
  return make(`bench-${architecture}`, [import.meta.filename, ...RECIPE], async (path) => {
    await requireCompiler(architecture, `${path}.test`);
    const objects = `${path}.objects`;
    mkdirSync(objects, { recursive: true });
    for (const args of compilation(architecture, SOURCES, objects, path)) await runTool(COMPILER, args);
    rmSync(objects, { recursive: true });
  });
}

/** An empty program is the question: a compiler without the architecture's libraries cannot link it. */
async function requireCompiler(architecture: Architecture, path: string): Promise<void> {
  const missing = `this host has no ${COMPILER} for static ${architecture} programs (Debian: ${COMPILER_PACKAGES})`;
  if (!findTool(COMPILER)) throw new Unavailable(missing);
  writeFileSync(`${path}.c`, "int main(void) { return 0; }\n");
  try {
    await runTool(COMPILER, ["-static", ...flagsOf(architecture), `${path}.c`, "-o", path]);
  } catch (error) {
    throw new Unavailable(missing, { cause: error });
  } finally {
    rmSync(`${path}.c`, { force: true });
    rmSync(path, { force: true });
  }
}

export interface Program {
  architecture: Architecture;
  /** The program and busybox on the host. */
  path: string;
  busybox: string;
  kernel: string;
  initrd: string;
}

/** @throws Unavailable if this host cannot have it. */
export async function prepareProgram(architecture: Architecture): Promise<Program> {
  const path = await compile(architecture);
  const { kernel } = await prepareInstaller("text", architecture);
  const busybox = join(await fetchPackage("busybox-static", architecture), "bin/busybox");
  const initrd = await make(
    `bench-${architecture}.initrd.gz`,
    [import.meta.filename, path, busybox],
    (to) => {
      const entries: CpioEntry[] = [
        { name: "bin", mode: S_IFDIR | 0o755 },
        { name: "dev", mode: S_IFDIR | 0o755 },
        { name: "dev/console", mode: S_IFCHR | 0o600, device: [5, 1] },
        { name: "bin/busybox", mode: S_IFREG | 0o755, data: readFileSync(busybox) },
        { name: "init", mode: S_IFREG | 0o755, data: readFileSync(path) },
      ];
      writeFileSync(to, gzipSync(makeCpio(entries)));
    },
  );
  return { architecture, path, busybox, kernel, initrd };
}

/** The workloads in turn. */
export function programJob(
  { architecture, path, busybox, kernel, initrd }: Program,
  workloads: readonly Workload[],
): Job {
  const amounts = workloads.map(({ name, amount }) => `${name}=${amount}`);
  return {
    // What comes after the two dashes are init's arguments; messages of the kernel would fall among its lines.
    machine: {
      architecture,
      memoryMib: MEMORY_MIB,
      kernel,
      initrd,
      append: `quiet console=ttyS0,115200 -- ${amounts.join(" ")}`,
    },
    native: [path, `busybox=${busybox}`, ...amounts],
  };
}

/** What the installer's first menu has in its title. */
export const INSTALLER_MENU = /Select a language/;

export async function installerMachine(architecture: Architecture): Promise<Machine> {
  const { kernel, initrd } = await prepareInstaller("text", architecture);
  return {
    architecture,
    memoryMib: INSTALLER_MEMORY_MIB,
    kernel,
    initrd,
    append: "quiet console=ttyS0,115200",
  };
}
