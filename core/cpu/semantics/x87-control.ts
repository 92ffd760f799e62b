// x87 control instructions, and the images of its state in memory. [SDM] vol. 1, 8.3.12; vol. 1, 10.5.

import { FPU_CONTROL, FPU_STATUS, MODEL_MXCSR, MXCSR } from "../layout.ts";
import { constant32, type Expression, i32, wrap } from "../wasm/expression.ts";
import { type Context, GP, RAX } from "./context.ts";
import { beginMmx, beginSse, enterMmx } from "./simd-state.ts";
import { begin, beginNow, environmentFormat, followErrors } from "./x87-state.ts";

/** Bytes of an environment, and of an FSAVE image, with 16-bit and with wider operands. */
const environmentBytes = (c: Context): number => (c.size === 16 ? 14 : 28);
const imageBytes = (c: Context): number => environmentBytes(c) + 80;

export const fninit = (c: Context): void => {
  beginNow(c);
  c.run("fninit");
  followErrors(c);
};

export const fnclex = (c: Context): void => {
  beginNow(c);
  c.run("fnclex");
  followErrors(c);
};

export const fnstcw = (c: Context): void => {
  beginNow(c);
  c.write(0, c.state(FPU_CONTROL, 16));
};

export const fnstsw = (c: Context): void => {
  beginNow(c);
  c.write(0, c.state(FPU_STATUS, 16));
};

export const fnstswAx = (c: Context): void => {
  beginNow(c);
  c.setGpr(RAX, 16, c.state(FPU_STATUS, 16));
};

export const fldcw = (c: Context): void => {
  begin(c);
  c.call("fldcw", c.read(0));
  followErrors(c);
};

export const fnstenv = (c: Context): void => {
  beginNow(c);
  const bytes = environmentBytes(c);
  const format = environmentFormat(c);
  c.storeAt(bytes, c.linear(bytes, true), (address) => c.run("fnstenv", address, format));
  followErrors(c);
};

export const fnsave = (c: Context): void => {
  beginNow(c);
  const bytes = imageBytes(c);
  const format = environmentFormat(c);
  c.storeAt(bytes, c.linear(bytes, true), (address) => c.run("fnsave", address, format));
  followErrors(c);
};

export const fldenv = (c: Context): void => {
  begin(c);
  const bytes = environmentBytes(c);
  c.call("fldenv", c.loadAddress(bytes, c.linear(bytes, false)), environmentFormat(c));
  followErrors(c);
};

export const frstor = (c: Context): void => {
  begin(c);
  const bytes = imageBytes(c);
  c.call("frstor", c.loadAddress(bytes, c.linear(bytes, false)), environmentFormat(c));
  followErrors(c);
};

/** FNOP, and what only the 8087 and the 80287 knew: FENI, FDISI, FSETPM. */
export const fnop = begin;
export const obsolete = beginNow;

/** EMMS: the x87 gets its registers back, all empty, TOP 0. [SDM] vol. 3A, table 12-1 */
export const emms = (c: Context): void => {
  beginMmx(c);
  enterMmx(c);
  c.run("emms");
};

// --- FXSAVE and MXCSR ---

const FX_BYTES = 512;
/** FXSAVE writes the image up to the last XMM register that the mode has. */
const FX_WRITTEN = 160;

/** XMM registers that the mode has. */
const xmmRegisters = (c: Context): number => (c.codeSize === 64 ? 16 : 8);

export const fxsave = (c: Context): void => {
  beginNow(c);
  const count = xmmRegisters(c);
  const linear = alignedImage(c, true);
  c.storeAt(FX_WRITTEN + count * 16, linear, (address) =>
    c.run("fxsave", address, constant32(c.size === 64 ? 1 : 0), constant32(count)),
  );
};

export const fxrstor = (c: Context): void => {
  beginNow(c);
  const address = c.loadAddress(FX_BYTES, alignedImage(c, false));
  const wide = constant32(c.size === 64 ? 1 : 0);
  const refused = c.call("fxrstor", address, wide, constant32(xmmRegisters(c)));
  c.faultIf(refused, GP, constant32(0));
  followErrors(c);
};

/** Linear address of a 512-byte image, which must be aligned to 16 bytes. */
function alignedImage(c: Context, write: boolean): Expression {
  const linear = c.linear(FX_BYTES, write);
  const low = linear.type === "i64" ? wrap(linear) : linear;
  c.faultIf(i32.and(low, constant32(15)), GP, constant32(0));
  return linear;
}

export const ldmxcsr = (c: Context): void => {
  beginSse(c);
  const value = c.read(0);
  const unknown = i32.xor(c.state(MODEL_MXCSR, 32), constant32(-1));
  c.faultIf(i32.and(value, unknown), GP, constant32(0));
  c.setState(MXCSR, 32, value);
};

export const stmxcsr = (c: Context): void => {
  beginSse(c);
  c.write(0, c.state(MXCSR, 32));
};
