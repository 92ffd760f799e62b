import { describe, expect, it } from "vitest";
import { TwinboxError } from "../base/errors.ts";
import { seededRandom } from "../board/testing/random.ts";
import { raw } from "./formats/raw.ts";
import { checkWhole } from "./integrity.ts";
import { recognise } from "./recognise.ts";
import { fatImage, isoImage, partitionedImage } from "./testing/images.ts";
import { MemoryStore } from "./testing/memory-store.ts";

const look = async (bytes: Uint8Array) => recognise(await raw.open(new MemoryStore(bytes)));

const withText = (bytes: Uint8Array, at: number, text: string) => {
  for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i);
  return bytes;
};

describe("on a CD", () => {
  it("a Debian installer is told by its .disk/info, with version and architecture", async () => {
    const info = 'Debian GNU/Linux 12.5.0 "Bookworm" - Official i386 NETINST with firmware 20240210-11:27\n';
    expect(
      await look(
        isoImage({ volumeId: "Debian 12.5.0 i386 n", bootable: true, files: { ".disk/info": info } }),
      ),
    ).toEqual({
      kind: "cdrom",
      system: "debian-12-i386",
      systemName: "Debian GNU/Linux 12 (i386)",
      memoryMib: 512,
      bootable: true,
    });
  });

  it("Ubuntu keeps its second number", async () => {
    const info = 'Ubuntu 22.04.4 LTS "Jammy Jellyfish" - Release amd64 (20240220)';
    expect((await look(isoImage({ files: { ".disk/info": info } }))).system).toBe("ubuntu-22.04-amd64");
  });

  for (const [volumeId, id, name] of [
    ["MT86PLUS_32", "memtest86plus", "Memtest86+"],
    ["OpenBSD/i386   7.4 Install CD", "openbsd-7.4-i386", "OpenBSD 7.4 (i386)"],
    ["KolibriOS", "kolibrios", "KolibriOS"],
    ["MIKEOS", "mikeos", "MikeOS"],
    ["FD13-LiveCD", "freedos", "FreeDOS"],
    ["alpine-virt 3.19.1 x86", "alpine-3.19.1", "Alpine Linux 3.19.1"],
  ]) {
    it(`${name} is told by the volume's name`, async () => {
      expect(await look(isoImage({ volumeId: volumeId! }))).toMatchObject({
        system: id,
        systemName: name,
        bootable: false,
      });
    });
  }

  it("a boot loader is told by its directory", async () => {
    const isolinux = isoImage({ volumeId: "MY CD", bootable: true, files: { "ISOLINUX/ISOLINUX.BIN": "x" } });
    expect(await look(isolinux)).toMatchObject({
      system: "linux",
      systemName: "Linux CD (ISOLINUX) “MY CD”",
    });
    expect(await look(isoImage({ volumeId: "DATA" }))).toMatchObject({
      system: "unknown",
      systemName: "CD “DATA”",
    });
  });

  it("a boot catalogue without its signature starts nothing", async () => {
    const iso = isoImage({ bootable: true });
    expect((await look(iso)).bootable).toBe(true);
    iso[19 * 2048 + 31] = 0;
    expect((await look(iso)).bootable).toBe(false);
  });
});

describe("on a floppy or disk", () => {
  for (const [id, options] of [
    ["freedos", { files: { "KERNEL.SYS": "k", "COMMAND.COM": "c" } }],
    ["ms-dos", { files: { "IO.SYS": "i", "MSDOS.SYS": "m" } }],
    ["kolibrios", { oemName: "KOLIBRI" }],
    ["mikeos", { oemName: "MIKEBOOT" }],
    ["linux", { files: { "LDLINUX.SYS": "l" } }],
    ["unknown", { files: { "README.TXT": "r" } }],
  ] as const) {
    it(`a FAT floppy shows ${id}`, async () => {
      expect(await look(fatImage(options))).toMatchObject({ kind: "floppy", system: id, bootable: true });
    });
  }

  it("GRUB in the boot sector and Linux partitions are Linux, OpenBSD's partition is OpenBSD", async () => {
    const disk = partitionedImage(1 << 20, [{ type: 0x83, first: 64, count: 1000, active: true }]);
    expect(await look(disk)).toMatchObject({ kind: "disk", systemName: "Linux", bootable: false });
    expect(await look(withText(disk, 0x180, "GRUB \0Geom"))).toMatchObject({ systemName: "Linux (GRUB)" });
    const bsd = partitionedImage(1 << 20, [{ type: 0xa6, first: 64, count: 1000, active: true }]);
    expect(await look(bsd)).toMatchObject({ system: "openbsd" });
  });

  it("a FAT volume in the active partition is looked into", async () => {
    const disk = partitionedImage(2 << 20, [{ type: 0x06, first: 64, count: 2880, active: true }]);
    disk.set(fatImage({ files: { "KERNEL.SYS": "k", "COMMAND.COM": "c" } }), 64 * 512);
    expect(await look(disk)).toMatchObject({ system: "freedos", kind: "disk" });
  });

  it("nothing at all is a blank disk that does not boot", async () => {
    expect(await look(new Uint8Array(1 << 20))).toMatchObject({ systemName: "Blank disk", bootable: false });
  });
});

describe("damaged images", () => {
  it("end in an answer or a TwinboxError, never in anything else and never in a loop", async () => {
    const random = seededRandom(42);
    const info = 'Debian GNU/Linux 12.5.0 "Bookworm" - Official i386';
    const images = [
      isoImage({ bootable: true, files: { ".disk/info": info, "BOOT/GRUB": "x" } }),
      fatImage({ files: { "KERNEL.SYS": "k".repeat(3000), "COMMAND.COM": "c" } }).slice(0, 64 * 1024),
      partitionedImage(64 * 1024, [{ type: 0x06, first: 64, count: 60 }]),
    ];
    /** Where structures are: damage elsewhere would rarely matter. */
    const places = [
      [0, 64],
      [0x1be, 66],
      [16 * 2048, 256],
      [20 * 2048, 200],
      [19 * 512, 128],
    ];
    for (let i = 0; i < 1500; i++) {
      const bytes = images[random(images.length)]!.slice();
      for (let n = 1 + random(12); n > 0; n--) {
        const [from, length] = places[random(places.length)]!;
        bytes[(from! + random(length!)) % bytes.length] = random(3) ? random(256) : 0xff;
      }
      const cut = random(4) ? bytes : bytes.slice(0, 512 * (1 + random(bytes.length / 512)));
      try {
        const disk = await raw.open(new MemoryStore(cut));
        expect((await recognise(disk)).memoryMib).toBeGreaterThan(0);
        await checkWhole(disk);
      } catch (error) {
        expect(error).toBeInstanceOf(TwinboxError);
      }
    }
  });

  it("that cannot be read are reported as the store does", async () => {
    const store = new MemoryStore(new Uint8Array(1 << 20));
    const disk = await raw.open(store);
    store.fault = () => new TwinboxError("io", "unreadable");
    await expect(recognise(disk)).rejects.toMatchObject({ kind: "io" });
  });
});
