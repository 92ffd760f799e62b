import { describe, expect, it } from "vitest";
import { TwinboxError } from "../../base/errors.ts";
import { seededRandom } from "../../board/testing/random.ts";
import { MemoryStore } from "../testing/memory-store.ts";
import { DISK_FORMATS, openImage, probeFormat } from "./formats.ts";
import { raw } from "./raw.ts";

const image = (size: number, ...parts: [at: number, text: string][]) => {
  const bytes = new Uint8Array(size);
  for (const [at, text] of parts)
    bytes.set(
      Uint8Array.from(text, (c) => c.charCodeAt(0)),
      at,
    );
  return bytes;
};

const HEADERS: Record<string, Uint8Array> = {
  qcow2: image(65536, [0, "QFI\xfb\0\0\0\x03"]),
  vdi: image(65536, [0, "<<< Oracle VM VirtualBox Disk Image >>>\n"], [0x40, "\x7f\x10\xda\xbe"]),
  vmdk: image(65536, [0, "KDMV\x01"]),
  vhdx: image(65536, [0, "vhdxfile"]),
  vhd: image(65536 + 512, [65536, "conectix"]),
  "raw-cd": image(2352 * 16, [0, "\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00"]),
  gzip: image(1000, [0, "\x1f\x8b\x08"]),
};

describe("image formats", () => {
  for (const [id, bytes] of Object.entries(HEADERS)) {
    it(`tell ${id} by its header and refuse it in words`, async () => {
      const store = new MemoryStore(bytes, { name: "old.image" });
      const format = await probeFormat(store);
      expect(format.id).toBe(id);
      await expect(format.open(store)).rejects.toMatchObject({
        kind: "unsupported-format",
        subject: "old.image",
        message: expect.stringContaining(format.name),
        advice: expect.stringMatching(/qemu-img convert -O raw|bchunk|gunzip/),
      });
    });
  }

  it("tell a VMDK by its descriptor too", async () => {
    const store = new MemoryStore(image(2048, [0, "# Disk DescriptorFile\nversion=1"]));
    expect((await probeFormat(store)).id).toBe("vmdk");
  });

  it("are not probed once settings name one: a header within a raw disk is data", async () => {
    const device = await openImage(new MemoryStore(HEADERS.qcow2!), "raw");
    const sector = new Uint8Array(512);
    await device.read(0, sector);
    expect(sector[0]).toBe(0x51);
  });

  it("refuse an id that is none", async () => {
    await expect(openImage(new MemoryStore(new Uint8Array(512)), "nonsense")).rejects.toMatchObject({
      kind: "unsupported-format",
    });
  });

  it("end in a device or a TwinboxError, whatever the bytes", async () => {
    const random = seededRandom(1);
    const heads = Object.values(HEADERS);
    for (let i = 0; i < 300; i++) {
      const bytes = heads[random(heads.length)]!.slice(0, random(6000));
      for (let n = random(8); n > 0 && bytes.length > 0; n--) bytes[random(bytes.length)] = random(256);
      const store = new MemoryStore(bytes);
      const format = await probeFormat(store);
      expect(DISK_FORMATS).toContain(format);
      await format.open(store).catch((error) => expect(error).toBeInstanceOf(TwinboxError));
    }
  });
});

describe("raw image", () => {
  it("passes reads, writes and flushes through at once", async () => {
    const store = new MemoryStore(new Uint8Array(4096));
    const device = await raw.open(store);
    await device.write(1024, new Uint8Array(512).fill(7));
    expect(store.bytes[1024]).toBe(7);
    await device.flush();
    expect(store.operations.at(-1)?.operation).toBe("flush");
    const back = new Uint8Array(1024);
    await device.read(1024, back);
    expect([back[0], back[511], back[512]]).toEqual([7, 7, 0]);
  });

  it("is refused when empty or no whole number of sectors", async () => {
    await expect(raw.open(new MemoryStore(new Uint8Array(0)))).rejects.toMatchObject({ kind: "truncated" });
    await expect(raw.open(new MemoryStore(new Uint8Array(1000)))).rejects.toMatchObject({
      kind: "truncated",
    });
    const disk = new Uint8Array((16 << 20) + 1);
    disk.set([0x55, 0xaa], 510);
    await expect(raw.open(new MemoryStore(disk))).rejects.toMatchObject({ kind: "truncated" });
  });

  it("that is an assembler's output has zeros behind its code, and is made whole where that is written", async () => {
    const bytes = new Uint8Array(1200).fill(9);
    bytes.set([0x55, 0xaa], 510);
    const store = new MemoryStore(bytes);
    const device = await raw.open(store);
    expect(device.size).toBe(1536);
    const back = new Uint8Array(1024).fill(1);
    await device.read(512, back);
    expect([back[0], back[687], back[688], back[1023]]).toEqual([9, 9, 0, 0]);
    await device.write(512, new Uint8Array(512).fill(3));
    expect(await store.size()).toBe(1200);
    await device.write(1024, new Uint8Array(512).fill(7));
    expect(await store.size()).toBe(1536);
    await device.read(512, back);
    expect([back[0], back[512], back[1023]]).toEqual([3, 7, 7]);
  });

  it("stays untouched when read-only", async () => {
    const store = new MemoryStore(new Uint8Array(1024), { readOnly: true });
    const device = await raw.open(store);
    expect(device.readOnly).toBe(true);
    await expect(device.write(0, new Uint8Array(512))).rejects.toMatchObject({ kind: "read-only" });
    expect(store.operations.some(({ operation }) => operation === "write")).toBe(false);
  });

  it("never reaches beyond its end or into the middle of a sector", async () => {
    const device = await raw.open(new MemoryStore(new Uint8Array(1024)));
    for (const [offset, length] of [
      [512, 1024],
      [100, 512],
      [0, 100],
      [-512, 512],
    ]) {
      await expect(device.read(offset!, new Uint8Array(length!))).rejects.toMatchObject({
        kind: "invalid-argument",
      });
      await expect(device.write(offset!, new Uint8Array(length!))).rejects.toMatchObject({
        kind: "invalid-argument",
      });
    }
  });

  it("hands on the store's own errors", async () => {
    const store = new MemoryStore(new Uint8Array(1024));
    const device = await raw.open(store);
    store.fault = (operation) => (operation === "write" ? new TwinboxError("disk-full", "full") : undefined);
    await expect(device.write(0, new Uint8Array(512))).rejects.toMatchObject({ kind: "disk-full" });
  });

  it("is created at its full size", async () => {
    const store = new MemoryStore(new Uint8Array(0));
    await raw.create(store, 1 << 20);
    expect(await store.size()).toBe(1 << 20);
    await expect(raw.create(store, 1000)).rejects.toMatchObject({ kind: "invalid-argument" });
  });
});
