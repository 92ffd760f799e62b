// Where an instruction's register operands lie in the processor's state.

import { type Decoded, sizeIndex } from "./decode/decoder.ts";
import type { OperandSpec } from "./decode/row.ts";
import { FPU_REGISTER_SIZE, FPU_REGISTERS, GPR, XMM } from "./layout.ts";

/**
 * Offset in the processor's state of the register that ModRM.reg names; for segment, control, debug and ST(i) operands
 * the register's number.
 */
export const regSlot = (decoded: Decoded): number => {
  const { row, reg } = decoded;
  return row.reg ? slotOf(row.reg, reg, decoded) : reg;
};

/** The same for the one that ModRM.rm or the opcode names. */
export const rmSlot = (decoded: Decoded): number => {
  const { row, rm, opcodeRegister } = decoded;
  return row.rm ? slotOf(row.rm, row.rm.place === "opcode" ? opcodeRegister : rm, decoded) : rm;
};

/** And for the one that VEX.vvvv names; where no operand is, the second immediate. */
export const thirdSlot = (decoded: Decoded): number => {
  const { row, vvvv, immediate2 } = decoded;
  return row.vvvv ? slotOf(row.vvvv, vvvv, decoded) : immediate2;
};

function slotOf({ file, widths }: OperandSpec, number: number, { rex, operandSize }: Decoded): number {
  switch (file) {
    case "gpr":
      // Without REX, byte registers 4 to 7 are AH CH DH BH.
      if (!rex && number >= 4 && number < 8 && widths[sizeIndex(operandSize)] === 8) {
        return GPR + (number - 4) * 8 + 1;
      }
      return GPR + number * 8;
    case "xmm":
      return XMM + number * 16;
    case "mmx":
      return FPU_REGISTERS + (number & 7) * FPU_REGISTER_SIZE;
    default:
      return number;
  }
}
