// What is no instruction.

import { constant32 } from "../wasm/expression.ts";
import { type Context, GP, UD } from "./context.ts";

export const fault = {
  ud: (c: Context): void => c.fault(UD),
  gp: (c: Context): void => c.fault(GP, constant32(0)),
};
