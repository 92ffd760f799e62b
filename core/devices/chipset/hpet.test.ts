import { describe, expect, test } from "vitest";
import { describeDeviceContract } from "../../board/testing/device-contract.ts";
import { FakeLine } from "../../board/testing/fake-line.ts";
import { VirtualClock } from "../../board/virtual-clock.ts";
import { Hpet } from "./hpet.ts";

const CONFIGURATION = 0x10;
const STATUS = 0x20;
const COUNTER = 0xf0;
const timer = (n: number) => ({ configuration: 0x100 + 0x20 * n, comparator: 0x108 + 0x20 * n });
const ENABLE = 1;
const LEGACY = 2;
const LEVEL = 2;
const INTERRUPT = 4;
const PERIODIC = 8;
const SET_VALUE = 0x40;
const PIN_20 = 20 << 9;

function makeRig() {
  const clock = new VirtualClock();
  const irq0 = new FakeLine();
  const irq8 = new FakeLine();
  const pins = Array.from({ length: 24 }, () => new FakeLine());
  const hpet = new Hpet({ clock, irq0, irq8, pins });
  const get = (offset: number) => hpet.read(offset, 4);
  const set = (offset: number, value: number) => hpet.write(offset, value, 4);
  return { clock, irq0, irq8, pins, hpet, get, set };
}

describeDeviceContract("hpet", () => {
  const { hpet, clock } = makeRig();
  return {
    device: hpet,
    clock,
    targets: [{ target: hpet, length: 0x400, width: 4 }],
    exercise: () => hpet.pitIrq0.set(true),
  };
});

test("tells its timers and the length of its tick", () => {
  const { get } = makeRig();
  expect(get(0)).toBe(0x8086_8201);
  expect(get(4)).toBe(10_000_000);
});

test("the main counter runs at 100 MHz while enabled, and may be set", () => {
  const { clock, get, set } = makeRig();
  clock.moveTo(1000);
  expect(get(COUNTER)).toBe(0);
  set(CONFIGURATION, ENABLE);
  clock.moveTo(2000);
  expect(get(COUNTER)).toBe(100);
  set(CONFIGURATION, 0);
  clock.moveTo(3000);
  expect(get(COUNTER)).toBe(100);
  set(COUNTER, 0xffff_fff0);
  set(CONFIGURATION, ENABLE);
  clock.moveTo(3200);
  expect(get(COUNTER)).toBe(4);
});

describe("timers", () => {
  test("one-shot: an edge when the counter meets the comparator", () => {
    const { clock, pins, set } = makeRig();
    set(timer(2).configuration, INTERRUPT | PIN_20);
    set(timer(2).comparator, 500);
    set(CONFIGURATION, ENABLE);
    clock.moveTo(4999);
    expect(pins[20]!.rises).toBe(0);
    clock.moveTo(5000);
    expect(pins[20]!.rises).toBe(1);
    clock.moveTo(1e9);
    expect(pins[20]!.rises).toBe(1);
  });

  test("periodic: each expiry is followed by a later one, whenever the counter began", () => {
    for (let n = 1; n < 1000; n++) {
      const { clock, set } = makeRig();
      clock.moveTo(n * 1e6 * Math.SQRT2);
      set(timer(0).configuration, INTERRUPT | PERIODIC | SET_VALUE | PIN_20);
      set(timer(0).comparator, 400_003);
      set(timer(0).comparator, 400_003);
      set(CONFIGURATION, ENABLE);
      for (let expiries = 0; expiries < 3; expiries++) {
        const deadline = clock.nextDeadline;
        clock.moveTo(deadline);
        expect(clock.nextDeadline - deadline).toBe(4_000_030);
      }
    }
  });

  test("periodic: at the comparator first, then every period", () => {
    const { clock, pins, get, set } = makeRig();
    set(timer(0).configuration, INTERRUPT | PERIODIC | SET_VALUE | PIN_20);
    set(timer(0).comparator, 5000);
    set(timer(0).comparator, 10_000);
    set(CONFIGURATION, ENABLE);
    clock.moveTo(50_000);
    expect(pins[20]!.rises).toBe(1);
    expect(get(timer(0).comparator)).toBe(15_000);
    clock.moveTo(150_000);
    expect(pins[20]!.rises).toBe(2);
    clock.moveTo(1_260_000);
    expect(get(timer(0).comparator)).toBe(135_000);
  });

  test.each([
    ["one-shot", INTERRUPT | PIN_20, 0, Number.POSITIVE_INFINITY],
    ["periodic", INTERRUPT | PERIODIC | SET_VALUE | PIN_20, 92e6, 10e6],
  ])(
    "%s: only a periodic one's expiries are counted, and slept through",
    (_, configuration, slack, counted) => {
      const { clock, set } = makeRig();
      set(timer(0).configuration, configuration);
      set(timer(0).comparator, 1e6);
      set(timer(0).comparator, 1e6);
      set(CONFIGURATION, ENABLE);
      expect(clock.latestDeadline(1e9) - clock.nextDeadline).toBe(slack);
      expect(clock.nextCounted).toBe(counted);
    },
  );

  test("level: until its status bit is cleared", () => {
    const { clock, pins, get, set } = makeRig();
    set(timer(1).configuration, INTERRUPT | LEVEL | PIN_20);
    set(timer(1).comparator, 500);
    set(CONFIGURATION, ENABLE);
    clock.moveTo(5000);
    expect(pins[20]!.level).toBe(true);
    expect(get(STATUS)).toBe(2);
    set(STATUS, 2);
    expect(pins[20]!.level).toBe(false);
  });

  test("cannot be routed to inputs that others use", () => {
    const { get, set } = makeRig();
    set(timer(0).configuration, INTERRUPT | (11 << 9));
    expect(get(timer(0).configuration) & 0x3e00).toBe(0);
  });

  test("a loaded one interrupts when it would have", () => {
    const one = makeRig();
    one.set(timer(0).configuration, INTERRUPT | PIN_20);
    one.set(timer(0).comparator, 500);
    one.set(CONFIGURATION, ENABLE);
    const other = makeRig();
    other.hpet.state = structuredClone(one.hpet.state);
    other.hpet.afterLoad();
    other.clock.moveTo(5000);
    expect(other.pins[20]!.rises).toBe(1);
  });
});

test("legacy replacement takes over interrupt requests 0 and 8", () => {
  const { clock, irq0, irq8, hpet, set } = makeRig();
  hpet.pitIrq0.set(true);
  hpet.rtcIrq8.set(true);
  expect([irq0.level, irq8.level]).toEqual([true, true]);
  set(timer(0).configuration, INTERRUPT);
  set(timer(0).comparator, 500);
  set(CONFIGURATION, ENABLE | LEGACY);
  expect([irq0.level, irq8.level]).toEqual([false, false]);
  hpet.pitIrq0.set(false);
  hpet.pitIrq0.set(true);
  expect(irq0.rises).toBe(1);
  clock.moveTo(5000);
  expect(irq0.rises).toBe(2);
  set(CONFIGURATION, 0);
  expect([irq0.level, irq8.level]).toEqual([true, true]);
});
