#!/usr/bin/env -S MALLOC_ARENA_MAX=1 MALLOC_TRIM_THRESHOLD_=131072 node --v8-pool-size=3 --no-wasm-inlining --invocation-count-for-turbofan=30000
// Starts the command line on a Node that can run it: an older one hands over to the `node` package's. The options are
// those of platform/node-options.ts, for `run` runs a machine in this process.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname ?? new URL(".", import.meta.url).pathname, "../..");
const source = join(root, "electron/cli/main.ts");
// In a checkout a bundle may be older than its sources. These need what the build makes of the AssemblyScript ones.
const fromSource = existsSync(source) && existsSync(join(root, "core/generated/runtime-wasm.ts"));
const main = fromSource ? source : join(root, "dist/cli/main.js");

if (Number(process.versions.node.split(".")[0]) >= 24) {
  // What V8 made of the sources, and the sources without their types: half of the time until the first guest
  // instruction. A folder that only its owner writes to, for what is in it runs; where it cannot be written, there is none.
  const { enableCompileCache } = await import("node:module");
  process.env.NODE_COMPILE_CACHE ??= join(root, ".cache/compiled"); // Machines' processes have it as well.
  enableCompileCache(process.env.NODE_COMPILE_CACHE);
  await import(main);
} else {
  const node = join(root, "node_modules/node/bin/node");
  const { status, error } = spawnSync(node, [...process.execArgv, main, ...process.argv.slice(2)], {
    stdio: "inherit",
  });
  if (error) console.error(`twinbox needs Node 24 or later; this is ${process.version}.`);
  process.exitCode = status ?? 1;
}
