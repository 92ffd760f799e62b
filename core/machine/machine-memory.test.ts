import { expect, test } from "vitest";
import { Bus } from "../board/bus.ts";
import { VIDEO_DIRTY } from "../cpu/layout.ts";
import { MachineMemory } from "./machine-memory.ts";

test("the processor's translations are looked through for video memory only when some was written", () => {
  const memory = new MachineMemory(1, new Bus("memory"));
  let looked = 0;
  memory.observer = { physicalWrite() {}, mapChanged() {}, protectVideo: () => looked++ };
  const pages = new Uint8Array(memory.video.length / 4096).fill(1);
  memory.collect(pages);
  expect([looked, pages.includes(1)]).toEqual([0, false]);
  new Uint8Array(memory.wasm.buffer)[VIDEO_DIRTY + 3] = 1;
  memory.collect(pages);
  expect([looked, pages.indexOf(1)]).toEqual([1, 3]);
  memory.collect(pages);
  expect([looked, pages.includes(1)]).toEqual([1, false]);
});
