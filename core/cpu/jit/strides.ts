// Loops whose accesses go through memory in equal steps: of such a loop there is a copy for rounds in which each of these
// accesses stays in its page. Where the pages are is looked up before the first of these rounds, and not in them; nor need
// the budget be looked at. What ends them is their number, after which the loop itself has a round as always.
//
// What is known of a page holds until the rounds are over: instructions that change translations are in no such loop, and
// neither does an access that is looked up anew change any but in the table, which is not asked.

import { codeSizeOf } from "../interpreter/form.ts";
import { loopsOf, type Structure } from "./control-flow.ts";
import type { EffectsOf } from "./effects.ts";
import { pageOf, type Node as RegionNode } from "./region.ts";
import type { OrderedBlock } from "./region-order.ts";
import { Rounds, type Segment, segmentsOf } from "./segments.ts";
import { type Run, Steps } from "./steps.ts";

type Node = RegionNode<OrderedBlock>;

/** Instructions of the longest loop that is copied. */
const LONGEST = 128;

export interface StridedLoop {
  /** Where the loop begins, and where its copy does. */
  readonly original: Node;
  readonly copy: Node;
  /** Without instructions: after a round of the loop it is decided here which of the two has the next. */
  readonly choice: Node;
  readonly runs: readonly Run[];
  /** Instructions of a round, at most. */
  readonly longest: number;
}

export class Strides {
  readonly loops: StridedLoop[] = [];
  /** By node of a copy, and index of an instruction. */
  readonly #runs = new Map<Node, (Run | undefined)[]>();

  /** Adds copies to the nodes of a structure, which is to be found anew then if there are any. */
  constructor(structure: Structure<OrderedBlock>, effects: EffectsOf) {
    // There a register's steps may be those of its low half.
    if (codeSizeOf(structure.entry.block.mode) === 16) return;
    const loops = loopsOf(structure);
    for (const nodes of loops) {
      const start = nodes[0]!;
      // Those of loops in it are not part of the rounds.
      const inner = loops.filter((others) => others[0] !== start && nodes.includes(others[0]!)).flat();
      const page = pageOf(start.block);
      const own = new Set(nodes.filter((node) => pageOf(node.block) === page && !inner.includes(node)));
      const segments = [...own]
        .flatMap((node) => segmentsOf(node, own))
        .filter((one) => isSuited(one, effects));
      const whole = new Rounds(start, segments);
      // A loop around another may begin where that does: then each way back is a loop of its own.
      const ways = whole.ways.length > 1 ? whole.ways : [];
      const found = [whole, ...ways.map((way) => new Rounds(start, whole.segments, way))]
        .filter((rounds) => rounds.length <= LONGEST && !rounds.isTangled && !rounds.isOneOfMany)
        .map((rounds) => ({ rounds, steps: new Steps(rounds, effects) }))
        .filter(({ steps }) => steps.length > 0);
      if (found.length > 0) {
        const { rounds, steps } = found.reduce((best, each) =>
          each.steps.length > best.steps.length ? each : best,
        );
        this.#copy(start, rounds, steps);
      }
    }
  }

  /** With whom an access of a copy's instruction goes, if it goes in steps. */
  runOf(node: Node, index: number): Run | undefined {
    return this.#runs.get(node)?.[index];
  }

  /** Whether it is from one round of a copy to the next. */
  isNextRound(from: Node, to: Node): boolean {
    return this.loops.some(({ copy, original }) => copy === to && from.detour === original);
  }

  #copy(original: Node, rounds: Rounds, { runs, accesses }: Steps): void {
    const { segments, ways } = rounds;
    const copies = new Map(segments.map(({ node }) => [node, { ...node, branches: new Map(node.branches) }]));
    const copy = copies.get(original)!;
    const { block, delta } = original;
    const choice: Node = {
      block,
      forms: [],
      delta,
      count: 0,
      branches: new Map(),
      targets: [],
      next: original,
      detour: copy,
    };
    const starts = new Set(segments.filter(({ first }) => first === 0).map(({ node }) => node));
    for (const segment of segments) {
      const { node, end, branch, next, targets } = segment;
      const its = copies.get(node)!;
      const isWay = ways.includes(segment);
      const isInRound = (to: Node): boolean => (to === original ? isWay : starts.has(to));
      if (branch && isInRound(branch)) {
        its.branches.set(end - 1, copies.get(branch)!);
        if (branch === original) node.branches.set(end - 1, choice);
      }
      if (next && isInRound(next)) {
        its.next = copies.get(next)!;
        if (next === original) node.next = choice;
      }
      if (targets.length > 0) {
        its.targets = targets.map((to) => (isInRound(to) ? copies.get(to)! : to));
        node.targets = targets.map((to) => (to === original && isWay ? choice : to));
      }
      if (isWay) its.detour = original;
    }
    for (const [node, its] of copies) this.#runs.set(its, accesses.get(node)!);
    this.loops.push({ original, copy, choice, runs, longest: rounds.length });
  }
}

/** Whether a segment only computes and has accesses. */
function isSuited({ node, first, end }: Segment, effects: EffectsOf): boolean {
  for (let n = first; n < end; n++) if (effects.calls(node.forms[n]!)) return false;
  return end < node.count || !node.after;
}
