import { constant32, constant64, extendU, i32, i64, select, wrap } from "../wasm/expression.ts";
import { i64x2 } from "../wasm/vector.ts";
import { type Context, GP, RAX, RBX, RCX, RDX } from "./context.ts";

/** If EDX:EAX = m64, m64 ← ECX:EBX and ZF ← 1, else EDX:EAX ← m64 and ZF ← 0. With REX.W CMPXCHG16B. */
export const cmpxchg8b = (c: Context): void => {
  if (c.size === 64) {
    cmpxchg16b(c);
    return;
  }
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

/** The same with RDX:RAX, RCX:RBX and 16 bytes, which are #GP(0) if they are not aligned. */
function cmpxchg16b(c: Context): void {
  c.faultIf(i32.and(wrap(c.linear(16, true)), constant32(15)), GP, constant32(0));
  c.modify(0, (old) => {
    const low = c.body.let(i64x2.extractU(old, 0));
    const high = c.body.let(i64x2.extractU(old, 1));
    const differs = i64.or(i64.xor(low, c.gpr(RAX, 64)), i64.xor(high, c.gpr(RDX, 64)));
    const equal = c.body.let(i64.eqz(differs));
    const replacement = c.body.let(
      i64x2.replace(
        i64x2.fromLane0(select(equal, c.gpr(RBX, 64), low)),
        1,
        select(equal, c.gpr(RCX, 64), high),
      ),
    );
    c.setGpr(RAX, 64, low);
    c.setGpr(RDX, 64, high);
    c.flags.assign({ zf: equal });
    return replacement;
  });
}
