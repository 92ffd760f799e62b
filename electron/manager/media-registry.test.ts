import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { MediaRegistry } from "./media-registry.ts";

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "twinbox-media-"));
});
afterEach(() => rmSync(home, { recursive: true }));

async function* chunks(...sizes: number[]): AsyncGenerator<Uint8Array> {
  for (const size of sizes) yield new Uint8Array(size);
}

const inFolder = () => readdirSync(join(home, "media"));

test("images taken in and images of the host are there in the next session", async () => {
  writeFileSync(join(home, "host.img"), new Uint8Array(1024));
  const registry = await MediaRegistry.open(home);
  const uploaded = await registry.receive("a.img", chunks(512, 512), 1024);
  const onHost = await registry.register(join(home, "host.img"));
  const again = await MediaRegistry.open(home);
  expect(again.list()).toEqual([uploaded, onHost]);
  expect(again.pathOf(onHost.id)).toBe(join(home, "host.img"));
  expect(again.pathOf(uploaded.id)).toBe(join(home, "media/a.img"));
});

test("a file of the host is registered once, and is never deleted", async () => {
  const path = join(home, "host.img");
  writeFileSync(path, new Uint8Array(1024));
  const registry = await MediaRegistry.open(home);
  const { id } = await registry.register(path);
  expect((await registry.register(path)).id).toBe(id);
  await registry.remove(id);
  expect(registry.list()).toEqual([]);
  expect(readFileSync(path).length).toBe(1024);
});

test("images of one name get names of their own", async () => {
  const registry = await MediaRegistry.open(home);
  for (let i = 0; i < 3; i++) await registry.receive("a.img", chunks(512), 512);
  expect(inFolder().sort()).toEqual(["a (2).img", "a (3).img", "a.img"]);
});

test("a floppy image is told by its size", async () => {
  const registry = await MediaRegistry.open(home);
  expect((await registry.receive("f.img", chunks(1_474_560), 1_474_560)).kind).toBe("floppy");
});

test.each([
  ["shorter", 1024],
  ["longer", 512],
])("what is %s than announced is refused and leaves nothing", async (_what, size) => {
  const registry = await MediaRegistry.open(home);
  const sent = size === 1024 ? chunks(512) : chunks(512, 512);
  await expect(registry.receive("a.img", sent, size)).rejects.toMatchObject({ kind: "truncated" });
  expect(inFolder()).toEqual([]);
});

test("what the host's disk cannot hold is refused before a byte is read", async () => {
  const registry = await MediaRegistry.open(home, async () => 100 << 20);
  let read = 0;
  const source = (async function* () {
    read++;
    yield new Uint8Array(512);
  })();
  await expect(registry.receive("big.img", source, 200 << 20)).rejects.toMatchObject({
    kind: "disk-full",
    message: expect.stringContaining("164 MiB more"),
  });
  expect(read).toBe(0);
});

test("a disk that fills up meanwhile leaves nothing behind", async () => {
  const registry = await MediaRegistry.open(home);
  const source = (async function* () {
    yield new Uint8Array(512);
    throw Object.assign(new Error("no space"), { code: "ENOSPC" });
  })();
  await expect(registry.receive("a.img", source, 1024)).rejects.toMatchObject({
    kind: "disk-full",
    subject: "a.img",
  });
  expect(inFolder()).toEqual([]);
});

test("a damaged list is restored from the one before; the media folder fills its gaps", async () => {
  const registry = await MediaRegistry.open(home);
  const first = await registry.receive("a.img", chunks(512), 512);
  await registry.receive("b.img", chunks(512), 512);
  writeFileSync(join(home, "media.json"), '{"version":1,"med');
  const again = await MediaRegistry.open(home);
  expect(again.list().map(({ name }) => name)).toEqual(["a.img", "b.img"]);
  expect(again.list()[0].id).toBe(first.id);
});

test("unfinished uploads are cleared away, images put into the folder are taken in, other files stay", async () => {
  mkdirSync(join(home, "media"));
  writeFileSync(join(home, "media/.x.part"), "half");
  writeFileSync(join(home, "media/put.img"), new Uint8Array(512));
  writeFileSync(join(home, "media/notes.txt"), "not an image");
  const registry = await MediaRegistry.open(home);
  expect(registry.list().map(({ name }) => name)).toEqual(["put.img"]);
  expect(inFolder().sort()).toEqual(["notes.txt", "put.img"]);
});
