// Programs of the host that guests are made with.

import { execFile } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { Unavailable } from "./unavailable.ts";

const execute = promisify(execFile);
/** Administrators' programs are not on everyone's path. */
const FOLDERS = [...(process.env.PATH ?? "").split(":"), "/usr/sbin", "/sbin"].filter(Boolean);

/** Where a program is; undefined if the host has none. */
export function findTool(name: string): string | undefined {
  return FOLDERS.map((folder) => join(folder, name)).find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/**
 * Runs a program of the host and resolves with what it printed.
 *
 * @throws Unavailable if the host has no such program. @throws Error with what it complained of if it failed.
 */
export async function runTool(name: string, args: readonly string[]): Promise<string> {
  const path = findTool(name);
  if (!path) throw new Unavailable(`this host has no ${name}`);
  try {
    const { stdout } = await execute(path, args, { maxBuffer: 64 << 20 });
    return stdout;
  } catch (error) {
    const { stderr, stdout } = error as { stderr?: string; stdout?: string };
    throw new Error(`${name} ${args.join(" ")} failed:\n${stderr || stdout || error}`, { cause: error });
  }
}
