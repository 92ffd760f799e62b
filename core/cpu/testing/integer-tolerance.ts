// What of integer instructions' results the manual leaves undefined. [SDM] vol. 1, appendix A.

import { ALL_FLAGS, type Case, CODE, type Tolerance } from "./differential.ts";
import type { Encoding } from "./encodings.ts";
import { FAR_TOLERANCE, IRET_TOLERANCE, POPF_TOLERANCE, SELECTOR_TOLERANCE } from "./far-cases.ts";

const CF = 1 << 0;
const PF = 1 << 2;
const AF = 1 << 4;
const ZF = 1 << 6;
const SF = 1 << 7;
const OF = 1 << 11;

const UNDEFINED: Readonly<Record<string, number>> = {
  AAA: OF | SF | ZF | PF,
  AAS: OF | SF | ZF | PF,
  AAD: OF | AF | CF,
  AAM: OF | AF | CF,
  DAA: OF,
  DAS: OF,
  MUL: SF | ZF | AF | PF,
  IMUL: SF | ZF | AF | PF,
  DIV: OF | SF | ZF | AF | PF | CF,
  IDIV: OF | SF | ZF | AF | PF | CF,
  BSF: OF | SF | AF | PF | CF,
  BSR: OF | SF | AF | PF | CF,
  TZCNT: OF | SF | AF | PF,
  LZCNT: OF | SF | AF | PF,
  SHL: AF,
  SHR: AF,
  SAR: AF,
  SHLD: AF | OF,
  SHRD: AF | OF,
};

const RCX = 1;
const OPERAND_SIZE = 0x66;

/** Shifts and rotates by more than one leave OF undefined. */
const BY_COUNT = /^(SHL|SHR|SAR|ROL|ROR|RCL|RCR)$/;
const BY_ONE = [0xd0, 0xd1];

/** SHLD and SHRD of 16 bits by more than 16 have no defined result: nothing is compared. */
const unlessBeyond16 =
  (byRegister: boolean) =>
  (after: Case, before: Case): void => {
    const immediate = before.code[Number(after.ip) - CODE - 1]!;
    const count = (byRegister ? Number(before.register(RCX) & 0x1fn) : immediate) & 0x1f;
    if (before.code[0] === OPERAND_SIZE && count > 16) after.bytes.set(before.bytes);
  };

export function integerTolerance({ row, opcode, memory }: Encoding): Tolerance | "untold" {
  if (/^(CALLF|JMPF)$/.test(row.mnemonic)) return FAR_TOLERANCE;
  // Reserved NOPs in Intel's map, invalid to AMD processors in register form.
  if (opcode[0] === 0x0f && opcode[1] === 0x0d && !memory) return "untold";
  let undecided = UNDEFINED[row.mnemonic] ?? 0;
  if (BY_COUNT.test(row.mnemonic) && !BY_ONE.includes(opcode[0]!)) undecided |= OF;
  const flags = ALL_FLAGS & ~undecided;
  if (!/^SH[LR]D$/.test(row.mnemonic)) return { flags };
  return { flags, normalise: unlessBeyond16((opcode[1]! & 1) === 1) };
}

/** Of the system's instructions those that need nothing of the system. */
const UNPRIVILEGED = /^(ARPL|BOUND|MOVSXD|PUSHF|UD1|UD2)$/;
/** And those that are a fault to every program: which one, and that nothing has changed. */
const PRIVILEGED =
  /^(CLAC|CLI|CLTS|HLT|IN|INVD|INVLPG|INVPCID|LGDT|LIDT|LLDT|LMSW|LTR|MONITOR|MWAIT|OUT|RDMSR|STAC|STI|SWAPGS|WBINVD|WRMSR|XSETBV)$/;
const SELECTED = /^(LAR|LSL|VERR|VERW)$/;

export function systemTolerance({ row }: Encoding): Tolerance | "untold" {
  const { mnemonic } = row;
  if (/^(CALLF|JMPF|RETF)$/.test(mnemonic)) return FAR_TOLERANCE;
  if (mnemonic === "IRET") return IRET_TOLERANCE;
  if (mnemonic === "POPF") return POPF_TOLERANCE;
  if (SELECTED.test(mnemonic)) return SELECTOR_TOLERANCE;
  return UNPRIVILEGED.test(mnemonic) || PRIVILEGED.test(mnemonic) ? {} : "untold";
}
