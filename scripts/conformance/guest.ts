// A program that tests its processor, on the PC by itself: what it writes, and how it ended.

import { setImmediate, setTimeout } from "node:timers/promises";
import { Pc } from "../../core/pc.ts";
import type { PcOptions } from "../../core/pc-options.ts";

export interface GuestRun {
  /** What came from COM1. */
  readonly text: string;
  readonly ended: "told" | "halted" | "off" | "late";
  /** Guest instructions. */
  readonly instructions: number;
  readonly pc: Pc;
}

const SLICE_MS = 20;
const LONGEST_SLEEP_MS = 20;

/**
 * Runs until the guest has told that it is done, sleeps for ever or is off, or `seconds` of the host have passed.
 * `prepare` may add to the board, and is given what tells that.
 */
export async function runGuest(
  options: Omit<PcOptions, "bootOrder" | "epochMs" | "drives">,
  seconds: number,
  prepare?: (pc: Pc, done: () => void) => void,
): Promise<GuestRun> {
  const pc = new Pc({ ...options, drives: [], bootOrder: [], epochMs: 0 });
  let text = "";
  let isOver = false;
  pc.onSerial = (port, bytes) => {
    if (port === 0) text += Buffer.from(bytes).toString("latin1");
  };
  prepare?.(pc, () => {
    isOver = true;
    pc.cpu.stopSoon();
  });
  const end = performance.now() + seconds * 1000;
  let ended: GuestRun["ended"] | undefined;
  while (!ended) {
    const slice = pc.runSlice(performance.now() * 1e6, SLICE_MS);
    if (isOver) ended = "told";
    else if (slice.state === "off") ended = "off";
    else if (slice.state === "idle" && slice.sleepNs === Number.POSITIVE_INFINITY) ended = "halted";
    else if (performance.now() > end) ended = "late";
    else if (slice.state === "idle") await setTimeout(Math.min(slice.sleepNs / 1e6, LONGEST_SLEEP_MS));
    else await setImmediate();
  }
  return { text, ended, instructions: pc.cpu.instructions, pc };
}
