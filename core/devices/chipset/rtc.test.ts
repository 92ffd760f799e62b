import { describe, expect, test } from "vitest";
import { unconnected } from "../../board/device.ts";
import { describeDeviceContract } from "../../board/testing/device-contract.ts";
import { FakeLine } from "../../board/testing/fake-line.ts";
import { VirtualClock } from "../../board/virtual-clock.ts";
import { Rtc } from "./rtc.ts";

/** A clock that starts on Wednesday, 31 December 2025, 23:59:58. */
function makeRig() {
  const clock = new VirtualClock();
  clock.epoch = Date.UTC(2025, 11, 31, 23, 59, 58);
  const irq8 = new FakeLine();
  const rtc = new Rtc(irq8, clock);
  const get = (index: number) => {
    rtc.write(0, index);
    return rtc.read(1);
  };
  const set = (index: number, value: number) => {
    rtc.write(0, index);
    rtc.write(1, value);
  };
  const time = () => [0x32, 9, 8, 7, 6, 4, 2, 0].map(get);
  /** Runs to `ms` after power-on, stopping at each alarm. */
  const run = (ms: number) => {
    while (clock.nextDeadline < ms * 1e6) clock.moveTo(clock.nextDeadline);
    clock.moveTo(ms * 1e6);
  };
  return { clock, irq8, rtc, get, set, time, run };
}

describeDeviceContract("rtc", () => {
  const clock = new VirtualClock();
  clock.epoch = Date.UTC(2025, 11, 31, 23, 59, 58);
  const rtc = new Rtc(unconnected, clock);
  return { device: rtc, clock, targets: [{ target: rtc, length: 4, width: 1 }] };
});

describe("time", () => {
  test("is the wall clock's, in decimal and 24 hours at power-on", () => {
    const { time, run } = makeRig();
    expect(time()).toEqual([0x20, 0x25, 0x12, 0x31, 4, 0x23, 0x59, 0x58]);
    run(2000);
    expect(time()).toEqual([0x20, 0x26, 0x01, 0x01, 5, 0x00, 0x00, 0x00]);
  });

  test("is read in binary and 12 hours as register B asks", () => {
    const { get, set, run } = makeRig();
    set(0x0b, 0x04);
    expect([4, 2, 0].map(get)).toEqual([0x80 | 11, 59, 58]);
    run(2000);
    expect(get(4)).toBe(12);
    set(0x0b, 0x00);
    expect(get(4)).toBe(0x12);
  });

  test("goes on from what a guest sets while updates are stopped", () => {
    const { set, time, run } = makeRig();
    set(0x0b, 0x82);
    for (const [index, value] of [
      [0, 0x59],
      [2, 0x59],
      [4, 0x23],
      [6, 1],
      [7, 0x28],
      [8, 0x02],
      [9, 0x24],
    ] as const) {
      set(index, value);
    }
    run(5000);
    expect(time().at(-1)).toBe(0x59);
    set(0x0b, 0x02);
    expect(time()).toEqual([0x20, 0x24, 0x02, 0x28, 1, 0x23, 0x59, 0x59]);
    run(6000);
    expect(time()).toEqual([0x20, 0x24, 0x02, 0x29, 2, 0x00, 0x00, 0x00]);
  });

  test("may be set a register at a time while it runs", () => {
    const { set, time } = makeRig();
    set(2, 0x30);
    expect(time()).toEqual([0x20, 0x25, 0x12, 0x31, 4, 0x23, 0x30, 0x58]);
  });

  test("starts half a second before an update when the divider is let go", () => {
    const { set, get, run } = makeRig();
    run(100);
    set(0x0a, 0x76);
    set(0, 0x10);
    run(3000);
    expect(get(0)).toBe(0x10);
    set(0x0a, 0x26);
    run(3499);
    expect(get(0)).toBe(0x10);
    run(3500);
    expect(get(0)).toBe(0x11);
  });

  test("shows an update in progress for its last 2.2 ms", () => {
    const { get, run } = makeRig();
    run(997);
    expect(get(0x0a)).toBe(0x26);
    run(998);
    expect(get(0x0a)).toBe(0xa6);
    run(1000);
    expect(get(0x0a)).toBe(0x26);
  });
});

describe("interrupts", () => {
  test("the periodic one comes at the rate of register A until register C is read", () => {
    const { irq8, get, set, run } = makeRig();
    set(0x0b, 0x42);
    run(0.9);
    expect(irq8.level).toBe(false);
    run(1);
    expect(irq8.level).toBe(true);
    run(10);
    expect(irq8.rises).toBe(1);
    expect(get(0x0c)).toBe(0xc0);
    expect(irq8.level).toBe(false);
    expect(get(0x0c)).toBe(0);
    run(11);
    expect(irq8.rises).toBe(2);
  });

  test("the periodic flag is set without its interrupt", () => {
    const { irq8, get, run } = makeRig();
    get(0x0c);
    run(2);
    expect(get(0x0c)).toBe(0x40);
    expect(irq8.rises).toBe(0);
  });

  test("the update-ended one comes at each second", () => {
    const { irq8, get, set, run } = makeRig();
    set(0x0a, 0x20);
    set(5, 0x12);
    set(0x0b, 0x12);
    run(999);
    expect(irq8.level).toBe(false);
    run(1001);
    expect(irq8.level).toBe(true);
    expect(get(0x0c)).toBe(0x90);
    run(2001);
    expect(get(0x0c)).toBe(0x90);
  });

  test("the alarm comes when the time matches", () => {
    const { irq8, get, set, run } = makeRig();
    set(0x0a, 0x20);
    for (const [index, value] of [
      [1, 0x05],
      [3, 0x00],
      [5, 0x00],
    ] as const) {
      set(index, value);
    }
    set(0x0b, 0x22);
    run(6990);
    expect(irq8.level).toBe(false);
    run(7001);
    expect(irq8.level).toBe(true);
    expect(get(0x0c)).toBe(0xb0);
    run(80_000);
    expect(irq8.rises).toBe(1);
  });

  test("an alarm byte of ones in its upper bits matches anything", () => {
    const { irq8, get, set, run } = makeRig();
    set(1, 0x30);
    set(3, 0xff);
    set(5, 0xc0);
    set(0x0b, 0x22);
    for (const [ms, count] of [
      [33_000, 1],
      [93_000, 2],
    ] as const) {
      run(ms);
      expect(irq8.rises).toBe(count);
      get(0x0c);
    }
  });

  test("stopping the clock disables the update interrupt", () => {
    const { get, set, irq8, run } = makeRig();
    set(0x0b, 0x12);
    set(0x0b, 0x92);
    expect(get(0x0b)).toBe(0x82);
    run(5000);
    expect(irq8.rises).toBe(0);
  });

  test("a reset disables them and keeps time and memory", () => {
    const { rtc, get, set, irq8, run } = makeRig();
    set(0x20, 0x77);
    set(2, 0x11);
    set(0x0b, 0x72);
    run(1);
    expect(irq8.level).toBe(true);
    rtc.reset();
    expect(irq8.level).toBe(false);
    expect(get(0x0b)).toBe(0x02);
    expect([get(0x20), get(2)]).toEqual([0x77, 0x11]);
  });

  test("a loaded clock interrupts when it would have", () => {
    const one = makeRig();
    one.set(0x0b, 0x12);
    one.run(500);
    const other = makeRig();
    other.run(500);
    other.rtc.state = structuredClone(one.rtc.state);
    other.rtc.afterLoad();
    other.run(999);
    expect(other.irq8.level).toBe(false);
    other.run(1001);
    expect(other.irq8.level).toBe(true);
  });
});

describe("CMOS memory", () => {
  test("is preset by the board, in both banks", () => {
    const { rtc, get } = makeRig();
    rtc.setCmos(0x10, 0x44);
    rtc.setCmos(0xfe, 0x55);
    expect(get(0x10)).toBe(0x44);
    rtc.write(2, 0x7e);
    expect(rtc.read(3)).toBe(0x55);
    expect(rtc.read(2)).toBe(0x7e);
  });

  test("says that its contents are valid, and lets nobody say otherwise", () => {
    const { get, set } = makeRig();
    set(0x0d, 0);
    expect(get(0x0d)).toBe(0x80);
  });

  test("bit 7 of the index masks the NMI", () => {
    const { rtc, get } = makeRig();
    expect(rtc.nmiMasked).toBe(false);
    rtc.write(0, 0x8f);
    expect(rtc.nmiMasked).toBe(true);
    rtc.setCmos(0x0f, 9);
    expect(rtc.read(1)).toBe(9);
    get(0);
    expect(rtc.nmiMasked).toBe(false);
  });
});
