// Nodes of regions, for what asks only how control goes through them, or what flags they set and want.

import { RUNTIME_WASM } from "../../generated/runtime-wasm.ts";
import { Decoder } from "../decode/decoder.ts";
import { OPCODES } from "../decode/opcodes.ts";
import { formOf } from "../interpreter/form.ts";
import { EffectsOf } from "../jit/effects.ts";
import type { Node as RegionNode } from "../jit/region.ts";
import type { OrderedBlock } from "../jit/region-order.ts";
import { MODE_FLAT, MODE_FLAT_CODE, MODE_STACK_32 } from "../layout.ts";
import { exportedSignatures } from "../wasm/signatures.ts";

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

const MODE_32 = 1 | MODE_FLAT | MODE_FLAT_CODE | MODE_STACK_32;

/** What instructions do, as regions know it. */
export const effects = new EffectsOf(exportedSignatures(Buffer.from(RUNTIME_WASM, "base64")));

/** A node of the instructions of 32-bit code with these bytes, at an address from 0x1000 on, where the region begins. */
export function nodeOf(physical: number, ...instructions: string[]): Node {
  const forms = instructions.map((text) => {
    const bytes = Uint8Array.from(text.split(" "), (byte) => Number.parseInt(byte, 16));
    const decoded = new Decoder(OPCODES).decode(bytes, 0, bytes.length, 32);
    if (typeof decoded === "string") throw new Error(decoded);
    return formOf(decoded, MODE_32);
  });
  const count = forms.length;
  const block = { record: 0, count, physical, mode: MODE_32, records: new DataView(new ArrayBuffer(0)) };
  return { block, forms, delta: physical - 0x1000, count, branches: new Map(), targets: [] };
}
