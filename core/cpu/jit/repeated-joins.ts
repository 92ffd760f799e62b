// Where many ways around a loop come together for an instruction or two, the region may be left: by a fault, or for its budget is used
// up. So flags must be right there, though nobody else looks at them before they are set again, and are moved to where the ways
// join, round after round. An interpreter that fetches its next instruction in one place is such a loop. Here each way gets that
// place for itself.

import { predecessorsOf, type Structure, structureOf } from "./control-flow.ts";
import type { EffectsOf } from "./effects.ts";
import { FlagLiveness, NO_COPIES } from "./flag-liveness.ts";
import { type Node, type RegionBlock, redirect, successorsOf } from "./region.ts";

/** Instructions of what is repeated. */
const LONGEST = 2;
/** Ways that are worth it, and that are not too much code. */
const FEWEST = 3;
const MOST = 16;

/** The structure of the same code where each way around a loop has its own end. */
export function repeatedJoins<B extends RegionBlock>(
  structure: Structure<B>,
  effects: EffectsOf,
): Structure<B> {
  const predecessors = predecessorsOf(structure);
  const short = [...structure.places.keys()].filter((node) =>
    isJoin(node, structure, predecessors.get(node)),
  );
  if (short.length === 0) return structure;
  const flags = new FlagLiveness(structure, effects, NO_COPIES);
  const found = short.filter((node) => flags.before(node) !== 0 && flags.before(onlySuccessor(node)!) === 0);
  for (const node of found) {
    for (const from of predecessors.get(node)!)
      redirect(from, node, { ...node, branches: new Map(node.branches) });
  }
  return found.length > 0 ? structureOf(structure.entry) : structure;
}

function onlySuccessor<B extends RegionBlock>(node: Node<B>): Node<B> | undefined {
  const [only, ...others] = successorsOf(node);
  return others.length > 0 ? undefined : only;
}

function isJoin<B extends RegionBlock>(
  node: Node<B>,
  { places, kindOf }: Structure<B>,
  ways: readonly Node<B>[] | undefined,
): boolean {
  if (node.count === 0 || node.count > LONGEST) return false;
  if (!ways || ways.length < FEWEST || ways.length > MOST) return false;
  const next = onlySuccessor(node);
  return next !== undefined && (places.get(node)!.loops || kindOf(node, next) === "back");
}
