import { expect, test } from "vitest";
import { MotionScaler, placeScreen, WheelScaler } from "./scaling.ts";

const vga = { width: 640, height: 480, pixelAspect: 1 };

test("whole multiples leave a border rather than uneven pixels", () => {
  expect(placeScreen(vga, 2000, 1000, "whole", 1)).toEqual({
    width: 1280,
    height: 960,
    crisp: true,
    oversample: 1,
    scale: 2,
  });
});

test("whole multiples shrink where not even one to one fits", () => {
  const placement = placeScreen({ width: 1024, height: 768, pixelAspect: 1 }, 512, 600, "whole", 1);
  expect(placement).toMatchObject({ width: 512, height: 384, crisp: false, oversample: 1 });
});

test("fit fills one direction and never leaves the pane", () => {
  for (let width = 300; width < 1900; width += 37)
    for (let height = 200; height < 1100; height += 53) {
      const placement = placeScreen(vga, width, height, "fit", 1);
      expect(placement.width).toBeLessThanOrEqual(width);
      expect(placement.height).toBeLessThanOrEqual(height);
      expect(placement.width === width || placement.height === height).toBe(true);
    }
});

test("an uneven enlargement is drawn larger first, and shrunk", () => {
  expect(placeScreen(vga, 960, 720, "fit", 1)).toMatchObject({ scale: 1.5, crisp: false, oversample: 2 });
});

test("320×200 has the shape of a 4:3 tube", () => {
  const { width, height } = placeScreen(
    { width: 320, height: 200, pixelAspect: 5 / 6 },
    1600,
    1200,
    "fit",
    1,
  );
  expect(width / height).toBeCloseTo(4 / 3);
});

test("actual size is one CSS pixel a guest pixel on any monitor", () => {
  expect(placeScreen(vga, 100, 100, "actual", 2)).toMatchObject({ width: 1280, height: 960, crisp: true });
});

test("slow motions on an enlarged screen add up to whole guest pixels", () => {
  const scaler = new MotionScaler();
  const moves = [1, 1, 1, 1].map((dx) => scaler.move(dx, -dx, { x: 0.25, y: 0.5 }));
  expect(moves.reduce((sum, { dx }) => sum + dx, 0)).toBe(1);
  expect(moves.reduce((sum, { dy }) => sum + dy, 0)).toBe(-2);
});

test("a touch pad's small steps add up to notches, lines and pages count as the browser says", () => {
  const scaler = new WheelScaler();
  expect([40, 40, 40].map((delta) => scaler.turn(delta, 0))).toEqual([0, 0, 1]);
  expect(new WheelScaler().turn(-3, 1)).toBe(-1);
  expect(new WheelScaler().turn(2, 2)).toBe(2);
});
