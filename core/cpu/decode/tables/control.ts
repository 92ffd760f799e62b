// Near jumps, calls and returns, and group 5. [SDM] vol. 2D, tables.

import { dec, inc } from "../../semantics/arithmetic.ts";
import * as control from "../../semantics/control.ts";
import { push } from "../../semantics/move.ts";
import * as system from "../../semantics/system.ts";
import type { Chapter } from "../opcodes.ts";
import { ADDRESS, BRANCH, D64, ENDS, F64, group, LOCK, MEMORY, op, STACK, TRANSFER } from "../row.ts";
import { byCondition } from "./integer.ts";

const NEAR = BRANCH | ENDS | F64;

export const CONTROL: Chapter = {
  oneByte: {
    ...byCondition(0x70, "J", (name, n) => op(name, control.jcc(n), "Jb", BRANCH | F64)),
    0xc2: op("RET", control.retAndRelease, "Iw", NEAR | STACK),
    0xc3: op("RET", control.ret, "", NEAR | STACK),
    0xe0: op("LOOPNE", control.loop(5), "Jb", BRANCH | F64 | ADDRESS),
    0xe1: op("LOOPE", control.loop(4), "Jb", BRANCH | F64 | ADDRESS),
    0xe2: op("LOOP", control.loop(undefined), "Jb", BRANCH | F64 | ADDRESS),
    0xe3: op("JCXZ", control.jcxz, "Jb", BRANCH | F64 | ADDRESS),
    0xe8: op("CALL", control.callRelative, "Jz", NEAR | STACK),
    0xe9: op("JMP", control.jmpRelative, "Jz", NEAR),
    0xeb: op("JMP", control.jmpRelative, "Jb", NEAR),
    0xff: group(
      op("INC", inc, "Ev", LOCK),
      op("DEC", dec, "Ev", LOCK),
      op("CALL", control.callIndirect, "Ev", NEAR | STACK),
      op("CALLF", system.farCallIndirect, "M", MEMORY | ENDS | TRANSFER),
      op("JMP", control.jmpIndirect, "Ev", NEAR),
      op("JMPF", system.farJumpIndirect, "M", MEMORY | ENDS | TRANSFER),
      op("PUSH", push, "Ev", STACK | D64),
    ),
  },
  twoByte: byCondition(0x80, "J", (name, n) => op(name, control.jcc(n), "Jz", BRANCH | F64)),
};
