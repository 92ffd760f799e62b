import { constant64, extendU, i32, i64, select, wrap } from "../wasm/expression.ts";
import { type Context, RAX, RBX, RCX, RDX } from "./context.ts";

/** If EDX:EAX = m64, m64 ← ECX:EBX and ZF ← 1, else EDX:EAX ← m64 and ZF ← 0. */
export const cmpxchg8b = (c: Context): void => {
  const pair = (high: number, low: number) =>
    c.body.let(i64.or(i64.shl(extendU(c.gpr(high, 32)), constant64(32)), extendU(c.gpr(low, 32))));
  const expected = pair(RDX, RAX);
  const replacement = pair(RCX, RBX);
  c.modify(0, (old) => {
    const equal = c.body.let(i64.eq(old, expected));
    c.body.if(i32.eqz(equal), () => {
      c.setGpr(RAX, 32, wrap(old));
      c.setGpr(RDX, 32, wrap(i64.shrU(old, constant64(32))));
    });
    c.flags.assign({ zf: equal });
    return select(equal, replacement, old);
  });
};
