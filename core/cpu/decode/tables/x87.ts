// The coprocessor's escape opcodes. [SDM] vol. 2D, A.5; names of undocumented encodings from [APM] vol. 5.

import { call, load80, store80, storeInteger, withInteger, withRegister } from "../../semantics/x87.ts";
import {
  arithmeticToRegister,
  arithmeticToTop,
  arithmeticWithMemory,
  compareToFlags,
  compareWithMemory,
  compareWithRegister,
  fcmov,
} from "../../semantics/x87-arithmetic.ts";
import {
  fldcw,
  fldenv,
  fnclex,
  fninit,
  fnop,
  fnsave,
  fnstcw,
  fnstenv,
  fnstsw,
  fnstswAx,
  frstor,
  obsolete,
} from "../../semantics/x87-control.ts";
import {
  exchange,
  fabs,
  fchs,
  loadExact,
  loadFloat,
  loadInteger,
  loadRegister,
  storeFloat,
  storeRegister,
} from "../../semantics/x87-moves.ts";
import { fwait } from "../../semantics/x87-state.ts";
import type { Chapter } from "../opcodes.ts";
import { byMod, byRm, type Entry, group, op, type Semantics } from "../row.ts";

/** A row whose register operand is ST(i). */
const st = (mnemonic: string, semantics: Semantics): Entry => op(mnemonic, semantics, "ST");

/** Arithmetic by ModRM.reg; 2 and 3 are comparisons. */
const NAMES = ["ADD", "MUL", "COM", "COMP", "SUB", "SUBR", "DIV", "DIVR"];

/** D8 and DC, DA and DE in memory: one entry for each of the eight. */
const eight = (make: (operation: number, name: string) => Entry): Entry[] =>
  NAMES.map((name, operation) => make(operation, name));

const isCompare = (operation: number): boolean => operation === 2 || operation === 3;
const popsOf = (operation: number): number => operation - 2;

const floatMemory = (operand: string, bits: 32 | 64): Entry[] =>
  eight((operation, name) =>
    op(
      `F${name}`,
      isCompare(operation)
        ? compareWithMemory(bits, popsOf(operation))
        : arithmeticWithMemory(operation, bits),
      operand,
    ),
  );

const integerMemory = (operand: string): Entry[] =>
  eight((operation, name) =>
    op(
      `FI${name}`,
      isCompare(operation)
        ? withInteger("fcom_int", [], [popsOf(operation)])
        : withInteger("fpu_arith_int", [operation]),
      operand,
    ),
  );

/** In the register forms of DC and DE the reversed operations stand where the plain ones are in D8. */
const toRegister = (operation: number, pops: number): Entry =>
  st(`F${NAMES[operation]}${pops ? "P" : ""}`, arithmeticToRegister(operation, pops));

const allToRegister = (pops: number, compare: Entry, compareAndPop: Entry): Entry =>
  group(
    toRegister(0, pops),
    toRegister(1, pops),
    compare,
    compareAndPop,
    toRegister(5, pops),
    toRegister(4, pops),
    toRegister(7, pops),
    toRegister(6, pops),
  );

const FXCH = st("FXCH", exchange);
const FSTP = st("FSTP", storeRegister(1));
const FCOM = st("FCOM", compareWithRegister(0, 0));
const FCOMP = st("FCOMP", compareWithRegister(0, 1));

const D8 = byMod(
  group(...floatMemory("Md", 32)),
  group(
    ...eight((operation, name) =>
      isCompare(operation) ? [FCOM, FCOMP][popsOf(operation)] : st(`F${name}`, arithmeticToTop(operation)),
    ),
  ),
);

const D9 = byMod(
  group(
    op("FLD", loadFloat(32), "Md"),
    undefined,
    op("FST", storeFloat(32, 0), "Md"),
    op("FSTP", storeFloat(32, 1), "Md"),
    op("FLDENV", fldenv, "M"),
    op("FLDCW", fldcw, "Mw"),
    op("FNSTENV", fnstenv, "M"),
    op("FNSTCW", fnstcw, "Mw"),
  ),
  group(
    st("FLD", loadRegister),
    FXCH,
    byRm(op("FNOP", fnop)),
    FSTP,
    byRm(
      op("FCHS", fchs),
      op("FABS", fabs),
      undefined,
      undefined,
      op("FTST", call("ftst")),
      op("FXAM", call("fxam")),
    ),
    byRm(
      op("FLD1", loadExact(0, 1n << 63n, 0x3fff)),
      ...["FLDL2T", "FLDL2E", "FLDPI", "FLDLG2", "FLDLN2"].map((name, index) =>
        op(name, call("fldconst", index + 1)),
      ),
      op("FLDZ", loadExact(6, 0n, 0)),
    ),
    byRm(
      op("F2XM1", call("f2xm1")),
      op("FYL2X", call("fyl2x")),
      op("FPTAN", call("fptan")),
      op("FPATAN", call("fpatan")),
      op("FXTRACT", call("fxtract")),
      op("FPREM1", call("fprem", 1)),
      op("FDECSTP", call("fdecstp")),
      op("FINCSTP", call("fincstp")),
    ),
    byRm(
      op("FPREM", call("fprem", 0)),
      op("FYL2XP1", call("fyl2xp1")),
      op("FSQRT", call("fsqrt")),
      op("FSINCOS", call("fsincos")),
      op("FRNDINT", call("frndint")),
      op("FSCALE", call("fscale")),
      op("FSIN", call("fsin")),
      op("FCOS", call("fcos")),
    ),
  ),
);

const DA = byMod(
  group(...integerMemory("Md")),
  group(
    op("FCMOVB", fcmov(2), "ST", 0, "cmov"),
    op("FCMOVE", fcmov(4), "ST", 0, "cmov"),
    op("FCMOVBE", fcmov(6), "ST", 0, "cmov"),
    op("FCMOVU", fcmov(10), "ST", 0, "cmov"),
    undefined,
    byRm(undefined, op("FUCOMPP", compareWithRegister(1, 2))),
  ),
);

const DB = byMod(
  group(
    op("FILD", loadInteger, "Md"),
    op("FISTTP", storeInteger("fisttp", 1), "Md", 0, "sse3"),
    op("FIST", storeInteger("fist", 0), "Md"),
    op("FISTP", storeInteger("fist", 1), "Md"),
    undefined,
    op("FLD", load80("fld_f80"), "Mt"),
    undefined,
    op("FSTP", store80("fst_f80"), "Mt"),
  ),
  group(
    op("FCMOVNB", fcmov(3), "ST", 0, "cmov"),
    op("FCMOVNE", fcmov(5), "ST", 0, "cmov"),
    op("FCMOVNBE", fcmov(7), "ST", 0, "cmov"),
    op("FCMOVNU", fcmov(11), "ST", 0, "cmov"),
    byRm(
      op("FENI", obsolete),
      op("FDISI", obsolete),
      op("FNCLEX", fnclex),
      op("FNINIT", fninit),
      op("FSETPM", obsolete),
    ),
    op("FUCOMI", compareToFlags(1, 0), "ST", 0, "cmov"),
    op("FCOMI", compareToFlags(0, 0), "ST", 0, "cmov"),
  ),
);

const DC = byMod(
  group(...floatMemory("Mq", 64)),
  // FCOM2 and FCOMP3, undocumented.
  allToRegister(0, FCOM, FCOMP),
);

const DD = byMod(
  group(
    op("FLD", loadFloat(64), "Mq"),
    op("FISTTP", storeInteger("fisttp", 1), "Mq", 0, "sse3"),
    op("FST", storeFloat(64, 0), "Mq"),
    op("FSTP", storeFloat(64, 1), "Mq"),
    op("FRSTOR", frstor, "M"),
    undefined,
    op("FNSAVE", fnsave, "M"),
    op("FNSTSW", fnstsw, "Mw"),
  ),
  group(
    st("FFREE", withRegister("ffree", 0)),
    // FXCH4, undocumented.
    FXCH,
    st("FST", storeRegister(0)),
    FSTP,
    st("FUCOM", compareWithRegister(1, 0)),
    st("FUCOMP", compareWithRegister(1, 1)),
  ),
);

const DE = byMod(
  group(...integerMemory("Mw")),
  // FCOMP5, undocumented.
  allToRegister(1, FCOMP, byRm(undefined, op("FCOMPP", compareWithRegister(0, 2)))),
);

const DF = byMod(
  group(
    op("FILD", loadInteger, "Mw"),
    op("FISTTP", storeInteger("fisttp", 1), "Mw", 0, "sse3"),
    op("FIST", storeInteger("fist", 0), "Mw"),
    op("FISTP", storeInteger("fist", 1), "Mw"),
    op("FBLD", load80("fbld"), "Mt"),
    op("FILD", loadInteger, "Mq"),
    op("FBSTP", store80("fbstp"), "Mt"),
    op("FISTP", storeInteger("fist", 1), "Mq"),
  ),
  group(
    // FFREEP, FXCH7, FSTP8, FSTP9, undocumented.
    st("FFREEP", withRegister("ffree", 1)),
    FXCH,
    FSTP,
    FSTP,
    byRm(op("FNSTSW", fnstswAx)),
    op("FUCOMIP", compareToFlags(1, 1), "ST", 0, "cmov"),
    op("FCOMIP", compareToFlags(0, 1), "ST", 0, "cmov"),
  ),
);

export const X87: Chapter = {
  oneByte: {
    0x9b: op("FWAIT", fwait),
    0xd8: D8,
    0xd9: D9,
    0xda: DA,
    0xdb: DB,
    0xdc: DC,
    0xdd: DD,
    0xde: DE,
    0xdf: DF,
  },
};
