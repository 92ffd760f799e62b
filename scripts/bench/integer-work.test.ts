import { expect, test } from "vitest";
import { createPc } from "../../core/pc.ts";
import { crc, sieve, type Work } from "./integer-work.ts";
import { BEGIN, END, makeKernel } from "./kernel.ts";

/** What the work's kernel sends on COM1 until it has ended. */
async function output(work: Work): Promise<string> {
  const image = makeKernel((a) => work.code(a));
  const pc = await createPc({
    memoryMib: 8,
    drives: [],
    bootOrder: [],
    kernel: { image, commandLine: "" },
    epochMs: 0,
  });
  let text = "";
  pc.onSerial = (_port, bytes) => {
    text += Buffer.from(bytes).toString("latin1");
  };
  for (let slice = 0; slice < 500 && !END.test(text); slice++) {
    pc.runSlice(performance.now() * 1e6);
    await new Promise(setImmediate);
  }
  await pc.close();
  return text;
}

test("the sieve's checksum is the sum of the primes, as often as it ran", () => {
  expect(sieve({ limit: 20, passes: 1 }).checksum()).toBe(2 + 3 + 5 + 7 + 11 + 13 + 17 + 19);
  expect(sieve({ limit: 12, passes: 3 }).checksum()).toBe(3 * 28);
});

test.each([
  ["sieve", sieve({ limit: 1000, passes: 2 })],
  ["CRC-32", crc({ length: 300, passes: 2 })],
])("the kernel of %s announces its work and ends with its checksum", async (_name, work) => {
  const text = await output(work);
  expect(text).toMatch(BEGIN);
  expect(Number.parseInt(END.exec(text)?.[1] ?? "", 16)).toBe(work.checksum());
});
