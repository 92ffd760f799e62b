import { beforeEach, describe, expect, it } from "vitest";
import { RUNTIME_WASM } from "../generated/runtime-wasm.ts";
import {
  FPU_CONTROL,
  FPU_CS,
  FPU_DP,
  FPU_DS,
  FPU_IP,
  FPU_OPCODE,
  FPU_REGISTERS,
  FPU_STATUS,
  FPU_TAGS,
  MXCSR,
  XMM,
} from "./layout.ts";
import { createFloatMachine } from "./testing/float-machine.ts";

const { f, view, state, destination: image } = createFloatMachine(Buffer.from(RUNTIME_WASM, "base64"));

const ONE = 1n << 63n;
const ES = 0x80;
const BUSY = 0x8000;

const u16 = (offset: number) => view.getUint16(image + offset, true);
const u32 = (offset: number) => view.getUint32(image + offset, true);
const status = () => view.getUint16(state(FPU_STATUS), true);

/** 2.0, −0.0 and an infinity, in ST(2), ST(1) and ST(0); pointers as after some instruction. */
function fill(): void {
  f.fninit!();
  f.fld_f80!(ONE, 0x4000);
  f.fld_f80!(0n, 0x8000);
  f.fld_f80!(ONE, 0x7fff);
  view.setBigUint64(state(FPU_IP), 0x12345678n, true);
  view.setBigUint64(state(FPU_DP), 0xfedcba98n, true);
  view.setUint16(state(FPU_OPCODE), 0x5d3, true);
  view.setUint16(state(FPU_CS), 0x23, true);
  view.setUint16(state(FPU_DS), 0x2b, true);
}

beforeEach(fill);

/** TOP is 5; R7 is valid, R6 zero, R5 special, the others empty. */
const TAG_WORD = 0x1bff;

describe("FPU environment", () => {
  it("has 28 bytes in 32-bit protected mode, with selectors and opcode", () => {
    f.fnstenv!(image, 1);
    expect([0, 4, 8, 12, 16, 20, 24].map(u32)).toEqual(
      [0xffff037f, 0xffff2800, 0xffff0000 | TAG_WORD, 0x12345678, 0x05d30023, 0xfedcba98, 0xffff002b].map(
        (value) => value >>> 0,
      ),
    );
  });

  it("has 14 bytes in 16-bit protected mode", () => {
    f.fnstenv!(image, 0);
    expect([0, 2, 4, 6, 8, 10, 12].map(u16)).toEqual([0x37f, 0x2800, TAG_WORD, 0x5678, 0x23, 0xba98, 0x2b]);
  });

  it("has linear addresses of 20 bits in 16-bit real mode", () => {
    f.fnstenv!(image, 2);
    expect([6, 8, 10, 12].map(u16)).toEqual([0x5678, 0x4000 | 0x5d3, 0xba98, 0xc000]);
  });

  it("has linear addresses of 32 bits in 32-bit real mode", () => {
    f.fnstenv!(image, 3);
    expect([12, 16, 20, 24].map(u32)).toEqual([0xffff5678, 0x01234000 | 0x5d3, 0xffffba98, 0x0fedc000]);
  });

  it("masks all exceptions once it is stored", () => {
    f.fldcw!(0x340);
    f.fnstenv!(image, 1);
    expect(view.getUint16(state(FPU_CONTROL), true)).toBe(0x37f);
    expect(u16(0)).toBe(0x340);
  });

  it.each([0, 1, 2, 3])("is loaded as it was stored, in format %d", (format) => {
    f.fnstenv!(image, format);
    const stored = Array.from({ length: f.fpu_env_size!(format) }, (_, index) =>
      view.getUint8(image + index),
    );
    f.fninit!();
    expect(f.fldenv!(image, format)).toBe(0);
    f.fnstenv!(image, format);
    expect(stored).toEqual(stored.map((_, index) => view.getUint8(image + index)));
    expect(view.getUint8(state(FPU_TAGS))).toBe(0x1f);
  });

  it("reports an exception pending in what it loads", () => {
    f.fnstenv!(image, 1);
    view.setUint16(image, 0x37b, true);
    view.setUint16(image + 4, 0x2804, true);
    expect(f.fldenv!(image, 1)).toBe(1);
    expect(status()).toBe(0x2804 | ES | BUSY);
    expect(f.fwait!()).toBe(1);
  });

  it("FNSAVE stores the registers in stack order, and initialises", () => {
    f.fnsave!(image, 1);
    expect(view.getBigUint64(image + 28, true)).toBe(ONE);
    expect(u16(28 + 8)).toBe(0x7fff);
    expect(u16(38 + 8)).toBe(0x8000);
    expect(u16(48 + 8)).toBe(0x4000);
    expect([view.getUint16(state(FPU_CONTROL), true), status(), view.getUint8(state(FPU_TAGS))]).toEqual([
      0x37f, 0, 0xff,
    ]);
    expect(f.frstor!(image, 1)).toBe(0);
    expect(status()).toBe(0x2800);
    // ST(2) is R7.
    expect(view.getUint16(state(FPU_REGISTERS) + 7 * 16 + 8, true)).toBe(0x4000);
  });
});

describe("pending exceptions", () => {
  it("FLDCW that unmasks a raised exception makes it pending, and FNCLEX forgets it", () => {
    f.fldconst!(6);
    f.fldconst!(0);
    f.fpu_div!(0, 1, 0);
    expect(f.fwait!()).toBe(0);
    expect(f.fldcw!(0x37b)).toBe(1);
    expect(f.fwait!()).toBe(1);
    expect(status() & (ES | BUSY)).toBe(ES | BUSY);
    f.fnclex!();
    expect(f.fwait!()).toBe(0);
    expect(status() & 0xff).toBe(0);
  });
});

describe("FXSAVE image", () => {
  it("holds both units, and comes back", () => {
    view.setUint32(state(MXCSR), 0x1fa0, true);
    for (let index = 0; index < 16; index++)
      view.setBigUint64(state(XMM) + index * 16, BigInt(index) * 0x0101010101010101n, true);
    f.fxsave!(image, 0, 8);
    expect([u16(0), u16(2), view.getUint8(image + 4), u16(6)]).toEqual([0x37f, 0x2800, 0xe0, 0x5d3]);
    expect([8, 12, 16, 20, 24, 28].map(u32)).toEqual([0x12345678, 0x23, 0xfedcba98, 0x2b, 0x1fa0, 0xffff]);
    expect(u16(32 + 8)).toBe(0x7fff);
    expect(view.getBigUint64(image + 160 + 7 * 16, true)).toBe(0x0707070707070707n);

    f.fninit!();
    view.setBigUint64(state(XMM) + 7 * 16, 0n, true);
    view.setUint32(state(MXCSR), 0x1f80, true);
    expect(f.fxrstor!(image, 0, 8)).toBe(0);
    expect(view.getUint32(state(MXCSR), true)).toBe(0x1fa0);
    expect(view.getBigUint64(state(XMM) + 7 * 16, true)).toBe(0x0707070707070707n);
    expect([status(), view.getUint8(state(FPU_TAGS))]).toEqual([0x2800, 0x1f]);
  });

  it("keeps 64-bit pointers when asked to", () => {
    view.setBigUint64(state(FPU_IP), 0xffff_8000_1234_5678n, true);
    f.fxsave!(image, 1, 16);
    expect(view.getBigUint64(image + 8, true)).toBe(0xffff_8000_1234_5678n);
    expect(view.getBigUint64(image + 160 + 15 * 16, true)).toBe(0x0f0f0f0f0f0f0f0fn);
  });

  it("is refused whole when MXCSR has reserved bits", () => {
    f.fxsave!(image, 0, 8);
    view.setUint32(image + 24, 0x10000, true);
    f.fninit!();
    expect(f.fxrstor!(image, 0, 8)).toBe(-1);
    expect(view.getUint8(state(FPU_TAGS))).toBe(0xff);
  });
});

describe("MMX", () => {
  it("shares the registers: all become valid with TOP 0, until EMMS", () => {
    f.mmx_enter!();
    f.mmx_written!(3);
    expect([status() & 0x3800, view.getUint8(state(FPU_TAGS))]).toEqual([0, 0]);
    expect(view.getUint16(state(FPU_REGISTERS) + 3 * 16 + 8, true)).toBe(0xffff);
    f.emms!();
    expect(view.getUint8(state(FPU_TAGS))).toBe(0xff);
  });
});
