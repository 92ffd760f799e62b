import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

const MAIN = join(import.meta.dirname, "main.ts");

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "twinbox-cli-"));
});
afterEach(() => rmSync(home, { recursive: true }));

function twinbox(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], { encoding: "utf8" });
  return { status, stdout, stderr };
}

test("help is printed for the program and for its commands", () => {
  expect(twinbox()).toMatchObject({ status: 0, stdout: expect.stringContaining("Usage: twinbox COMMAND") });
  expect(twinbox("run", "--help")).toMatchObject({
    status: 0,
    stdout: expect.stringContaining("--until TEXT"),
  });
  expect(twinbox("serve", "-h")).toMatchObject({ status: 0, stdout: expect.stringContaining("--port N") });
});

test.each(["version", "--version", "-V"])("%s tells the package's version", (word) => {
  const { version } = JSON.parse(readFileSync(join(import.meta.dirname, "../../package.json"), "utf8"));
  expect(twinbox(word)).toEqual({ status: 0, stdout: `twinbox ${version}\n`, stderr: "" });
});

test.each([
  [["dance"], "There is no command dance"],
  [["run", "--fast"], "Unknown option '--fast'"],
  [["run", "--serial", "none", "--hda", "/absent/disk.img"], "/absent/disk.img: there is no such file"],
  [["run", "--serial", "none", "--steps", "/absent/steps"], "/absent/steps"],
  [["list", "--memory", "1"], "Unknown option '--memory'"],
  [["create"], "Usage: twinbox create"],
  [["serve", "--port", "http"], "--port takes a whole number"],
])("%j ends with 1 and one clear line", (args, words) => {
  const { status, stdout, stderr } = twinbox(...args);
  expect([status, stdout]).toEqual([1, ""]);
  expect(stderr).toMatch(/^twinbox: [^\n]+\n$/);
  expect(stderr).toContain(words);
});

test("machines are created from images, listed and removed; the images stay", () => {
  const image = join(home, "floppy.img");
  writeFileSync(image, new Uint8Array(1_474_560));
  const library = join(home, "library");
  expect(twinbox("create", "Box", image, "--memory", "8", "--home", library)).toMatchObject({
    stdout: "Box\n",
  });
  expect(twinbox("list", "--home", library).stdout).toBe("Box\tunknown, 8 MiB, fda=floppy.img\n");
  expect(twinbox("remove", "Bax", "--home", library)).toMatchObject({
    status: 1,
    stderr: expect.stringContaining("no machine Bax"),
  });
  expect(twinbox("remove", "Box", "--home", library).status).toBe(0);
  expect(twinbox("list", "--home", library).stdout).toBe("");
});

test("serve prints its address, keeps others off the machines, and ends when interrupted", async () => {
  const server = spawn(process.execPath, [MAIN, "serve", "--home", home], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = await once(server.stdout, "data");
  expect(String(line)).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/\?token=\S+\n$/);
  expect((await fetch(String(line).trim(), { redirect: "manual" })).status).toBe(303);
  expect(twinbox("list", "--home", home)).toMatchObject({
    status: 1,
    stderr: expect.stringContaining("Another Twinbox"),
  });
  server.kill("SIGINT");
  expect(await once(server, "exit")).toEqual([0, null]);
});
