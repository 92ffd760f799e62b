// System instructions, segment registers and far transfers. [SDM] vol. 2D, tables.

import { fault } from "../../semantics/fault.ts";
import { movsx } from "../../semantics/move.ts";
import * as system from "../../semantics/system.ts";
import { xgetbv } from "../../semantics/xsave.ts";
import type { Chapter } from "../opcodes.ts";
import {
  ADDRESS,
  byMod,
  byMode,
  byPrefix,
  byRm,
  D64,
  ENDS,
  type Entry,
  F64,
  GOES_ON,
  group,
  I64,
  MEMORY,
  O64,
  op,
  STACK,
  TRANSFER,
} from "../row.ts";

const ES = 0;
const CS = 1;
const SS = 2;
const DS = 3;
const FS = 4;
const GS = 5;

const LEAVES = ENDS | TRANSFER;

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

/** The prefixes that are mandatory elsewhere make no instruction of it. */
const withoutPrefix = (entry: Entry): Entry => {
  const invalid = op("(invalid)", fault.ud, "", ENDS);
  return byPrefix({ none: entry, p66: invalid, pF3: invalid, pF2: invalid });
};

/** 0F 01. */
const group7 = group(
  byMod(op("SGDT", system.sgdt, "M"), undefined),
  byMod(
    op("SIDT", system.sidt, "M"),
    byRm(
      withoutPrefix(op("MONITOR", system.monitor, "", ADDRESS, "monitor")),
      withoutPrefix(op("MWAIT", system.mwait, "", ENDS, "monitor")),
      op("CLAC", system.setAlignment(0), "", ENDS | GOES_ON, "smap"),
      op("STAC", system.setAlignment(1), "", ENDS | GOES_ON, "smap"),
    ),
  ),
  byMod(
    op("LGDT", system.lgdt, "M"),
    byRm(
      withoutPrefix(op("XGETBV", xgetbv, "", 0, "xsave")),
      withoutPrefix(op("XSETBV", system.simple("xsetbv"), "", 0, "xsave")),
    ),
  ),
  byMod(op("LIDT", system.lidt, "M"), undefined),
  byMod(op("SMSW", system.smsw, "Mw"), op("SMSW", system.smsw, "Rv")),
  undefined,
  op("LMSW", system.lmsw, "Ew", ENDS),
  byMod(
    op("INVLPG", system.invlpg, "M"),
    byRm(
      op("SWAPGS", system.swapGs, "", O64, "lm"),
      op("RDTSCP", system.simple("rdtscp"), "", ENDS | GOES_ON, "rdtscp"),
    ),
  ),
);

export const SYSTEM: Chapter = {
  oneByte: {
    6: push(ES, I64),
    7: pop(ES, I64),
    14: push(CS, I64),
    22: push(SS, I64),
    23: pop(SS, I64),
    30: push(DS, I64),
    31: pop(DS, I64),
    98: legacyMemory(op("BOUND", system.bound, "Gv,M", MEMORY)),
    99: byMode(op("ARPL", system.arpl, "Ew,Gw"), op("MOVSXD", movsx, "Gv,Ed")),
    140: byMod(op("MOV", system.movFromSegment, "Mw,S"), op("MOV", system.movFromSegment, "Rv,S")),
    142: op("MOV", system.movToSegment, "S,Ew"),
    154: op("CALLF", system.farCallDirect, "A", I64 | LEAVES),
    156: op("PUSHF", system.pushf, "", STACK | D64),
    157: op("POPF", system.popf, "", STACK | D64 | ENDS | GOES_ON),
    196: legacyMemory(farPointer("LES", ES)),
    197: legacyMemory(farPointer("LDS", DS)),
    202: op("RETF", system.farReturnAndRelease, "Iw", LEAVES),
    203: op("RETF", system.farReturn, "", LEAVES),
    204: op("INT3", system.int3, "", ENDS),
    205: op("INT", system.int, "Ib", ENDS),
    206: op("INTO", system.into, "", I64 | ENDS),
    207: op("IRET", system.iret, "", LEAVES),
    228: op("IN", system.portIn, "AL,Ib", ENDS),
    229: op("IN", system.portIn, "zAX,Ib", ENDS),
    230: op("OUT", system.portOut, "Ib,AL", ENDS),
    231: op("OUT", system.portOut, "Ib,zAX", ENDS),
    234: op("JMPF", system.farJumpDirect, "A", I64 | LEAVES),
    236: op("IN", system.portIn, "AL,DX", ENDS),
    237: op("IN", system.portIn, "zAX,DX", ENDS),
    238: op("OUT", system.portOut, "DX,AL", ENDS),
    239: op("OUT", system.portOut, "DX,zAX", ENDS),
    241: op("INT1", system.int1, "", ENDS),
    244: op("HLT", system.simple("halt"), "", ENDS),
    250: op("CLI", system.cli),
    251: op("STI", system.sti, "", ENDS | GOES_ON),
  },
  twoByte: {
    0: group6,
    1: group7,
    2: op("LAR", system.lar, "Gv,Ew"),
    3: op("LSL", system.lsl, "Gv,Ew"),
    5: byMode(
      op("SYSCALL", system.syscall, "", LEAVES, "syscall_legacy"),
      op("SYSCALL", system.syscall, "", LEAVES, "syscall"),
    ),
    6: op("CLTS", system.simple("clearTaskSwitched")),
    7: byMode(
      op("SYSRET", system.leavingBySize("sysret"), "", LEAVES, "syscall_legacy"),
      op("SYSRET", system.leavingBySize("sysret"), "", LEAVES, "syscall"),
    ),
    8: op("INVD", system.flushCaches),
    9: op("WBINVD", system.flushCaches),
    11: op("UD2", fault.ud, "", ENDS),
    32: op("MOV", system.movFromControl, "Ry,C", F64),
    33: op("MOV", system.movFromDebug, "Ry,D", F64),
    34: op("MOV", system.movToControl, "C,Ry", F64 | ENDS),
    35: op("MOV", system.movToDebug, "D,Ry", F64 | ENDS),
    48: op("WRMSR", system.simple("wrmsr"), "", ENDS, "msr"),
    // RDTSC, RDMSR and RDPMC end their block because time passes between blocks.
    49: op("RDTSC", system.simple("rdtsc"), "", ENDS | GOES_ON, "tsc"),
    50: op("RDMSR", system.simple("rdmsr"), "", ENDS, "msr"),
    51: op("RDPMC", system.simple("rdpmc"), "", ENDS, "rdpmc"),
    52: op("SYSENTER", system.leaving("sysenter"), "", LEAVES, "sep"),
    53: op("SYSEXIT", system.leavingBySize("sysexit"), "", LEAVES, "sep"),
    160: push(FS, D64),
    161: pop(FS, D64),
    162: op("CPUID", system.simple("cpuid"), "", 0, "cpuid"),
    168: push(GS, D64),
    169: pop(GS, D64),
    178: farPointer("LSS", SS),
    180: farPointer("LFS", FS),
    181: farPointer("LGS", GS),
    185: op("UD1", fault.ud, "Gv,Ev", ENDS),
  },
  threeByte38: {
    0x82: byPrefix({ p66: op("INVPCID", system.invpcid, "Gy,M", F64 | ENDS | MEMORY, "invpcid") }),
  },
};
