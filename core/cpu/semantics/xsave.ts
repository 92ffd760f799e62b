// The XSAVE family, RDRAND and RDSEED, and the bases of FS and GS. [SDM] vol. 1, chapter 13; vol. 2.

import { CPL, CR0, CR4, XCR0 } from "../layout.ts";
import { constant32, type Expression, extendU, i32 } from "../wasm/expression.ts";
import { type Context, fromI64, GP, NM, RAX, toI64, UD } from "./context.ts";
import { followErrors, TS } from "./x87-state.ts";

/** Bits of CR4. */
const FSGSBASE = 1 << 16;
const OSXSAVE = 1 << 18;
/** What an instruction of the family checks its memory operand for: the legacy region and the header, and AVX state. */
const IMAGE_BYTES = 576;
const AVX_IMAGE_BYTES = 832;
/** The bit of XCR0. */
const AVX = 1 << 2;

/** In the order that the runtime knows. */
const KINDS = ["XSAVE", "XSAVEOPT", "XSAVEC", "XSAVES"] as const;

function requireBit(c: Context, bit: number): void {
  c.faultIf(i32.eqz(i32.and(c.state(CR4, 32), constant32(bit))), UD);
}

/** When an instruction of the family may begin; the linear address (i64) of its image, which the runtime checks. */
function begin(c: Context, privileged: boolean, write: boolean): Expression {
  requireBit(c, OSXSAVE);
  if (privileged) c.faultIf(c.state(CPL, 32), GP, constant32(0));
  c.faultIf(i32.and(c.state(CR0, 32), constant32(TS)), NM);
  const linear = c.linear(IMAGE_BYTES, write);
  const avx = i32.and(i32.and(c.gpr(RAX, 32), c.state(XCR0, 32)), constant32(AVX));
  c.body.if(avx, () => c.linear(AVX_IMAGE_BYTES, write));
  return linear.type === "i64" ? linear : extendU(linear);
}

/** With REX.W the x87's pointers have 64 bits. */
const wide = (c: Context): Expression => constant32(c.size === 64 ? 1 : 0);
/** How many XMM and YMM registers the mode has. */
const registers = (c: Context): Expression => constant32(c.codeSize === 64 ? 16 : 8);

export const xsave =
  (name: (typeof KINDS)[number]) =>
  (c: Context): void => {
    const linear = begin(c, name === "XSAVES", true);
    c.runThrowing("xsave", linear, constant32(KINDS.indexOf(name)), wide(c), registers(c));
  };

export const xrstor =
  (name: "XRSTOR" | "XRSTORS") =>
  (c: Context): void => {
    const privileged = name === "XRSTORS";
    const linear = begin(c, privileged, false);
    c.runThrowing("xrstor", linear, constant32(privileged ? 1 : 0), wide(c), registers(c));
    followErrors(c);
  };

/** XGETBV. */
export const xgetbv = (c: Context): void => c.runThrowing("xgetbv", registers(c));

/** RDRAND and RDSEED: CF tells that there is a number, and there always is. */
export const random = (c: Context): void => {
  c.write(0, fromI64(c.width(0), c.callThrowing("randomNumber")));
  c.flags.setImage(constant32(1));
};

/** RDFSBASE and RDGSBASE. */
export const readBase =
  (number: number) =>
  (c: Context): void => {
    requireBit(c, FSGSBASE);
    c.write(0, fromI64(c.width(0), c.call("segmentBase", constant32(number))));
  };

/** WRFSBASE and WRGSBASE; 32 bits are zero-extended. */
export const writeBase =
  (number: number) =>
  (c: Context): void => {
    requireBit(c, FSGSBASE);
    c.runThrowing("setSegmentBase", constant32(number), toI64(c.width(0), c.read(0)));
  };
