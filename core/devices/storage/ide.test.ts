import { beforeEach, describe, expect, it } from "vitest";
import { Bus } from "../../board/bus.ts";
import { describeDeviceContract } from "../../board/testing/device-contract.ts";
import { AtaDrive } from "./ata-drive.ts";
import { piix3IdeHeader } from "./ide.ts";
import { ideRig } from "./testing/ide-rig.ts";
import { atOnce, MemoryMedium, numberedSectors, settle } from "./testing/memory-medium.ts";

const TO_MEMORY = 0x08;
const START = 0x01;

const disk = (name: string, medium = new MemoryMedium(numberedSectors(4096))) =>
  new AtaDrive(name, medium, atOnce);

describeDeviceContract("IDE controller", () => {
  // The drives are devices of their own, with a contract of their own.
  const rig = ideRig(null);
  return {
    device: rig.controller,
    targets: [
      { target: rig.port, length: 8, width: 4 },
      { target: rig.control, length: 1, width: 1 },
      { target: rig.controller.busMaster, length: 16, width: 1 },
    ],
  };
});

describe("IDE channel", () => {
  it("selects a drive, lets both latch registers, and gives the interrupt of the one selected", async () => {
    const rig = ideRig(disk("hda"), disk("hdb"));
    rig.write(2, 0x55);
    rig.write(6, 0xb0);
    expect(rig.read(2)).toBe(0x55);
    await rig.lba(0x20, 5, 1, 0xf0);
    expect(rig.irq.level).toBe(true);
    rig.write(6, 0xa0);
    expect([rig.irq.level, rig.read(7)]).toEqual([false, 0x50]);
    rig.write(6, 0xb0);
    expect([rig.irq.level, rig.read(7)]).toEqual([true, 0x58]);
    expect(rig.irq.level).toBe(false);
    expect(rig.port.read(0, 4)).toBe(5);
  });

  it("reads zeros for a drive that is absent", () => {
    const rig = ideRig(disk("hda"));
    rig.write(6, 0xb0);
    expect([rig.read(7), rig.read(2), rig.status()]).toEqual([0, 0, 0]);
    const empty = ideRig(null);
    empty.write(2, 0x55);
    expect([empty.read(2), empty.read(7), empty.port.read(0, 2)]).toEqual([0, 0, 0]);
  });

  it("keeps its interrupt quiet under nIEN and while alternate status is read", async () => {
    const rig = ideRig(disk("hda"));
    rig.control.write(0, 2, 1);
    await rig.lba(0x20, 5, 1);
    expect(rig.irq.level).toBe(false);
    rig.control.write(0, 0, 1);
    expect(rig.irq.level).toBe(true);
    rig.status();
    expect(rig.irq.level).toBe(true);
    rig.read(7);
    expect(rig.irq.level).toBe(false);
  });

  it("answers wider accesses to its byte registers in parts", () => {
    const rig = ideRig(disk("hda"));
    rig.port.write(2, 0x1234, 2);
    expect([rig.read(2), rig.read(3)]).toEqual([0x34, 0x12]);
    expect(rig.port.read(2, 2)).toBe(0x1234);
  });
});

describe("IDE bus master", () => {
  let medium: MemoryMedium;
  let rig: ReturnType<typeof ideRig>;

  beforeEach(() => {
    medium = new MemoryMedium(numberedSectors(4096));
    rig = ideRig(disk("hda", medium));
  });

  it("reads a whole request into scattered regions, command first and start after", async () => {
    rig.regions([0x2000, 1024], [0x8000, 3072]);
    rig.busMaster(TO_MEMORY);
    await rig.lba(0xc8, 16, 8);
    expect(rig.irq.level).toBe(false);
    rig.busMaster(TO_MEMORY | START);
    await settle();
    expect([rig.memory.read32(0x2000), rig.memory.read32(0x2200), rig.memory.read32(0x8000)]).toEqual([
      16, 17, 18,
    ]);
    expect(rig.memory.read32(0x8000 + 2560)).toBe(23);
    expect(rig.busMasterStatus()).toBe(0x04);
    expect([rig.irq.level, rig.read(7), medium.reads]).toEqual([true, 0x50, 1]);
    rig.controller.busMaster.write(2, 0x64, 1);
    expect(rig.busMasterStatus()).toBe(0x60);
  });

  it("reads as well with start first and command after", async () => {
    rig.regions([0x2000, 512]);
    rig.busMaster(TO_MEMORY | START);
    expect(rig.busMasterStatus()).toBe(0x01);
    await rig.lba(0xc8, 3, 1);
    expect([rig.memory.read32(0x2000), rig.busMasterStatus()]).toEqual([3, 0x04]);
  });

  it("writes from memory, 64 KiB for a region's count of 0", async () => {
    for (let i = 0; i < 65536; i += 4) rig.memory.write32(0x10000 + i, 0xc0de0000 + (i >> 9));
    rig.regions([0x10000, 0]);
    rig.busMaster(START);
    await rig.lba(0xca, 32, 128);
    const view = new DataView(medium.bytes.buffer);
    expect([view.getUint32(32 * 512, true), view.getUint32(159 * 512, true)]).toEqual([
      0xc0de0000, 0xc0de007f,
    ]);
    expect(view.getUint32(160 * 512, true)).toBe(160);
    expect([rig.busMasterStatus(), rig.status()]).toEqual([0x04, 0x50]);
  });

  it("stays active when the regions are more than the drive has, and stops short when they are less", async () => {
    rig.regions([0x2000, 4096]);
    rig.busMaster(TO_MEMORY | START);
    await rig.lba(0xc8, 0, 1);
    expect(rig.busMasterStatus()).toBe(0x05);
    rig.busMaster(0);
    rig.controller.busMaster.write(2, 0x04, 1);
    rig.regions([0x2000, 512]);
    rig.busMaster(TO_MEMORY | START);
    await rig.lba(0xc8, 0, 2);
    expect([rig.busMasterStatus(), rig.status() & 0x08]).toEqual([0x00, 0x08]);
    await rig.lba(0x20, 0, 1);
    expect(rig.status()).toBe(0x58);
  });

  it("goes on over the chunks of a long 48-bit request", async () => {
    rig.regions(...Array.from({ length: 33 }, (_, i): [number, number] => [0x20000 + (i % 8) * 0x10000, 0]));
    rig.busMaster(TO_MEMORY | START);
    await rig.lba48(0x25, 0, 4096);
    expect([rig.memory.read32(0x20000 + 7 * 0x10000), medium.reads]).toEqual([4096 - 128, 2]);
    expect(rig.busMasterStatus()).toBe(0x05);
  });

  it("reports the drive's error with its interrupt and moves nothing", async () => {
    medium.failing = true;
    rig.regions([0x2000, 512]);
    rig.busMaster(TO_MEMORY | START);
    await rig.lba(0xc8, 0, 1);
    expect([rig.busMasterStatus(), rig.status(), rig.error()]).toEqual([0x05, 0x51, 0x40]);
  });
});

describe("IDE snapshot", () => {
  it("gives back the interrupt line without latching it anew, whichever device is loaded first", async () => {
    const drive = disk("hda");
    const rig = ideRig(drive);
    rig.regions([0x2000, 512]);
    rig.busMaster(TO_MEMORY | START);
    await rig.lba(0xc8, 3, 1);
    rig.controller.busMaster.write(2, 0x04, 1);
    const saved = [structuredClone(rig.controller.state), structuredClone(drive.state)] as const;
    const load = [
      () => {
        rig.controller.state = structuredClone(saved[0]);
        rig.controller.afterLoad();
      },
      () => {
        drive.state = structuredClone(saved[1]);
        drive.afterLoad();
      },
    ];
    for (const order of [load, [...load].reverse()]) {
      rig.controller.reset();
      drive.reset();
      expect(rig.irq.level).toBe(false);
      for (const one of order) one();
      expect([rig.irq.level, rig.busMasterStatus()]).toEqual([true, 0x00]);
    }
  });
});

describe("PIIX3 IDE function", () => {
  it("is 8086:7010 with its bus master at base address 4 and both channels enabled", () => {
    const bus = new Bus("io");
    const header = piix3IdeHeader(
      (base) =>
        base !== null && bus.attach({ base, length: 16, name: "bm", target: { read: () => 0, write() {} } }),
    );
    expect([header.vendor, header.device, header.classCode]).toEqual([0x8086, 0x7010, 0x010180]);
    expect(header.bars[4]?.size).toBe(16);
    expect(header.registers.slice(0, 2).map((one) => one.reset)).toEqual([0x8000, 0x8000]);
  });
});
