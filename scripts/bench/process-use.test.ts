import { expect, test } from "vitest";
import { parsePagemap, parseSmaps, parseStat } from "./process-use.ts";

test("fields of /proc/PID/stat are counted from behind the name, whatever is in it", () => {
  const stat = "12 (a) b (c) S 7 12 12 0 -1 4194304 100 0 0 0 150 50 0 0 20 0 1 0 100";
  expect(parseStat(stat)).toEqual({ parent: 7, processorSeconds: 2 });
});

test("the guest's RAM can be at the end of large mappings for data", () => {
  const mapping = (range: string, permissions: string, size: number, resident: number) =>
    `${range} ${permissions} 00000000 00:00 0 \nSize: ${size} kB\nKernelPageSize: 4 kB\nRss:  ${resident} kB\nPss: 1 kB\n`;
  const smaps = [
    mapping("7f0000000000-7f0014000000", "rw-p", 327680, 1000),
    mapping("7f1000000000-7f1040000000", "rwxp", 1048576, 200),
    mapping("7f2000000000-7f2040000000", "r-xp", 1048576, 30),
    mapping("7f3000000000-7f3000001000", "rw-p", 4, 4),
  ].join("");
  const ram = [{ start: 0x7f0004000000, end: 0x7f0014000000 }];
  expect(parseSmaps(smaps, 256 << 20)).toEqual({ resident: 1234 * 1024, ram });
});

test("a page is resident if the highest bit of its entry says so", () => {
  const entries = new Uint8Array(new BigUint64Array([1n << 63n, 1n << 62n, (1n << 63n) | 5n]).buffer);
  expect(parsePagemap(entries)).toBe(2 * 4096);
});
