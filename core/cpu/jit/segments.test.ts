// The parts of a loop that are run in each round, in some, or several times.

import { describe, expect, it } from "vitest";
import { nodesOf } from "../testing/region-graphs.ts";
import type { Node } from "./region.ts";
import { Rounds, segmentsOf } from "./segments.ts";

function roundsOf(
  ways: Parameters<typeof nodesOf>[0],
  change: (nodes: ReadonlyMap<string, Node>) => void = () => {},
) {
  const nodes = nodesOf(ways);
  change(nodes);
  const all = new Set(nodes.values());
  const rounds = new Rounds(
    nodes.get("start")!,
    [...all].flatMap((node) => segmentsOf(node, all)),
  );
  const nameOf = (of: Node): string => [...nodes].find(([, node]) => node === of)![0];
  const names = rounds.segments.map(({ node, first }) => `${nameOf(node)} ${first}`);
  const always = names.filter((_, n) => rounds.isAlwaysRun(rounds.segments[n]!));
  return { rounds, names, always };
}

describe("the rounds of a loop", () => {
  it("have what a branch skips in some of them only", () => {
    const { names, always } = roundsOf({
      start: ["end", "middle"],
      middle: [undefined, "end"],
      end: [undefined, "start"],
    });
    expect(names).toEqual(["start 0", "start 1", "middle 0", "end 0"]);
    expect(always).toEqual(["start 0", "end 0"]);
  });

  it("end before what does not lead back", () => {
    const { names, rounds } = roundsOf({ start: ["start", "out"], out: [undefined, undefined] });
    expect(names).toEqual(["start 0"]);
    expect(rounds.length).toBe(1);
  });

  it("tell of an indirect branch that mostly leads elsewhere", () => {
    const ways = {
      start: [undefined, undefined],
      a: [undefined, "start"],
      b: [undefined, "out"],
      out: [undefined, undefined],
    } as const;
    for (const [targets, isOneOfMany] of [
      [["a"], false],
      [["a", "b"], false],
      [["a", "b", "out"], true],
    ] as const) {
      const { rounds } = roundsOf(ways, (nodes) => {
        nodes.get("start")!.targets = targets.map((name) => nodes.get(name)!);
      });
      expect(rounds.isOneOfMany).toBe(isOneOfMany);
    }
  });

  it("tell of what is run several times in one without being a loop, as two ways lead into it", () => {
    const straight = roundsOf({ start: ["a", "b"], a: [undefined, "b"], b: [undefined, "start"] });
    expect(straight.rounds.isTangled).toBe(false);
    const tangled = roundsOf({ start: ["a", "b"], a: [undefined, "b"], b: ["a", "start"] });
    expect(tangled.rounds.isTangled).toBe(true);
  });
});
