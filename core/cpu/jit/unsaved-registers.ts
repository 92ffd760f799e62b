// Which registers the processor's state may not have, node by node: those that a call must store.

import { RECORD_SIZE } from "../layout.ts";
import type { Structure } from "./control-flow.ts";
import type { Effects, EffectsOf } from "./effects.ts";
import { directSuccessorsOf, type Node, type RegionBlock } from "./region.ts";

export class UnsavedRegisters<B extends RegionBlock> {
  readonly #effects: EffectsOf;
  readonly #view: DataView;
  readonly #changed = new Map<Node<B>, number>();
  readonly #before = new Map<Node<B>, number>();

  constructor(structure: Structure<B>, effects: EffectsOf, view: DataView) {
    this.#effects = effects;
    this.#view = view;
    // A region is entered with what the state has.
    this.#before.set(structure.entry, 0);
    const waiting = new Set([structure.entry]);
    const reach = (node: Node<B>, unsaved: number): void => {
      const known = this.#before.get(node);
      const before = (known ?? 0) | unsaved;
      if (before === known) return;
      this.#before.set(node, before);
      waiting.add(node);
    };
    for (const node of waiting) {
      waiting.delete(node);
      for (const next of directSuccessorsOf(node)) reach(next, this.atEnd(node));
      // After a call it is the state that counts.
      if (node.after) reach(node.after, 0);
    }
  }

  /** At a node's end: a bit for each register. */
  atEnd(node: Node<B>): number {
    return this.#before.get(node)! | this.#changedIn(node);
  }

  #changedIn(node: Node<B>): number {
    let changed = this.#changed.get(node);
    if (changed === undefined) {
      const all: Effects = { touched: 0, changed: 0, notes: false };
      for (let n = 0; n < node.count; n++) {
        this.#effects.add(all, node.forms[n]!, this.#view, node.block.record + n * RECORD_SIZE);
      }
      changed = all.changed;
      this.#changed.set(node, changed);
    }
    return changed;
  }
}
