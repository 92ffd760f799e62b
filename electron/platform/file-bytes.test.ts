import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { FileBytes } from "./file-bytes.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "twinbox-bytes-"));
  path = join(folder, "initrd");
  writeFileSync(path, Uint8Array.of(1, 2, 3, 4, 5));
});
afterEach(() => rmSync(folder, { recursive: true }));

it("gives the bytes that a Uint8Array would, until more are asked for", () => {
  const file = new FileBytes(path, "read");
  expect(file.length).toBe(5);
  expect([...file.subarray(1, 3)]).toEqual([2, 3]);
  expect([...file.subarray(3, 100)]).toEqual([4, 5]);
  expect(file.subarray(7, 9)).toHaveLength(0);
  file.close();
});

it("says in words that the file is not there, is a folder, or has become shorter", () => {
  expect(() => new FileBytes(join(folder, "none"), "read the RAM disk")).toThrow(
    `Cannot read the RAM disk ${join(folder, "none")}: there is no such file.`,
  );
  expect(() => new FileBytes(folder, "read")).toThrow("it is not a file");
  const file = new FileBytes(path, "read");
  truncateSync(path, 2);
  expect(() => file.subarray(0, 5)).toThrow("it has become shorter");
  expect([...file.subarray(0, 2)]).toEqual([1, 2]);
  file.close();
});
