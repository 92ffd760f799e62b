/**
 * `npm test`, and with the names of stages only those. Each stage runs whatever became of the one before; the last
 * line of the output is the sum of all tests, and the exit status 0 if nothing failed.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildRuntimeIfStale } from "./build-runtime.ts";
import { provideHostPrograms } from "./host-programs.ts";

const ROOT = join(import.meta.dirname, "..");
const MODULES = join(ROOT, "node_modules");
const RESULTS = join(ROOT, "dist/test-results");

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

interface Outcome extends Counts {
  stage: string;
  seconds: number;
}

/** Runs a program of node_modules on this Node, its output shown. */
function runModule(script: string, args: readonly string[]): boolean {
  const command = [join(MODULES, script), ...args];
  return spawnSync(process.execPath, command, { cwd: ROOT, stdio: "inherit" }).status === 0;
}

/** A stage that passes or fails as a whole; a failure counts as one test. */
const gate = (passed: boolean): Counts => ({ passed: 0, failed: passed ? 0 : 1, skipped: 0 });

function runVitest(name: string, args: readonly string[]): Counts {
  const output = join(RESULTS, `${name}.json`);
  rmSync(output, { force: true });
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${output}`];
  const success = runModule("vitest/vitest.mjs", ["run", ...args, ...reporters]);
  const counts = readCounts(output);
  // What failed outside of any test, such as a file that cannot be loaded.
  if (!success && counts.failed === 0) counts.failed = 1;
  return counts;
}

function readCounts(output: string): Counts {
  try {
    const report = JSON.parse(readFileSync(output, "utf8"));
    return {
      passed: report.numPassedTests,
      failed: report.numFailedTests,
      skipped: report.numPendingTests + report.numTodoTests,
    };
  } catch {
    return { passed: 0, failed: 1, skipped: 0 };
  }
}

const STAGES: Readonly<Record<string, () => Counts>> = {
  types: () => gate(runModule("typescript/bin/tsc", ["-b"])),
  lint: () => gate(runModule("@biomejs/biome/bin/biome", ["check", "--diagnostic-level=error"])),
  units: () => runVitest("units", []),
  guests: () => runVitest("guests", ["--config", "vitest.guests.config.ts"]),
  browser: () => runVitest("browser", ["--config", "e2e/vitest.config.ts"]),
};

function line({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

async function main(names: readonly string[]): Promise<number> {
  const unknown = names.find((name) => !STAGES[name]);
  if (unknown) throw new Error(`There is no stage ${unknown}; there are ${Object.keys(STAGES).join(", ")}.`);
  mkdirSync(RESULTS, { recursive: true });
  provideHostPrograms();
  await buildRuntimeIfStale();
  const outcomes: Outcome[] = [];
  for (const stage of names.length > 0 ? names : Object.keys(STAGES)) {
    process.stdout.write(`\n── ${stage} ──\n`);
    const began = performance.now();
    outcomes.push({ stage, ...STAGES[stage]!(), seconds: (performance.now() - began) / 1000 });
  }
  process.stdout.write("\n");
  for (const outcome of outcomes)
    process.stdout.write(
      `${outcome.stage.padEnd(8)} ${outcome.failed === 0 ? "ok    " : "FAILED"} ` +
        `${outcome.seconds.toFixed(0).padStart(5)} s  ${line(outcome)}\n`,
    );
  const sum = (key: keyof Counts) => outcomes.reduce((total, outcome) => total + outcome[key], 0);
  const total: Counts = { passed: sum("passed"), failed: sum("failed"), skipped: sum("skipped") };
  writeFileSync(join(RESULTS, "summary.txt"), `${line(total)}\n`);
  process.stdout.write(`${line(total)}\n`);
  return total.failed === 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
