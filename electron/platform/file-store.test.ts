import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  linkSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fileError } from "./file-errors.ts";
import { FileStore } from "./file-store.ts";

let folder: string;
let image: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "twinbox-store-"));
  image = join(folder, "disk.img");
  writeFileSync(
    image,
    Uint8Array.from({ length: 1024 }, (_, i) => i),
  );
});
afterEach(() => rmSync(folder, { recursive: true }));

test("what is written is in the file at once", async () => {
  const store = await FileStore.open(image, { readOnly: false });
  await store.write(512, Uint8Array.of(1, 2, 3));
  expect([...readFileSync(image).subarray(511, 516)]).toEqual([255, 1, 2, 3, 3]);
  await store.flush();
  await store.close();
});

test("bytes are read from where they are; what lies beyond the end is truncated", async () => {
  const store = await FileStore.open(image, { readOnly: true });
  const into = new Uint8Array(4);
  await store.read(254, into);
  expect([...into]).toEqual([254, 255, 0, 1]);
  await expect(store.read(1022, into)).rejects.toMatchObject({ kind: "truncated", subject: "disk.img" });
  truncateSync(image, 10);
  expect(await store.size()).toBe(10);
  await expect(store.read(100, into)).rejects.toMatchObject({ kind: "truncated" });
  await store.close();
});

test("a store opened read-only does not write", async () => {
  const store = await FileStore.open(image, { readOnly: true });
  await expect(store.write(0, Uint8Array.of(9))).rejects.toMatchObject({ kind: "read-only" });
  await store.close();
  expect(readFileSync(image)[0]).toBe(0);
});

test("a file marked read-only is not opened for writing, not even for root", async () => {
  chmodSync(image, 0o444);
  await expect(FileStore.open(image, { readOnly: false })).rejects.toMatchObject({ kind: "permission" });
  await (await FileStore.open(image, { readOnly: true })).close();
});

test.each([
  ["an absent file", () => join(folder, "absent"), "not-found"],
  ["a path through a file", () => join(image, "x"), "not-found"],
  ["a folder", () => folder, "invalid-argument"],
  [
    "a FIFO",
    () => {
      const path = join(folder, "fifo");
      spawnSync("mkfifo", [path]);
      return path;
    },
    "invalid-argument",
  ],
])("%s is refused", async (_what, path, kind) => {
  const refused = path();
  for (const readOnly of [true, false])
    await expect(FileStore.open(refused, { readOnly })).rejects.toMatchObject({ kind });
});

test("an image has one writer, whatever names it has; readers may join", async () => {
  const other = join(folder, "other.img");
  linkSync(image, other);
  const link = join(folder, "link.img");
  symlinkSync(image, link);
  const store = await FileStore.open(image, { readOnly: false });
  for (const name of [image, other, link])
    await expect(FileStore.open(name, { readOnly: false })).rejects.toMatchObject({ kind: "busy" });
  await (await FileStore.open(link, { readOnly: true })).close();
  await store.close();
  await (await FileStore.open(other, { readOnly: false })).close();
});

test("a writer that was killed leaves no lock behind", async () => {
  const program = `
    import { FileStore } from ${JSON.stringify(join(import.meta.dirname, "file-store.ts"))};
    await FileStore.open(${JSON.stringify(image)}, { readOnly: false });
    console.log("open");
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  await expect(FileStore.open(image, { readOnly: false })).rejects.toMatchObject({ kind: "busy" });
  child.kill("SIGKILL");
  await once(child, "exit");
  await (await FileStore.open(image, { readOnly: false })).close();
});

test("a file deleted while it is in use is told at the next flush", async () => {
  const store = await FileStore.open(image, { readOnly: false });
  rmSync(image);
  await store.write(0, Uint8Array.of(1));
  await expect(store.flush()).rejects.toMatchObject({ kind: "not-found" });
  await store.close();
});

const mounted = join(tmpdir(), `twinbox-full-${process.pid}`);
const canMount =
  process.platform === "linux" &&
  spawnSync("sh", [
    "-c",
    `mkdir ${mounted} && mount -t tmpfs tmpfs ${mounted} && umount ${mounted} || { rmdir ${mounted}; false; }`,
  ]).status === 0;

test.skipIf(!canMount)("a full disk is told as such, and what was there stays", async () => {
  spawnSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", mounted]);
  try {
    const sparse = join(mounted, "sparse.img");
    writeFileSync(sparse, "kept");
    truncateSync(sparse, 1 << 20);
    const store = await FileStore.open(sparse, { readOnly: false });
    await expect(store.write(4096, new Uint8Array(512 << 10))).rejects.toMatchObject({ kind: "disk-full" });
    const into = new Uint8Array(4);
    await store.read(0, into);
    expect(new TextDecoder().decode(into)).toBe("kept");
    await store.close();
  } finally {
    spawnSync("umount", [mounted]);
    rmSync(mounted, { recursive: true });
  }
});

test.each([
  ["ENOSPC", "disk-full"],
  ["EDQUOT", "disk-full"],
  ["EACCES", "permission"],
  ["EROFS", "permission"],
  ["ENOENT", "not-found"],
  ["ESTALE", "not-found"],
  ["EMFILE", "busy"],
  ["EIO", "io"],
])("%s becomes %s, with the file's name and without its path", (code, kind) => {
  const cause = Object.assign(new Error(`${code}: /home/somebody/disk.img`), { code });
  const error = fileError(cause, "write", "disk.img");
  expect(error).toMatchObject({ kind, subject: "disk.img", cause });
  expect(error.message).toMatch(/^Cannot write disk\.img: .*\.$/);
  expect(error.message).not.toContain("somebody");
});
