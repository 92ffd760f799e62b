// Which flags are looked at before they are set again, instruction by instruction: the others need not be kept.

import { ENDS, isRelativeBranch } from "../decode/row.ts";
import type { Structure } from "./control-flow.ts";
import type { EffectsOf } from "./effects.ts";
import { type Node, pageOf, type RegionBlock } from "./region.ts";
import { ALL_FLAGS } from "./watching-flags.ts";

/** Copies of loops: see strides.ts. */
interface Copies<B extends RegionBlock> {
  readonly loops: readonly unknown[];
  /** Tells whether an instruction's access is known not to leave. */
  runOf(node: Node<B>, index: number): unknown;
  isNextRound(from: Node<B>, to: Node<B>): boolean;
}

export const NO_COPIES: Copies<RegionBlock> = { loops: [], runOf: () => undefined, isNextRound: () => false };

export class FlagLiveness<B extends RegionBlock> {
  readonly #structure: Structure<B>;
  readonly #effects: EffectsOf;
  readonly #copies: Copies<B>;
  readonly #before = new Map<Node<B>, number>();
  readonly #after = new Map<Node<B>, number[]>();

  constructor(structure: Structure<B>, effects: EffectsOf, copies: Copies<B>) {
    this.#structure = structure;
    this.#effects = effects;
    this.#copies = copies;
    // Only what lies ahead counts, so each node's successors are known before it.
    const nodes = [...structure.places.keys()].reverse();
    for (const node of nodes) this.#visit(node);
    // What rounds of a copied loop want of the one before is known now.
    if (copies.loops.length > 0) for (const node of nodes) this.#visit(node);
  }

  /** Flags that an instruction must set right, if it sets them: a sum of CARRY and OTHERS. */
  after(node: Node<B>, index: number): number {
    return this.#after.get(node)![index]!;
  }

  /** The same before a node. */
  before(node: Node<B>): number {
    return this.#before.get(node)!;
  }

  #visit(node: Node<B>): void {
    const { forms, count } = node;
    let live = node.next ? this.#wantedAcross(node, node.next) : ALL_FLAGS;
    const after: number[] = [];
    for (let n = count - 1; n >= 0; n--) {
      const form = forms[n]!;
      const { wanted, set, leavesAfter } = this.#effects.flagsOf(
        form,
        this.#copies.runOf(node, n) !== undefined,
      );
      if (isRelativeBranch(form.row)) {
        const target = node.branches.get(n);
        const there = target ? this.#wantedAcross(node, target) : ALL_FLAGS;
        live = form.row.flags & ENDS ? there : live | there;
      }
      after[n] = leavesAfter ? ALL_FLAGS : live;
      live = (live & ~set) | wanted;
    }
    this.#after.set(node, after);
    this.#before.set(node, live);
  }

  /** The same, and what is wanted where it may go instead. */
  #wantedAcross(from: Node<B>, to: Node<B>): number {
    return this.across(from, to) | (from.detour ? this.across(from, from.detour) : 0);
  }

  /**
   * Flags that must be right on the way from one node to another. The region may be left there, unless it leads ahead within a page or
   * to the next round of a copied loop.
   */
  across(from: Node<B>, to: Node<B>): number {
    if (this.#copies.isNextRound(from, to)) return this.#before.get(to) ?? ALL_FLAGS;
    const ahead = this.#structure.kindOf(from, to) === "forward" && pageOf(from.block) === pageOf(to.block);
    return ahead ? this.#before.get(to)! : ALL_FLAGS;
  }
}
