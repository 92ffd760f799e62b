import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect } from "vitest";
import { PROMPT } from "./busybox.ts";
import { runTool } from "./tools.ts";
import { guestTest, twinbox } from "./twinbox.ts";

const TIMEOUT = 400;
const APPEND = "console=ttyS0";
const folder = mkdtempSync(join(tmpdir(), "twinbox-busybox-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** The numbers from 1 to `last`, a line each, as `seq` writes them. */
const numbers = (last: number): string => Array.from({ length: last }, (_, i) => `${i + 1}\n`).join("");
const md5 = (text: string): string => createHash("md5").update(text).digest("hex");
const command = (line: string): string[] => [`send-serial ${line}\\r`, `wait-serial "${PROMPT}"`];
const prompt = `wait-serial "${PROMPT}"`;

/** Linux for each kind of processor, and the file system that it is tried with. */
const SYSTEMS = [
  { guest: "busybox", bits: 32, type: "ext2" },
  { guest: "busybox64", bits: 64, type: "ext4" },
] as const;

describe.each(SYSTEMS)("$bits-bit Linux with a shell on COM1", ({ guest, type }) => {
  guestTest(
    `a file written to an ${type} disk outlives a power-off, and the file system is clean`,
    [guest],
    async (guests) => {
      const disk = join(folder, `${guest}.img`);
      await runTool("mke2fs", ["-q", "-t", type, disk, "16M"]);
      const options = { ...guests[guest], append: APPEND, memory: 256, hda: disk };

      const first = await twinbox({
        name: `${guest}-writes`,
        timeout: TIMEOUT,
        options,
        steps: [
          prompt,
          ...command(`mount -t ${type} /dev/sda /mnt && echo mounted $((6 * 7))`),
          ...command("seq 1 100000 > /mnt/numbers"),
          ...command("umount /mnt"),
          "send-serial poweroff -f\\r",
          "wait-serial what never comes: power-off ends the run",
        ],
      });
      expect(first.serial).toContain("mounted 42");
      await runTool("e2fsck", ["-f", "-n", disk]);
      expect(await runTool("debugfs", ["-R", "cat /numbers", disk])).toBe(numbers(100_000));

      const second = await twinbox({
        name: `${guest}-reads`,
        timeout: TIMEOUT,
        options,
        steps: [
          prompt,
          ...command(`mount -t ${type} /dev/sda /mnt`),
          ...command("md5sum /mnt/numbers"),
          ...command("umount /mnt"),
          "send-serial poweroff -f\\r",
          "wait-serial what never comes: power-off ends the run",
        ],
      });
      expect(second.serial).toContain(md5(numbers(100_000)));
      await runTool("e2fsck", ["-f", "-n", disk]);
    },
  );

  guestTest("saved and restored in another process, it goes on where it was", [guest], async (guests) => {
    const saved = join(folder, `${guest}.saved`);
    const options = { ...guests[guest], append: APPEND, memory: 256 };
    await twinbox({
      name: `${guest}-saved`,
      timeout: TIMEOUT,
      options: { ...options, save: saved },
      steps: [prompt, ...command("kept=between; seq 1 1000 > /tmp/numbers"), "send-serial echo $kept-"],
    });
    const { serial } = await twinbox({
      name: `${guest}-restored`,
      timeout: 60,
      options: { ...options, load: saved },
      steps: [
        "send-serial two-processes\\r",
        "wait-serial between-two-processes",
        prompt,
        ...command("md5sum /tmp/numbers"),
        "send-serial poweroff -f\\r",
        "wait-serial what never comes: power-off ends the run",
      ],
    });
    expect(serial).toContain(md5(numbers(1000)));
  });
});

guestTest(
  "with AVX, the C library uses it, and compiled code does the same as the interpreter",
  ["busybox64"],
  async (guests) => {
    const { serial } = await twinbox({
      name: "avx",
      timeout: TIMEOUT,
      options: { ...guests.busybox64, append: APPEND, memory: 256, cpu: "x86-64-v3", verify: true },
      steps: [
        prompt,
        ...command("grep -o -m 1 avx2 /proc/cpuinfo"),
        ...command("seq 1 20000 > /tmp/numbers; md5sum /tmp/numbers"),
        ...command("sort -r /tmp/numbers | sort -n | md5sum"),
        "send-serial poweroff -f\\r",
        "wait-serial what never comes: power-off ends the run",
      ],
    });
    expect(serial).toMatch(/^avx2\r?$/m);
    expect(serial.split(md5(numbers(20_000)))).toHaveLength(3);
  },
);

guestTest("Debian's kernel for clouds starts a shell on COM1", ["cloud"], async (guests) => {
  const { serial } = await twinbox({
    name: "cloud",
    timeout: TIMEOUT,
    options: { ...guests.cloud, append: APPEND, memory: 256 },
    steps: [prompt, ...command("uname -rm")],
  });
  expect(serial).toMatch(/-cloud-amd64 x86_64/);
});
