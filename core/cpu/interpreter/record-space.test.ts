import { expect, it } from "vitest";
import { RECORD_SIZE } from "../layout.ts";
import { createRandom } from "../testing/float-random.ts";
import { RecordSpace } from "./record-space.ts";

const START = 0x1000;
const RECORDS = 400;

it("gives runs within its bounds that do not overlap, whatever was given back before", () => {
  const space = new RecordSpace(START, RECORDS);
  const random = createRandom(1);
  const used = new Map<number, number>();
  let refused = 0;
  for (let turn = 0; turn < 2000; turn++) {
    const records = 3 + random.below(32);
    const at = space.take(records);
    if (at === undefined) {
      refused++;
      for (const [one, length] of [...used].slice(0, used.size / 2)) {
        space.give(one, length);
        used.delete(one);
      }
      space.merge();
      continue;
    }
    const end = at + records * RECORD_SIZE;
    const clear = [...used].every(([one, length]) => at >= one + length * RECORD_SIZE || one >= end);
    expect(clear && at >= START && end <= START + RECORDS * RECORD_SIZE, `${records} at ${at}`).toBe(true);
    used.set(at, records);
  }
  expect(refused).toBeGreaterThan(50);
  for (const [at, records] of used) space.give(at, records);
  space.merge();
  expect(space.free).toBe(RECORDS);
  expect(space.take(RECORDS)).toBe(START);
});

it("does not give what was given back before that is merged", () => {
  const space = new RecordSpace(START, 8);
  const runs = [space.take(4)!, space.take(4)!];
  for (const at of runs) space.give(at, 4);
  expect(space).toMatchObject({ free: 0, waiting: 8 });
  expect(space.take(4)).toBeUndefined();
  space.merge();
  expect(space).toMatchObject({ free: 8, waiting: 0 });
  expect(space.take(8)).toBe(START);
});

it("cuts a longer run that was left where there is none as short", () => {
  const space = new RecordSpace(START, 8);
  const runs = [space.take(2)!, space.take(4)!, space.take(2)!];
  space.give(runs[1]!, 4);
  space.merge();
  expect(space.take(6)).toBeUndefined();
  expect([space.take(3), space.take(1)]).toEqual([runs[1], runs[1]! + 3 * RECORD_SIZE]);
  expect(space.free).toBe(0);
});

it("is empty again when it is cleared", () => {
  const space = new RecordSpace(START, 8);
  space.give(space.take(8)!, 8);
  space.clear();
  expect(space.free).toBe(8);
  expect(space.take(8)).toBe(START);
});
