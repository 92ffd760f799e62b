import { expect, test } from "vitest";
import { Timekeeper } from "./timekeeper.ts";

function makeRig() {
  let instructions = 0;
  const time = new Timekeeper(() => instructions);
  time.resumeAt(0);
  return { time, execute: (count: number) => (instructions += count) };
}

test("time goes on with the instructions between two looks at the host's clock", () => {
  const { time, execute } = makeRig();
  time.follow(1000);
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
  time.follow(1_000_000);
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
  time.follow(5000);
  time.resumeAt(1_000_000);
  expect(time.clock.now()).toBe(5000);
  time.follow(1_000_700);
  expect(time.clock.now()).toBe(5700);
});

test("a clock that has run ahead waits for the host's, without ever stopping", () => {
  const { time, execute } = makeRig();
  let host = 0;
  for (let i = 0; i < 1000; i++) {
    // The guest is five times as fast as it is thought to be at first.
    host += 100_000;
    execute(50_000);
    const before = time.clock.now();
    time.follow(host);
    expect(time.clock.now()).toBeGreaterThanOrEqual(before);
  }
  expect(time.clock.now() - host).toBeLessThan(10_000_000);
});
