import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { MACHINE_ASSIGNMENTS, MACHINE_NODE_OPTIONS } from "../platform/node-options.ts";

const BIN = join(import.meta.dirname, "bin.js");
const SOURCE = "electron/cli/main.ts";
const BUNDLE = "dist/cli/main.js";
const RUNTIME = "core/generated/runtime-wasm.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "twinbox-bin-"));
});
afterEach(() => rmSync(root, { recursive: true }));

/** What says its own name among `files` when the command line is started. */
function starts(...files: string[]): string {
  for (const name of files) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), `process.stdout.write(${JSON.stringify(name)});`);
  }
  mkdirSync(join(root, "electron/cli"), { recursive: true });
  const bin = join(root, "electron/cli/bin.js");
  copyFileSync(BIN, bin);
  writeFileSync(join(root, "package.json"), '{ "type": "module" }');
  return spawnSync(process.execPath, [bin], { encoding: "utf8" }).stdout;
}

test("a checkout runs its sources, whatever bundle was built before", () => {
  expect(starts(SOURCE, RUNTIME, BUNDLE)).toBe(SOURCE);
});

test("an application, and a checkout that was only bundled, run the bundle", () => {
  expect(starts(BUNDLE)).toBe(BUNDLE);
  expect(starts(SOURCE, BUNDLE)).toBe(BUNDLE);
});

/** Makes a process take itself for a Node 20, whose modules lack what came later. */
const OLDER = `
  import { registerHooks } from "node:module";
  registerHooks({
    resolve: (name, context, next) =>
      name === "node:module" ? { url: "data:text/javascript,export default 0", shortCircuit: true } : next(name, context),
  });
  Object.defineProperty(process, "versions", { value: { ...process.versions, node: "20.19.0" } });
`;

test("on an older Node it hands over to the package's", () => {
  starts(SOURCE, RUNTIME);
  const node = join(root, "node_modules/node/bin/node");
  mkdirSync(dirname(node), { recursive: true });
  symlinkSync(process.execPath, node);
  const older = `data:text/javascript,${encodeURIComponent(OLDER)}`;
  const bin = join(root, "electron/cli/bin.js");
  expect(spawnSync(process.execPath, ["--import", older, bin], { encoding: "utf8" })).toMatchObject({
    status: 0,
    stdout: SOURCE,
    stderr: "",
  });
});

test("what V8 made of the sources is kept beside them", () => {
  starts(SOURCE, RUNTIME);
  expect(readdirSync(join(root, ".cache/compiled"))).toHaveLength(1); // A folder for this version of Node.
});

test("it has the environment and the options of a process that runs a machine", () => {
  const [first] = readFileSync(BIN, "utf8").split("\n", 1);
  expect(first).toBe(
    ["#!/usr/bin/env -S", ...MACHINE_ASSIGNMENTS, "node", ...MACHINE_NODE_OPTIONS].join(" "),
  );
});
