import { expect, test } from "vitest";
import { RectangleList } from "./rectangles.ts";

test("rows one below the other grow together", () => {
  const list = new RectangleList();
  list.add(10, 5, 20, 1);
  list.add(12, 6, 25, 1);
  expect(list.merged).toEqual([{ x: 10, y: 5, width: 27, height: 2 }]);
});

test("parts far from each other stay apart", () => {
  const list = new RectangleList();
  list.add(0, 5, 8, 1);
  list.add(600, 6, 8, 1);
  list.add(0, 100, 8, 1);
  expect(list.merged).toHaveLength(3);
});

test("very many parts become one around them all", () => {
  const list = new RectangleList();
  for (let y = 0; y < 200; y += 2) list.add(y, y, 3, 1);
  expect(list.merged).toEqual([{ x: 0, y: 0, width: 201, height: 199 }]);
});
