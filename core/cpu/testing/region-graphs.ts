// Regions without code, for what asks only how control goes through them.

import type { Node as RegionNode } from "../jit/region.ts";
import type { OrderedBlock } from "../jit/region-order.ts";

type Node = RegionNode<OrderedBlock>;

/** Nodes of two instructions, by what may follow them: by a branch that is the first, and after the second. */
export function nodesOf(
  ways: Record<string, readonly [branch: string | undefined, next: string | undefined]>,
): Map<string, Node> {
  const block = { record: 0, count: 2, physical: 0, mode: 1, records: new DataView(new ArrayBuffer(0)) };
  const nodes = new Map(
    Object.keys(ways).map((name): [string, Node] => [
      name,
      { block, forms: [], delta: 0, count: 2, branches: new Map(), targets: [] },
    ]),
  );
  for (const [name, [branch, next]] of Object.entries(ways)) {
    const node = nodes.get(name)!;
    if (branch) node.branches.set(0, nodes.get(branch)!);
    node.next = next ? nodes.get(next) : undefined;
  }
  return nodes;
}
