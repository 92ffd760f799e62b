import { beforeAll, expect, test, vi } from "vitest";
import type { ConsoleOutput } from "../../../electron/contract/console.ts";
import { ScreenBuffer } from "./screen-buffer.ts";

type Frame = Extract<ConsoleOutput, { type: "frame" }>;

class FakeImageData {
  readonly data: Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
  constructor(first: Uint8ClampedArray | number, second: number, third?: number) {
    this.width = typeof first === "number" ? first : second;
    this.height = typeof first === "number" ? second : third!;
    this.data = typeof first === "number" ? new Uint8ClampedArray(4 * this.width * this.height) : first;
  }
}

beforeAll(() => vi.stubGlobal("ImageData", FakeImageData));

const frame = (width: number, height: number, rectangles: Frame["rectangles"]): Frame => ({
  type: "frame",
  sequence: 1,
  width,
  height,
  pixelAspect: 1,
  rectangles,
});
const filled = (x: number, y: number, width: number, height: number, value: number) => ({
  x,
  y,
  width,
  height,
  pixels: new Uint8Array(4 * width * height).fill(value),
});

/** What a view shows, one number a pixel. */
function picture() {
  const shown = { width: 0, height: 0, pixels: [] as number[] };
  return {
    shown,
    reshape({ width, height }: { width: number; height: number }) {
      Object.assign(shown, { width, height, pixels: new Array(width * height).fill(0) });
    },
    draw(x: number, y: number, image: ImageData) {
      for (let row = 0; row < image.height; row++)
        for (let column = 0; column < image.width; column++)
          shown.pixels[(y + row) * shown.width + x + column] = image.data[4 * (row * image.width + column)]!;
    },
  };
}

test("a view that comes later shows what earlier ones show", () => {
  const buffer = new ScreenBuffer();
  const early = picture();
  buffer.attach(early);
  buffer.apply(frame(3, 2, [filled(0, 0, 3, 2, 7), filled(1, 1, 2, 1, 9)]));
  const late = picture();
  buffer.attach(late);
  expect(early.shown.pixels).toEqual([7, 7, 7, 7, 9, 9]);
  expect(late.shown).toEqual(early.shown);
});

test("a new mode reshapes the views before it is drawn", () => {
  const buffer = new ScreenBuffer();
  const view = picture();
  buffer.attach(view);
  buffer.apply(frame(3, 2, [filled(0, 0, 3, 2, 7)]));
  buffer.apply(frame(2, 1, [filled(0, 0, 2, 1, 5)]));
  expect(view.shown).toEqual({ width: 2, height: 1, pixels: [5, 5] });
});

test("rectangles that do not fit, or lack pixels, are left out", () => {
  const buffer = new ScreenBuffer();
  const view = picture();
  buffer.attach(view);
  const short = { ...filled(0, 0, 2, 1, 9), pixels: new Uint8Array(3) };
  buffer.apply(frame(2, 1, [filled(0, 0, 2, 1, 1), filled(1, 0, 2, 1, 9), filled(-1, 0, 1, 1, 9), short]));
  expect(view.shown.pixels).toEqual([1, 1]);
});
