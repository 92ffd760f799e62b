// A region as plain data, so that it can be compiled in another thread: its nodes by number, a copy of its blocks'
// records, and the forms that these refer to.

import { type Form, formFrom, type PlainForm, plainForm } from "../interpreter/form.ts";
import type { Handlers } from "../interpreter/handlers.ts";
import { REC_HANDLER, RECORD_SIZE } from "../layout.ts";
import type { Node, Region, RegionBlock } from "./region.ts";

interface NodeOrder {
  /** Of its block, as in {@link RegionBlock}. */
  readonly record: number;
  readonly physical: number;
  readonly blockCount: number;
  /** As in {@link Node}; other nodes by their number in the region, those that are none undefined. */
  readonly delta: number;
  readonly count: number;
  readonly branches: readonly (readonly [index: number, target: number])[];
  readonly next: number | undefined;
  readonly targets: readonly number[];
  readonly after: number | undefined;
}

export interface RegionOrder {
  readonly mode: number;
  /** The first is where the region is entered. */
  readonly nodes: readonly NodeOrder[];
  /** Those of the nodes' blocks, one block after the other; REC_HANDLER is that of the instruction by itself. */
  readonly records: Uint8Array<ArrayBuffer>;
  /** Forms that no order of the same writer had before, by the table index of their handlers. */
  readonly forms: readonly (readonly [handler: number, form: PlainForm])[];
}

/** A block of which the compiler has the records. */
export interface OrderedBlock extends RegionBlock {
  /** From that of its first instruction. */
  readonly records: DataView;
}

/** Puts orders together for one reader. */
export class OrderWriter {
  readonly #handlers: Handlers;
  readonly #memory: DataView;
  /** Handlers whose forms were told. */
  readonly #told = new Set<number>();

  constructor(handlers: Handlers, memory: DataView) {
    this.#handlers = handlers;
    this.#memory = memory;
  }

  write({ mode, nodes }: Region): RegionOrder {
    const numbers = new Map(nodes.map((node, n) => [node, n]));
    const numberOf = (node: Node | undefined): number | undefined => node && numbers.get(node);
    const forms: [number, PlainForm][] = [];
    const records = new Uint8Array(nodes.reduce((sum, { block }) => sum + block.count, 0) * RECORD_SIZE);
    const view = new DataView(records.buffer);
    let at = 0;
    for (const { block } of nodes) {
      const size = block.count * RECORD_SIZE;
      records.set(new Uint8Array(this.#memory.buffer, block.record, size), at);
      for (let n = 0; n < block.count; n++) {
        const handler = this.#handlers.handlerOf(block, n, this.#memory);
        view.setUint32(at + n * RECORD_SIZE + REC_HANDLER, handler, true);
        if (this.#told.has(handler)) continue;
        this.#told.add(handler);
        forms.push([handler, plainForm(this.#handlers.formAt(handler)!)]);
      }
      at += size;
    }
    return {
      mode,
      records,
      forms,
      nodes: nodes.map((node) => ({
        record: node.block.record,
        physical: node.block.physical,
        blockCount: node.block.count,
        delta: node.delta,
        count: node.count,
        branches: [...node.branches].map(([index, target]) => [index, numbers.get(target)!]),
        next: numberOf(node.next),
        targets: node.targets.map((target) => numbers.get(target)!),
        after: numberOf(node.after),
      })),
    };
  }
}

/** Reads the orders of one writer, in their order. */
export class OrderReader {
  readonly #forms = new Map<number, Form>();

  read({ mode, nodes: orders, records, forms }: RegionOrder): Region<OrderedBlock> {
    for (const [handler, form] of forms) this.#forms.set(handler, formFrom(form));
    let at = records.byteOffset;
    const nodes = orders.map(({ record, physical, blockCount, delta, count }): Node<OrderedBlock> => {
      const view = new DataView(records.buffer, at, blockCount * RECORD_SIZE);
      at += view.byteLength;
      const block = { record, physical, mode, count: blockCount, records: view };
      const handlerAt = (n: number): number => view.getUint32(n * RECORD_SIZE + REC_HANDLER, true);
      const own = Array.from({ length: blockCount }, (_, n) => this.#forms.get(handlerAt(n))!);
      return { block, forms: own, delta, count, branches: new Map(), targets: [] };
    });
    orders.forEach(({ branches, next, targets, after }, n) => {
      const node = nodes[n]!;
      for (const [index, target] of branches) node.branches.set(index, nodes[target]!);
      if (next !== undefined) node.next = nodes[next]!;
      for (const target of targets) node.targets.push(nodes[target]!);
      if (after !== undefined) node.after = nodes[after]!;
    });
    return { nodes, mode };
  }
}
