// How instructions with VEX are judged.

import { VSIB } from "../decode/row.ts";
import { ALL_FLAGS, type Case, type Tolerance } from "./differential.ts";
import type { Encoding } from "./encodings.ts";
import type { Random } from "./float-random.ts";
import { floatTolerance } from "./float-tolerance.ts";
import { VSIB_TOLERANCE } from "./vsib.ts";

const PF = 1 << 2;
const AF = 1 << 4;
const SF = 1 << 7;

/** Vector instructions. */
export function vexTolerance(encoding: Encoding): Tolerance | "untold" {
  return encoding.row.flags & VSIB ? VSIB_TOLERANCE : floatTolerance(encoding);
}

/** What [SDM] vol. 2 and [APM] vol. 3 leave undefined of the flags. */
const UNDEFINED: Readonly<Record<string, number>> = {
  ANDN: AF | PF,
  BEXTR: AF | PF | SF,
  BLSI: AF | PF,
  BLSMSK: AF | PF,
  BLSR: AF | PF,
  BZHI: AF | PF,
};

/** Room for numbers beyond the width of any operand. */
const MOST_BITS = 80;

/** A start and a length, or a number of bits, in the register of VEX.vvvv, half of the time. */
function prepareBits(before: Case, random: Random): void {
  const { code } = before;
  const control = random.below(MOST_BITS) | (random.below(MOST_BITS) << 8);
  const last = code[0] === 0xc5 ? 1 : 2;
  if (random.below(2)) before.setRegister((~code[last]! >> 3) & 15, BigInt(control));
}

/** Instructions on general registers: BMI1 and BMI2. */
export function bitsTolerance({ row }: Encoding): Tolerance {
  const flags = ALL_FLAGS & ~(UNDEFINED[row.mnemonic] ?? 0);
  return /^(BEXTR|BZHI)$/.test(row.mnemonic) ? { flags, prepare: prepareBits } : { flags };
}
