// String instructions. Those that reach ports end their block, since a device may change anything.

import * as strings from "../../semantics/strings.ts";
import type { Chapter } from "../opcodes.ts";
import { ADDRESS, ENDS, op, REP } from "../row.ts";

const STRING = REP | ADDRESS;

export const STRINGS: Chapter = {
  oneByte: {
    0x6c: op("INSB", strings.ins(true), "", STRING | ENDS),
    0x6d: op("INS", strings.ins(false), "", STRING | ENDS),
    0x6e: op("OUTSB", strings.outs(true), "", STRING | ENDS),
    0x6f: op("OUTS", strings.outs(false), "", STRING | ENDS),
    0xa4: op("MOVSB", strings.movs(true), "", STRING),
    0xa5: op("MOVS", strings.movs(false), "", STRING),
    0xa6: op("CMPSB", strings.cmps(true), "", STRING),
    0xa7: op("CMPS", strings.cmps(false), "", STRING),
    0xaa: op("STOSB", strings.stos(true), "", STRING),
    0xab: op("STOS", strings.stos(false), "", STRING),
    0xac: op("LODSB", strings.lods(true), "", STRING),
    0xad: op("LODS", strings.lods(false), "", STRING),
    0xae: op("SCASB", strings.scas(true), "", STRING),
    0xaf: op("SCAS", strings.scas(false), "", STRING),
  },
};
