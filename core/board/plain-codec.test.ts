import { describe, expect, test } from "vitest";
import { TwinboxError } from "../base/errors.ts";
import { decodePlain, encodePlain } from "./plain-codec.ts";
import { seededRandom } from "./testing/random.ts";

const nasty = (): Record<string, unknown> => {
  const buffer = Uint8Array.from({ length: 64 }, (_, i) => 255 - i).buffer;
  return {
    numbers: [0, -0, 1, -1, 127, 128, 2 ** 32 - 1, 2 ** 32, -(2 ** 32), -(2 ** 32) - 1, 2 ** 53, 0.1, 5e-324],
    limits: [Number.NaN, Infinity, -Infinity, Number.MAX_VALUE, Number.MAX_SAFE_INTEGER],
    bigints: [0n, 1n, -1n, 255n, 256n, -(2n ** 64n), 2n ** 64n - 1n, 2n ** 1000n + 7n],
    strings: ["", "pit", "\0", "é\xff", "日本", "\u{1f4be}", "\ud800 alone \udc00", "x".repeat(10_000)],
    others: [undefined, null, true, false, [], {}, [[[]]]],
    "": { "": { 1: "a", "-1": "b" } },
    absent: undefined,
    views: [
      new Int8Array(buffer, 3, 5),
      new Uint8Array(buffer, 1),
      new Uint8ClampedArray(buffer, 7, 1),
      new Int16Array(buffer, 2, 3),
      new Uint16Array(buffer, 6, 4),
      new Int32Array(buffer, 4, 2),
      new Uint32Array(buffer, 60, 1),
      new Float32Array(buffer, 8, 2),
      new Float64Array(buffer, 16, 2),
      new BigInt64Array(buffer, 8, 3),
      new BigUint64Array(buffer, 24, 1),
      new Uint8Array(0),
      new Float64Array([Number.NaN, -0, Infinity]),
    ],
  };
};

const decodeOrError = (bytes: Uint8Array): unknown => {
  try {
    return decodePlain(bytes);
  } catch (error) {
    return error;
  }
};

describe("plain data in bytes", () => {
  test("every kind of value comes back as it was", () => {
    // `toStrictEqual` tells -0 from 0, undefined from absent, and one kind of typed array from another.
    expect(decodePlain(encodePlain(nasty()))).toStrictEqual(nasty());
  });

  test("the payload of a NaN in a typed array is kept", () => {
    const bits = Uint8Array.of(1, 2, 3, 4, 5, 6, 0xf7, 0xff);
    const back = decodePlain(encodePlain(new Float64Array(bits.buffer))) as Float64Array;
    expect(new Uint8Array(back.buffer)).toEqual(bits);
  });

  test("a part of a large buffer is stored alone, and comes back with a buffer of its own", () => {
    const bytes = encodePlain(new Uint8Array(1_000_000).subarray(500, 510).fill(7));
    expect(bytes.length).toBe(12);
    const back = decodePlain(bytes) as Uint8Array;
    expect(back.buffer.byteLength).toBe(10);
    bytes.fill(0);
    expect(back).toEqual(new Uint8Array(10).fill(7));
  });

  test("properties keep their order, and one called __proto__ is only a property", () => {
    const state = JSON.parse('{"z": 1, "a": 2, "__proto__": {"polluted": true}}');
    const back = decodePlain(encodePlain(state)) as Record<string, unknown>;
    expect(Object.keys(back)).toEqual(["z", "a", "__proto__"]);
    expect(Object.getPrototypeOf(back)).toBe(Object.prototype);
    expect(back.polluted).toBeUndefined();
  });

  test("small numbers take two bytes with their tag", () => {
    expect([0, 127, -128, 128, 2 ** 31].map((n) => encodePlain(n).length)).toEqual([2, 2, 2, 3, 6]);
  });

  test.each<[string, unknown, RegExp]>([
    ["a function", { irq: { raise() {} } }, /state\.irq\.raise/],
    ["a symbol", [Symbol("s")], /state\[0\]/],
    ["a class instance", { queue: new Map() }, /state\.queue/],
    ["a DataView", { view: new DataView(new ArrayBuffer(8)) }, /DataView/],
    ["an oversized bigint", 1n << 40_000n, /bigint/],
  ])("%s is refused by name", (_, value, message) => {
    expect(() => encodePlain(value)).toThrow(TwinboxError);
    expect(() => encodePlain(value)).toThrow(message);
  });

  test("a cycle is refused", () => {
    const state: Record<string, unknown> = {};
    state.self = state;
    expect(() => encodePlain(state)).toThrow(/part of itself/);
  });

  test.each<[string, number[]]>([
    ["nothing", []],
    ["an unknown tag", [0x0d]],
    ["a tag past the typed arrays", [0x1b, 0]],
    ["bytes after the end", [0x00, 0x00]],
    ["a string longer than the file", [0x09, 0xff, 0xff, 0xff, 0xff, 0x0f]],
    ["an array longer than the file", [0x0b, 0xff, 0xff, 0xff, 0xff, 0x0f]],
    ["a typed array longer than the file", [0x1a, 0xff, 0xff, 0xff, 0xff, 0x0f]],
    ["a count above 32 bits", [0x04, 0xff, 0xff, 0xff, 0xff, 0x10]],
    ["a count that never ends", [0x04, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00]],
    ["a count in a longer form than need be", [0x04, 0x80, 0x00]],
    ["a bigint with leading zeros", [0x07, 2, 1, 0]],
    ["a key that is no string", [0x0c, 1, 0x04, 1, 0x00]],
    ["the same property twice", [0x0c, 2, 0x09, 1, 0x61, 0x00, 0x09, 1, 0x61, 0x00]],
    ["nesting without end", Array.from({ length: 200_000 }, (_, i) => (i % 2 ? 1 : 0x0b))],
  ])("%s is corrupt", (_, bytes) => {
    expect(decodeOrError(Uint8Array.from(bytes))).toMatchObject({ kind: "corrupt" });
  });

  test("cut anywhere, it is corrupt", () => {
    const { strings: _, ...state } = nasty();
    const bytes = encodePlain(state);
    for (let length = 0; length < bytes.length; length++) {
      expect(decodeOrError(bytes.subarray(0, length)), `${length}`).toMatchObject({ kind: "corrupt" });
    }
  });

  test("changed at random, it is some other value or corrupt, never another error", () => {
    const { strings: _, ...state } = nasty();
    const good = encodePlain(state);
    const random = seededRandom(5);
    let corrupt = 0;
    for (let i = 0; i < 3000; i++) {
      const bytes = good.slice();
      for (let n = 1 + random(3); n > 0; n--) bytes[random(bytes.length)] = random(256);
      const result = decodeOrError(bytes);
      if (!(result instanceof Error)) continue;
      expect(result).toMatchObject({ name: "TwinboxError", kind: "corrupt" });
      corrupt++;
    }
    expect(corrupt).toBeGreaterThan(300);
  });
});
