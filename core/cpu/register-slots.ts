// Where an instruction's register operands lie in the processor's state.

import type { Decoded } from "./decode/decoder.ts";
import type { RegisterFile } from "./decode/row.ts";
import { FPU_REGISTER_SIZE, FPU_REGISTERS, GPR, XMM } from "./layout.ts";

/**
 * Offset in the processor's state of the register that ModRM.reg, or ModRM.rm or the opcode, names; for segment,
 * control, debug and ST(i) operands the register's number.
 */
export function registerSlot(decoded: Decoded, which: "reg" | "rm"): number {
  const sizeIndex = decoded.operandSize === 16 ? 0 : decoded.operandSize === 32 ? 1 : 2;
  for (const operand of decoded.row.operands) {
    const place = operand.place;
    if (which === "reg" ? place !== "reg" : place !== "rm" && place !== "opcode") continue;
    const number = place === "reg" ? decoded.reg : place === "opcode" ? decoded.opcodeRegister : decoded.rm;
    return slotOf(operand.file, number, operand.widths[sizeIndex]!, decoded.rex);
  }
  return which === "reg" ? decoded.reg : decoded.rm;
}

function slotOf(file: RegisterFile, number: number, width: number, rex: boolean): number {
  switch (file) {
    case "gpr":
      // Without REX, byte registers 4 to 7 are AH CH DH BH.
      if (width === 8 && !rex && number >= 4 && number < 8) return GPR + (number - 4) * 8 + 1;
      return GPR + number * 8;
    case "xmm":
      return XMM + number * 16;
    case "mmx":
      return FPU_REGISTERS + (number & 7) * FPU_REGISTER_SIZE;
    default:
      return number;
  }
}
