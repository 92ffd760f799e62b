// Conditions asked of what has just set the flags: one comparison, where flags would take several operations. Codes are
// those of Jcc's opcode. [SDM] vol. 1, appendix B.

import { type Bits, opsFor, signExtend } from "../semantics/context.ts";
import type { Expression } from "../wasm/expression.ts";

/** After a comparison of two values that hold nothing above their width; undefined where the flags must be asked. */
export function conditionOfCompare(
  code: number,
  bits: Bits,
  a: Expression,
  b: Expression,
): Expression | undefined {
  const o = opsFor(bits);
  const [x, y] = [signExtend(bits, a), signExtend(bits, b)];
  switch (code) {
    case 2:
      return o.ltU(a, b);
    case 3:
      return o.geU(a, b);
    case 4:
      return o.eq(a, b);
    case 5:
      return o.ne(a, b);
    case 6:
      return o.leU(a, b);
    case 7:
      return o.gtU(a, b);
    case 12:
      return o.ltS(x, y);
    case 13:
      return o.geS(x, y);
    case 14:
      return o.leS(x, y);
    case 15:
      return o.gtS(x, y);
    default:
      return undefined;
  }
}

/** After a logical operation, which clears CF and OF: what is asked is the result against 0. */
export function conditionOfLogic(code: number, bits: Bits, r: Expression): Expression | undefined {
  const o = opsFor(bits);
  const signed = signExtend(bits, r);
  const zero = o.constant(0);
  switch (code) {
    case 8:
    case 12:
      return o.ltS(signed, zero);
    case 9:
    case 13:
      return o.geS(signed, zero);
    case 14:
      return o.leS(signed, zero);
    case 15:
      return o.gtS(signed, zero);
    default:
      return undefined;
  }
}
