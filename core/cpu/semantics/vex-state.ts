// What instructions with VEX have in common: when they may begin. [SDM] vol. 2A, 2.4 and 2.5; vol. 3A, 2.6.

import { CR0, CR4, EFLAGS, XCR0 } from "../layout.ts";
import { constant32, type Expression, i32, select } from "../wasm/expression.ts";
import { NM, UD } from "./context.ts";
import type { SimdContext } from "./simd-context.ts";
import { TS } from "./x87-state.ts";

const PE = 1 << 0;
const VM = 1 << 17;
/** The bit of CR4. */
const OSXSAVE = 18;
/** Of XCR0: SSE and AVX state. */
const STATE = 6;

/** Whether the mode knows no VEX (i32): real-address and virtual-8086 mode. */
const isReal = (c: SimdContext): Expression => {
  const unprotected = i32.eqz(i32.and(c.state(CR0, 32), constant32(PE)));
  return i32.or(unprotected, i32.and(c.state(EFLAGS, 32), constant32(VM)));
};

/** For instructions on general registers: #UD in real-address and virtual-8086 mode. */
export function beginVex(c: SimdContext): void {
  if (c.codeSize !== 64) c.faultIf(isReal(c), UD);
}

/** For those on vectors: #UD also where the system does not save YMM registers, #NM when they belong to another task. */
export function beginAvx(c: SimdContext): void {
  c.unlessPassed("avx", () => {
    const enabled = i32.and(i32.shrU(c.state(CR4, 32), constant32(OSXSAVE)), constant32(1));
    const saved = i32.eq(i32.and(c.state(XCR0, 32), constant32(STATE)), constant32(STATE));
    const unprepared = i32.eqz(i32.and(enabled, saved));
    const impossible = c.codeSize === 64 ? unprepared : i32.or(unprepared, isReal(c));
    const kept = c.body.let(impossible);
    c.body.if(
      i32.or(kept, i32.and(c.state(CR0, 32), constant32(TS))),
      () => c.fault(select(kept, constant32(UD), constant32(NM))),
      undefined,
      false,
    );
  });
}
