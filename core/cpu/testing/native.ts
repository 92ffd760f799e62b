// The host's own processor as judge of single instructions, through scripts/native/harness.c.

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { caseSize, joinCases, MEMORY_BYTES, splitCases } from "./differential.ts";

const HARNESS = join(import.meta.dirname, "../../../scripts/native/harness.c");

export interface NativeProcessor {
  /** Runs cases; each comes back as its instruction left it. */
  run(cases: readonly Uint8Array[]): Uint8Array[];
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
  return {
    run: (cases) => {
      const { status, stdout, stderr } = spawnSync(program, {
        input: joinCases(cases),
        maxBuffer: cases.length * caseSize(MEMORY_BYTES) + 1,
      });
      if (status !== 0) throw new Error(`harness ended with ${status}: ${stderr}`);
      return splitCases(stdout);
    },
    close: () => rmSync(folder, { recursive: true }),
  };
}
