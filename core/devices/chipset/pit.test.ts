import { describe, expect, test } from "vitest";
import { unconnected } from "../../board/device.ts";
import { describeDeviceContract } from "../../board/testing/device-contract.ts";
import { FakeLine } from "../../board/testing/fake-line.ts";
import { VirtualClock } from "../../board/virtual-clock.ts";
import { PIT_HERTZ, Pit } from "./pit.ts";
import { noSpeaker, Port61 } from "./port61.ts";

function makeRig() {
  const clock = new VirtualClock();
  const irq0 = new FakeLine();
  const pit = new Pit(irq0, clock);
  const tones: number[] = [];
  const port61 = new Port61(pit, clock, { tone: (hertz) => tones.push(Math.round(hertz)) }, unconnected);
  /** Moves to the middle of tick `tick`, so that no test depends on rounding. */
  const toTick = (tick: number) => {
    for (;;) {
      const target = ((tick + 0.5) * 1e9) / PIT_HERTZ;
      const stop = Math.min(clock.nextDeadline, target);
      clock.moveTo(stop);
      if (stop === target) return;
    }
  };
  const setUp = (control: number, ...bytes: number[]) => {
    pit.write(3, control);
    for (const byte of bytes) pit.write(control >>> 6, byte);
  };
  const readCount = (counter: number) => {
    pit.write(3, counter << 6);
    return pit.read(counter) | (pit.read(counter) << 8);
  };
  const readStatus = (counter: number) => {
    pit.write(3, 0xe0 | (2 << counter));
    return pit.read(counter);
  };
  toTick(0);
  return { clock, irq0, pit, port61, tones, toTick, setUp, readCount, readStatus };
}

describeDeviceContract("pit", () => {
  const clock = new VirtualClock();
  const pit = new Pit(unconnected, clock);
  return {
    device: pit,
    clock,
    targets: [{ target: pit, length: 4, width: 1 }],
    exercise: () => pit.setGate2(true),
  };
});

describeDeviceContract("port61", () => {
  const clock = new VirtualClock();
  const port61 = new Port61(new Pit(unconnected, clock), clock, noSpeaker, unconnected);
  return {
    device: port61,
    clock,
    targets: [{ target: port61, length: 1, width: 1 }],
    exercise: () => port61.serr.set(true),
  };
});

describe("mode 0, interrupt on terminal count", () => {
  test("goes high once, count + 1 ticks after it was written", () => {
    const { irq0, toTick, setUp, readCount } = makeRig();
    setUp(0x30, 100, 0);
    toTick(100);
    expect(irq0.level).toBe(false);
    expect(readCount(0)).toBe(1);
    toTick(101);
    expect(irq0).toMatchObject({ level: true, rises: 1 });
    expect(readCount(0)).toBe(0);
    toTick(105);
    expect(readCount(0)).toBe(0xfffc);
    toTick(200_000);
    expect(irq0.rises).toBe(1);
  });

  test("the first byte of a new count stops it", () => {
    const { irq0, pit, toTick, setUp } = makeRig();
    setUp(0x30, 100, 0);
    toTick(50);
    pit.write(0, 10);
    toTick(300);
    expect(irq0.level).toBe(false);
    pit.write(0, 0);
    toTick(311);
    expect(irq0.level).toBe(true);
  });

  test("a low gate holds the count", () => {
    const { port61, toTick, setUp, readCount } = makeRig();
    port61.write(0, 1);
    setUp(0xb0, 100, 0);
    toTick(41);
    port61.write(0, 0);
    toTick(1000);
    expect(readCount(2)).toBe(60);
    port61.write(0, 1);
    toTick(1059);
    expect(port61.read(0) & 0x20).toBe(0);
    toTick(1060);
    expect(port61.read(0) & 0x20).toBe(0x20);
  });
});

describe("mode 1, retriggerable one-shot", () => {
  test("a rising gate starts a low pulse of count ticks, and starts it anew", () => {
    const { pit, toTick, setUp } = makeRig();
    setUp(0xb2, 10, 0);
    expect(pit.output2).toBe(true);
    pit.setGate2(true);
    toTick(1);
    expect(pit.output2).toBe(false);
    pit.setGate2(false);
    toTick(8);
    pit.setGate2(true);
    toTick(18);
    expect(pit.output2).toBe(false);
    toTick(19);
    expect(pit.output2).toBe(true);
  });
});

describe("mode 2, rate generator", () => {
  test("interrupts every count ticks", () => {
    const { irq0, toTick, setUp } = makeRig();
    setUp(0x34, 0xe8, 0x03);
    const before = irq0.rises;
    toTick(1000);
    expect(irq0.rises - before).toBe(0);
    toTick(1001);
    expect(irq0.rises - before).toBe(1);
    toTick(10_001);
    expect(irq0.rises - before).toBe(10);
  });

  test("counts from count to 1; 0 stands for 65536", () => {
    const { toTick, setUp, readCount } = makeRig();
    setUp(0x34, 0, 0);
    toTick(1);
    expect(readCount(0)).toBe(0);
    toTick(2);
    expect(readCount(0)).toBe(0xffff);
    toTick(0x1_0000);
    expect(readCount(0)).toBe(1);
    toTick(0x1_0001);
    expect(readCount(0)).toBe(0);
  });

  test("a new count waits for the end of the cycle", () => {
    const { irq0, pit, toTick, setUp, readStatus } = makeRig();
    setUp(0x34, 100, 0);
    const before = irq0.rises;
    toTick(51);
    pit.write(0, 20);
    pit.write(0, 0);
    expect(readStatus(0) & 0x40).toBe(0x40);
    toTick(101);
    expect(irq0.rises - before).toBe(1);
    expect(readStatus(0) & 0x40).toBe(0);
    toTick(121);
    expect(irq0.rises - before).toBe(2);
  });

  test("a rising gate starts the cycle anew, a low one keeps OUT high", () => {
    const { pit, toTick, setUp, readCount } = makeRig();
    pit.setGate2(true);
    setUp(0xb4, 100, 0);
    toTick(100);
    expect(pit.output2).toBe(false);
    pit.setGate2(false);
    expect(pit.output2).toBe(true);
    toTick(500);
    pit.setGate2(true);
    toTick(501);
    expect(readCount(2)).toBe(100);
  });
});

test("a machine at rest may sleep through a guest's periods, not through a count that runs once", () => {
  const { clock, setUp } = makeRig();
  const slack = () => clock.latestDeadline(1e9) - clock.nextDeadline;
  setUp(0x34, 0x9c, 0x2e);
  expect(slack()).toBeGreaterThan(20e6);
  setUp(0x30, 0x9c, 0x2e);
  expect(slack()).toBe(0);
});

describe("mode 3, square wave", () => {
  test("is high for the first half, and longer by one tick for odd counts", () => {
    for (const [count, high] of [
      [10, 5],
      [11, 6],
    ] as const) {
      const { pit, toTick, setUp } = makeRig();
      pit.setGate2(true);
      setUp(0xb6, count, 0);
      const levels = Array.from({ length: 2 * count }, (_, i) => {
        toTick(1 + i);
        return pit.output2;
      });
      expect(levels).toEqual(Array.from({ length: 2 * count }, (_, i) => i % count < high));
    }
  });

  test("counts down by twos", () => {
    const { toTick, setUp, readCount } = makeRig();
    setUp(0x36, 10, 0);
    const counts = [1, 2, 3, 4, 5, 6, 7].map((tick) => {
      toTick(tick);
      return readCount(0);
    });
    expect(counts).toEqual([10, 8, 6, 4, 2, 10, 8]);
  });

  test("interrupts once a cycle", () => {
    const { irq0, toTick, setUp } = makeRig();
    setUp(0x36, 0, 0);
    const before = irq0.rises;
    toTick(0x1_0000 * 5 + 1);
    expect(irq0.rises - before).toBe(5);
  });
});

describe("modes 4 and 5, strobes", () => {
  test("a count written makes one low pulse of a tick", () => {
    const { irq0, toTick, setUp } = makeRig();
    setUp(0x38, 100, 0);
    const before = irq0.rises;
    toTick(101);
    expect(irq0.rises).toBe(before);
    toTick(102);
    expect(irq0.rises).toBe(before + 1);
    toTick(200_000);
    expect(irq0.rises).toBe(before + 1);
  });

  test("a rising gate makes one low pulse of a tick", () => {
    const { pit, toTick, setUp } = makeRig();
    setUp(0xba, 5, 0);
    pit.setGate2(true);
    const levels = [5, 6, 7].map((tick) => {
      toTick(tick);
      return pit.output2;
    });
    expect(levels).toEqual([true, false, true]);
  });
});

describe("reading and writing", () => {
  test("a latched count stays until both bytes are read", () => {
    const { pit, toTick, setUp } = makeRig();
    setUp(0x34, 0, 0x10);
    toTick(0x101);
    pit.write(3, 0x00);
    toTick(0x201);
    pit.write(3, 0x00);
    expect(pit.read(0)).toBe(0x00);
    expect(pit.read(0)).toBe(0x0f);
    expect(pit.read(0)).toBe(0x00);
    expect(pit.read(0)).toBe(0x0e);
  });

  test("one-byte access reads and writes that byte", () => {
    const { toTick, setUp, pit } = makeRig();
    setUp(0x54, 50);
    toTick(11);
    expect(pit.read(1)).toBe(40);
    expect(pit.read(1)).toBe(40);
    setUp(0x64, 2);
    toTick(12 + 0x20);
    expect(pit.read(1)).toBe(1);
  });

  test("read-back latches status, then count, of several counters", () => {
    const { pit, setUp, toTick } = makeRig();
    setUp(0x34, 0, 0x10);
    setUp(0x74, 0, 0x20);
    toTick(1);
    pit.write(3, 0xc6);
    expect([pit.read(0), pit.read(0), pit.read(0)]).toEqual([0xb4, 0x00, 0x10]);
    expect([pit.read(1), pit.read(1), pit.read(1)]).toEqual([0xb4, 0x00, 0x20]);
  });

  test("status shows a count not yet loaded", () => {
    const { setUp, readStatus, toTick } = makeRig();
    setUp(0x36);
    expect(readStatus(0)).toBe(0xf6);
    setUp(0x36, 0, 0);
    toTick(1);
    expect(readStatus(0)).toBe(0xb6);
  });

  test("BCD counts in decimal, with 10000 as the largest", () => {
    const { toTick, setUp, readCount } = makeRig();
    setUp(0x35, 0, 0);
    toTick(2);
    expect(readCount(0)).toBe(0x9999);
    setUp(0x31, 0x34, 0x12);
    toTick(3 + 35);
    expect(readCount(0)).toBe(0x1199);
  });
});

describe("snapshots", () => {
  test("a loaded timer goes on interrupting when it would have", () => {
    const one = makeRig();
    one.setUp(0x34, 100, 0);
    one.toTick(51);
    const saved = structuredClone(one.pit.state);
    const other = makeRig();
    other.toTick(51);
    other.pit.state = saved;
    other.pit.afterLoad();
    const before = other.irq0.rises;
    other.toTick(100);
    expect(other.irq0.rises).toBe(before);
    other.toTick(101);
    expect(other.irq0.rises).toBe(before + 1);
  });
});

describe("port 0x61", () => {
  test("the refresh toggle changes every 15 µs", () => {
    const { clock, port61 } = makeRig();
    clock.moveTo(0);
    let changes = 0;
    let last = port61.read(0) & 0x10;
    for (let ns = 0; ns < 1_508_500; ns += 1000) {
      clock.moveTo(ns);
      const now = port61.read(0) & 0x10;
      if (now !== last) changes++;
      last = now;
    }
    expect(changes).toBe(99);
  });

  test("sounds counter 2 while gate and speaker data are on", () => {
    const { port61, setUp, tones } = makeRig();
    setUp(0xb6, 0xa9, 0x04);
    port61.write(0, 3);
    port61.write(0, 1);
    expect(tones).toEqual([1000, 0]);
    expect(port61.read(0) & 0x0f).toBe(1);
  });
});
