/**
 * Compares random instructions, in 32- and 64-bit code, with the host's own processor (AMD, through gcc), and tells the
 * number of cases and the first difference of each instruction. `--cases N` in all, ten million if not given, or as
 * many as `--seconds N` allow each code size;
 * `--seed N`; `--only TEXT` takes instructions whose names have it; `--jobs 2` runs both code sizes at once.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { CODE_SIZES, JUDGED_CHAPTERS, judgedSubjects } from "../core/cpu/testing/chapters.ts";
import { openNative } from "../core/cpu/testing/native.ts";
import { SiliconRun } from "../core/cpu/testing/silicon-run.ts";
import { buildRuntimeIfStale } from "./build-runtime.ts";

/** Cases of each instruction that are made at a time, and instructions. */
const COUNT = 256;
const TOGETHER = 64;

const { values } = parseArgs({
  options: {
    cases: { type: "string", default: "10000000" },
    seconds: { type: "string", default: "Infinity" },
    seed: { type: "string", default: "1" },
    only: { type: "string", default: "" },
    jobs: { type: "string", default: "1" },
    "code-size": { type: "string" },
  },
});

/** Runs `cases` cases in code of one size. Returns the number of instructions with a difference. */
function compare(codeSize: 32 | 64, cases: number): number {
  const { only, seed } = values;
  const limit = Number(values.seconds);
  const native = openNative(codeSize);
  if (!native) throw new Error("The comparison needs an x86-64 processor and gcc.");
  const subjects = JUDGED_CHAPTERS.flatMap(({ name }) => judgedSubjects(name, codeSize)).filter(
    ({ name, vex }) => name.includes(only) && (native.hasVex || !vex),
  );
  const start = performance.now();
  const run = new SiliconRun(native, codeSize, Number(seed));
  const elapsed = (): number => (performance.now() - start) / 1000;
  const isDone = (): boolean => run.cases >= cases || elapsed() >= limit;
  while (!isDone() && subjects.length > 0) {
    for (let first = 0; first < subjects.length && !isDone(); first += TOGETHER) {
      run.batch(subjects.slice(first, first + TOGETHER), COUNT);
    }
  }
  native.close();
  const seconds = elapsed();
  for (const [name, text] of run.differences) console.log(`${codeSize}-bit code: ${name}\n${text}\n`);
  console.log(
    `${codeSize}-bit code: ${run.cases} cases of ${subjects.length} encodings in ${seconds.toFixed(0)} s ` +
      `(${Math.round(run.cases / seconds)} a second), ${run.differences.size} encodings differ`,
  );
  return run.differences.size;
}

async function main(): Promise<number> {
  const cases = Number(values.cases);
  const size = CODE_SIZES.find((one) => String(one) === values["code-size"]);
  if (size) return compare(size, cases);
  if (!cpus()[0]?.model.includes("AMD")) {
    console.log("Skipped: processors of other makers differ in what the manuals leave open.");
    return 0;
  }
  await buildRuntimeIfStale();
  const half = Math.ceil(cases / CODE_SIZES.length);
  if (values.jobs === "1") {
    return CODE_SIZES.reduce((sum, codeSize) => sum + compare(codeSize, half), 0);
  }
  const children = CODE_SIZES.map((codeSize) =>
    spawn(
      process.execPath,
      [
        import.meta.filename,
        ...["--code-size", String(codeSize), "--cases", String(half), "--seconds", values.seconds],
        ...["--seed", values.seed, "--only", values.only],
      ],
      { stdio: "inherit" },
    ),
  );
  const codes = await Promise.all(children.map(async (child) => (await once(child, "exit"))[0] as number));
  return codes.filter((code) => code !== 0).length;
}

process.exitCode = (await main()) === 0 ? 0 : 1;
