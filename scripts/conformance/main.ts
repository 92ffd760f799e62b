/**
 * Runs public conformance suites on the PC: `main.ts --test386 FOLDER` and `--kvm-unit-tests FOLDER` (64-bit build) or
 * `--kvm-unit-tests-i386 FOLDER`; `--only TEXT` takes tests whose names have it, `--verbose` shows what they write. How
 * to get and build them is in docs/conformance.md. Ends with 1 if anything failed.
 */
import { parseArgs } from "node:util";
import { buildRuntimeIfStale } from "../build-runtime.ts";
import { KVM_UNIT_TESTS, type KvmUnitTest, runKvmUnitTest } from "./kvm-unit-tests.ts";
import type { Result } from "./result.ts";
import { runTest386 } from "./test386.ts";

const { values } = parseArgs({
  options: {
    test386: { type: "string" },
    "kvm-unit-tests": { type: "string" },
    "kvm-unit-tests-i386": { type: "string" },
    only: { type: "string", default: "" },
    verbose: { type: "boolean", default: false },
  },
});

type Run = () => Promise<Result>;

function kvmUnitTests(
  folder: string | undefined,
  tests: readonly KvmUnitTest[],
  suffix: string,
): [string, Run][] {
  if (!folder) return [];
  return tests.map((test) => {
    const name = `kvm-unit-tests ${test.program}${suffix}`;
    return [name, async () => ({ ...(await runKvmUnitTest(folder, test)), name })];
  });
}

const { test386 } = values;
const runs: [string, Run][] = [
  ...(test386 ? ([["test386.asm", () => runTest386(test386)]] as [string, Run][]) : []),
  ...kvmUnitTests(values["kvm-unit-tests"], KVM_UNIT_TESTS.x86_64, ""),
  ...kvmUnitTests(values["kvm-unit-tests-i386"], KVM_UNIT_TESTS.i386, " (i386)"),
];

await buildRuntimeIfStale();
let failed = 0;
for (const [name, run] of runs) {
  if (!name.includes(values.only)) continue;
  const { verdict, detail, text } = await run();
  console.log(`${verdict.padEnd(7)} ${name}: ${detail}`);
  if (values.verbose) console.log(text);
  if (verdict === "failed") failed++;
}
process.exitCode = failed ? 1 : 0;
