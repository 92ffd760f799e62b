// Loops that begin where a loop in them does.

import { describe, expect, it } from "vitest";
import { nodesOf } from "../testing/region-graphs.ts";
import { loopsOf } from "./control-flow.ts";
import { separatedLoops } from "./nested-loops.ts";

/** Names of the nodes of each loop of a region that is entered at `start`, the outermost first; a new beginning is called `new`. */
function loops(ways: Parameters<typeof nodesOf>[0]): string[] {
  const nodes = nodesOf(ways);
  const names = new Map([...nodes].map(([name, node]) => [node, name]));
  return loopsOf(separatedLoops(nodes.get("start")!))
    .sort((a, b) => b.length - a.length)
    .map((loop) => {
      const [first, ...others] = loop.map((node) => names.get(node) ?? "new");
      return [first, ...others.sort()].join(" ");
    });
}

describe("loops that begin at one node", () => {
  it("are two when one is around the other", () => {
    expect(loops({ start: ["start", "outer"], outer: [undefined, "start"] })).toEqual([
      "new outer start",
      "start",
    ]);
  });

  it("are as many as there are around each other", () => {
    const ways = { start: ["start", "a"], a: ["start", "b"], b: [undefined, "start"] } as const;
    expect(loops(ways)).toEqual(["new a b new start", "new a start", "start"]);
  });

  it("are entered at the outer one's beginning, which is without instructions", () => {
    const nodes = nodesOf({
      before: [undefined, "start"],
      start: ["start", "outer"],
      outer: [undefined, "start"],
    });
    const { entry } = separatedLoops(nodes.get("before")!);
    expect(entry).toBe(nodes.get("before"));
    const added = entry.next!;
    expect(added.count).toBe(0);
    expect(added.next).toBe(nodes.get("start"));
    expect(nodes.get("outer")!.next).toBe(added);
    expect(nodes.get("start")!.branches.get(0)).toBe(nodes.get("start"));
  });

  it("are one when neither has all of the other", () => {
    expect(loops({ start: ["a", "b"], a: [undefined, "start"], b: [undefined, "start"] })).toEqual([
      "start a b",
    ]);
  });

  it("are one when one has all of each other, but not of these together", () => {
    const ways = {
      start: ["a", "b"],
      a: ["start", "c"],
      b: [undefined, "start"],
      c: [undefined, "start"],
    } as const;
    expect(loops(ways)).toEqual(["start a b c"]);
  });

  it("stay as they are beyond some", () => {
    const ways: Record<string, [string, string | undefined]> = {};
    for (let n = 0; n < 20; n++)
      ways[n === 0 ? "start" : `${n}`] = ["start", n < 19 ? `${n + 1}` : undefined];
    expect(loops(ways)).toHaveLength(17);
    for (let n = 20; n < 40; n++) ways[`${n}`] = ["start", undefined];
    for (let n = 19; n < 39; n++) ways[`${n}`]![1] = `${n + 1}`;
    expect(loops(ways)).toHaveLength(1);
  });
});
