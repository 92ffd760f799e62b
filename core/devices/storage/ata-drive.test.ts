import { beforeEach, describe, expect, it } from "vitest";
import { describeDeviceContract } from "../../board/testing/device-contract.ts";
import { AtaDrive } from "./ata-drive.ts";
import { BSY, DRQ, ERR, ideRig } from "./testing/ide-rig.ts";
import { atOnce, MemoryMedium, numberedSectors, settle } from "./testing/memory-medium.ts";

const SECTORS = 16 * 63 * 10;

describeDeviceContract("ATA drive", () => {
  const drive = new AtaDrive("hda", new MemoryMedium(numberedSectors(SECTORS)), atOnce);
  const rig = ideRig(drive);
  return {
    device: drive,
    targets: [
      { target: rig.port, length: 8, width: 4 },
      { target: rig.control, length: 1, width: 1 },
    ],
    exercise: () => {
      rig.write(6, 0xe0);
      rig.write(2, 2);
      rig.write(7, 0x30);
      for (let i = 0; i < 200; i++) rig.port.write(0, i, 2);
    },
  };
});

describe("ATA drive", () => {
  let medium: MemoryMedium;
  let drive: AtaDrive;
  let rig: ReturnType<typeof ideRig>;

  beforeEach(() => {
    medium = new MemoryMedium(numberedSectors(SECTORS));
    drive = new AtaDrive("hda", medium, atOnce);
    rig = ideRig(drive);
  });

  const sectorNumbers = (data: Uint8Array) =>
    Array.from({ length: data.length / 512 }, (_, i) => new DataView(data.buffer).getUint32(i * 512, true));
  const upFrom = (first: number, count: number) => Array.from({ length: count }, (_, i) => first + i);

  it("shows the signature of a disk after power-on, diagnostic and both resets", async () => {
    const signature = [1, 1, 0, 0];
    expect([rig.registers(), rig.error(), rig.status()]).toEqual([signature, 1, 0x50]);
    rig.write(4, 0x55);
    await rig.command(0x90);
    expect([rig.registers(), rig.irq.level]).toEqual([signature, true]);
    rig.write(4, 0x55);
    rig.control.write(0, 0x04, 1);
    expect(rig.status()).toBe(BSY);
    rig.control.write(0, 0x00, 1);
    expect([rig.registers(), rig.status()]).toEqual([signature, 0x50]);
    rig.write(4, 0x55);
    drive.reset();
    expect(rig.registers()).toEqual(signature);
  });

  it("identifies itself with its size, geometry and a valid checksum", async () => {
    await rig.command(0xec);
    const { data } = await rig.readAll();
    const words = new Uint16Array(data.buffer);
    expect([words[1], words[3], words[6]]).toEqual([10, 16, 63]);
    expect(words[60]! + words[61]! * 65536).toBe(SECTORS);
    expect(words[100]! + words[101]! * 65536).toBe(SECTORS);
    expect(words[47]).toBe(0x8010);
    expect(data.reduce((sum, byte) => sum + byte, 0) & 0xff).toBe(0);
    const model = Array.from(data.subarray(54, 94), (_, i) => String.fromCharCode(data[54 + (i ^ 1)]!)).join(
      "",
    );
    expect(model.trim()).toBe("TWINBOX HARDDISK");
    expect(rig.status()).toBe(0x50);
  });

  it("reads sectors one block each, with an interrupt a block, and one access to the medium", async () => {
    await rig.lba(0x20, 100, 5);
    const { data, blocks } = await rig.readAll();
    expect(sectorNumbers(data)).toEqual(upFrom(100, 5));
    expect([blocks, rig.irq.edges, medium.reads]).toEqual([5, 5, 1]);
    expect(rig.registers()).toEqual([0, 104, 0, 0]);
  });

  it("reads 256 sectors for a count of 0", async () => {
    await rig.lba(0x20, 0, 0);
    const { data } = await rig.readAll();
    expect(sectorNumbers(data)).toEqual(upFrom(0, 256));
  });

  it("reads by cylinder, head and sector as translated", async () => {
    await rig.command(0x20, { 2: 2, 3: 63, 4: 1, 5: 0, 6: 0xa2 });
    const { data } = await rig.readAll();
    const sector = (1 * 16 + 2) * 63 + 62;
    expect(sectorNumbers(data)).toEqual([sector, sector + 1]);
    await rig.command(0x91, { 2: 17, 6: 0xa3 });
    await rig.command(0x20, { 2: 1, 3: 1, 4: 1, 5: 0, 6: 0xa0 });
    expect(sectorNumbers((await rig.readAll()).data)).toEqual([4 * 17]);
    await rig.command(0x20, { 2: 1, 3: 18, 4: 0, 5: 0, 6: 0xa0 });
    expect([rig.status() & ERR, rig.error()]).toEqual([ERR, 0x10]);
  });

  it("reads with 48-bit addresses, and shows the high halves by HOB", async () => {
    const big = new MemoryMedium(numberedSectors(1));
    // A disk of 256 GiB that holds one sector's worth of data.
    Object.defineProperty(big, "size", { value: 2 ** 38 });
    big.read = async (offset, into) => {
      new DataView(into.buffer).setFloat64(0, offset / 512, true);
    };
    rig = ideRig(new AtaDrive("hda", big, atOnce));
    await rig.lba48(0x24, 0x1_2345_6789 % 2 ** 29, 1);
    const { data } = await rig.readAll();
    expect(new DataView(data.buffer).getFloat64(0, true)).toBe(0x1_2345_6789 % 2 ** 29);
    await rig.command(0x27, { 6: 0xe0 });
    expect(rig.registers().slice(1)).toEqual([0xff, 0xff, 0xff]);
    rig.control.write(0, 0x80, 1);
    expect(rig.registers().slice(1)).toEqual([0x1f, 0, 0]);
    await rig.lba48(0x24, 2 ** 29, 1);
    expect(rig.error()).toBe(0x10);
  });

  it("reads more than it takes from the medium at once", async () => {
    medium = new MemoryMedium(numberedSectors(5000));
    rig = ideRig(new AtaDrive("hda", medium, atOnce));
    await rig.lba48(0x24, 3, 4500);
    const { data } = await rig.readAll();
    expect(sectorNumbers(data)).toEqual(upFrom(3, 4500));
    expect(medium.reads).toBe(3);
  });

  it("moves several sectors a block with READ and WRITE MULTIPLE, once a number is set", async () => {
    await rig.lba(0xc4, 0, 4);
    expect(rig.error()).toBe(0x04);
    await rig.command(0xc6, { 2: 3 });
    expect(rig.error()).toBe(0x04);
    await rig.command(0xc6, { 2: 8 });
    rig.read(7);
    const before = rig.irq.edges;
    await rig.lba(0xc4, 40, 20);
    const { data, blocks } = await rig.readAll();
    expect(sectorNumbers(data)).toEqual(upFrom(40, 20));
    expect([blocks, rig.irq.edges - before]).toEqual([3, 3]);
    await rig.lba(0xc5, 200, 20);
    await rig.writeAll(data);
    expect(medium.bytes.slice(200 * 512, 220 * 512)).toEqual(data);
  });

  it("writes: no interrupt before the first block, one after each", async () => {
    const data = new Uint8Array(3 * 512).map((_, i) => i * 7);
    await rig.lba(0x30, 50, 3);
    expect(rig.irq.level).toBe(false);
    await rig.writeAll(data);
    expect([rig.irq.edges, rig.status()]).toEqual([3, 0x50]);
    expect(medium.bytes.slice(50 * 512, 53 * 512)).toEqual(data);
    expect(medium.bytes[53 * 512]).toBe(53);
  });

  it("takes whole runs of data through its block path across DRQ blocks", async () => {
    await rig.lba(0x20, 7, 4);
    const into = new Uint8Array(4 * 512 + 100);
    expect(rig.port.readBlock(into)).toBe(4 * 512);
    expect(sectorNumbers(into.slice(0, 2048))).toEqual(upFrom(7, 4));
    expect(rig.port.readBlock(into)).toBe(0);
    await rig.lba(0x30, 90, 2);
    expect(rig.port.writeBlock(into.subarray(0, 512))).toBe(512);
    expect(rig.port.writeBlock(into.subarray(512))).toBe(512);
    await settle();
    expect(sectorNumbers(medium.bytes.slice(90 * 512, 92 * 512))).toEqual([7, 8]);
  });

  it("verifies, seeks, flushes and tells its size", async () => {
    await rig.lba(0x40, 0, 100);
    expect([rig.status(), rig.irq.level]).toEqual([0x50, true]);
    await rig.lba(0x70, 5, 0);
    expect(rig.status()).toBe(0x50);
    await rig.lba(0x70, SECTORS, 0);
    expect(rig.error()).toBe(0x10);
    await rig.command(0xe7);
    await rig.command(0xea);
    expect([medium.flushes, rig.status()]).toEqual([2, 0x50]);
    await rig.command(0xf8, { 6: 0xe0 });
    const [, low, mid, high] = rig.registers();
    expect(low! + mid! * 256 + high! * 65536).toBe(SECTORS - 1);
    await rig.command(0xe5);
    expect(rig.registers()[0]).toBe(0xff);
  });

  it("aborts what it does not know and what makes no sense", async () => {
    for (const [code, features] of [
      [0x00, 0],
      [0xa1, 0],
      [0xa0, 0],
      [0x08, 0],
      [0xef, 0x77],
    ]) {
      await rig.command(code!, { 1: features! });
      expect([code, rig.status(), rig.error()]).toEqual([code, 0x51, 0x04]);
    }
    await rig.command(0xef, { 1: 3, 2: 0x22 });
    expect(rig.status()).toBe(0x50);
    await rig.command(0xec);
    expect(new Uint16Array((await rig.readAll()).data.buffer)[63]).toBe(0x0407);
  });

  it("moves what there is before its end by PIO, then tells where it is and how much is left", async () => {
    await rig.lba(0x20, SECTORS - 2, 5);
    expect(rig.status()).toBe(0x58);
    const { data, blocks } = await rig.readAll();
    expect([sectorNumbers(data), blocks, rig.irq.edges]).toEqual([[SECTORS - 2, SECTORS - 1], 2, 3]);
    const end = [SECTORS & 0xff, SECTORS >> 8, 0];
    expect([rig.status(), rig.error(), rig.registers()]).toEqual([0x51, 0x10, [3, ...end]]);
    await rig.lba(0x30, SECTORS - 1, 4);
    await rig.writeAll(new Uint8Array(512).fill(7));
    expect([rig.status(), rig.error(), rig.registers()]).toEqual([0x51, 0x10, [3, ...end]]);
    expect(medium.bytes.at(-1)).toBe(7);
    await rig.lba48(0x24, SECTORS - 1, 0x301);
    expect((await rig.readAll()).blocks).toBe(1);
    expect([rig.status(), rig.error(), rig.registers()]).toEqual([0x51, 0x10, [0, ...end]]);
    rig.control.write(0, 0x80, 1);
    expect(rig.registers()[0]).toBe(3);
  });

  it("refuses sectors past its end, writes to a read-only medium, and what the host cannot do", async () => {
    for (const command of [0x20, 0x30, 0x40]) {
      await rig.lba(command, SECTORS, 1);
      expect([rig.status(), rig.error()]).toEqual([0x51, 0x10]);
    }
    for (const command of [0xc8, 0xca, 0x40]) {
      await rig.lba(command, SECTORS - 1, 2);
      expect([rig.status(), rig.error()]).toEqual([0x51, 0x10]);
    }
    medium.failing = true;
    await rig.lba(0x20, 9, 1);
    expect([rig.status(), rig.error(), rig.registers()[1]]).toEqual([0x51, 0x40, 9]);
    await rig.lba(0x30, 9, 1);
    await rig.writeAll(new Uint8Array(512));
    expect([rig.status(), rig.error()]).toEqual([0x71, 0x04]);
    await rig.command(0xe7);
    expect(rig.status()).toBe(0x71);
    rig = ideRig(new AtaDrive("hda", new MemoryMedium(numberedSectors(100), true), atOnce));
    await rig.lba(0x30, 9, 1);
    expect([rig.status() & DRQ, rig.error()]).toEqual([0, 0x04]);
  });

  it("is busy until the medium has answered, and forgets the answer once reset", async () => {
    const deferred: (() => void)[] = [];
    drive = new AtaDrive("hda", medium, { defer: (run) => deferred.push(run) });
    rig = ideRig(drive);
    await rig.lba(0x20, 1, 1);
    expect([rig.status(), rig.controller.busy, rig.irq.level]).toEqual([BSY, true, false]);
    rig.control.write(0, 4, 1);
    rig.control.write(0, 0, 1);
    for (const run of deferred) run();
    expect([rig.status(), rig.controller.busy, rig.irq.level]).toEqual([0x50, false, false]);
  });

  it("goes on from a snapshot taken in the middle of a write and of an access", async () => {
    await rig.lba(0x30, 60, 2);
    for (let i = 0; i < 256; i++) rig.port.write(0, 0xaaaa, 2);
    const saved = structuredClone(drive.state);
    drive.reset();
    drive.state = saved;
    drive.afterLoad();
    for (let i = 0; i < 256; i++) rig.port.write(0, 0xbbbb, 2);
    const writing = structuredClone(drive.state);
    await settle();
    medium.bytes.fill(0, 60 * 512, 62 * 512);
    drive.state = writing;
    drive.afterLoad();
    await settle();
    expect([medium.bytes[60 * 512], medium.bytes[61 * 512], rig.status()]).toEqual([0xaa, 0xbb, 0x50]);
  });
});
