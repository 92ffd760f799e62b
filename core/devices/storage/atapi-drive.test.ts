import { beforeEach, describe, expect, it } from "vitest";
import { describeDeviceContract } from "../../board/testing/device-contract.ts";
import { AtapiDrive } from "./atapi-drive.ts";
import { ideRig } from "./testing/ide-rig.ts";
import { atOnce, MemoryMedium, numberedSectors, settle } from "./testing/memory-medium.ts";

const BLOCKS = 700;
const cd = () => new MemoryMedium(numberedSectors(BLOCKS, 2048), true);

describeDeviceContract("ATAPI drive", () => {
  const drive = new AtapiDrive("hdc", cd(), atOnce);
  const rig = ideRig(drive);
  return {
    device: drive,
    targets: [
      { target: rig.port, length: 8, width: 4 },
      { target: rig.control, length: 1, width: 1 },
    ],
    exercise: () => {
      drive.insert(cd());
      rig.write(7, 0xa0);
      rig.port.write(0, 0x12, 2);
    },
  };
});

describe("ATAPI drive", () => {
  let medium: MemoryMedium;
  let drive: AtapiDrive;
  let rig: ReturnType<typeof ideRig>;

  beforeEach(() => {
    medium = cd();
    drive = new AtapiDrive("hdc", medium, atOnce);
    rig = ideRig(drive);
  });

  const request = async (packet: number[], options?: { byteCount?: number }) => {
    await rig.packet(packet, options);
    return [...(await rig.readAll()).data];
  };
  /** Sense key, code and qualifier of the command before. */
  const sense = async () => {
    const data = await request([0x03, 0, 0, 0, 18]);
    return [data[2], data[12], data[13]];
  };
  const failure = async (packet: number[]) => {
    await rig.packet(packet);
    expect(rig.status() & 0x01).toBe(1);
    return sense();
  };
  const blockNumbers = (data: number[]) => {
    const view = new DataView(Uint8Array.from(data).buffer);
    return Array.from({ length: data.length / 2048 }, (_, i) => view.getUint32(i * 2048, true));
  };

  it("shows the packet signature after power-on, reset, and a disk's commands", async () => {
    expect([rig.registers(), rig.status()]).toEqual([[1, 1, 0x14, 0xeb], 0]);
    await rig.command(0xec);
    expect([rig.registers(), rig.status(), rig.error()]).toEqual([[1, 1, 0x14, 0xeb], 0x41, 0x04]);
    rig.write(4, 0);
    await rig.command(0x08);
    expect([rig.registers(), rig.status(), rig.irq.level]).toEqual([[1, 1, 0x14, 0xeb], 0, false]);
  });

  it("identifies itself as a removable CD-ROM", async () => {
    await rig.command(0xa1);
    const { data } = await rig.readAll();
    expect(new Uint16Array(data.buffer)[0]).toBe(0x85c0);
    expect(data.reduce((sum, byte) => sum + byte, 0) & 0xff).toBe(0);
    const inquiry = await request([0x12, 0, 0, 0, 36]);
    expect(inquiry.slice(0, 4)).toEqual([5, 0x80, 0, 0x21]);
    expect(String.fromCharCode(...inquiry.slice(8, 22))).toBe("TWINBOX CD-ROM");
  });

  it("asks for its packet without an interrupt, and ends with reason 3", async () => {
    rig.write(7, 0xa0);
    expect([rig.status(), rig.registers()[0], rig.irq.level]).toEqual([0x58, 1, false]);
    await rig.packet([0x00]);
    expect([rig.status(), rig.registers()[0], rig.irq.level]).toEqual([0x50, 3, true]);
  });

  it("gives data in blocks of the byte count asked for, each with its length and an interrupt", async () => {
    await rig.packet([0x28, 0, 0, 0, 0, 10, 0, 0, 3], { byteCount: 2048 });
    expect(rig.registers()).toEqual([2, 1, 0x00, 0x08]);
    const { data, blocks } = await rig.readAll();
    expect([blocks, rig.irq.edges, medium.reads]).toEqual([3, 4, 1]);
    expect(blockNumbers([...data])).toEqual([10, 11, 12]);
    expect([rig.status(), rig.registers()[0]]).toEqual([0x50, 3]);
  });

  it("reads by READ (12) and READ CD, over several accesses to the medium", async () => {
    const data = await request([0xa8, 0, 0, 0, 0, 1, 0, 0, 2, 0x58]);
    expect(blockNumbers(data)).toEqual(Array.from({ length: 600 }, (_, i) => i + 1));
    expect(medium.reads).toBe(3);
    expect(blockNumbers(await request([0xbe, 0, 0, 0, 0, 7, 0, 0, 1, 0x10]))).toEqual([7]);
    expect(await request([0xbe, 0, 0, 0, 0, 7, 0, 0, 1, 0])).toEqual([]);
    expect(await failure([0xbe, 0, 0, 0, 0, 7, 0, 0, 1, 0xf8])).toEqual([5, 0x24, 0]);
  });

  it("reads by DMA", async () => {
    rig.regions([0x4000, 4096]);
    rig.write(6, 0xa0);
    await rig.packet([0x28, 0, 0, 0, 0, 20, 0, 0, 2], { dma: true });
    rig.busMaster(0x09);
    await settle();
    expect([rig.memory.read32(0x4000), rig.memory.read32(0x4800)]).toEqual([20, 21]);
    expect([rig.busMasterStatus(), rig.status(), rig.registers()[0]]).toEqual([0x04, 0x50, 3]);
  });

  it("tells its capacity, tracks, session and full table of contents", async () => {
    expect(await request([0x25])).toEqual([0, 0, 2, 0xbb, 0, 0, 8, 0]);
    expect(await request([0x43, 0, 0, 0, 0, 0, 0, 0, 100])).toEqual([
      0, 18, 1, 1, 0, 0x14, 1, 0, 0, 0, 0, 0, 0, 0x14, 0xaa, 0, 0, 0, 2, 0xbc,
    ]);
    const asMsf = await request([0x43, 2, 0, 0, 0, 0, 0xaa, 0, 100]);
    expect(asMsf).toEqual([0, 10, 1, 1, 0, 0x14, 0xaa, 0, 0, 0, 11, 25]);
    expect(await request([0x43, 0, 1, 0, 0, 0, 0, 0, 100])).toEqual([0, 10, 1, 1, 0, 0x14, 1, 0, 0, 0, 0, 0]);
    const full = await request([0x43, 2, 2, 0, 0, 0, 0, 0, 200]);
    expect(full.length).toBe(4 + 4 * 11);
    expect(full.filter((_, i) => i >= 4 && (i - 4) % 11 === 3)).toEqual([0xa0, 0xa1, 0xa2, 1]);
    expect(await failure([0x43, 0, 0, 0, 0, 0, 5, 0, 100])).toEqual([5, 0x24, 0]);
    expect(await failure([0x43, 0, 5, 0, 0, 0, 0, 0, 100])).toEqual([5, 0x24, 0]);
  });

  it("cuts a reply off at the allocation length", async () => {
    expect((await request([0x12, 0, 0, 0, 5])).length).toBe(6);
    await rig.packet([0x12, 0, 0, 0, 5]);
    expect(rig.registers()[2]).toBe(5);
    await rig.readAll();
    await rig.packet([0x12, 0, 0, 0, 0]);
    expect(rig.status()).toBe(0x50);
  });

  it("has mode pages 01, 0E and 2A in both forms", async () => {
    const page = await request([0x5a, 0, 0x2a, 0, 0, 0, 0, 0, 100]);
    expect(page.length).toBe(8 + 20);
    expect([page[1], page[2], page[8], page[9]]).toEqual([26, 1, 0x2a, 0x12]);
    const six = await request([0x1a, 0, 0x3f, 0, 200]);
    expect(six.length).toBe(4 + 8 + 16 + 20);
    expect(six[0]).toBe(six.length - 1);
    expect(await failure([0x5a, 0, 0x30, 0, 0, 0, 0, 0, 100])).toEqual([5, 0x24, 0]);
    expect(await failure([0x5a, 0, 0xea, 0, 0, 0, 0, 0, 100])).toEqual([5, 0x39, 0]);
  });

  it("tells its profile, disc, track, mechanism and sub-channel", async () => {
    const configuration = await request([0x46, 0, 0, 0, 0, 0, 0, 0, 200]);
    expect(configuration.slice(0, 8)).toEqual([0, 0, 0, configuration.length - 4, 0, 0, 0, 8]);
    const one = await request([0x46, 2, 0, 0x1e, 0, 0, 0, 0, 200]);
    expect(one.slice(8)).toEqual([0, 0x1e, 1, 4, 0, 0, 0, 0]);
    expect((await request([0x51, 0, 0, 0, 0, 0, 0, 0, 100])).length).toBe(34);
    const track = await request([0x52, 1, 0, 0, 0, 1, 0, 0, 100]);
    expect([track.length, track[26], track[27]]).toEqual([28, 0x02, 0xbc]);
    expect(await failure([0x52, 1, 0, 0, 0, 2, 0, 0, 100])).toEqual([5, 0x24, 0]);
    expect((await request([0xbd, 0, 0, 0, 0, 0, 0, 0, 0, 8])).length).toBe(8);
    expect((await request([0x42, 0, 0x40, 1, 0, 0, 0, 0, 100])).length).toBe(16);
    expect((await request([0x42, 0, 0x40, 2, 0, 0, 0, 0, 100])).length).toBe(24);
  });

  it("refuses blocks past the end, unknown commands, and reports what cannot be read", async () => {
    expect(await failure([0x28, 0, 0, 0, 2, 0xbb, 0, 0, 2])).toEqual([5, 0x21, 0]);
    expect(await failure([0x2b, 0, 0, 0, 2, 0xbc])).toEqual([5, 0x21, 0]);
    expect(await failure([0xff])).toEqual([5, 0x20, 0]);
    await rig.packet([0xff]);
    expect(rig.error()).toBe(0x54);
    medium.failing = true;
    expect(await failure([0x28, 0, 0, 0, 0, 0, 0, 0, 1])).toEqual([3, 0x11, 0]);
    expect(await sense()).toEqual([0, 0, 0]);
  });

  it("is not ready while empty, and announces a new medium once", async () => {
    drive.insert(null);
    expect(await failure([0x00])).toEqual([2, 0x3a, 1]);
    expect(await request([0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8])).toEqual([0, 6, 4, 0x10, 3, 0, 0, 0]);
    drive.insert(cd());
    expect((await request([0x12, 0, 0, 0, 36])).length).toBe(36);
    expect(await failure([0x00])).toEqual([6, 0x28, 0]);
    await rig.packet([0x00]);
    expect(rig.status()).toBe(0x50);
    expect(await request([0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8])).toEqual([0, 6, 4, 0x10, 2, 2, 0, 0]);
    expect(await request([0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8])).toEqual([0, 6, 4, 0x10, 0, 2, 0, 0]);
    expect(await failure([0x4a, 0, 0, 0, 0x10, 0, 0, 0, 8])).toEqual([5, 0x24, 0]);
  });

  it("opens its tray unless locked, and finds the medium new when it closes", async () => {
    let ejected = 0;
    drive.onEject = () => ejected++;
    await rig.packet([0x1e, 0, 0, 0, 1]);
    expect(await failure([0x1b, 0, 0, 0, 2])).toEqual([5, 0x53, 2]);
    await rig.packet([0x1e, 0, 0, 0, 0]);
    await rig.packet([0x1b, 0, 0, 0, 2]);
    expect([rig.status(), ejected]).toEqual([0x50, 1]);
    expect(await failure([0x28, 0, 0, 0, 0, 0, 0, 0, 1])).toEqual([2, 0x3a, 2]);
    expect(await request([0xbd, 0, 0, 0, 0, 0, 0, 0, 0, 8])).toEqual([0, 0x10, 0, 0, 0, 1, 0, 0]);
    await rig.packet([0x1b, 0, 0, 0, 3]);
    expect(await failure([0x00])).toEqual([6, 0x28, 0]);
    expect((await request([0x28, 0, 0, 0, 0, 0, 0, 0, 1])).length).toBe(2048);
  });

  it("ends a read whose medium is taken away", async () => {
    const deferred: (() => void)[] = [];
    drive = new AtapiDrive("hdc", medium, { defer: (run) => deferred.push(run) });
    rig = ideRig(drive);
    await rig.packet([0x28, 0, 0, 0, 0, 0, 0, 0, 1]);
    expect(rig.status()).toBe(0x80);
    drive.insert(null);
    for (const run of deferred) run();
    expect([rig.status() & 1, rig.controller.busy]).toEqual([1, false]);
    expect(await sense()).toEqual([2, 0x3a, 1]);
  });
});
