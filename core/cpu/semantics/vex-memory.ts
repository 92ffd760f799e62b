// AVX's accesses to single lanes in memory, by a mask: VMASKMOV, VPMASKMOV, and gathers. [SDM] vol. 2C.

import { SSE_FIRST, SSE_SECOND } from "../layout.ts";
import { constant32, constant64, type Expression, extendU, i32 } from "../wasm/expression.ts";
import { type Context, UD } from "./context.ts";
import { wide } from "./simd-state.ts";
import { halfAddress } from "./vex-halves.ts";
import { beginAvx } from "./vex-state.ts";
import { vectorsIn, writeVectors } from "./vex-vectors.ts";

type LaneBytes = 4 | 8;

/** VMASKMOVPS, VPMASKMOVD and their kin from memory: the mask is the operand in between. */
export const maskedLoad =
  (lane: LaneBytes) =>
  (c: Context): void => {
    beginAvx(c);
    const bytes = vectorsIn(c, 0) * 16;
    const linear = wide(c.linear(bytes, false));
    c.runThrowing("maskLoad", linear, halfAddress(c, 1, 0), constant32(lane), constant32(bytes));
    const loaded = [c.state(SSE_FIRST, 128), c.state(SSE_SECOND, 128)];
    writeVectors(c, 0, loaded.slice(0, vectorsIn(c, 0)));
  };

/** The same to memory. */
export const maskedStore =
  (lane: LaneBytes) =>
  (c: Context): void => {
    beginAvx(c);
    const bytes = vectorsIn(c, 2) * 16;
    const linear = wide(c.linear(bytes, true));
    const [source, mask] = [halfAddress(c, 2, 0), halfAddress(c, 1, 0)];
    c.runThrowing("maskStore", linear, source, mask, constant32(lane), constant32(bytes));
  };

/** VGATHER and VPGATHER: lanes of `lane` bytes by indices of `index` bytes; the mask is the last operand. */
export const gather =
  (lane: LaneBytes, index: LaneBytes, lanes: 2 | 4 | 8) =>
  (c: Context): void => {
    beginAvx(c);
    const { offset: indices, scale } = c.vectorIndex();
    const [destination, mask] = [c.registerOffset(0), c.registerOffset(2)];
    const same = (a: Expression, b: Expression): Expression => i32.eq(a, b);
    const any = i32.or(i32.or(same(destination, mask), same(destination, indices)), same(mask, indices));
    c.faultIf(any, UD);
    const offset = c.offset();
    c.runThrowing(
      "gather",
      halfAddress(c, 0, 0),
      c.body.let(i32.add(c.stateAddress(0), indices)),
      halfAddress(c, 2, 0),
      offset.type === "i64" ? offset : extendU(offset),
      constant64(c.addressSize === 64 ? -1 : 0xffffffff),
      c.segment(),
      scale,
      constant32(lane),
      constant32(index),
      constant32(lanes),
    );
  };
