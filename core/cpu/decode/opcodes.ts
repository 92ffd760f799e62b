// The opcode maps, put together from the chapters of the instruction set.

import { BREAKPOINT_MET } from "../layout.ts";
import { fault } from "../semantics/fault.ts";
import { ENDS, type Entry, op, type Row, type Table } from "./row.ts";
import { CONTROL } from "./tables/control.ts";
import { EXTENDED } from "./tables/extended.ts";
import { INTEGER } from "./tables/integer.ts";
import { SIMD } from "./tables/simd.ts";
import { STRINGS } from "./tables/strings.ts";
import { SYSTEM } from "./tables/system.ts";
import { VEX_VECTORS } from "./tables/vex.ts";
import { VEX_GENERAL } from "./tables/vex-general.ts";
import { X87 } from "./tables/x87.ts";

/** What a chapter adds to the maps, by opcode byte. */
export interface Chapter {
  readonly oneByte?: Readonly<Record<number, Entry>>;
  /** After 0F. */
  readonly twoByte?: Readonly<Record<number, Entry>>;
  /** After 0F 38, 0F 3A. */
  readonly threeByte38?: Readonly<Record<number, Entry>>;
  readonly threeByte3A?: Readonly<Record<number, Entry>>;
  /** With VEX, in the maps of 0F, 0F 38 and 0F 3A. */
  readonly vex0F?: Readonly<Record<number, Entry>>;
  readonly vex0F38?: Readonly<Record<number, Entry>>;
  readonly vex0F3A?: Readonly<Record<number, Entry>>;
}

const CHAPTERS: readonly Chapter[] = [
  INTEGER,
  CONTROL,
  STRINGS,
  SYSTEM,
  EXTENDED,
  X87,
  SIMD,
  VEX_VECTORS,
  VEX_GENERAL,
];

function merge(map: keyof Chapter): Table {
  const table: Table = new Array(256).fill(undefined);
  for (const chapter of CHAPTERS) {
    for (const [key, entry] of Object.entries(chapter[map] ?? {})) {
      const opcode = Number(key);
      if (table[opcode]) throw new Error(`opcode ${opcode.toString(16)} of ${map} stands in two chapters`);
      table[opcode] = entry;
    }
  }
  return table;
}

export const OPCODES = {
  oneByte: merge("oneByte"),
  twoByte: merge("twoByte"),
  threeByte38: merge("threeByte38"),
  threeByte3A: merge("threeByte3A"),
  vex0F: merge("vex0F"),
  vex0F38: merge("vex0F38"),
  vex0F3A: merge("vex0F3A"),
};

export type OpcodeMaps = typeof OPCODES;

/** Stands for bytes that are no instruction. */
export const INVALID: Row = op("(invalid)", fault.ud, "", ENDS);
/** Stands for more than 15 bytes. */
export const TOO_LONG: Row = op("(too long)", fault.gp, "", ENDS);
/** Stands where the debugger may have a breakpoint. */
export const BREAKPOINT: Row = op("(breakpoint)", (c) => c.fault(BREAKPOINT_MET), "", ENDS);
