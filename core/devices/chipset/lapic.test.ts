import { describe, expect, test } from "vitest";
import { describeDeviceContract } from "../../board/testing/device-contract.ts";
import { FakeLine } from "../../board/testing/fake-line.ts";
import { VirtualClock } from "../../board/virtual-clock.ts";
import { ApicInterconnect, DeliveryMode } from "./apic-bus.ts";
import { IoApic } from "./ioapic.ts";
import { LocalApic } from "./lapic.ts";
import { PicPair } from "./pic.ts";

const TPR = 0x80;
const PPR = 0xa0;
const EOI = 0xb0;
const LDR = 0xd0;
const SVR = 0xf0;
const ISR = 0x100;
const IRR = 0x200;
const ESR = 0x280;
const ICR_LOW = 0x300;
const ICR_HIGH = 0x310;
const LVT_TIMER = 0x320;
const LVT_LINT0 = 0x350;
const LVT_LINT1 = 0x360;
const LVT_ERROR = 0x370;
const INITIAL_COUNT = 0x380;
const CURRENT_COUNT = 0x390;
const DIVIDE = 0x3e0;
const MASKED = 0x1_0000;

function makeRig() {
  const clock = new VirtualClock();
  const intr = new FakeLine();
  const bus = new ApicInterconnect();
  const events: string[] = [];
  const places: (number | null)[] = [];
  const makeApic = (id: number) =>
    new LocalApic(id, {
      output: id === 0 ? intr : new FakeLine(),
      processor: {
        nmi: () => events.push(`nmi ${id}`),
        smi: () => events.push(`smi ${id}`),
        init: () => events.push(`init ${id}`),
        startUp: (vector) => events.push(`start ${id} at ${vector}`),
      },
      bus,
      clock,
      tscTime: (tsc) => Number(tsc) * 2,
      acknowledgePic: () => pics.acknowledge(),
      place: (base) => places.push(base),
    });
  const apic = makeApic(0);
  const second = makeApic(1);
  const pics = new PicPair(apic.lint0);
  const ioapic = new IoApic(bus);
  bus.addLocal(apic);
  bus.addLocal(second);
  bus.addIo(ioapic);
  const get = (register: number) => apic.read(register, 4);
  const set = (register: number, value: number) => apic.write(register, value, 4);
  const send = (vector: number, level = false) =>
    bus.deliver({ mode: DeliveryMode.fixed, vector, level, destination: 0, logical: false });
  set(SVR, 0x1ff);
  second.write(SVR, 0x1ff, 4);
  return { clock, intr, bus, events, places, apic, second, pics, ioapic, get, set, send };
}

describeDeviceContract("lapic", () => {
  const { apic, clock, send } = makeRig();
  return {
    device: apic,
    clock,
    targets: [{ target: apic, length: 0x1000, width: 4 }],
    exercise: () => {
      apic.lint0.set(true);
      send(0x55);
    },
  };
});

describe("priorities", () => {
  test("the highest vector is acknowledged first and keeps its class and those below waiting", () => {
    const { intr, apic, get, set, send } = makeRig();
    send(0x41);
    send(0x62);
    expect(intr.level).toBe(true);
    expect(apic.acknowledge()).toBe(0x62);
    expect(intr.level).toBe(false);
    expect(get(ISR + 0x30)).toBe(1 << 2);
    expect(get(IRR + 0x20)).toBe(1 << 1);
    expect(get(PPR)).toBe(0x60);
    send(0x6f);
    expect(intr.level).toBe(false);
    send(0x70);
    expect(apic.acknowledge()).toBe(0x70);
    set(EOI, 0);
    set(EOI, 0);
    expect(apic.acknowledge()).toBe(0x6f);
    set(EOI, 0);
    expect(apic.acknowledge()).toBe(0x41);
  });

  test("the task priority holds back its class and those below", () => {
    const { intr, apic, get, set, send } = makeRig();
    set(TPR, 0x50);
    send(0x5f);
    expect(intr.level).toBe(false);
    expect(get(PPR)).toBe(0x50);
    apic.tpr = 0x40;
    expect(intr.level).toBe(true);
    expect(apic.acknowledge()).toBe(0x5f);
  });

  test("with nothing to deliver the spurious vector is given, not in service", () => {
    const { apic, get, set } = makeRig();
    set(LVT_LINT0, MASKED);
    expect(apic.acknowledge()).toBe(0xff);
    expect(get(ISR + 0x70)).toBe(0);
  });

  test("software disable keeps interrupts out and masks the local vectors", () => {
    const { intr, get, set, send } = makeRig();
    set(LVT_TIMER, 0x30);
    set(SVR, 0xff);
    send(0x41);
    expect(intr.level).toBe(false);
    expect(get(LVT_TIMER)).toBe(0x30 | MASKED);
    set(LVT_TIMER, 0x30);
    expect(get(LVT_TIMER)).toBe(0x30 | MASKED);
    expect(get(IRR + 0x20)).toBe(0);
  });
});

describe("level-triggered interrupts", () => {
  test("their end is told to the I/O APIC, which sends again while the input is asserted", () => {
    const { intr, apic, ioapic, set } = makeRig();
    ioapic.write(0, 0x10 + 2 * 11, 4);
    ioapic.write(0x10, 0x8041, 4);
    ioapic.lines[11]!.set(true);
    expect(apic.acknowledge()).toBe(0x41);
    set(EOI, 0);
    expect(intr.level).toBe(true);
    expect(apic.acknowledge()).toBe(0x41);
    ioapic.lines[11]!.set(false);
    set(EOI, 0);
    expect(intr.level).toBe(false);
  });
});

describe("the 8259s", () => {
  test("pass through LINT0 from the start", () => {
    const { intr, apic, pics } = makeRig();
    pics.master.write(0, 0x11);
    for (const value of [0x08, 0x04, 0x01, 0x00]) pics.master.write(1, value);
    pics.lines[1]!.set(true);
    expect(intr.level).toBe(true);
    expect(apic.acknowledge()).toBe(0x09);
    expect(intr.level).toBe(false);
  });

  test("come after the APIC's own interrupts, and not through a masked LINT0", () => {
    const { intr, apic, pics, set, send } = makeRig();
    pics.master.write(0, 0x11);
    for (const value of [0x08, 0x04, 0x01, 0x00]) pics.master.write(1, value);
    pics.lines[1]!.set(true);
    send(0x41);
    expect(apic.acknowledge()).toBe(0x41);
    set(LVT_LINT0, 0x700 | MASKED);
    expect(intr.level).toBe(false);
    set(LVT_LINT0, 0x700);
    expect(apic.acknowledge()).toBe(0x09);
  });

  test("reach the processor directly when the APIC is disabled in its base register", () => {
    const { intr, apic, pics, places, set } = makeRig();
    set(LVT_LINT0, MASKED);
    apic.base = 0xfee0_0000;
    expect(places.at(-1)).toBe(null);
    pics.lines[1]!.set(true);
    expect(intr.level).toBe(true);
    expect(apic.acknowledge()).toBe(1);
    apic.base = 0xfed0_0800;
    expect(apic.base).toBe(0xfed0_0900);
    expect(places.at(-1)).toBe(0xfed0_0000);
  });

  test("WRMSR may not set what the base register reserves, nor x2APIC mode", () => {
    const { apic } = makeRig();
    for (const bit of [0n, 7n, 9n, 10n, 40n, 63n]) {
      expect([bit, apic.writeBase(0xfee0_0800n | (1n << bit))]).toEqual([bit, false]);
    }
    expect(apic.writeBase(0xfed0_0800n)).toBe(true);
    expect(apic.base).toBe(0xfed0_0900);
  });

  test("may be a plain vector of LINT0", () => {
    const { apic, set } = makeRig();
    set(LVT_LINT0, 0x31);
    apic.lint0.set(true);
    expect(apic.acknowledge()).toBe(0x31);
  });
});

test("LINT1 is the NMI when its entry says so", () => {
  const { apic, events, set } = makeRig();
  set(LVT_LINT1, MASKED);
  apic.lint1.set(true);
  expect(events).toEqual([]);
  apic.lint1.set(false);
  set(LVT_LINT1, 0x400);
  apic.lint1.set(true);
  expect(events).toEqual(["nmi 0"]);
});

describe("timer", () => {
  test("goes on counting when its mode changes, but not from 0", () => {
    const { clock, get, set } = makeRig();
    const PERIODIC = 0x2_0000;
    const ticks = (n: number) => clock.moveTo(clock.now() + 2 * n);
    set(DIVIDE, 0);
    set(LVT_TIMER, MASKED | PERIODIC);
    set(INITIAL_COUNT, 1000);
    ticks(2300);
    expect(get(CURRENT_COUNT)).toBe(700);
    set(LVT_TIMER, MASKED);
    expect(get(CURRENT_COUNT)).toBe(700);
    ticks(600);
    set(LVT_TIMER, MASKED | PERIODIC);
    ticks(50);
    expect(get(CURRENT_COUNT)).toBe(50);
    ticks(100);
    expect(get(CURRENT_COUNT)).toBe(950);
    set(LVT_TIMER, MASKED);
    ticks(2000);
    set(LVT_TIMER, MASKED | PERIODIC);
    ticks(100);
    expect(get(CURRENT_COUNT)).toBe(0);
    set(INITIAL_COUNT, 1000);
    expect(get(CURRENT_COUNT)).toBe(1000);
  });

  test("one-shot: counts down by the divider and interrupts once", () => {
    const { clock, intr, apic, get, set } = makeRig();
    set(DIVIDE, 0x3);
    set(LVT_TIMER, 0x30);
    set(INITIAL_COUNT, 1000);
    clock.moveTo(8000);
    expect(get(CURRENT_COUNT)).toBe(500);
    expect(intr.level).toBe(false);
    clock.moveTo(16_000);
    expect(apic.acknowledge()).toBe(0x30);
    expect(get(CURRENT_COUNT)).toBe(0);
    set(EOI, 0);
    clock.moveTo(1e6);
    expect(intr.level).toBe(false);
  });

  test("periodic: each expiry is followed by a later one, whenever the count began", () => {
    for (let n = 1; n < 1000; n++) {
      const { clock, set } = makeRig();
      clock.moveTo(n * 1e6 * Math.SQRT2);
      set(DIVIDE, 0x3);
      set(LVT_TIMER, 0x2_0030);
      set(INITIAL_COUNT, 250_000);
      for (let expiries = 0; expiries < 3; expiries++) {
        const deadline = clock.nextDeadline;
        clock.moveTo(deadline);
        expect(clock.nextDeadline).toBeGreaterThan(deadline);
      }
    }
  });

  test("periodic: interrupts at each multiple and starts over", () => {
    const { clock, intr, apic, get, set } = makeRig();
    set(DIVIDE, 0xb);
    set(LVT_TIMER, 0x2_0030);
    set(INITIAL_COUNT, 100_000);
    for (const ns of [100_000, 200_000, 300_000]) {
      clock.moveTo(ns - 1);
      expect(intr.level).toBe(false);
      clock.moveTo(ns);
      expect(apic.acknowledge()).toBe(0x30);
      set(EOI, 0);
    }
    clock.moveTo(330_000);
    expect(get(CURRENT_COUNT)).toBe(70_000);
    set(INITIAL_COUNT, 0);
    clock.moveTo(1e6);
    expect(intr.level).toBe(false);
  });

  test.each([
    ["one-shot", 0x30, 92e6, Number.POSITIVE_INFINITY],
    ["periodic", 0x2_0030, 92e6, 4e6],
  ])("%s: a machine at rest may sleep through it, and only periods are counted", (_, lvt, slack, counted) => {
    const { clock, set } = makeRig();
    set(DIVIDE, 0xb);
    set(LVT_TIMER, lvt);
    set(INITIAL_COUNT, 4e6);
    expect(clock.latestDeadline(1e9) - clock.nextDeadline).toBe(slack);
    expect(clock.nextCounted).toBe(counted);
  });

  test("a masked one counts without interrupting", () => {
    const { clock, intr, get, set } = makeRig();
    set(DIVIDE, 0xb);
    set(LVT_TIMER, 0x2_0030 | MASKED);
    set(INITIAL_COUNT, 100_000);
    clock.moveTo(150_000);
    expect(intr.level).toBe(false);
    expect(get(CURRENT_COUNT)).toBe(50_000);
    set(LVT_TIMER, 0x2_0030);
    clock.moveTo(200_000);
    expect(intr.level).toBe(true);
  });

  test("TSC deadline: interrupts when the counter gets there, and is then disarmed", () => {
    const { clock, intr, apic, get, set } = makeRig();
    apic.tscDeadline = 77n;
    expect(apic.tscDeadline).toBe(0n);
    set(LVT_TIMER, 0x4_0030);
    apic.tscDeadline = 5000n;
    expect(get(CURRENT_COUNT)).toBe(0);
    clock.moveTo(9_999);
    expect(intr.level).toBe(false);
    expect(apic.tscDeadline).toBe(5000n);
    clock.moveTo(10_000);
    expect(apic.acknowledge()).toBe(0x30);
    expect(apic.tscDeadline).toBe(0n);
    apic.tscDeadline = 9000n;
    apic.tscDeadline = 0n;
    set(EOI, 0);
    clock.moveTo(50_000);
    expect(intr.level).toBe(false);
  });

  test("a loaded one expires when it would have, even if that moment has passed", () => {
    const one = makeRig();
    one.set(DIVIDE, 0xb);
    one.set(LVT_TIMER, 0x30);
    one.set(INITIAL_COUNT, 50_000);
    const other = makeRig();
    other.clock.moveTo(60_000);
    other.apic.state = structuredClone(one.apic.state);
    other.apic.afterLoad();
    other.clock.moveTo(60_000);
    expect(other.apic.acknowledge()).toBe(0x30);
  });
});

describe("interrupt commands", () => {
  test("go to the processor named, physically or logically", () => {
    const { second, set } = makeRig();
    set(ICR_HIGH, 0x0100_0000);
    set(ICR_LOW, 0x4055);
    expect(second.acknowledge()).toBe(0x55);
    second.write(LDR, 0x0200_0000, 4);
    set(ICR_HIGH, 0x0200_0000);
    set(ICR_LOW, 0x4866);
    expect(second.acknowledge()).toBe(0x66);
  });

  test("go to oneself, all, or the others by shorthand", () => {
    const { apic, second, set, events } = makeRig();
    set(ICR_LOW, 0x4_4055);
    expect([apic.acknowledge(), second.acknowledge()]).toEqual([0x55, 0xff]);
    set(ICR_LOW, 0xc_4400);
    expect(events).toEqual(["nmi 1"]);
    set(ICR_LOW, 0x8_4400);
    expect(events).toEqual(["nmi 1", "nmi 0", "nmi 1"]);
  });

  test("INIT and start-up wake a processor", () => {
    const { second, set, events } = makeRig();
    set(ICR_HIGH, 0x0100_0000);
    set(ICR_LOW, 0xc500);
    set(ICR_LOW, 0x8500);
    set(ICR_LOW, 0x4610);
    expect(events).toEqual(["init 1", "start 1 at 16"]);
    expect(second.read(SVR, 4)).toBe(0xff);
  });

  test("lowest priority chooses the least busy processor", () => {
    const { bus, apic, second } = makeRig();
    apic.tpr = 0x20;
    bus.deliver({
      mode: DeliveryMode.lowestPriority,
      vector: 0x41,
      level: false,
      destination: 0xff,
      logical: false,
    });
    expect(second.acknowledge()).toBe(0x41);
  });
});

test("illegal vectors and registers are errors, shown by the ESR once it is written", () => {
  const { apic, get, set, send } = makeRig();
  set(LVT_ERROR, 0xfe);
  send(3);
  expect(get(ESR)).toBe(0);
  set(ESR, 0);
  expect(get(ESR)).toBe(0x40);
  expect(apic.acknowledge()).toBe(0xfe);
  get(0x000);
  set(ICR_LOW, 0x4003);
  set(ESR, 0);
  expect(get(ESR)).toBe(0xa0);
});
