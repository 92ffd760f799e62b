// The folder that guests are kept in, and what is made of what.

import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";

/** Not part of the project: everything in it can be made again. */
export const CACHE = join(import.meta.dirname, "../../.cache/guests");

/** A change of any recipe may change any guest. */
const RECIPES = readdirSync(import.meta.dirname)
  .filter((name) => !name.endsWith(".guest.ts"))
  .map((name) => join(import.meta.dirname, name));

const modified = (path: string): number => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

/**
 * Has a file made by `build`, unless it is there and newer than all of `from` and every recipe. The file appears whole or not at all.
 *
 * @param name within the cache.
 * @param from the files that it is made from.
 * @returns the file's path.
 */
export async function make(
  name: string,
  from: readonly string[],
  build: (path: string) => unknown,
): Promise<string> {
  const path = join(CACHE, name);
  if (existsSync(path) && modified(path) > Math.max(...[...from, ...RECIPES].map(modified))) return path;
  const unfinished = join(CACHE, "unfinished", name);
  mkdirSync(dirname(unfinished), { recursive: true });
  rmSync(unfinished, { recursive: true, force: true });
  await build(unfinished);
  mkdirSync(dirname(path), { recursive: true });
  renameSync(unfinished, path);
  return path;
}
