import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { MACHINE_ENVIRONMENT, MACHINE_NODE_OPTIONS } from "../platform/node-options.ts";
import { ForkStarter } from "./fork-starter.ts";

test("a machine's process has the options and the environment for one, and no options of the manager's", async () => {
  const folder = mkdtempSync(join(tmpdir(), "twinbox-starter-"));
  const program = join(folder, "host.mjs");
  writeFileSync(program, "process.send([process.execArgv, process.env]);");
  const host = new ForkStarter(program).start();
  try {
    const answer = await new Promise((resolve) => host.control.onMessage(resolve));
    expect(answer).toEqual([MACHINE_NODE_OPTIONS, expect.objectContaining(MACHINE_ENVIRONMENT)]);
  } finally {
    host.kill();
    rmSync(folder, { recursive: true });
  }
});
