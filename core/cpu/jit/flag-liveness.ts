// Which flags are looked at before they are set again, instruction by instruction: the others need not be kept.

import { ENDS, isRelativeBranch } from "../decode/row.ts";
import type { Structure } from "./control-flow.ts";
import type { EffectsOf } from "./effects.ts";
import { type Node, pageOf, type RegionBlock } from "./region.ts";
import { ALL_FLAGS } from "./watching-flags.ts";

export class FlagLiveness<B extends RegionBlock> {
  readonly #structure: Structure<B>;
  readonly #effects: EffectsOf;
  readonly #before = new Map<Node<B>, number>();
  readonly #after = new Map<Node<B>, number[]>();

  constructor(structure: Structure<B>, effects: EffectsOf) {
    this.#structure = structure;
    this.#effects = effects;
    // Only what lies ahead counts, so each node's successors are known before it.
    const nodes = [...structure.places.keys()];
    for (const node of nodes.reverse()) this.#visit(node);
  }

  /** Flags that an instruction must set right, if it sets them: a sum of CARRY and OTHERS. */
  after(node: Node<B>, index: number): number {
    return this.#after.get(node)![index]!;
  }

  #visit(node: Node<B>): void {
    const { forms, count } = node;
    let live = node.next ? this.across(node, node.next) : ALL_FLAGS;
    const after: number[] = [];
    for (let n = count - 1; n >= 0; n--) {
      const form = forms[n]!;
      const { wanted, set, leavesAfter } = this.#effects.flagsOf(form);
      if (isRelativeBranch(form.row)) {
        const target = node.branches.get(n);
        const there = target ? this.across(node, target) : ALL_FLAGS;
        live = form.row.flags & ENDS ? there : live | there;
      }
      after[n] = leavesAfter ? ALL_FLAGS : live;
      live = (live & ~set) | wanted;
    }
    this.#after.set(node, after);
    this.#before.set(node, live);
  }

  /** Flags that must be right on the way from one node to another. The region may be left there, unless it leads ahead within a page. */
  across(from: Node<B>, to: Node<B>): number {
    const ahead = this.#structure.kindOf(from, to) === "forward" && pageOf(from.block) === pageOf(to.block);
    return ahead ? this.#before.get(to)! : ALL_FLAGS;
  }
}
