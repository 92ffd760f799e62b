import { describe, expect, test } from "vitest";
import { Timekeeper } from "./timekeeper.ts";

function makeRig() {
  let instructions = 0;
  const time = new Timekeeper(() => instructions);
  time.resumeAt(0);
  return { time, execute: (count: number) => (instructions += count) };
}

test("time goes on with the instructions between two looks at the host's clock", () => {
  const { time, execute } = makeRig();
  time.follow(1000, true);
  const before = time.clock.now();
  execute(100);
  expect(time.clock.now()).toBeGreaterThan(before);
});

test("a guest found to be faster than was thought does not see time go back", () => {
  const { time, execute } = makeRig();
  execute(1_000_000);
  const seen = time.clock.now();
  time.measure(1_000_000, 1_000_000);
  expect(time.clock.now()).toBe(seen);
  time.follow(1_000_000, false);
  expect(time.clock.now()).toBe(seen);
});

test("the pace that was measured is that of the instructions to come", () => {
  const { time, execute } = makeRig();
  for (let i = 0; i < 100; i++) time.measure(1_000_000, 2_000_000);
  const before = time.clock.now();
  execute(1000);
  expect(time.clock.now() - before).toBeCloseTo(2000, 0);
});

test("time stands still while the machine does", () => {
  const { time } = makeRig();
  time.follow(5000, true);
  time.resumeAt(1_000_000);
  expect(time.clock.now()).toBe(5000);
  time.follow(1_000_700, true);
  expect(time.clock.now()).toBe(5700);
});

test("a guest whose host was late sees no leap, and has the host's time soon", () => {
  const { time, execute } = makeRig();
  let host = 30e6;
  for (let look = 0; look < 100; look++) {
    const before = time.clock.now();
    time.follow(host, false);
    expect(time.clock.now()).toBe(before);
    // Half a millisecond at the pace that is assumed.
    execute(50_000);
    expect(time.clock.now() - before).toBeLessThanOrEqual(1e6);
    host += 0.5e6;
  }
  expect(host - time.clock.now()).toBeLessThan(0.1e6);
});

test("a clock far behind goes to the host's time at once, and that of a halted guest always", () => {
  const { time } = makeRig();
  time.follow(250e6, false);
  expect(time.clock.now()).toBe(250e6);
  time.follow(251e6, true);
  expect(time.clock.now()).toBe(251e6);
});

test("a clock that has run ahead waits for the host's, without ever stopping", () => {
  const { time, execute } = makeRig();
  let host = 0;
  for (let i = 0; i < 1000; i++) {
    // The guest is five times as fast as it is thought to be at first.
    host += 100_000;
    execute(50_000);
    const before = time.clock.now();
    time.follow(host, false);
    expect(time.clock.now()).toBeGreaterThanOrEqual(before);
  }
  expect(time.clock.now() - host).toBeLessThan(10_000_000);
});

test("an alarm ends a budget early only if it is due within it", () => {
  const { time, execute } = makeRig();
  const alarm = time.clock.alarm(() => {});
  const budget = time.budget(1000);
  const endNs = budget * 10;
  execute(500);
  alarm.set(endNs + 100);
  expect(time.cutsBudget).toBe(false);
  alarm.set(endNs - 100);
  expect(time.cutsBudget).toBe(true);
});

describe("of a timer whose expiries are counted", () => {
  const PERIOD = 10e6;

  function makeTimer() {
    const rig = makeRig();
    const { clock } = rig.time;
    const rung: number[] = [];
    const alarm = clock.alarm(() => {
      rung.push(clock.now());
      arm();
    });
    const arm = () => alarm.set((Math.floor(clock.now() / PERIOD) + 1) * PERIOD, { ns: 0, counted: true });
    arm();
    return { ...rig, rung };
  }

  test("a halted guest has each at its time, and then the host's time", () => {
    const { time, rung } = makeTimer();
    const seen: number[] = [];
    do {
      time.follow(45e6, true);
      seen.push(time.clock.now());
    } while (time.behind);
    expect(rung).toEqual([10e6, 20e6, 30e6, 40e6]);
    expect(seen).toEqual([...rung, 45e6]);
  });

  test("a guest that goes on has time for each: its clock is at most twice as fast as the host's", () => {
    const { time, rung, execute } = makeTimer();
    time.follow(45e6, true);
    let host = 45e6;
    while (host - time.clock.now() > 1e5) {
      const before = time.clock.now();
      const instructions = time.budget(100_000);
      execute(instructions);
      // It is as fast as is assumed at first.
      const passed = 10 * instructions;
      host += passed;
      time.follow(host, false);
      expect(time.clock.now() - before).toBeLessThanOrEqual(2 * passed + 1);
    }
    expect(rung.map((ns) => Math.round(ns / PERIOD))).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(host).toBeLessThan(100e6);
  });

  test("after a long time without the host they are lost", () => {
    const { time, rung } = makeTimer();
    time.follow(3600e9, true);
    expect(rung).toEqual([3600e9]);
    expect(time.behind).toBe(false);
  });
});
