import { expect, test } from "vitest";
import { VirtualClock } from "./virtual-clock.ts";

test("a machine at rest may sleep through alarms with slack, up to the first that cannot wait", () => {
  const clock = new VirtualClock();
  const rung: string[] = [];
  const oneShot = clock.alarm(() => rung.push("one-shot"));
  const periodic = clock.alarm(() => rung.push("periodic"));
  expect(clock.latestDeadline(1e6)).toBe(Number.POSITIVE_INFINITY);
  oneShot.set(1000, 5000);
  expect(clock.nextDeadline).toBe(1000);
  expect([0, 200, 1e6].map((most) => clock.latestDeadline(most))).toEqual([1000, 1200, 6000]);
  periodic.set(4000);
  expect(clock.nextDeadline).toBe(1000);
  expect(clock.latestDeadline(1e6)).toBe(4000);
  clock.moveTo(4000);
  expect(rung).toEqual(["one-shot", "periodic"]);
});

test("slack is that of the last setting", () => {
  const clock = new VirtualClock();
  const alarm = clock.alarm(() => {});
  alarm.set(1000, 5000);
  alarm.set(2000);
  expect(clock.latestDeadline(1e6)).toBe(2000);
});
