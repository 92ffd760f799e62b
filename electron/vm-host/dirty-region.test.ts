import { expect, test } from "vitest";
import { DirtyRegion } from "./dirty-region.ts";

const r = (x: number, y: number, width: number, height: number) => ({ x, y, width, height });

test("neighbours become one rectangle; what is far apart stays apart", () => {
  const region = new DirtyRegion();
  for (const rectangle of [r(0, 0, 8, 16), r(8, 0, 8, 16), r(16, 0, 8, 16), r(500, 300, 8, 16)])
    region.add(rectangle);
  expect(region.take()).toEqual([r(0, 0, 24, 16), r(500, 300, 8, 16)]);
  expect(region.empty).toBe(true);
});

test("every pixel that was added is covered, by at most sixteen rectangles", () => {
  let seed = 7;
  const next = (limit: number) => {
    seed = (seed * 48_271) % 0x7fffffff;
    return seed % limit;
  };
  for (let round = 0; round < 200; round++) {
    const region = new DirtyRegion();
    const added = Array.from({ length: next(60) + 1 }, () =>
      r(next(600), next(400), next(40) + 1, next(40) + 1),
    );
    for (const rectangle of added) region.add(rectangle);
    const taken = region.take();
    expect(taken.length).toBeLessThanOrEqual(16);
    for (const { x, y, width, height } of added)
      for (const [px, py] of [
        [x, y],
        [x + width - 1, y + height - 1],
      ])
        expect(taken.some((t) => px >= t.x && py >= t.y && px < t.x + t.width && py < t.y + t.height)).toBe(
          true,
        );
  }
});
