// The shape of the opcode tables: a row an instruction, transcribed from [SDM] vol. 2D, appendix A.

import type { Context } from "../semantics/context.ts";

/** Emits the WebAssembly that does what the instruction does. */
export type Semantics = (c: Context) => void;

// What is special about a row; add them up.

/** LOCK is allowed with a memory destination. */
export const LOCK = 1 << 0;
/** The block ends here: the instruction changes the flow, the mode, or what the next instruction may see. */
export const ENDS = 1 << 1;
/** Pushes or pops: its handler depends on the stack's width and segment. */
export const STACK = 1 << 2;
/** Sets the instruction pointer: its handler depends on the code segment's limit. */
export const BRANCH = 1 << 3;
/** Operand size is 64 bits by default in 64-bit code. */
export const D64 = 1 << 4;
/** Operand size is always 64 bits in 64-bit code. */
export const F64 = 1 << 5;
/** Not there in 64-bit code (#UD). */
export const I64 = 1 << 6;
/** Only there in 64-bit code. */
export const O64 = 1 << 7;
/** REP, REPE, REPNE change what it does; its handler depends on them. */
export const REP = 1 << 8;
/** The handler depends on the address size even without a memory operand (string instructions, LOOP, XLAT). */
export const ADDRESS = 1 << 9;
/** Memory operand only: the register form is #UD. */
export const MEMORY = 1 << 10;
/** Register operand only: the memory form is #UD. */
export const REGISTER = 1 << 11;
/** An SSE instruction: needs CR4.OSFXSR, CR0.EM clear; #NM if CR0.TS. The emitter of the row checks. */
export const SSE = 1 << 12;
/** Operand size is fixed by the row, 66 is only a mandatory prefix. */
export const NO_66 = 1 << 13;
/** Beside ENDS: the next instruction follows all the same, unless the run loop is asked to look around first. */
export const GOES_ON = 1 << 14;

/** Transfers control other than by a near branch: far ones, returns from interrupts, fast system calls. */
export const TRANSFER = 1 << 15;
/** Encoded with VEX: vectors need no alignment, and AVX has to be switched on. The emitter of the row checks. */
export const VEX = 1 << 16;
/** The memory operand's index is an XMM or YMM register: its lanes are indices of their own. */
export const VSIB = 1 << 17;

export interface Row {
  readonly kind: "row";
  /** As in the manual, upper case: `ADD`. */
  readonly mnemonic: string;
  readonly semantics: Semantics;
  readonly operands: readonly OperandSpec[];
  readonly flags: number;
  /** Unique; assigned in the order of the tables' construction. */
  readonly id: number;
  /** CPUID feature that it needs (`sse2`), empty if all our models have it. */
  readonly feature: string;
  // What the decoder asks of the operands.
  /** Whether one is named by ModRM; the bytes have ModRM too where that has chosen the row. */
  readonly modrm: boolean;
  /** Moves to and from control and debug registers: ModRM.mod counts as 3 whatever it says. */
  readonly registersOnly: boolean;
  /** The first one in ModRM.reg, and the first one in ModRM.rm or the opcode. */
  readonly reg: OperandSpec | undefined;
  readonly rm: OperandSpec | undefined;
  /** The one that VEX.vvvv names. */
  readonly vvvv: OperandSpec | undefined;
  /** Those whose bytes follow: immediates, displacements of branches, far pointers, moffs. */
  readonly trailing: readonly OperandSpec[];
}

/**
 * What chooses among entries: `group` ModRM.reg · `mod` ModRM.mod, the form with memory or that with a register · `rm` ModRM.rm, in
 * register forms · `prefix` a mandatory prefix, as PREFIX_* tell · `mode` whether it is 64-bit code · `rexB` REX.B: with it the
 * opcode's register is not the accumulator · `length` VEX.L, 128 or 256 bits · `wide` VEX.W.
 */
export type Chooser = "group" | "mod" | "rm" | "prefix" | "mode" | "rexB" | "length" | "wide";

// All alike, so that the decoder has one kind of object to look into, and that of rows.
export interface Choice {
  readonly kind: Chooser;
  readonly entries: readonly Entry[];
}

/**
 * Places of entries by mandatory prefixes, F3 and F2 before 66; VEX.pp has the same numbers. Absent: that of none, with the prefix as an
 * ordinary one, and no instruction with VEX.
 */
export const PREFIX_NONE = 0;
export const PREFIX_66 = 1;
export const PREFIX_F3 = 2;
export const PREFIX_F2 = 3;

export type Entry = Row | Choice | undefined;
/** By opcode byte. */
export type Table = Entry[];

/**
 * Where an operand is: `reg` ModRM.reg · `rm` ModRM.rm, register or memory · `opcode` low three bits of the
 * opcode · `vvvv` VEX · `immediate` · `relative` branch displacement · `far` selector:offset · `moffs` absolute
 * address · `fixed` a certain register · `one` the constant 1 · `is4` the register in the upper half of a last byte.
 */
export type OperandPlace =
  | "reg"
  | "rm"
  | "opcode"
  | "vvvv"
  | "immediate"
  | "relative"
  | "far"
  | "moffs"
  | "fixed"
  | "one"
  | "is4";

/** Segment, control, debug and ST(i) operands are known by number. `xmm` of 256 bits are YMM registers. */
export type RegisterFile = "gpr" | "xmm" | "mmx" | "segment" | "control" | "debug" | "st";

export interface OperandSpec {
  readonly place: OperandPlace;
  readonly file: RegisterFile;
  /** Width in bits by operand size 16, 32, 64 (0: none, an address only). */
  readonly widths: readonly [number, number, number];
  /** Register number of a fixed operand. */
  readonly fixed: number;
  /** Bytes of an immediate by operand size (they are sign-extended to the width when shorter). */
  readonly bytes: readonly [number, number, number];
}

/** Whether its target, if it branches there, is known from where it lies. */
export const isRelativeBranch = (row: Row): boolean => row.operands[0]?.place === "relative";

/** Whether it returns near. */
export const isNearReturn = (row: Row): boolean => row.mnemonic === "RET";

/** Whether it branches near to where a register or memory says, other than the stack. */
export const isIndirectBranch = (row: Row): boolean =>
  (row.flags & BRANCH) !== 0 && !isRelativeBranch(row) && !isNearReturn(row);

/** Every row, by its number. */
const rows: Row[] = [];

/** The row with a number, which another thread has too. */
export const rowAt = (id: number): Row => rows[id]!;

/**
 * A row. `operands` in the manual's letters, with these sizes: b w d q (8 to 64 bits), v (16, 32, 64 by operand
 * size), z (16, 32, 32), y (32, 32, 64), t (80), dq x (128), qq (256), qdq (64, 64,
 * 128), none. Places: E G M R B I J O A, Z (register in the
 * opcode), S C D (segment, control, debug), V W U H L (XMM and YMM), P Q N (MMX), ST (ST(i) by ModRM.rm), and names of
 * registers: AL AX EAX rAX (by operand size) CL DX. `Is` is a byte sign-extended to the operand size, `1` the
 * constant.
 */
export const op = (mnemonic: string, semantics: Semantics, operands = "", flags = 0, feature = ""): Row =>
  rowOf(mnemonic, semantics, operands === "" ? [] : operands.split(",").map(parseOperand), flags, feature);

/** The same of operands that are known already. */
export function rowOf(
  mnemonic: string,
  semantics: Semantics,
  specs: readonly OperandSpec[],
  flags: number,
  feature: string,
): Row {
  const isIn = (...places: OperandPlace[]) => {
    return ({ place }: OperandSpec): boolean => places.includes(place);
  };
  const row: Row = {
    kind: "row",
    mnemonic,
    semantics,
    operands: specs,
    flags,
    id: rows.length,
    feature,
    modrm: specs.some(isIn("reg", "rm")),
    registersOnly: specs.some(({ file }) => file === "control" || file === "debug"),
    reg: specs.find(isIn("reg")),
    rm: specs.find(isIn("rm", "opcode")),
    vvvv: specs.find(isIn("vvvv")),
    trailing: specs.filter(isIn("immediate", "relative", "far", "moffs", "is4")),
  };
  rows.push(row);
  return row;
}

const choice = (kind: Chooser, ...entries: Entry[]): Choice => ({ kind, entries });

export const group = (...entries: Entry[]): Choice => choice("group", ...entries);
export const byMod = (memory: Entry, register: Entry): Choice => choice("mod", memory, register);
export const byRm = (...entries: Entry[]): Choice => choice("rm", ...entries);
export const byRexB = (without: Entry, withB: Entry): Choice => choice("rexB", without, withB);
/** By VEX.L, and by VEX.W. */
export const byLength = (l128: Entry, l256: Entry): Choice => choice("length", l128, l256);
export const byWidth = (w0: Entry, w1: Entry): Choice => choice("wide", w0, w1);
export const byMode = (legacy: Entry, long: Entry): Choice => choice("mode", legacy, long);
export const byPrefix = (by: { none?: Entry; p66?: Entry; pF3?: Entry; pF2?: Entry }): Choice =>
  choice("prefix", by.none, by.p66, by.pF3, by.pF2);

const WIDTHS: Record<string, readonly [number, number, number]> = {
  "": [0, 0, 0],
  b: [8, 8, 8],
  w: [16, 16, 16],
  d: [32, 32, 32],
  q: [64, 64, 64],
  t: [80, 80, 80],
  v: [16, 32, 64],
  z: [16, 32, 32],
  y: [32, 32, 64],
  dq: [128, 128, 128],
  qdq: [64, 64, 128],
  x: [128, 128, 128],
  qq: [256, 256, 256],
};

const FIXED: Record<string, { number: number; size: string }> = {
  AL: { number: 0, size: "b" },
  CL: { number: 1, size: "b" },
  AX: { number: 0, size: "w" },
  DX: { number: 2, size: "w" },
  EAX: { number: 0, size: "d" },
  rAX: { number: 0, size: "v" },
  zAX: { number: 0, size: "z" },
};

const PLACES: Record<string, { place: OperandPlace; file: RegisterFile }> = {
  E: { place: "rm", file: "gpr" },
  M: { place: "rm", file: "gpr" },
  R: { place: "rm", file: "gpr" },
  G: { place: "reg", file: "gpr" },
  B: { place: "vvvv", file: "gpr" },
  Z: { place: "opcode", file: "gpr" },
  S: { place: "reg", file: "segment" },
  C: { place: "reg", file: "control" },
  D: { place: "reg", file: "debug" },
  V: { place: "reg", file: "xmm" },
  W: { place: "rm", file: "xmm" },
  U: { place: "rm", file: "xmm" },
  H: { place: "vvvv", file: "xmm" },
  L: { place: "is4", file: "xmm" },
  P: { place: "reg", file: "mmx" },
  Q: { place: "rm", file: "mmx" },
  N: { place: "rm", file: "mmx" },
  I: { place: "immediate", file: "gpr" },
  J: { place: "relative", file: "gpr" },
  O: { place: "moffs", file: "gpr" },
  A: { place: "far", file: "gpr" },
};

function parseOperand(text: string): OperandSpec {
  const none = [0, 0, 0] as const;
  if (text === "1") return { place: "one", file: "gpr", widths: [8, 8, 8], fixed: 0, bytes: none };
  if (text === "ST") return { place: "rm", file: "st", widths: none, fixed: 0, bytes: none };
  const register = FIXED[text];
  if (register) {
    return {
      place: "fixed",
      file: "gpr",
      widths: WIDTHS[register.size]!,
      fixed: register.number,
      bytes: none,
    };
  }
  const where = PLACES[text[0]!];
  const size = text.slice(1);
  if (!where) throw new Error(`no such operand: ${text}`);
  if (where.place === "immediate" && size === "s") {
    return { ...where, widths: WIDTHS.v!, fixed: 0, bytes: [1, 1, 1] };
  }
  const widths = WIDTHS[size];
  if (!widths) throw new Error(`no such operand size: ${text}`);
  if (where.place === "immediate") {
    // Iz in a 64-bit instruction is four bytes, sign-extended; only Iv is eight.
    if (size === "z") return { ...where, widths: WIDTHS.v!, fixed: 0, bytes: [2, 4, 4] };
    return { ...where, widths, fixed: 0, bytes: [widths[0] / 8, widths[1] / 8, widths[2] / 8] };
  }
  if (where.place === "is4") return { ...where, widths, fixed: 0, bytes: [1, 1, 1] };
  if (where.place === "relative") {
    return { ...where, widths: WIDTHS.v!, fixed: 0, bytes: size === "b" ? [1, 1, 1] : [2, 4, 4] };
  }
  if (where.place === "far") return { ...where, widths: none, fixed: 0, bytes: [4, 6, 6] };
  return { ...where, widths, fixed: 0, bytes: none };
}
