// VEX on general registers: BMI1 and BMI2. [SDM] vol. 2D, tables.

import * as bits from "../../semantics/bits-extended.ts";
import type { Chapter } from "../opcodes.ts";
import { byLength, byPrefix, type Entry, group, op, type Semantics, VEX } from "../row.ts";

/** VEX.L has to be 0. */
const of =
  (feature: "bmi1" | "bmi2") =>
  (mnemonic: string, semantics: Semantics, operands: string): Entry =>
    byLength(op(mnemonic, semantics, operands, VEX, feature), undefined);

const bmi1 = of("bmi1");
const bmi2 = of("bmi2");

export const VEX_GENERAL: Chapter = {
  vex0F38: {
    0xf2: byPrefix({ none: bmi1("ANDN", bits.andn, "Gy,By,Ey") }),
    0xf3: byPrefix({
      none: group(
        undefined,
        bmi1("BLSR", bits.blsr, "By,Ey"),
        bmi1("BLSMSK", bits.blsmsk, "By,Ey"),
        bmi1("BLSI", bits.blsi, "By,Ey"),
      ),
    }),
    0xf5: byPrefix({
      none: bmi2("BZHI", bits.bzhi, "Gy,Ey,By"),
      pF3: bmi2("PEXT", bits.pext, "Gy,By,Ey"),
      pF2: bmi2("PDEP", bits.pdep, "Gy,By,Ey"),
    }),
    0xf6: byPrefix({ pF2: bmi2("MULX", bits.mulx, "Gy,By,Ey") }),
    0xf7: byPrefix({
      none: bmi1("BEXTR", bits.bextr, "Gy,Ey,By"),
      p66: bmi2("SHLX", bits.shlx, "Gy,Ey,By"),
      pF3: bmi2("SARX", bits.sarx, "Gy,Ey,By"),
      pF2: bmi2("SHRX", bits.shrx, "Gy,Ey,By"),
    }),
  },
  vex0F3A: { 0xf0: byPrefix({ pF2: bmi2("RORX", bits.rorx, "Gy,Ey,Ib") }) },
};
