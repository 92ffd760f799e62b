import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { guestTest, SCREENSHOTS, twinbox } from "./twinbox.ts";

describe.each(["memtest", "memtest64"] as const)("memtest86+ (%s)", (guest) => {
  guestTest("starts from its CD and its first tests find no error", [guest], async (guests) => {
    const text = join(SCREENSHOTS, `${guest}.txt`);
    await twinbox({
      name: guest,
      timeout: 300,
      options: { cdrom: guests[guest].cdrom, memory: 16 },
      steps: ["wait-screen Memtest86+", "wait-screen Test #4", `dump-text ${text}`],
    });
    expect(readFileSync(text, "utf8")).toMatch(/Errors:\s*0\b/);
  });
});
