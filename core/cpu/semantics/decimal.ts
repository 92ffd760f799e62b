// Decimal adjustment. [SDM] vol. 2, AAA to DAS. Flags that the manual leaves undefined are set as processors
// of the P6 family do.

import { GPR } from "../layout.ts";
import { constant32, type Expression, i32, select } from "../wasm/expression.ts";
import { type Context, DE, RAX } from "./context.ts";

const k = constant32;
const low = (value: Expression, mask: number): Expression => i32.and(value, k(mask));

/** AAA, AAS. */
const ascii =
  (subtract: boolean) =>
  (c: Context): void => {
    const ax = c.gpr(RAX, 16);
    const adjust = c.body.let(i32.or(i32.gtU(low(ax, 15), k(9)), c.flags.af()));
    const changed = subtract ? i32.sub(ax, k(0x106)) : i32.add(ax, k(0x106));
    const result = c.body.let(low(select(adjust, changed, ax), 0xff0f));
    c.setGpr(RAX, 16, result);
    c.flags.result(8, low(result, 0xff), { cf: adjust, af: adjust });
  };

export const aaa = ascii(false);
export const aas = ascii(true);

/** DAA, DAS. */
const decimal =
  (subtract: boolean) =>
  (c: Context): void => {
    const al = c.gpr(RAX, 8);
    const oldCf = c.body.let(c.flags.cf());
    const lowAdjust = c.body.let(i32.or(i32.gtU(low(al, 15), k(9)), c.flags.af()));
    const highAdjust = c.body.let(i32.or(i32.gtU(al, k(0x99)), oldCf));
    const by = i32.or(select(lowAdjust, k(6), k(0)), select(highAdjust, k(0x60), k(0)));
    const result = c.body.let(low(subtract ? i32.sub(al, by) : i32.add(al, by), 0xff));
    // DAS may also borrow in its first step.
    const borrow = subtract ? i32.and(lowAdjust, i32.ltU(al, k(6))) : k(0);
    const cf = c.body.let(i32.or(highAdjust, borrow));
    c.setGpr(RAX, 8, result);
    c.flags.result(8, result, { cf, af: lowAdjust });
  };

export const daa = decimal(false);
export const das = decimal(true);

/** AH ← AL ÷ imm8, AL ← remainder. */
export const aam = (c: Context): void => {
  const base = c.read(0);
  c.faultIf(i32.eqz(base), DE);
  const al = c.gpr(RAX, 8);
  const rest = c.body.let(i32.remU(al, base));
  c.setState(GPR + 1, 8, i32.divU(al, base));
  c.setGpr(RAX, 8, rest);
  c.flags.result(8, rest);
};

/** AL ← AL + AH × imm8, AH ← 0. */
export const aad = (c: Context): void => {
  const ax = c.gpr(RAX, 16);
  const product = i32.mul(i32.shrU(ax, k(8)), c.read(0));
  const result = c.body.let(low(i32.add(ax, product), 0xff));
  c.setGpr(RAX, 16, result);
  c.flags.result(8, result);
};
