import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { MACHINE_NODE_OPTIONS } from "../platform/node-options.ts";
import { ForkStarter } from "./fork-starter.ts";

test("a machine's process has the options of Node for one, and none of the manager's", async () => {
  const folder = mkdtempSync(join(tmpdir(), "twinbox-starter-"));
  const program = join(folder, "host.mjs");
  writeFileSync(program, "process.send(process.execArgv);");
  const host = new ForkStarter(program).start();
  try {
    const options = await new Promise((resolve) => host.control.onMessage(resolve));
    expect(options).toEqual(MACHINE_NODE_OPTIONS);
  } finally {
    host.kill();
    rmSync(folder, { recursive: true });
  }
});
