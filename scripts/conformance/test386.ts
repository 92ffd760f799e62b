// test386.asm, a tester of the 80386's instructions that takes the firmware's place and tells numbers at the POST port.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ports } from "../../core/memory-map.ts";
import { runGuest } from "./guest.ts";
import type { Result } from "./result.ts";

const DONE = 0xff;
const SECONDS = 120;

/** Lines of operation, operands and flags, without what is told around them. */
const operations = (text: string): string[] =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line.includes("EAX="));

/** With `test386.bin`, made for port 80h and COM1, and `test386-EE-reference.txt` in `folder`. */
export async function runTest386(folder: string): Promise<Result> {
  const firmware = readFileSync(join(folder, "test386.bin"));
  const { text, pc, ended } = await runGuest({ memoryMib: 16, firmware }, SECONDS);
  const post = pc.ports.read(ports.post.base, 1);
  const result = { name: "test386.asm", text };
  if (post !== DONE) return { ...result, verdict: "failed", detail: `${ended} at POST ${post.toString(16)}` };
  const wanted = operations(readFileSync(join(folder, "test386-EE-reference.txt"), "latin1"));
  const got = operations(text);
  const wrong = wanted.findIndex((line, n) => line !== got[n]);
  return wrong < 0
    ? {
        ...result,
        verdict: "passed",
        detail: `POST ff, ${wanted.length} results as in the reference`,
      }
    : {
        ...result,
        verdict: "failed",
        detail: `line ${wrong} of the results: ${got[wrong]}, not ${wanted[wrong]}`,
      };
}
