// Ways around a loop that come together before it begins again, in 32-bit code.

import { describe, expect, it } from "vitest";
import { effects, nodeOf } from "../testing/region-graphs.ts";
import { predecessorsOf, structureOf } from "./control-flow.ts";
import type { Node } from "./region.ts";
import { repeatedJoins } from "./repeated-joins.ts";

/** INC EAX */
const SETS_FLAGS = "40";
/** MOV EAX, [EBX] */
const MAY_FAULT = "8b 03";
/** CMP EAX, 9 */
const SETS_ALL_FLAGS = "83 f8 09";
/** The same · JMP ECX */
const HEAD = [SETS_ALL_FLAGS, "ff e1"];

/** A loop that begins with some instructions and goes on in so many ways, each of which ends in the same instructions. */
function loopOf(ways: number, begin: readonly string[], ...join: string[]) {
  const head = nodeOf(0x1000, ...begin);
  const joining = nodeOf(0x1100, ...join);
  joining.next = head;
  for (let n = 0; n < ways; n++) {
    const way = nodeOf(0x1200 + n, SETS_FLAGS);
    way.next = joining;
    head.targets.push(way);
  }
  return { head, joining };
}

/** How many nodes of a block there are, from an entry, with all joins repeated. */
function countOf({ block }: Node, entry: Node): number {
  const { places } = repeatedJoins(structureOf(entry), effects);
  return [...places.keys()].filter((node) => node.block === block).length;
}

describe("where ways around a loop join", () => {
  it("each gets the instruction for itself", () => {
    const { head, joining } = loopOf(5, HEAD, MAY_FAULT);
    const structure = repeatedJoins(structureOf(head), effects);
    const copies = [...structure.places.keys()].filter((node) => node.block === joining.block);
    expect(copies.map((node) => node.next)).toEqual(Array(5).fill(head));
    expect(new Set(head.targets.map((way) => way.next))).toEqual(new Set(copies));
    expect(predecessorsOf(structure).get(head)!.length).toBe(5);
  });

  it("the loop begins after it if it is entered there", () => {
    const { head, joining } = loopOf(5, HEAD, MAY_FAULT);
    const { places } = repeatedJoins(structureOf(joining), effects);
    expect(places.get(joining)!.loops).toBe(false);
    expect(places.get(head)!.loops).toBe(true);
    expect(places.size).toBe(1 + 1 + 5 + 5);
  });

  it("nothing is repeated for few ways, or for so many that it would be much code", () => {
    for (const [ways, count] of [
      [2, 1],
      [3, 3],
      [16, 16],
      [17, 1],
    ] as const) {
      const { head, joining } = loopOf(ways, HEAD, MAY_FAULT);
      expect(countOf(joining, head)).toBe(count);
    }
  });

  it("nor is what is longer, or sets the flags itself", () => {
    for (const join of [[MAY_FAULT, MAY_FAULT, MAY_FAULT], [SETS_ALL_FLAGS]]) {
      const { head, joining } = loopOf(5, HEAD, ...join);
      expect(countOf(joining, head)).toBe(1);
    }
  });

  it("nor where the flags are wanted in the next round", () => {
    // SETC CL comes first.
    const { head, joining } = loopOf(5, ["0f 92 c1", ...HEAD], MAY_FAULT);
    expect(countOf(joining, head)).toBe(1);
  });

  it("nor where that is a branch", () => {
    // JZ
    const { head, joining } = loopOf(5, HEAD, "74 02");
    joining.branches.set(0, head);
    joining.next = nodeOf(0x1102, ...HEAD);
    expect(countOf(joining, head)).toBe(1);
  });

  it("nor where no loop begins again", () => {
    const { head, joining } = loopOf(5, HEAD, MAY_FAULT);
    joining.next = nodeOf(0x1180, ...HEAD);
    expect(countOf(joining, head)).toBe(1);
  });
});
