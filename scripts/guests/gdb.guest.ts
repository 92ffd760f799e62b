import { execFile, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { COUNTER, modesFloppy } from "./modes-floppy.ts";
import { findTool } from "./tools.ts";

const PROGRAM = join(import.meta.dirname, "../../electron/cli/main.ts");
const execute = promisify(execFile);

/** Runs the machine, and GDB with these commands once it listens; gives what GDB printed. */
async function debug(commands: readonly string[], architecture = ""): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "twinbox-gdb-"));
  const floppy = join(folder, "floppy");
  writeFileSync(floppy, modesFloppy().image);
  const args = ["run", "--fda", floppy, "--boot", "floppy", "--memory", "4", "--serial", "none"];
  const machine = spawn(
    process.execPath,
    [PROGRAM, ...args, "--gdb", `0${architecture}`, "--timeout", "120"],
    {
      stdio: ["ignore", "ignore", "pipe"],
    },
  );
  try {
    const port = await new Promise<string>((resolve, reject) => {
      machine.on("close", () => reject(new Error("the machine ended before GDB came")));
      machine.stderr.on("data", (text) => {
        const match = /127\.0\.0\.1:(\d+)/.exec(String(text));
        if (match) resolve(match[1]!);
      });
    });
    const script = join(folder, "commands");
    const target = `target remote 127.0.0.1:${port}`;
    writeFileSync(script, ["set pagination off", "set confirm off", target, ...commands].join("\n"));
    // What `monitor` prints goes to GDB's standard error.
    const { stdout, stderr } = await execute("gdb", ["-q", "-nx", "-batch", "-x", script]);
    return stdout + stderr;
  } finally {
    machine.kill("SIGKILL");
    rmSync(folder, { recursive: true });
  }
}

const title = findTool("gdb") ? "" : " (skipped: this host has no gdb)";
describe.skipIf(title !== "")(`GDB${title}`, () => {
  const { address } = modesFloppy();
  const at = (label: string) => `*${address(label)}`;

  test("drives 16-, 32- and 64-bit code in one session", async () => {
    const text = await debug([
      'printf "first %x:%x\\n", $cs, $pc',
      `break ${at("real")}`,
      "continue",
      "stepi",
      'printf "real %x\\n", $rbx & 0xffff',
      `hbreak ${at("protected")}`,
      "continue",
      "stepi 5",
      'printf "protected %x\\n", $rbx',
      `break ${at("long")}`,
      "continue",
      "stepi",
      'printf "long %lx\\n", $rbx',
      "monitor walk 0x1234",
      "x/2i $pc",
      "delete",
      `watch *(long *)${COUNTER}`,
      "continue",
      "continue",
      `printf "counted %d, %d\\n", $rax, *(long *)${COUNTER}`,
      "set $rax = 1000",
      "continue",
      'printf "set %d\\n", $rax',
      "kill",
    ]);
    expect(text).toContain("first f000:fff0");
    expect(text).toContain("real 1616");
    expect(text).toContain("protected 32323232");
    expect(text).toContain("long 6464646464646464");
    expect(text).toContain("PDE   at 12000");
    expect(text).toContain("xor    %eax,%eax");
    expect(text).toContain("counted 2, 2");
    expect(text).toContain("set 1001");
  });

  test("sees a machine with 32-bit registers where told so", async () => {
    const text = await debug(
      [
        `break ${at("protected")}`,
        "continue",
        "stepi 5",
        'printf "ebx %x\\n", $ebx',
        "x/i $pc",
        "info registers eip",
        "kill",
      ],
      ",i386",
    );
    expect(text).toContain("ebx 32323232");
    expect(text).toMatch(/eip\s+0x7c/);
  });
});
