import { describe, expect, test } from "vitest";
import { Bus } from "./bus.ts";
import type { BusTarget } from "./device.ts";
import { PciBus, PciCommand, PciDevice, PciRegister, PciSpace } from "./pci.ts";
import { configTarget } from "./testing/config-target.ts";
import { describeDeviceContract } from "./testing/device-contract.ts";
import { FakeLine } from "./testing/fake-line.ts";

const answering = (byte: number): BusTarget => ({ read: () => byte, write() {} });

function makeRig() {
  const memory = new Bus("memory");
  const io = new Bus("io");
  const memorySpace = new PciSpace(memory);
  const ioSpace = new PciSpace(io);
  const pirq = [new FakeLine(), new FakeLine(), new FakeLine(), new FakeLine()];
  const resets: number[] = [];
  const bus = new PciBus(pirq, { read: () => 0x5a, write: (_offset, value) => resets.push(value) });
  const makeCard = (name: string, answer: number) =>
    new PciDevice(
      name,
      {
        vendor: 0x1234,
        device: 0x5678,
        classCode: 0x028000,
        interruptPin: 1,
        bars: [
          { kind: "memory", size: 0x1000, place: memorySpace.region(name, 0x1000, answering(answer), 4) },
          { kind: "io", size: 0x20, place: ioSpace.region(name, 0x20, answering(answer), 1) },
        ],
        rom: {
          kind: "memory",
          size: 0x800,
          place: memorySpace.region(`${name} ROM`, 0x800, answering(0xaa), 4),
        },
        registers: [{ offset: 0x40, width: 2, reset: 0x1234, writable: 0x00ff }],
      },
      () => ({}),
    );
  const card = makeCard("card", 0x11);
  const other = makeCard("other", 0x22);
  bus.add({ slot: 2, fn: 0 }, card);
  bus.add({ slot: 6, fn: 0 }, other);
  const select = (slot: number, register: number) =>
    bus.configPorts.write(0, 0x8000_0000 + slot * 0x800 + (register & 0xfc), 4);
  const readConfig = (slot: number, register: number, width: 1 | 2 | 4 = 4) => {
    select(slot, register);
    return bus.configPorts.read(4 + (register & 3), width);
  };
  const writeConfig = (slot: number, register: number, value: number, width: 1 | 2 | 4 = 4) => {
    select(slot, register);
    bus.configPorts.write(4 + (register & 3), value, width);
  };
  return { memory, io, pirq, resets, bus, card, other, readConfig, writeConfig };
}

describeDeviceContract("pci", () => {
  const { bus } = makeRig();
  return { device: bus, targets: [{ target: bus.configPorts, length: 8, width: 4 }] };
});

describeDeviceContract("pci device", () => {
  const { card } = makeRig();
  return { device: card, targets: [configTarget(card)], exercise: () => card.setInterrupt(true) };
});

describe("configuration mechanism #1", () => {
  test("finds a function by slot and reads its identity at every width", () => {
    const { readConfig } = makeRig();
    expect(readConfig(2, PciRegister.vendor)).toBe(0x5678_1234);
    expect(readConfig(2, PciRegister.device, 2)).toBe(0x5678);
    expect(readConfig(2, PciRegister.classCode + 2, 1)).toBe(0x02);
  });

  test("reads all ones for absent functions, other buses and when disabled", () => {
    const { bus, readConfig } = makeRig();
    expect(readConfig(3, 0)).toBe(0xffff_ffff);
    bus.configPorts.write(0, 0x8001_1000, 4);
    expect(bus.configPorts.read(4, 4)).toBe(0xffff_ffff);
    bus.configPorts.write(0, 0x0000_1000, 4);
    expect(bus.configPorts.read(4, 2)).toBe(0xffff);
  });

  test("takes CONFIG_ADDRESS as a double word only and gives 0xCF9 to reset control", () => {
    const { bus, resets } = makeRig();
    bus.configPorts.write(0, 0xffff_ffff, 4);
    expect(bus.configPorts.read(0, 4)).toBe(0x80ff_fffc);
    bus.configPorts.write(0, 0, 2);
    bus.configPorts.write(1, 6, 1);
    expect(bus.configPorts.read(0, 4)).toBe(0x80ff_fffc);
    expect(bus.configPorts.read(1, 1)).toBe(0x5a);
    expect(resets).toEqual([6]);
  });

  test("protects what is read-only and lets own registers be written through their mask", () => {
    const { readConfig, writeConfig } = makeRig();
    writeConfig(2, PciRegister.vendor, 0);
    expect(readConfig(2, PciRegister.vendor)).toBe(0x5678_1234);
    writeConfig(2, 0x40, 0xffff, 2);
    expect(readConfig(2, 0x40, 2)).toBe(0x12ff);
  });
});

describe("base address registers", () => {
  test("tell their size when written with all ones", () => {
    const { readConfig, writeConfig } = makeRig();
    for (const [register, answer] of [
      [0x10, 0xffff_f000],
      [0x14, 0xffff_ffe1],
      [0x18, 0],
      [PciRegister.rom, 0xffff_f801],
    ] as const) {
      writeConfig(2, register, 0xffff_ffff);
      expect(readConfig(2, register)).toBe(answer);
    }
  });

  test("place their region only while the command register decodes its space", () => {
    const { memory, io, writeConfig } = makeRig();
    writeConfig(2, 0x10, 0xe000_0000);
    writeConfig(2, 0x14, 0xc000);
    expect(memory.read(0xe000_0000, 1)).toBe(0xff);
    writeConfig(2, PciRegister.command, PciCommand.memorySpace | PciCommand.ioSpace, 2);
    expect(memory.read(0xe000_0000, 1)).toBe(0x11);
    expect(io.read(0xc01f, 1)).toBe(0x11);
    writeConfig(2, 0x10, 0xe100_0000);
    expect(memory.read(0xe000_0000, 1)).toBe(0xff);
    expect(memory.read(0xe100_0000, 1)).toBe(0x11);
    writeConfig(2, PciRegister.command, 0, 2);
    expect(memory.mappings).toHaveLength(0);
    expect(io.mappings).toHaveLength(0);
  });

  test("place the expansion ROM by its own enable bit", () => {
    const { memory, writeConfig } = makeRig();
    writeConfig(2, PciRegister.command, PciCommand.memorySpace, 2);
    writeConfig(2, PciRegister.rom, 0xd000_0000);
    expect(memory.read(0xd000_0000, 1)).toBe(0xff);
    writeConfig(2, PciRegister.rom, 0xd000_0001);
    expect(memory.read(0xd000_0000, 1)).toBe(0xaa);
  });

  test("may overlap at the guest's wish: the first answers, the second once the place is free", () => {
    const { memory, writeConfig } = makeRig();
    for (const slot of [2, 6]) {
      writeConfig(slot, PciRegister.command, PciCommand.memorySpace, 2);
      writeConfig(slot, 0x10, 0xe000_0000);
    }
    expect(memory.read(0xe000_0000, 1)).toBe(0x11);
    writeConfig(2, 0x10, 0xe200_0000);
    expect(memory.read(0xe000_0000, 1)).toBe(0x22);
    expect(memory.read(0xe200_0000, 1)).toBe(0x11);
  });

  test("swap places when a snapshot is loaded over a running machine", () => {
    const { memory, card, other, writeConfig } = makeRig();
    for (const slot of [2, 6]) writeConfig(slot, PciRegister.command, PciCommand.memorySpace, 2);
    writeConfig(2, 0x10, 0xe000_0000);
    writeConfig(6, 0x10, 0xe100_0000);
    const saved = [structuredClone(card.state), structuredClone(other.state)] as const;
    writeConfig(2, 0x10, 0xe300_0000);
    writeConfig(6, 0x10, 0xe000_0000);
    [card.state, other.state] = saved;
    card.afterLoad();
    other.afterLoad();
    expect(memory.read(0xe000_0000, 1)).toBe(0x11);
    expect(memory.read(0xe100_0000, 1)).toBe(0x22);
  });
});

describe("interrupt pins", () => {
  test("rotate from slot to slot", () => {
    const { pirq, card } = makeRig();
    card.setInterrupt(true);
    expect(pirq.map((line) => line.level)).toEqual([false, true, false, false]);
  });

  test("share a request: it falls with the last", () => {
    const { pirq, card, other } = makeRig();
    card.setInterrupt(true);
    other.setInterrupt(true);
    card.setInterrupt(false);
    expect(pirq[1]!.level).toBe(true);
    other.setInterrupt(false);
    expect(pirq[1]).toMatchObject({ level: false, rises: 1, falls: 1 });
  });

  test("are silenced by the command register's interrupt disable", () => {
    const { pirq, card, writeConfig } = makeRig();
    card.setInterrupt(true);
    writeConfig(2, PciRegister.command, PciCommand.interruptDisable, 2);
    expect(pirq[1]!.level).toBe(false);
    writeConfig(2, PciRegister.command, 0, 2);
    expect(pirq[1]!.level).toBe(true);
  });
});
