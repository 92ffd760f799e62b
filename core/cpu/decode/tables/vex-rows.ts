// Rows with VEX, derived from the SSE rows of the same opcode. [SDM] vol. 2A, 2.3; vol. 1, 14.1.

import { type Both, cleared, onBoth, onLower } from "../../semantics/vex-forms.ts";
import { THREE, TWO } from "../../semantics/vex-halves.ts";
import {
  byLength,
  type Choice,
  type Entry,
  type OperandSpec,
  type Row,
  rowOf,
  type Semantics,
  SSE,
  VEX,
} from "../row.ts";

/** What becomes of an SSE row. */
export type Shape = (row: Row) => Entry;

/** The same choices as for SSE, with other rows at their ends; where SSE has none, nor MMX forms, there is none. */
export function extend(entry: Entry, shape: Shape): Entry {
  if (!entry) return undefined;
  if (entry.kind === "row") {
    const isMmx = entry.operands.some(({ file }) => file === "mmx");
    return entry.flags & SSE && !isMmx ? shape(entry) : undefined;
  }
  return { kind: entry.kind, entries: entry.entries.map((one) => extend(one, shape)) } satisfies Choice;
}

/** What an SSE opcode is with a mandatory prefix. */
export function ofPrefix(entry: Entry, prefix: number): Entry {
  if (entry?.kind !== "prefix") throw new Error("not chosen by prefix");
  return entry.entries[prefix];
}

/** The rows of some opcodes. */
export const extendAll = (
  rows: Readonly<Record<number, Entry>>,
  opcodes: readonly number[],
  shape: Shape,
): Record<number, Entry> =>
  Object.fromEntries(opcodes.map((opcode) => [opcode, extend(rows[opcode], shape)]));

const isVector = ({ file }: OperandSpec): boolean => file === "xmm";

/** Vectors of 256 bits in place of those of 128 and, in YMM registers, of less. */
const widened = (spec: OperandSpec): OperandSpec =>
  isVector(spec) ? { ...spec, widths: [256, 256, 256] } : spec;

const withThird = ([first, ...rest]: readonly OperandSpec[]): OperandSpec[] => [
  first!,
  { ...first!, place: "vvvv" },
  ...rest,
];

const derived = (row: Row, semantics: Semantics, operands: readonly OperandSpec[], feature = "avx"): Row =>
  rowOf(`V${row.mnemonic}`, semantics, operands, (row.flags & ~SSE) | VEX, feature);

/** Whether it is about the lowest lane only: VEX.L does not matter then. */
const isScalar = ({ operands }: Row): boolean => operands[0]!.widths[1] < 128 || operands[1]!.widths[1] < 128;

// --- Shapes ---

/** The same operands and 128 bits; a destination that is an XMM register is cleared above. */
export const same: Shape = (row) => derived(row, cleared(row), row.operands);

/** The same operands, none of them a vector that changes. */
export const asItIs: Shape = (row) => derived(row, row.semantics, row.operands);

/** A first source of its own, 128 bits. */
export const third: Shape = (row) => derived(row, onLower(row, THREE), withThird(row.operands));

/** VEX.L must be 0. */
export const only128 =
  (shape: Shape): Shape =>
  (row) =>
    byLength(shape(row), undefined);

/** The same operands, of 128 or 256 bits; the latter need `feature`. */
export const twoOperands =
  (feature = "avx", both: Both = {}): Shape =>
  (row) =>
    byLength(same(row), derived(row, onBoth(row, TWO, both), row.operands.map(widened), feature));

/** A first source of its own, 128 or 256 bits, which need `feature`; scalars of any length. */
export const threeOperands =
  (feature = "avx", both: Both = {}): Shape =>
  (row) => {
    if (isScalar(row)) return third(row);
    const operands = withThird(row.operands.map(widened));
    const [, , source] = operands;
    if (both.shared) operands[2] = { ...source!, widths: row.operands[1]!.widths };
    return byLength(third(row), derived(row, onBoth(row, THREE, both), operands, feature));
  };

/** Shifts by an immediate: VEX.vvvv names the destination. */
export const shiftByImmediate: Shape = (row) => {
  const [register, immediate] = row.operands;
  const operands = [{ ...register!, place: "vvvv" } as const, register!, immediate!];
  return byLength(
    derived(row, onLower(row, THREE), operands),
    derived(row, onBoth(row, THREE), operands.map(widened), "avx2"),
  );
};
