import { describe, expect, test } from "vitest";
import { type Device, fanOut } from "../../board/device.ts";
import { PciBus, PciDevice } from "../../board/pci.ts";
import { FakeLine } from "../../board/testing/fake-line.ts";
import { seededRandom } from "../../board/testing/random.ts";
import { VirtualClock } from "../../board/virtual-clock.ts";
import { ioApicTimerPin, irqs } from "../../memory-map.ts";
import { ApicInterconnect } from "./apic-bus.ts";
import { Hpet } from "./hpet.ts";
import { IoApic } from "./ioapic.ts";
import { LocalApic } from "./lapic.ts";
import { PicPair } from "./pic.ts";
import { IsaBridge } from "./piix3.ts";
import { Pit } from "./pit.ts";
import { noSpeaker, Port61 } from "./port61.ts";
import { Rtc } from "./rtc.ts";

/** The interrupt chips wired as on the board. */
function makeBoard() {
  const clock = new VirtualClock();
  const intr = new FakeLine();
  const nmis = { count: 0 };
  const apicBus = new ApicInterconnect();
  const lapic: LocalApic = new LocalApic(0, {
    output: intr,
    processor: { nmi: () => nmis.count++, smi() {}, init() {}, startUp() {} },
    bus: apicBus,
    clock,
    tscTime: Number,
    acknowledgePic: () => pics.acknowledge(),
    place() {},
  });
  const pics = new PicPair(lapic.lint0);
  const ioapic = new IoApic(apicBus);
  apicBus.addLocal(lapic);
  apicBus.addIo(ioapic);
  const isaBridge = new IsaBridge(
    pics.lines.map((line, irq) => fanOut(line, ioapic.lines[irq === irqs.timer ? ioApicTimerPin : irq]!)),
    { processor() {}, machine() {} },
  );
  const hpet = new Hpet({
    clock,
    irq0: isaBridge.isa[irqs.timer]!,
    irq8: isaBridge.isa[irqs.rtc]!,
    pins: ioapic.lines,
  });
  const pit = new Pit(hpet.pitIrq0, clock);
  const rtc = new Rtc(hpet.rtcIrq8, clock);
  const port61 = new Port61(pit, clock, noSpeaker, lapic.lint1);
  rtc.onNmiMask = (masked) => port61.nmiMask.set(masked);
  const pci = new PciBus(isaBridge.pirq, isaBridge.resetControl);
  const card = new PciDevice(
    "card",
    { vendor: 1, device: 1, classCode: 0x020000, interruptPin: 1 },
    () => ({}),
  );
  pci.add({ slot: 3, fn: 0 }, card);
  const devices: Device[] = [lapic, pics.master, pics.slave, ioapic, isaBridge, hpet, pit, rtc, pci, card];

  for (const [pic, base, cascade] of [
    [pics.master, 0x08, 0x04],
    [pics.slave, 0x70, 0x02],
  ] as const) {
    for (const [offset, value] of [
      [0, 0x11],
      [1, base],
      [1, cascade],
      [1, 0x01],
      [1, 0],
    ] as const) {
      pic.write(offset, value);
    }
  }
  const startTicks = () => {
    for (const [offset, value] of [
      [3, 0x34],
      [0, 0xa9],
      [0, 0x04],
    ] as const) {
      pit.write(offset, value);
    }
  };
  const endPic = (vector: number) => {
    if (vector >= 0x70) pics.slave.write(0, 0x20);
    pics.master.write(0, 0x20);
  };
  /** Serves what is requested, as a processor would, and returns the vectors. */
  const serve = () => {
    const vectors: number[] = [];
    while (intr.level) {
      const vector = lapic.acknowledge();
      vectors.push(vector);
      endPic(vector);
    }
    return vectors;
  };
  return {
    clock,
    intr,
    lapic,
    pics,
    ioapic,
    isaBridge,
    pit,
    rtc,
    port61,
    nmis,
    card,
    devices,
    startTicks,
    serve,
  };
}

test("an error of a bus is an NMI, unless port 0x61 disables it or port 0x70 masks it", () => {
  const { rtc, port61, nmis } = makeBoard();
  const status = () => port61.read(0) & 0xc0;
  const pulse = (line: typeof port61.serr) => {
    line.set(true);
    line.set(false);
  };
  pulse(port61.channelCheck);
  expect([status(), nmis.count]).toEqual([0x40, 1]);
  // It stays until it is disabled, and comes again only then.
  pulse(port61.channelCheck);
  expect(nmis.count).toBe(1);
  port61.write(0, 0x08);
  pulse(port61.channelCheck);
  expect([status(), nmis.count]).toEqual([0, 1]);
  port61.write(0, 0);
  rtc.write(0, 0x8d);
  pulse(port61.serr);
  expect([status(), nmis.count]).toEqual([0x80, 1]);
  rtc.write(0, 0x0d);
  expect(nmis.count).toBe(2);
  port61.write(0, 0x04);
  expect(status()).toBe(0);
});

test("timer ticks reach the processor through the 8259s in virtual wire mode", () => {
  const { clock, startTicks, serve } = makeBoard();
  startTicks();
  serve();
  for (let ms = 1; ms <= 10; ms++) {
    clock.moveTo(ms * 1e6 + 50_000);
    expect(serve()).toEqual([0x08]);
  }
});

test("timer ticks reach the processor through the I/O APIC's pin 2", () => {
  const { clock, intr, lapic, pics, ioapic, startTicks } = makeBoard();
  pics.master.write(1, 0xff);
  lapic.write(0xf0, 0x1ff, 4);
  ioapic.write(0, 0x10 + 2 * ioApicTimerPin, 4);
  ioapic.write(0x10, 0x30, 4);
  startTicks();
  clock.moveTo(1_050_000);
  expect(lapic.acknowledge()).toBe(0x30);
  lapic.write(0xb0, 0, 4);
  expect(intr.level).toBe(false);
});

test("a PCI interrupt goes by pin, slot and route to its request and back down", () => {
  const { card, isaBridge, pics, serve, intr } = makeBoard();
  pics.elcrPorts.write(1, 0x0c, 1);
  isaBridge.writeConfig(0x62, 11, 1);
  card.setInterrupt(true);
  expect(intr.level).toBe(true);
  card.setInterrupt(false);
  expect(serve()).toEqual([]);
  card.setInterrupt(true);
  expect(pics.acknowledge()).toBe(0x73);
});

describe("a snapshot of all chips", () => {
  test("loaded in any order into a machine at work goes on exactly as the saved one", () => {
    const random = seededRandom(1);
    for (let round = 0; round < 10; round++) {
      const old = makeBoard();
      old.startTicks();
      old.rtc.write(0, 0x0b);
      old.rtc.write(1, 0x42);
      old.isaBridge.writeConfig(0x62, 11, 1);
      old.clock.moveTo(random(10_000_000));
      old.serve();
      old.clock.moveTo(old.clock.now() + random(2_000_000));
      old.card.setInterrupt(random(2) === 1);
      const saved = old.devices.map((device) => structuredClone(device.state));

      const other = makeBoard();
      other.card.setInterrupt(true);
      other.isaBridge.writeConfig(0x62, 5, 1);
      other.clock.moveTo(old.clock.now());
      for (const [i, device] of other.devices.entries()) device.state = saved[i]!;
      const order = other.devices.toSorted(() => random(3) - 1);
      for (const device of order) device.afterLoad?.();

      expect(other.devices.map((device) => device.state)).toEqual(old.devices.map((device) => device.state));
      expect(other.intr.level).toBe(old.intr.level);
      for (let ms = 0; ms < 5; ms++) {
        for (const board of [old, other]) board.clock.moveTo(board.clock.now() + 777_777);
        expect(other.serve()).toEqual(old.serve());
      }
    }
  });
});
