// Which registers the processor's state may not have, node by node: those that a call must store.

import type { Structure } from "./control-flow.ts";
import { type EffectsOf, noEffects } from "./effects.ts";
import { directSuccessorsOf, type Node } from "./region.ts";
import type { OrderedBlock } from "./region-order.ts";

export class UnsavedRegisters {
  readonly #effects: EffectsOf;
  readonly #changed = new Map<Node<OrderedBlock>, number>();
  readonly #before = new Map<Node<OrderedBlock>, number>();

  constructor(structure: Structure<OrderedBlock>, effects: EffectsOf) {
    this.#effects = effects;
    // A region is entered with what the state has.
    this.#before.set(structure.entry, 0);
    const waiting = new Set([structure.entry]);
    const reach = (node: Node<OrderedBlock>, unsaved: number): void => {
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
  atEnd(node: Node<OrderedBlock>): number {
    return this.#before.get(node)! | this.#changedIn(node);
  }

  #changedIn(node: Node<OrderedBlock>): number {
    let changed = this.#changed.get(node);
    if (changed === undefined) {
      const all = noEffects();
      for (let n = 0; n < node.count; n++) this.#effects.add(all, node, n);
      changed = all.changed;
      this.#changed.set(node, changed);
    }
    return changed;
  }
}
