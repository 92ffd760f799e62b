import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { TimedProcess } from "./timed-process.ts";

const PAUSE_MS = 300;
/** Until what was written before is read. */
const SETTLE_MS = 50;
const PATIENCE_SECONDS = 10;

test("the time in which a process stands still is not counted", async () => {
  const began = performance.now();
  const run = new TimedProcess(["sh", "-c", "sleep 0.1; echo done"]);
  run.pause();
  await sleep(PAUSE_MS);
  run.goOn();
  const { seconds } = await run.see(/done/, PATIENCE_SECONDS);
  expect(seconds * 1000).toBeLessThan(performance.now() - began - PAUSE_MS + 1);
  await run.stop();
});

test("what a process has started stands still with it, and ends with it", async () => {
  const run = new TimedProcess(["sh", "-c", "sh -c 'while :; do echo more; sleep 0.01; done'; :"]);
  await run.see(/more/, PATIENCE_SECONDS);
  run.pause();
  await sleep(SETTLE_MS);
  const before = run.output.length;
  await sleep(PAUSE_MS);
  expect(run.output.length).toBe(before);
  run.goOn();
  await run.stop();
  expect(run.isOver).toBe(true);
});
