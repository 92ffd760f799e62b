// The host's own processor as judge of single instructions, through scripts/native/harness.c.

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MEMORY_BYTES, splitCases } from "./differential.ts";

const HARNESS = join(import.meta.dirname, "../../../scripts/native/harness.c");

export interface NativeProcessor {
  /** Runs cases; each comes back as its instruction left it. */
  run(cases: readonly Uint8Array[]): Uint8Array[];
  /** The same of cases that follow one another. */
  runJoined(cases: Uint8Array): Buffer;
  close(): void;
}

/** Undefined where there is no x86-64 processor, or no gcc for it. */
export function openNative(codeSize: 32 | 64 = 32): NativeProcessor | undefined {
  if (process.arch !== "x64" || spawnSync("gcc", ["--version"]).status !== 0) return undefined;
  const folder = mkdtempSync(join(tmpdir(), "twinbox-native-"));
  const program = join(folder, "harness");
  const compiled = spawnSync("gcc", ["-O1", `-m${codeSize}`, "-no-pie", HARNESS, "-o", program], {
    encoding: "utf8",
  });
  if (compiled.status !== 0) throw new Error(compiled.stderr);
  const size = new Uint8Array(Uint32Array.of(MEMORY_BYTES).buffer);
  const runJoined = (cases: Uint8Array): Buffer => {
    const { status, stdout, stderr } = spawnSync(program, {
      input: Buffer.concat([size, cases]),
      maxBuffer: cases.length + 1,
    });
    if (status !== 0) throw new Error(`harness ended with ${status}: ${stderr}`);
    return stdout;
  };
  return {
    run: (cases) => splitCases(runJoined(Buffer.concat(cases))),
    runJoined,
    close: () => rmSync(folder, { recursive: true }),
  };
}
