// What is measured of Twinbox alone.

import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { PROMPT, prepareBusybox } from "../guests/busybox.ts";
import { Unavailable } from "../guests/unavailable.ts";
import { twinboxCommand } from "./engines.ts";
import { TimedProcess } from "./timed-process.ts";

export interface Measure {
  name: string;
  /** With its unit, or why it could not be had. */
  value: string;
  description: string;
}

const BOOT_SECONDS = 300;
/** Linux counts processor time in these: proc(5), /proc/pid/stat. */
const TICKS_PER_SECOND = 100;
/** A guest that has just started still has something to do. */
const SETTLE_MS = 5000;
const IDLE_MS = 10_000;

/** From the command to the first guest instruction; the best of some. */
async function startTime(): Promise<Measure> {
  const seconds: number[] = [];
  for (let round = 0; round < 3; round++) {
    const run = new TimedProcess(twinboxCommand("--stats", "--timeout", "0", "--serial", "none"));
    const found = /"startSeconds":([\d.]+)/.exec(await run.end())?.[1];
    if (found === undefined) throw new Error("twinbox run has printed no statistics");
    seconds.push(Number(found));
  }
  return {
    name: "start",
    value: `${Math.min(...seconds).toFixed(2)} s`,
    description: "from the start of the process to the first guest instruction, best of 3",
  };
}

/** Processor time that a process with its threads has used, in seconds. */
function processorSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The name, in parentheses, may hold anything; the state, field 3, comes after it.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [user, system] = [fields[14 - 3], fields[15 - 3]].map(Number) as [number, number];
  return (user + system) / TICKS_PER_SECOND;
}

/** What a guest that waits for a command costs. */
async function idleLoad(): Promise<Measure> {
  const measure = {
    name: "idle guest",
    description: `processor time over ${IDLE_MS / 1000} s at busybox's prompt, in percent of a core`,
  };
  if (process.platform !== "linux") return { ...measure, value: "skipped: /proc is Linux's" };
  const { kernel, initrd } = await prepareBusybox();
  const run = new TimedProcess(
    twinboxCommand("--kernel", kernel, "--initrd", initrd, "--append", "console=ttyS0"),
  );
  try {
    await run.see(new RegExp(PROMPT), BOOT_SECONDS);
    await sleep(SETTLE_MS);
    const [used, began] = [processorSeconds(run.pid!), performance.now()];
    await sleep(IDLE_MS);
    const share = (processorSeconds(run.pid!) - used) / ((performance.now() - began) / 1000);
    return { ...measure, value: `${(share * 100).toFixed(1)} %` };
  } finally {
    await run.stop();
  }
}

/** @param report takes a line for each measure as it comes. */
export async function measureAlone(report: (line: string) => void): Promise<Measure[]> {
  const measures: Measure[] = [];
  for (const measure of [startTime, idleLoad]) {
    try {
      const result = await measure();
      measures.push(result);
      report(`${result.name}: ${result.value}`);
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      report(`skipped: ${error.message}`);
    }
  }
  return measures;
}
