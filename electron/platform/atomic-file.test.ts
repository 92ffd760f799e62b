import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { writeAtomically } from "./atomic-file.ts";

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "twinbox-atomic-"));
  file = join(folder, "a.json");
});
afterEach(() => rmSync(folder, { recursive: true }));

const read = (name: string) => readFileSync(join(folder, name), "utf8");

test("the first write has no backup; later ones keep what was before", async () => {
  await writeAtomically(file, "one");
  expect(readdirSync(folder)).toEqual(["a.json"]);
  await writeAtomically(file, "two");
  await writeAtomically(file, "three");
  expect(readdirSync(folder).sort()).toEqual(["a.json", "a.json.bak"]);
  expect([read("a.json"), read("a.json.bak")]).toEqual(["three", "two"]);
});

test("a write that fails changes nothing and leaves nothing", async () => {
  await writeAtomically(file, "one");
  mkdirSync(`${file}.new`);
  await expect(writeAtomically(file, "two")).rejects.toThrow();
  expect(read("a.json")).toBe("one");
});

test("what an earlier crash left is no obstacle", async () => {
  writeFileSync(file, "one");
  writeFileSync(`${file}.new`, "half of tw");
  writeFileSync(`${file}.bak.new`, "?");
  await writeAtomically(file, "two");
  expect([read("a.json"), read("a.json.bak")]).toEqual(["two", "one"]);
  expect(readdirSync(folder).sort()).toEqual(["a.json", "a.json.bak"]);
});
