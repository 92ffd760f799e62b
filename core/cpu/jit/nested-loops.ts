// Loops around others that begin where these do. A region is grown from what is hot, which is most often an innermost loop; the
// loops around it lead back to where it begins, and all of them would be one, in whose every round all that the outer ones
// change may have changed. Here each gets a beginning of its own.

import { predecessorsOf, type Structure, structureOf } from "./control-flow.ts";
import { type Node, type RegionBlock, redirect } from "./region.ts";

/** Beginnings that a region gets, and ways back to a loop's that are looked at, at most: code without a plan has any number. */
const MOST_ADDED = 16;
const MOST_WAYS = 32;

/** The structure of what can be reached from a node, in which no loop begins where one around it does. */
export function separatedLoops<B extends RegionBlock>(entry: Node<B>, most = MOST_ADDED): Structure<B> {
  const structure = structureOf(entry);
  if (most === 0) return structure;
  const predecessors = predecessorsOf(structure);
  for (const [start, { loops }] of structure.places) {
    if (!loops) continue;
    const before = predecessors.get(start)!;
    const ways = before.filter((from) => structure.kindOf(from, start) === "back");
    if (ways.length > MOST_WAYS) continue;
    const inner = innermost(ways.map((way) => ({ way, nodes: loopThrough(start, way, predecessors) })));
    if (inner.length === ways.length) continue;
    const { block, delta } = start;
    const outer: Node<B> = {
      block,
      forms: [],
      delta,
      count: 0,
      branches: new Map(),
      targets: [],
      next: start,
    };
    for (const from of before) if (!inner.includes(from)) redirect(from, start, outer);
    return separatedLoops(start === entry ? outer : entry, most - 1);
  }
  return structure;
}

interface Way<B extends RegionBlock> {
  /** Leads back to where a loop begins. */
  readonly way: Node<B>;
  /** Of the loop, if there were no other such ways. */
  readonly nodes: ReadonlySet<Node<B>>;
}

/** The nodes from which a way back to the start of its loop is reached, and the start. */
function loopThrough<B extends RegionBlock>(
  start: Node<B>,
  way: Node<B>,
  predecessors: ReadonlyMap<Node<B>, readonly Node<B>[]>,
): Set<Node<B>> {
  const nodes = new Set([start, way]);
  for (const node of nodes)
    if (node !== start) for (const before of predecessors.get(node)!) nodes.add(before);
  return nodes;
}

/** Of the ways back to one start those of the innermost loop: each of the others goes through all of that loop, and more. */
function innermost<B extends RegionBlock>(ways: readonly Way<B>[]): Node<B>[] {
  let nodes = ways.reduce((a, b) => (b.nodes.size < a.nodes.size ? b : a)).nodes;
  for (;;) {
    const isAround = (way: Way<B>): boolean =>
      way.nodes.size > nodes.size && [...nodes].every((node) => way.nodes.has(node));
    const inner = ways.filter((way) => !isAround(way));
    const all = new Set([...nodes, ...inner.flatMap((way) => [...way.nodes])]);
    if (all.size === nodes.size) return inner.map(({ way }) => way);
    nodes = all;
  }
}
