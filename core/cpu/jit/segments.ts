// The rounds of a loop: the parts of its nodes that lead from its start back there, each of which is run whole in a round or
// not at all.

import type { Node as RegionNode } from "./region.ts";
import type { OrderedBlock } from "./region-order.ts";

type Node = RegionNode<OrderedBlock>;

/** Instructions of a node up to one that may lead elsewhere in its loop, or to the node's end. */
export interface Segment {
  readonly node: Node;
  readonly first: number;
  readonly end: number;
  /** Where it leads by the branch that is its last instruction. */
  readonly branch: Node | undefined;
  /** The same at the node's end: by what follows, and by an indirect branch. */
  readonly next: Node | undefined;
  readonly targets: readonly Node[];
}

/** Those of a node in a loop of these nodes. */
export function segmentsOf(node: Node, nodes: ReadonlySet<Node>): Segment[] {
  const branches = [...node.branches].filter(([, target]) => nodes.has(target));
  const ends = new Set([...branches.map(([index]) => index + 1).sort((a, b) => a - b), node.count]);
  let first = 0;
  return [...ends].map((end) => {
    const isLast = end === node.count;
    const branch = node.branches.get(end - 1);
    const next = isLast ? node.next : undefined;
    const segment = { node, first, end, branch, next, targets: isLast ? node.targets : [] };
    first = end;
    return segment;
  });
}

const successorsOf = ({ branch, next, targets }: Segment): (Node | undefined)[] => [branch, next, ...targets];

export class Rounds {
  /** The start's comes first. */
  readonly segments: readonly Segment[];
  /** Those that lead to the next round. */
  readonly ways: readonly Segment[];
  /** Which may come after each in a round. */
  readonly #after: ReadonlyMap<Segment, readonly Segment[]>;

  /** Of a loop's segments, of which some may not be there; `way`: the only one that is to lead to the next round. */
  constructor(start: Node, all: readonly Segment[], way?: Segment) {
    const firsts = new Map(all.filter(({ first }) => first === 0).map((segment) => [segment.node, segment]));
    const after = new Map<Segment, Segment[]>(all.map((segment) => [segment, []]));
    all.forEach((segment, n) => {
      const following = all[n + 1];
      if (following?.node === segment.node && following.first === segment.end)
        after.get(segment)!.push(following);
      for (const node of successorsOf(segment)) {
        const to = node !== start && node && firsts.get(node);
        if (to) after.get(segment)!.push(to);
      }
    });
    this.#after = after;
    this.ways = all.filter((segment) =>
      way ? segment === way : successorsOf(segment).some((node) => node === start),
    );
    const first = firsts.get(start);
    const reached = this.reachedFrom(first ? [first] : []);
    const before = new Map<Segment, Segment[]>(all.map((segment) => [segment, []]));
    for (const [segment, next] of after) for (const to of next) before.get(to)!.push(segment);
    const leading = new Set(this.ways);
    for (const segment of leading) for (const from of before.get(segment)!) leading.add(from);
    this.segments = all.filter((segment) => reached.has(segment) && leading.has(segment));
    this.ways = this.ways.filter((segment) => reached.has(segment));
  }

  /** Instructions in all of them. */
  get length(): number {
    return this.segments.reduce((sum, { first, end }) => sum + end - first, 0);
  }

  /** Segments that are reached from some of them in a round, with these; `but`: not through this one. */
  reachedFrom(begin: readonly Segment[], but?: Segment): Set<Segment> {
    const seen = new Set(begin.filter((segment) => segment !== but));
    for (const segment of seen) for (const to of this.#after.get(segment)!) if (to !== but) seen.add(to);
    return seen;
  }

  /** Whether each round comes by a segment. */
  isAlwaysRun(segment: Segment): boolean {
    const others = this.reachedFrom(this.segments.slice(0, 1), segment);
    return !this.ways.some((way) => others.has(way));
  }

  /** Whether a segment may be run after another one in the same round. */
  isAfter(segment: Segment, other: Segment): boolean {
    return this.reachedFrom(this.#after.get(other)!).has(segment);
  }

  /** Whether an indirect branch in a round mostly leads elsewhere: what comes in its way is in few rounds then. */
  get isOneOfMany(): boolean {
    const starts = new Set(this.segments.filter(({ first }) => first === 0).map(({ node }) => node));
    return this.segments.some(({ targets }) => {
      const inRound = targets.filter((to) => starts.has(to));
      return inRound.length * 2 < targets.length;
    });
  }

  /** Whether some are run several times in a round, without being a loop in the region's structure. */
  get isTangled(): boolean {
    return this.segments.some((segment) => this.isAfter(segment, segment));
  }
}
