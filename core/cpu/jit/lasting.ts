// What is known of registers and pages where several paths meet: at joins, and at the starts of loops, whose branches back
// are emitted after them.

import { BLOCK_IP, GPR, REC_BASE, REC_INDEX, RECORD_SIZE, ZERO } from "../layout.ts";
import type { Node as RegionNode } from "./region.ts";
import type { OrderedBlock } from "./region-order.ts";
import { ABSOLUTE, FROM_START, isSame, meet, type Place, type Spans } from "./spans.ts";

type Node = RegionNode<OrderedBlock>;

/** Bases of addresses that are followed through a loop. */
const MOST_BASES = 4;

/** What lasts from one part of the code to the next where several paths lead there. */
export interface Lasting {
  /** What registers hold, by register, as far as that is the same on all paths. */
  readonly origins: readonly (Place | undefined)[];
  readonly spans: Spans;
}

/** Thrown where a register that was to keep its value for a loop may not have done so. */
export const NOT_LASTING = new Error("a register changes in a loop");

/** What is known where two paths join. */
export const meetLasting = (some: Lasting, others: Lasting): Lasting => ({
  origins: some.origins.map((place, register) => {
    const other = others.origins[register];
    return place && other && isSame(place, other) ? place : undefined;
  }),
  spans: meet(some.spans, others.spans),
});

/** Where addresses in a loop come from: a register, or what is an origin at all times. */
export type Base =
  | { readonly register: number; readonly origin?: undefined }
  | { readonly register?: undefined; readonly origin: number };

/** The first so many instructions of a node. */
export interface Part {
  readonly node: Node;
  readonly count: number;
}

/** What of a loop's nodes belongs to it: what comes after a node's last branch that stays in the loop does not. */
export function partsOf(loop: readonly Node[]): Part[] {
  const nodes = new Set(loop);
  return loop.map((node) => {
    const { next, after, targets, branches, count } = node;
    if ([next, after, ...targets].some((to) => to && nodes.has(to))) return { node, count };
    const staying = [...branches].filter(([, to]) => nodes.has(to)).map(([index]) => index);
    return { node, count: Math.max(...staying) + 1 };
  });
}

/** Where addresses of accesses in a loop come from, the commonest; registers that are changed in it are none. */
export function basesIn(parts: readonly Part[], changed: number): Base[] {
  const uses = new Map<string, { base: Base; count: number }>();
  for (const { node, count } of parts) {
    const { block, forms } = node;
    for (let n = 0; n < count; n++) {
      const { address } = forms[n]!;
      if (address !== "flat" && address !== "long") continue;
      const at = n * RECORD_SIZE;
      if (block.records.getUint16(at + REC_INDEX, true) !== ZERO) continue;
      const base = baseAt(block.records.getUint16(at + REC_BASE, true));
      if (base.register !== undefined && (changed >> base.register) & 1) continue;
      const key = `${base.register} ${base.origin}`;
      uses.set(key, { base, count: (uses.get(key)?.count ?? 0) + 1 });
    }
  }
  const commonest = [...uses.values()].sort((a, b) => b.count - a.count);
  return commonest.slice(0, MOST_BASES).map(({ base }) => base);
}

function baseAt(offset: number): Base {
  if (offset === ZERO) return { origin: ABSOLUTE };
  return offset === BLOCK_IP ? { origin: FROM_START } : { register: (offset - GPR) >> 3 };
}
