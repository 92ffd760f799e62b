// The parts of a loop that are run in each round, in some, or several times.

import { describe, expect, it } from "vitest";
import type { Node as RegionNode } from "./region.ts";
import type { OrderedBlock } from "./region-order.ts";
import { Rounds, segmentsOf } from "./segments.ts";

type Node = RegionNode<OrderedBlock>;

/** Nodes of two instructions, by what may follow them: by a branch that is the first, and after the second. */
function nodesOf(ways: Record<string, readonly [branch: string | undefined, next: string | undefined]>) {
  const block = { record: 0, count: 2, physical: 0, mode: 1, records: new DataView(new ArrayBuffer(0)) };
  const nodes = new Map(
    Object.keys(ways).map((name): [string, Node] => [
      name,
      { block, forms: [], delta: 0, count: 2, branches: new Map(), targets: [] },
    ]),
  );
  for (const [name, [branch, next]] of Object.entries(ways)) {
    const node = nodes.get(name)!;
    if (branch) node.branches.set(0, nodes.get(branch)!);
    node.next = next ? nodes.get(next) : undefined;
  }
  return nodes;
}

function roundsOf(ways: Parameters<typeof nodesOf>[0]) {
  const nodes = nodesOf(ways);
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

  it("tell of what is run several times in one without being a loop, as two ways lead into it", () => {
    const straight = roundsOf({ start: ["a", "b"], a: [undefined, "b"], b: [undefined, "start"] });
    expect(straight.rounds.isTangled).toBe(false);
    const tangled = roundsOf({ start: ["a", "b"], a: [undefined, "b"], b: ["a", "start"] });
    expect(tangled.rounds.isTangled).toBe(true);
  });
});
