// System instructions, segment registers and far transfers. [SDM] vol. 2D, tables.

import { movsx } from "../../semantics/move.ts";
import * as system from "../../semantics/system.ts";
import { fault } from "../../semantics/fault.ts";
import type { Chapter } from "../opcodes.ts";
import {
  byMod,
  byMode,
  byRm,
  D64,
  ENDS,
  type Entry,
  F64,
  group,
  I64,
  MEMORY,
  O64,
  op,
  STACK,
} from "../row.ts";

const ES = 0;
const CS = 1;
const SS = 2;
const DS = 3;
const FS = 4;
const GS = 5;

/** An instruction that exists in legacy modes, for memory operands; its other encodings are other instructions. */
const legacyMemory = (entry: Entry): Entry => byMode(byMod(entry, undefined), undefined);

const push = (number: number, flags: number): Entry =>
  op("PUSH", system.pushSegment(number), "", STACK | flags);
const pop = (number: number, flags: number): Entry => op("POP", system.popSegment(number), "", STACK | flags);
const farPointer = (mnemonic: string, number: number): Entry =>
  op(mnemonic, system.loadFarPointer(number), "Gv,M", MEMORY);

/** 0F 00. */
const group6 = group(
  byMod(op("SLDT", system.sldt, "Mw"), op("SLDT", system.sldt, "Rv")),
  byMod(op("STR", system.str, "Mw"), op("STR", system.str, "Rv")),
  op("LLDT", system.lldt, "Ew"),
  op("LTR", system.ltr, "Ew"),
  op("VERR", system.verr, "Ew"),
  op("VERW", system.verw, "Ew"),
);

/** 0F 01. */
const group7 = group(
  byMod(op("SGDT", system.sgdt, "M"), undefined),
  byMod(op("SIDT", system.sidt, "M"), undefined),
  byMod(op("LGDT", system.lgdt, "M"), undefined),
  byMod(op("LIDT", system.lidt, "M"), undefined),
  byMod(op("SMSW", system.smsw, "Mw"), op("SMSW", system.smsw, "Rv")),
  undefined,
  op("LMSW", system.lmsw, "Ew", ENDS),
  byMod(
    op("INVLPG", system.invlpg, "M"),
    byRm(
      op("SWAPGS", system.simple("swapGs"), "", O64),
      op("RDTSCP", system.simple("rdtscp"), "", ENDS, "rdtscp"),
    ),
  ),
);

export const SYSTEM: Chapter = {
  oneByte: {
    0x06: push(ES, I64),
    0x07: pop(ES, I64),
    0x0e: push(CS, I64),
    0x16: push(SS, I64),
    0x17: pop(SS, I64),
    0x1e: push(DS, I64),
    0x1f: pop(DS, I64),
    0x62: legacyMemory(op("BOUND", system.bound, "Gv,M", MEMORY)),
    0x63: byMode(op("ARPL", system.arpl, "Ew,Gw"), op("MOVSXD", movsx, "Gv,Ed")),
    0x8c: byMod(op("MOV", system.movFromSegment, "Mw,S"), op("MOV", system.movFromSegment, "Rv,S")),
    0x8e: op("MOV", system.movToSegment, "S,Ew"),
    0x9a: op("CALLF", system.farCallDirect, "A", I64 | ENDS),
    0x9c: op("PUSHF", system.pushf, "", STACK | D64),
    0x9d: op("POPF", system.popf, "", STACK | D64 | ENDS),
    0xc4: legacyMemory(farPointer("LES", ES)),
    0xc5: legacyMemory(farPointer("LDS", DS)),
    0xca: op("RETF", system.farReturnAndRelease, "Iw", ENDS),
    0xcb: op("RETF", system.farReturn, "", ENDS),
    0xcc: op("INT3", system.int3, "", ENDS),
    0xcd: op("INT", system.int, "Ib", ENDS),
    0xce: op("INTO", system.into, "", I64 | ENDS),
    0xcf: op("IRET", system.iret, "", ENDS),
    0xe4: op("IN", system.portIn, "AL,Ib", ENDS),
    0xe5: op("IN", system.portIn, "zAX,Ib", ENDS),
    0xe6: op("OUT", system.portOut, "Ib,AL", ENDS),
    0xe7: op("OUT", system.portOut, "Ib,zAX", ENDS),
    0xea: op("JMPF", system.farJumpDirect, "A", I64 | ENDS),
    0xec: op("IN", system.portIn, "AL,DX", ENDS),
    0xed: op("IN", system.portIn, "zAX,DX", ENDS),
    0xee: op("OUT", system.portOut, "DX,AL", ENDS),
    0xef: op("OUT", system.portOut, "DX,zAX", ENDS),
    0xf1: op("INT1", system.int1, "", ENDS),
    0xf4: op("HLT", system.simple("halt"), "", ENDS),
    0xfa: op("CLI", system.cli),
    0xfb: op("STI", system.sti, "", ENDS),
  },
  twoByte: {
    0x00: group6,
    0x01: group7,
    0x02: op("LAR", system.lar, "Gv,Ew"),
    0x03: op("LSL", system.lsl, "Gv,Ew"),
    0x05: op("SYSCALL", system.syscall, "", O64 | ENDS),
    0x06: op("CLTS", system.simple("clearTaskSwitched")),
    0x07: op("SYSRET", system.leavingBySize("sysret"), "", O64 | ENDS),
    0x08: op("INVD", system.flushCaches),
    0x09: op("WBINVD", system.flushCaches),
    0x0b: op("UD2", fault.ud, "", ENDS),
    0x20: op("MOV", system.movFromControl, "Ry,C", F64),
    0x21: op("MOV", system.movFromDebug, "Ry,D", F64),
    0x22: op("MOV", system.movToControl, "C,Ry", F64 | ENDS),
    0x23: op("MOV", system.movToDebug, "D,Ry", F64 | ENDS),
    0x30: op("WRMSR", system.simple("wrmsr"), "", ENDS),
    // These two end their block because time passes between blocks.
    0x31: op("RDTSC", system.simple("rdtsc"), "", ENDS),
    0x32: op("RDMSR", system.simple("rdmsr"), "", ENDS),
    0x33: op("RDPMC", system.rdpmc, "", ENDS),
    0x34: op("SYSENTER", system.leaving("sysenter"), "", ENDS),
    0x35: op("SYSEXIT", system.leavingBySize("sysexit"), "", ENDS),
    0xa0: push(FS, D64),
    0xa1: pop(FS, D64),
    0xa2: op("CPUID", system.simple("cpuid")),
    0xa8: push(GS, D64),
    0xa9: pop(GS, D64),
    0xb2: farPointer("LSS", SS),
    0xb4: farPointer("LFS", FS),
    0xb5: farPointer("LGS", GS),
    0xb9: op("UD1", fault.ud, "Gv,Ev", ENDS),
  },
};
