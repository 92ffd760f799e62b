import { expect, test } from "vitest";
import type { ConsoleInput, ConsoleOutput } from "./console.ts";
import {
  ConsoleEncoder,
  decodeConsoleInput,
  decodeConsoleOutput,
  encodeConsoleInput,
  encodeConsoleOutput,
  MAX_SERIAL_INPUT,
} from "./console-codec.ts";

const outputs: ConsoleOutput[] = [
  {
    type: "frame",
    sequence: 0xfffffffe,
    width: 1920,
    height: 1080,
    pixelAspect: 0.5,
    rectangles: [
      { x: 1918, y: 1079, width: 2, height: 1, pixels: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) },
      { x: 0, y: 0, width: 1, height: 2, pixels: Uint8Array.of(9, 8, 7, 6, 5, 4, 3, 2) },
    ],
  },
  { type: "frame", sequence: 1, width: 1, height: 1, pixelAspect: 1, rectangles: [] },
  { type: "serial", port: 1, bytes: Uint8Array.of(0, 255) },
  { type: "leds", leds: 5 },
  { type: "activity", slot: "hda" },
];

const inputs: ConsoleInput[] = [
  { type: "acknowledge", sequence: 0x80000000 },
  { type: "key", code: "NumpadEnter", down: true },
  { type: "key", code: "F1", down: false },
  { type: "mouse", dx: -300, dy: 32_767, wheel: -1, buttons: 7 },
  { type: "serial", port: 0, bytes: new TextEncoder().encode("ls\n") },
  { type: "serial", port: 0, bytes: new Uint8Array(MAX_SERIAL_INPUT) },
  { type: "refresh" },
];

test.each(outputs)("output of type $type comes back as it was", (output) => {
  expect(decodeConsoleOutput(encodeConsoleOutput(output))).toEqual(output);
});

test.each(inputs)("input of type $type comes back as it was", (input) => {
  expect(decodeConsoleInput(encodeConsoleInput(input))).toEqual(input);
});

test("a mouse that moves too far is held at the limits", () => {
  const bytes = encodeConsoleInput({ type: "mouse", dx: 1e9, dy: Number.NaN, wheel: -999, buttons: 0 });
  expect(decodeConsoleInput(bytes)).toEqual({ type: "mouse", dx: 32_767, dy: 0, wheel: -127, buttons: 0 });
});

test("a rectangle outside the screen is refused", () => {
  const bytes = encodeConsoleOutput(outputs[0]);
  new DataView(bytes.buffer).setUint16(15, 1919, true);
  expect(decodeConsoleOutput(bytes)).toBeNull();
});

test("messages cut short or too long are refused", () => {
  for (const bytes of outputs.slice(0, 1).map(encodeConsoleOutput)) {
    for (let length = 0; length < bytes.length; length++)
      expect(decodeConsoleOutput(bytes.subarray(0, length))).toBeNull();
    expect(decodeConsoleOutput(Uint8Array.of(...bytes, 0))).toBeNull();
  }
  const paste = new Uint8Array(MAX_SERIAL_INPUT + 3);
  paste[0] = 4;
  expect(decodeConsoleInput(paste)).toBeNull();
});

/** xorshift32: the same sequence every time. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

test("random bytes never throw, and what is accepted is well formed", () => {
  const next = random(0x1234567);
  const seeds = [...outputs.map(encodeConsoleOutput), ...inputs.slice(0, 5).map(encodeConsoleInput)];
  for (let round = 0; round < 20_000; round++) {
    const bytes =
      round % 2 === 0
        ? Uint8Array.from({ length: next() % 40 }, () => next())
        : Uint8Array.from(seeds[next() % seeds.length]);
    if (bytes.length > 0) bytes[next() % bytes.length] = next();
    const output = decodeConsoleOutput(bytes);
    if (output) expect(encodeConsoleOutput(output)).toEqual(bytes);
    const input = decodeConsoleInput(bytes);
    if (input) expect(encodeConsoleInput(input)).toEqual(bytes);
  }
});

test("an encoder's frames under way keep their bytes, and a new beginning those of all before", () => {
  const frame = (sequence: number, size: number) => ({
    type: "frame" as const,
    sequence,
    width: 4,
    height: 4,
    pixelAspect: 1,
    rectangles: [
      { x: 0, y: 0, width: size, height: size, pixels: new Uint8Array(4 * size * size).fill(sequence) },
    ],
  });
  const encoder = new ConsoleEncoder();
  const all = [frame(1, 2), frame(2, 4), frame(3, 4), frame(4, 1)];
  for (const [n, one] of all.entries()) {
    const before = n > 0 ? encoder.encode(all[n - 1]!) : null;
    expect(decodeConsoleOutput(encoder.encode(one))).toEqual(one);
    if (before) expect(decodeConsoleOutput(before)).toEqual(all[n - 1]);
  }
  const last = encoder.encode(all[3]!);
  encoder.restart();
  encoder.encode(frame(5, 4));
  encoder.encode(frame(6, 4));
  expect(decodeConsoleOutput(last)).toEqual(all[3]);
});
