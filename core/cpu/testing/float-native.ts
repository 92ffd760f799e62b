import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FloatCase } from "./float-machine.ts";

const HARNESS = join(import.meta.dirname, "../../../scripts/native/float-harness.c");

/** The host's processor as judge: null where there is no x86-64 or no gcc. */
export interface NativeFloat {
  /** Runs records, one after another in `records`; returns them as the processor left them. */
  run(records: Uint8Array): Uint8Array;
  close(): void;
}

export function openNativeFloat(x87: readonly FloatCase[], sse: readonly FloatCase[]): NativeFloat | null {
  if (process.arch !== "x64" || spawnSync("gcc", ["--version"]).status !== 0) return null;
  const folder = mkdtempSync(join(tmpdir(), "twinbox-float-"));
  const lines = [
    ...x87.map(({ text }, number) => `X87(${number}, "${text}")`),
    ...sse.map(({ text }, number) => `SSE(${number}, "${text}")`),
  ];
  writeFileSync(join(folder, "float-cases.h"), `${lines.join("\n")}\n`);
  const program = join(folder, "float-harness");
  const options = ["-O1", "-masm=intel", "-mno-red-zone", `-I${folder}`, HARNESS, "-o", program];
  const compiled = spawnSync("gcc", options, { encoding: "utf8" });
  if (compiled.status !== 0) throw new Error(compiled.stderr);
  return {
    run: (records) => {
      const { status, stdout, stderr } = spawnSync(program, { input: records, maxBuffer: 2 ** 30 });
      if (status !== 0) throw new Error(`float-harness ended with ${status}: ${stderr}`);
      return stdout;
    },
    close: () => rmSync(folder, { recursive: true }),
  };
}
