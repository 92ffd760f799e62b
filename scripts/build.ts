/**
 * Builds what the application runs from: the window, the programs of Node and Electron, and what they embed. Does
 * nothing when no source is newer than the last build.
 */
import { existsSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "vite";
import { buildRuntimeIfStale } from "./build-runtime.ts";
import { preload, programs } from "./bundles.ts";

const ROOT = join(import.meta.dirname, "..");
const DIST = join(ROOT, "dist");
/** Its time is that of the last build that went through. */
const STAMP = join(DIST, "built");
const SOURCES = ["core", "electron", "renderer", "resources", "package-lock.json", "scripts/bundles.ts"];
const PROGRAMS = ["chunks", "cli", "main", "preload", "vm-host"];

function newest(path: string): number {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))));
}

export function isBuilt(): boolean {
  const built = statSync(STAMP, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return built >= Math.max(...SOURCES.map((name) => newest(join(ROOT, name))));
}

export async function buildAll(): Promise<void> {
  await buildRuntimeIfStale();
  for (const name of PROGRAMS) rmSync(join(DIST, name), { recursive: true, force: true });
  await build(programs);
  await build(preload);
  await build({ configFile: join(ROOT, "renderer/vite.config.ts"), logLevel: "warn" });
  if (!existsSync(join(DIST, "renderer/index.html"))) throw new Error("the window was not built");
  writeFileSync(STAMP, "");
}

if (import.meta.main && !isBuilt()) await buildAll();
