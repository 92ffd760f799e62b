// The structure of a region's control flow: what WebAssembly's blocks and loops must enclose. The method is that of
// Ramsey, "Beyond Relooper" (2022): code is emitted along the dominator tree.

import { type Node, type RegionBlock, successorsOf } from "./region.ts";

/** A node's place in the structure. */
export interface Place<B extends RegionBlock> {
  /** In reverse postorder, from 0. */
  readonly order: number;
  /** Nodes that are immediately dominated by this one. */
  readonly children: Node<B>[];
  readonly dominator: Node<B> | undefined;
  /** Reached forwards by several branches. */
  merges: boolean;
  /** Reached by a branch backwards from a node that it dominates. */
  loops: boolean;
}

export interface Structure<B extends RegionBlock> {
  readonly entry: Node<B>;
  readonly places: ReadonlyMap<Node<B>, Place<B>>;
  /**
   * `forward`: to a node that comes later · `back`: to the start of a loop around it · `out`: not possible within
   * the structure (into the middle of a loop).
   */
  kindOf(from: Node<B>, to: Node<B>): "forward" | "back" | "out";
}

/** Nodes that can be reached from the first, each before its successors but for branches back. */
function reversePostorder<B extends RegionBlock>(entry: Node<B>): Node<B>[] {
  const order: Node<B>[] = [];
  const seen = new Set([entry]);
  const visit = (node: Node<B>): void => {
    for (const next of successorsOf(node)) {
      if (seen.has(next)) continue;
      seen.add(next);
      visit(next);
    }
    order.push(node);
  };
  visit(entry);
  return order.reverse();
}

/** Immediate dominators by index in reverse postorder. [Cooper, Harvey, Kennedy 2001] */
function dominatorsOf(predecessors: readonly number[][]): number[] {
  const dominators = predecessors.map(() => -1);
  dominators[0] = 0;
  const meet = (a: number, b: number): number => {
    let [x, y] = [a, b];
    while (x !== y) {
      while (x > y) x = dominators[x]!;
      while (y > x) y = dominators[y]!;
    }
    return x;
  };
  for (let changed = true; changed; ) {
    changed = false;
    for (let n = 1; n < predecessors.length; n++) {
      const known = predecessors[n]!.filter((p) => dominators[p] !== -1);
      const dominator = known.reduce(meet);
      if (dominators[n] !== dominator) {
        dominators[n] = dominator;
        changed = true;
      }
    }
  }
  return dominators;
}

export function structureOf<B extends RegionBlock>(entry: Node<B>): Structure<B> {
  const order = reversePostorder(entry);
  const numbers = new Map(order.map((node, n) => [node, n]));
  const predecessors: number[][] = order.map(() => []);
  order.forEach((node, n) => {
    for (const next of successorsOf(node)) predecessors[numbers.get(next)!]!.push(n);
  });
  const dominators = dominatorsOf(predecessors);
  const dominates = (a: number, b: number): boolean => {
    let at = b;
    while (at > a) at = dominators[at]!;
    return at === a;
  };
  const places = new Map<Node<B>, Place<B>>();
  order.forEach((node, n) => {
    places.set(node, {
      order: n,
      children: [],
      dominator: n === 0 ? undefined : order[dominators[n]!],
      merges: predecessors[n]!.filter((p) => p < n).length > 1,
      loops: predecessors[n]!.some((p) => p >= n && dominates(n, p)),
    });
  });
  for (const [node, { dominator }] of places) if (dominator) places.get(dominator)!.children.push(node);
  return {
    entry,
    places,
    kindOf: (from, to) => {
      const [a, b] = [numbers.get(from)!, numbers.get(to)!];
      if (b > a) return "forward";
      return dominates(b, a) ? "back" : "out";
    },
  };
}

/** By node, those that control may reach it from; the entry may have none. */
export function predecessorsOf<B extends RegionBlock>({
  places,
}: Structure<B>): ReadonlyMap<Node<B>, readonly Node<B>[]> {
  const predecessors = new Map<Node<B>, Node<B>[]>();
  for (const node of places.keys()) {
    for (const next of successorsOf(node)) {
      const known = predecessors.get(next);
      if (known) known.push(node);
      else predecessors.set(next, [node]);
    }
  }
  return predecessors;
}

/** The nodes of each loop: those from which the branches back to its start are reached. */
export function loopsOf<B extends RegionBlock>(structure: Structure<B>): Node<B>[][] {
  const { places, kindOf } = structure;
  const predecessors = predecessorsOf(structure);
  const all: Node<B>[][] = [];
  for (const [start, { loops }] of places) {
    if (!loops) continue;
    const nodes = new Set([start]);
    for (const node of predecessors.get(start)!) if (kindOf(node, start) === "back") nodes.add(node);
    for (const node of nodes)
      if (node !== start) for (const before of predecessors.get(node)!) nodes.add(before);
    all.push([...nodes]);
  }
  return all;
}
