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

describe("Linux with a shell on COM1", () => {
  guestTest(
    "a file written to an ext2 disk outlives a power-off, and the file system is clean",
    ["busybox"],
    async (guests) => {
      const disk = join(folder, "disk.img");
      await runTool("mke2fs", ["-q", "-t", "ext2", disk, "16M"]);
      const options = { ...guests.busybox, append: APPEND, hda: disk };

      const first = await twinbox({
        name: "busybox-writes",
        timeout: TIMEOUT,
        options,
        steps: [
          prompt,
          ...command("mount -t ext2 /dev/sda /mnt && echo mounted $((6 * 7))"),
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
        name: "busybox-reads",
        timeout: TIMEOUT,
        options,
        steps: [
          prompt,
          ...command("mount -t ext2 /dev/sda /mnt"),
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

  guestTest("saved and restored in another process, it goes on where it was", ["busybox"], async (guests) => {
    const saved = join(folder, "saved");
    const options = { ...guests.busybox, append: APPEND };
    await twinbox({
      name: "busybox-saved",
      timeout: TIMEOUT,
      options: { ...options, save: saved },
      steps: [prompt, ...command("kept=between; seq 1 1000 > /tmp/numbers"), "send-serial echo $kept-"],
    });
    const { serial } = await twinbox({
      name: "busybox-restored",
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
