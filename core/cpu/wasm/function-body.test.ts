import { describe, expect, it } from "vitest";
import { constant32, i32, i64 } from "./expression.ts";
import { FunctionBody } from "./function-body.ts";

describe("what a local is a copy of", () => {
  const body = new FunctionBody([]);
  const source = body.local("i32");

  it("is known until either is set anew", () => {
    const copies = [1, 2].map((by) => body.copy(i32.add(source.kept, constant32(by))));
    const known = () => copies.map(({ local }) => body.copiedTo(local!)?.sum?.by);
    expect(known()).toEqual([1, 2]);
    body.set({ ...source, index: copies[0]!.local! }, constant32(7));
    expect(known()).toEqual([undefined, 2]);
    body.setTogether([[source, constant32(7)]]);
    expect(known()).toEqual([undefined, undefined]);
  });

  it("is forgotten where other code begins with the same locals", () => {
    const use = body.localUse;
    const copy = body.copy(source.kept);
    expect(body.copiedTo(copy.local!)).toBeDefined();
    body.localUse = use;
    expect(body.copiedTo(copy.local!)).toBeUndefined();
  });
});

describe("a local that is for good", () => {
  it("is not given to another when it was held and locals are recycled", () => {
    const body = new FunctionBody([]);
    const base = body.let(i64.load(constant32(0)));
    body.keepLocals();
    body.hold({ type: "i64", index: base.local! });
    body.recycle();
    expect(body.local("i64").index).not.toBe(base.local);
  });
});
