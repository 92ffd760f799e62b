// AVX, AVX2, FMA and F16C. [SDM] vol. 2D, tables.

import type { Chapter } from "../opcodes.ts";
import { DERIVED_0F, DERIVED_3A, DERIVED_38 } from "./vex-derived.ts";
import { LANES_0F, LANES_3A, LANES_38 } from "./vex-lanes.ts";
import { MOVES_0F, MOVES_3A, MOVES_38 } from "./vex-moves.ts";

export const VEX_VECTORS: Chapter = {
  vex0F: { ...DERIVED_0F, ...MOVES_0F, ...LANES_0F },
  vex0F38: { ...DERIVED_38, ...MOVES_38, ...LANES_38 },
  vex0F3A: { ...DERIVED_3A, ...MOVES_3A, ...LANES_3A },
};
