import { expect, test } from "vitest";
import { periodicSlack } from "./clock.ts";
import { VirtualClock } from "./virtual-clock.ts";

test("a machine at rest may sleep through alarms with slack, up to the first that cannot wait", () => {
  const clock = new VirtualClock();
  const rung: string[] = [];
  const oneShot = clock.alarm(() => rung.push("one-shot"));
  const periodic = clock.alarm(() => rung.push("periodic"));
  expect(clock.latestDeadline(1e6)).toBe(Number.POSITIVE_INFINITY);
  oneShot.set(1000, { ns: 5000, counted: false });
  expect(clock.nextDeadline).toBe(1000);
  expect([0, 200, 1e6].map((most) => clock.latestDeadline(most))).toEqual([1000, 1200, 6000]);
  periodic.set(4000);
  expect(clock.nextDeadline).toBe(1000);
  expect(clock.latestDeadline(1e6)).toBe(4000);
  clock.moveTo(4000);
  expect(rung).toEqual(["one-shot", "periodic"]);
});

test("a halted machine sleeps through alarms that do not matter, and has them when it wakes", () => {
  const clock = new VirtualClock();
  let matters = false;
  let rung = 0;
  const alarm = clock.alarm(
    () => rung++,
    () => matters,
  );
  alarm.set(1000, { ns: 0, counted: true });
  expect(clock.latestDeadline(0)).toBe(Number.POSITIVE_INFINITY);
  expect(clock.nextCounted).toBe(Number.POSITIVE_INFINITY);
  expect(clock.nextDeadline).toBe(1000);
  matters = true;
  expect(clock.latestDeadline(0)).toBe(1000);
  expect(clock.nextCounted).toBe(1000);
  matters = false;
  clock.moveTo(1000);
  expect(rung).toBe(1);
});

test("slack is that of the last setting", () => {
  const clock = new VirtualClock();
  const alarm = clock.alarm(() => {});
  alarm.set(1000, { ns: 5000, counted: false });
  alarm.set(2000);
  expect(clock.latestDeadline(1e6)).toBe(2000);
});

test.each([
  ["that can be slept through by twos or more", 10e6, { ns: 92e6, counted: true }],
  ["so long that each has its own wake", 54.9e6, { ns: 0, counted: true }],
  ["too short to be made up for", 100e3, { ns: 0, counted: false }],
])("periods %s", (_, periodNs, slack) => {
  expect(periodicSlack(periodNs)).toEqual(slack);
});
