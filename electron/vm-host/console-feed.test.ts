import { expect, test } from "vitest";
import type { Screen, ScreenRectangle } from "../../core/pc-options.ts";
import type { ConsoleOutput } from "../contract/console.ts";
import { decodeConsoleOutput, encodeConsoleOutput } from "../contract/console-codec.ts";
import { ConsoleFeed } from "./console-feed.ts";

/** A screen of one grey. */
const screenOf = (width: number, height: number, grey: number): Screen => ({
  width,
  height,
  pixelAspect: 1,
  pixels: new Uint8Array(width * height * 4).fill(grey),
  refresh: () => [],
  text: () => null,
});

const whole = ({ width, height }: Screen): ScreenRectangle => ({ x: 0, y: 0, width, height });

function watch() {
  const frames: ConsoleOutput[] = [];
  const feed = new ConsoleFeed((output) => {
    // What is sent is good until the call returns; a window gets it by these bytes only.
    const received = decodeConsoleOutput(encodeConsoleOutput(output));
    if (!received) throw new Error("a window cannot read it");
    frames.push(received);
  });
  const look = (screen: Screen, changed: ScreenRectangle[]) => {
    feed.changed(screen, changed);
    feed.flush(screen);
  };
  return { feed, frames, look };
}

test("of a mode that came and went a slow window hears nothing, and of the one it knows all", () => {
  const { feed, frames, look } = watch();
  const [text, desktop] = [screenOf(72, 40, 1), screenOf(102, 76, 2)];
  feed.restart(new Uint8Array());
  look(text, [whole(text)]);
  look(text, [{ x: 8, y: 16, width: 8, height: 16 }]);
  look(desktop, [whole(desktop)]);
  look(desktop, [{ x: 90, y: 60, width: 8, height: 16 }]);
  const back = screenOf(72, 40, 3);
  look(back, [whole(back)]);
  expect(frames.length).toBe(2);

  feed.acknowledge(2);
  look(back, []);
  expect(frames.slice(2)).toMatchObject([{ width: 72, height: 40, rectangles: [whole(back)] }]);
});

test("a window that begins anew gets all of a screen that does not change", () => {
  const { feed, frames, look } = watch();
  const text = screenOf(72, 40, 1);
  for (const sequence of [1, 2]) {
    feed.restart(new Uint8Array());
    for (let again = 0; again < 3; again++) look(text, []);
    expect(frames).toMatchObject(Array(sequence).fill({ rectangles: [whole(text)] }));
  }
});
