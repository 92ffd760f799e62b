// Flags that nobody looks at, in blocks of 32-bit code.

import { describe, expect, it } from "vitest";
import { effects, nodeOf } from "../testing/region-graphs.ts";
import { structureOf } from "./control-flow.ts";
import { FlagLiveness, NO_COPIES } from "./flag-liveness.ts";
import type { Node } from "./region.ts";
import { ALL_FLAGS, CARRY, OTHERS } from "./watching-flags.ts";

const liveAfter = (node: Node, entry = node): number[] => {
  const live = new FlagLiveness(structureOf(entry), effects, NO_COPIES);
  return node.forms.map((_, n) => live.after(node, n));
};

describe("the flags of an instruction", () => {
  it("are dead where the next sets them all", () => {
    // INC EAX · CMP EAX, 9 · NOP
    expect(liveAfter(nodeOf(0x1000, "40", "83 f8 09", "90"))).toEqual([0, ALL_FLAGS, ALL_FLAGS]);
  });

  it("are wanted where the next may fault before it sets them", () => {
    // ADD EAX, 9 · ADD EAX, [EBX]
    expect(liveAfter(nodeOf(0x1000, "83 c0 09", "03 03"))[0]).toBe(ALL_FLAGS);
  });

  it("are wanted but for those that the next sets, and what it asks", () => {
    // ADD EAX, 9 · INC EAX · SETZ CL; ADD EAX, 9 · ADC EBX, 0 · NOP
    expect(liveAfter(nodeOf(0x1000, "83 c0 09", "40", "0f 94 c1"))[0]).toBe(CARRY);
    expect(liveAfter(nodeOf(0x1000, "83 c0 09", "83 d3 00", "90"))[0]! & CARRY).toBe(CARRY);
    expect(liveAfter(nodeOf(0x1000, "83 c0 09", "83 d3 00", "90"))[0]! & OTHERS).toBe(0);
  });

  it("are wanted by a shift that may leave them as they are", () => {
    // ADD EAX, 9 · SHL EAX, CL · CMP EAX, 9
    expect(liveAfter(nodeOf(0x1000, "83 c0 09", "d3 e0", "83 f8 09"))[0]).toBe(ALL_FLAGS);
  });

  it("are wanted before a branch if they are on one of its ways", () => {
    // TEST EAX, EAX · JZ +1 · (INC ECX) · CMP EAX, 9
    const last = nodeOf(0x1005, "83 f8 09");
    const skipped = nodeOf(0x1004, "41");
    skipped.next = last;
    const entry = nodeOf(0x1000, "85 c0", "74 01");
    entry.branches.set(1, last);
    entry.next = skipped;
    expect(liveAfter(entry)[1]).toBe(0);
    expect(liveAfter(skipped, entry)).toEqual([0]);
    const asking = nodeOf(0x1004, "0f 92 c1");
    asking.next = last;
    entry.next = asking;
    expect(liveAfter(entry)[1]).toBe(CARRY);
  });

  it("are wanted where a branch leaves the region or goes back", () => {
    // INC EAX · JMP -3
    const loop = nodeOf(0x1000, "40", "eb fd");
    expect(liveAfter(loop)).toEqual([ALL_FLAGS, ALL_FLAGS]);
    loop.branches.set(1, loop);
    expect(liveAfter(loop)).toEqual([ALL_FLAGS, ALL_FLAGS]);
  });
});
