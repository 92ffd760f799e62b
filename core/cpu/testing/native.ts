// The host's own processor as judge of single instructions, through scripts/native/harness.c.

import { spawnSync } from "node:child_process";
import {
  closeSync,
  existsSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MEMORY_BYTES, splitCases } from "./differential.ts";

const HARNESS = join(import.meta.dirname, "../../../scripts/native/harness.c");

/** Where files are in memory, which cases are quickly passed through. */
const IN_MEMORY = "/dev/shm";

export interface NativeProcessor {
  /** Whether it has AVX, AVX2, FMA, F16C, BMI1 and BMI2. */
  readonly hasVex: boolean;
  /** Runs cases; each comes back as its instruction left it. */
  run(cases: readonly Uint8Array[]): Uint8Array[];
  /** The same of cases that follow one another, in place. */
  runJoined(cases: Uint8Array): void;
  close(): void;
}

/** Undefined where there is no x86-64 processor, or no gcc for it. */
export function openNative(codeSize: 32 | 64 = 32): NativeProcessor | undefined {
  if (process.arch !== "x64" || spawnSync("gcc", ["--version"]).status !== 0) return undefined;
  const folder = mkdtempSync(join(existsSync(IN_MEMORY) ? IN_MEMORY : tmpdir(), "twinbox-native-"));
  const program = join(folder, "harness");
  const compiled = spawnSync("gcc", ["-O2", `-m${codeSize}`, "-no-pie", HARNESS, "-o", program], {
    encoding: "utf8",
  });
  if (compiled.status !== 0) throw new Error(compiled.stderr);
  const path = join(folder, "cases");
  // One file for all batches: its pages stay.
  const file = openSync(path, "w+");
  const runJoined = (cases: Uint8Array): void => {
    ftruncateSync(file, cases.length);
    writeSync(file, cases, 0, cases.length, 0);
    const { status, signal, stderr } = spawnSync(program, [path, String(MEMORY_BYTES)], { encoding: "utf8" });
    if (status !== 0) throw new Error(`harness ended with ${status ?? signal}: ${stderr}`);
    readSync(file, cases, 0, cases.length, 0);
  };
  return {
    hasVex: spawnSync(program).status === 0,
    run(cases) {
      const all = Buffer.concat(cases);
      runJoined(all);
      return splitCases(all);
    },
    runJoined,
    close() {
      closeSync(file);
      rmSync(folder, { recursive: true });
    },
  };
}
