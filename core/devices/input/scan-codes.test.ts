import { describe, expect, it } from "vitest";
import { isKey, isTypematic, keyBytes, SCAN_CODES, set2ToSet1 } from "./scan-codes.ts";

const none = { shift: false, control: false, alt: false };

/** What the controller makes of a stream of set 2. */
function translate(bytes: number[]): number[] {
  const out: number[] = [];
  let release = 0;
  for (const byte of bytes) {
    if (byte === 0xf0) {
      release = 0x80;
      continue;
    }
    out.push(set2ToSet1(byte) | release);
    release = 0;
  }
  return out;
}

describe("scan codes", () => {
  it("are the same key in set 1 and in translated set 2", () => {
    const keys = [...SCAN_CODES.keys(), "PrintScreen", "Pause", "Lang1", "Lang2"];
    const modifiers = [none, { ...none, shift: true }, { ...none, control: true }, { ...none, alt: true }];
    for (const key of keys) {
      for (const held of modifiers) {
        for (const down of [true, false]) {
          expect([key, translate(keyBytes(2, key, down, held))]).toEqual([key, keyBytes(1, key, down, held)]);
        }
      }
    }
  });

  it("differ from key to key in every set", () => {
    for (const set of ["set1", "set2", "set3"] as const) {
      const codes = [...SCAN_CODES.values()].map((one) => one[set]).filter((code) => code !== 0);
      expect(new Set(codes).size).toBe(codes.length);
    }
  });

  it("of Pause are sent at once, and of Break with Control", () => {
    expect(keyBytes(1, "Pause", true, none)).toEqual([0xe1, 0x1d, 0x45, 0xe1, 0x9d, 0xc5]);
    expect(keyBytes(1, "Pause", false, none)).toEqual([]);
    expect(keyBytes(1, "Pause", true, { ...none, control: true })).toEqual([0xe0, 0x46, 0xe0, 0xc6]);
    expect(isTypematic("Pause")).toBe(false);
  });

  it("of Print Screen bring their own shift, and are System Request with Alt", () => {
    expect(keyBytes(2, "PrintScreen", true, none)).toEqual([0xe0, 0x12, 0xe0, 0x7c]);
    expect(keyBytes(2, "PrintScreen", false, none)).toEqual([0xe0, 0xf0, 0x7c, 0xe0, 0xf0, 0x12]);
    expect(keyBytes(2, "PrintScreen", true, { ...none, alt: true })).toEqual([0x84]);
  });

  it("of an unknown key are nothing", () => {
    expect(isKey("Unidentified")).toBe(false);
    expect(keyBytes(2, "Unidentified", true, none)).toEqual([]);
    expect(keyBytes(3, "F24", true, none)).toEqual([]);
  });
});
