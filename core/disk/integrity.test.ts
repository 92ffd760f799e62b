import { describe, expect, it } from "vitest";
import { raw } from "./formats/raw.ts";
import { checkWhole, mediumKind } from "./integrity.ts";
import { fatImage, isoImage, partitionedImage } from "./testing/images.ts";
import { MemoryStore } from "./testing/memory-store.ts";

const open = (bytes: Uint8Array) => raw.open(new MemoryStore(bytes, { name: "some.img" }));
const check = async (bytes: Uint8Array) => checkWhole(await open(bytes));
const kind = async (bytes: Uint8Array) => mediumKind(await open(bytes));

/** A disk with a GUID partition table whose backup header is its last sector. */
const gptImage = (size: number) => {
  const bytes = partitionedImage(size, [{ type: 0xee, first: 1, count: 0xffffffff }]);
  bytes.set(
    Uint8Array.from("EFI PART", (c) => c.charCodeAt(0)),
    512,
  );
  new DataView(bytes.buffer).setUint32(512 + 32, size / 512 - 1, true);
  return bytes;
};

describe("a medium's kind", () => {
  it("is a floppy by its size", async () => {
    for (const kb of [160, 180, 320, 360, 720, 1200, 1440, 1600, 1680, 1722, 2880]) {
      expect([kb, await kind(new Uint8Array(kb * 1024))]).toEqual([kb, "floppy"]);
    }
    expect(await kind(new Uint8Array(1_474_560 + 512))).toBe("disk");
  });

  it("is a CD by its volume descriptor, even at a floppy's size or with a partition table", async () => {
    const iso = isoImage();
    expect(await kind(iso)).toBe("cdrom");
    const padded = new Uint8Array(1_474_560);
    padded.set(iso);
    padded.set(partitionedImage(512, [{ type: 0x17, first: 1, count: 1000, active: true }]));
    expect(await kind(padded)).toBe("cdrom");
  });
});

describe("an image that ends too early", () => {
  it("is told by its CD volume's size", async () => {
    const iso = isoImage({ files: { "A.TXT": "x".repeat(10_000) } });
    await check(iso);
    await expect(check(iso.subarray(0, iso.length - 2048))).rejects.toMatchObject({
      kind: "truncated",
      subject: "some.img",
      message: expect.stringContaining(String(iso.length)),
    });
  });

  it("is told by its FAT file system's size", async () => {
    const fat = fatImage();
    await check(fat);
    await expect(check(fat.subarray(0, 737_280))).rejects.toMatchObject({ kind: "truncated" });
  });

  it("is told by a partition past its end", async () => {
    const disk = partitionedImage(1 << 20, [{ type: 0x83, first: 63, count: 1985, active: true }]);
    await check(disk);
    await expect(check(disk.subarray(0, 1 << 19))).rejects.toMatchObject({ kind: "truncated" });
  });

  it("is told by a lost backup of its GUID partition table", async () => {
    const disk = gptImage(1 << 20);
    await check(disk);
    await expect(check(disk.subarray(0, (1 << 20) - 512))).rejects.toMatchObject({ kind: "truncated" });
  });
});

describe("an image that is whole", () => {
  it("may be a hybrid CD whose partition is rounded up past the end", async () => {
    const iso = isoImage();
    iso.set(partitionedImage(512, [{ type: 0x17, first: 1, count: 1 << 20, active: true }]));
    await check(iso);
  });

  it("may have boot code where a partition table would be", async () => {
    const disk = new Uint8Array(1 << 20).fill(0xb8, 0x1be, 510);
    disk.set([0x55, 0xaa], 510);
    await check(disk);
  });

  it("may be blank", async () => {
    await check(new Uint8Array(512));
    await check(new Uint8Array(1 << 20));
  });
});
