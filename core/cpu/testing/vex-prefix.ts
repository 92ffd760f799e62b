// VEX before an opcode: what the tables prescribe of it, and the rest at random. [SDM] vol. 2A, 2.3.5

import { type Row, VSIB } from "../decode/row.ts";
import type { Random } from "./float-random.ts";

export interface VexFields {
  /** 1: 0F, 2: 0F 38, 3: 0F 3A. */
  readonly map: number;
  /** The rest if it is prescribed: the mandatory prefix as PREFIX_* tell, and the bits L and W. */
  readonly pp?: number;
  readonly length?: number;
  readonly wide?: number;
}

const MAP_0F = 1;
const R = 4;
const X = 2;
const B = 1;

/** The bytes before the opcode, in the form of two bytes half of the time where that can be, and whether W is set. */
export function vexPrefix(
  { map, pp, length, wide }: VexFields,
  { row, memory }: { readonly row: Row; readonly memory?: boolean },
  random: Random,
  codeSize: 32 | 64,
): { bytes: number[]; wide: boolean } {
  const long = codeSize === 64;
  const w = wide ?? random.below(2);
  let extensions = long ? random.below(8) : 0;
  // X would make an index register of the SIB byte's none, but a vector of indices may be any; B another base of that.
  if (memory) extensions &= row.flags & VSIB ? R | X : R | B;
  const vvvv = row.vvvv ? random.below(long ? 16 : 8) : 0;
  const low = ((~vvvv & 15) << 3) | ((length ?? random.below(2)) << 2) | (pp ?? random.below(4));
  const short = map === MAP_0F && !(extensions & (X | B)) && wide !== 1 && random.below(2) === 0;
  const inverted = ~extensions & 7;
  if (short) return { bytes: [0xc5, ((inverted & R) << 5) | low], wide: false };
  return { bytes: [0xc4, (inverted << 5) | map, (w << 7) | low], wide: w === 1 };
}
