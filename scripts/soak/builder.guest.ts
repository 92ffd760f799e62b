import { expect, test } from "vitest";
import type { TimedProcess } from "../bench/timed-process.ts";
import { Unavailable } from "../guests/unavailable.ts";
import { BOOTED, BUILT } from "./builder.ts";
import { checksums, expectedChecksums, FAILURE, startBuilder } from "./session.ts";

const TIMEOUT_SECONDS = 600;

test("what gcc builds in a guest does what the host's does, and the guest restarts itself", async ({
  skip,
}) => {
  let expected: string;
  let run: TimedProcess;
  try {
    expected = await expectedChecksums();
    run = await startBuilder(1);
  } catch (error) {
    if (error instanceof Unavailable) return skip(error.message);
    throw error;
  }
  try {
    const built = new RegExp(`${BUILT} ([^\r\n]*)[\r\n]`);
    expect(checksums((await run.see(built, TIMEOUT_SECONDS, FAILURE)).match[1]!)).toBe(expected);
    await run.see(new RegExp(`${BUILT}[^]*${BOOTED}`), TIMEOUT_SECONDS, FAILURE);
  } finally {
    await run.stop();
  }
});
