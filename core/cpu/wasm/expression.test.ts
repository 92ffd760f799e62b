import { describe, expect, it } from "vitest";
import { constant32, constant64, extendU, i32, i64, wrap } from "./expression.ts";
import { FunctionBody } from "./function-body.ts";

describe("an AND with a mask of all bits that there may be", () => {
  const body = new FunctionBody([]);
  const byte = body.local("i32").kept.atMost(0xff);

  it("is what it is of", () => {
    expect(i32.and(byte, constant32(0xff))).toBe(byte);
    expect(i32.and(byte, constant32(0xffff))).toBe(byte);
    expect(i32.and(i32.eqz(byte), constant32(1)).most).toBe(1);
  });

  it("is one for other masks, and for values that may be greater", () => {
    for (const mask of [0x7f, 0xfe, 0x1fe, -0x100]) expect(i32.and(byte, constant32(mask))).not.toBe(byte);
    const unknown = body.local("i32").kept;
    expect(i32.and(unknown, constant32(0xff))).not.toBe(unknown);
  });

  it("is known of copies, and of other widths", () => {
    const wide = body.copy(extendU(byte));
    expect(i64.and(wide, constant64(0xff))).toBe(wide);
    const copy = body.copy(wrap(wide));
    expect(i32.and(copy, constant32(0xff))).toBe(copy);
  });

  it("is not known of what is computed from them", () => {
    const sum = body.copy(i32.add(byte, byte));
    expect(i32.and(sum, constant32(0xff))).not.toBe(sum);
  });
});
