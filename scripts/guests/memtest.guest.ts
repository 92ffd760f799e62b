import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { guestTest, SCREENSHOTS, twinbox } from "./twinbox.ts";

guestTest("memtest86+ starts from its CD and its first tests find no error", ["memtest"], async (guests) => {
  const text = join(SCREENSHOTS, "memtest.txt");
  await twinbox({
    name: "memtest",
    timeout: 300,
    options: { cdrom: guests.memtest.cdrom, memory: 16 },
    steps: ["wait-screen Memtest86+", "wait-screen Test #4", `dump-text ${text}`],
  });
  expect(readFileSync(text, "utf8")).toMatch(/Errors:\s*0\b/);
});
