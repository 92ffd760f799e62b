// The short ways of x87 and SSE arithmetic against the long ones, which know every case and which silicon has judged:
// an exception that cannot arise decides by its mask which way is taken. The operands are those at which results turn
// from exact to inexact, from normal to denormal or infinite, or lie half-way.
import { describe, expect, it } from "vitest";
import { RUNTIME_WASM } from "../generated/runtime-wasm.ts";
import { FPU_CONTROL, FPU_STATUS, FPU_STORE_HIGH, FPU_TAGS, MXCSR } from "./layout.ts";
import { createFloatMachine } from "./testing/float-machine.ts";

const { f, view, state, destination, source } = createFloatMachine(Buffer.from(RUNTIME_WASM, "base64"));

/** Powers of two and their sums that meet every edge of a format with `bits` of significand and these exponents. */
function edges(bits: number, least: number, most: number): number[] {
  const unit = 2 ** (1 - bits);
  const half = bits >> 1;
  const shapes = [1, 1 + unit, 2 - unit, 1.5, 1 + 2 ** -half, 2 - 2 ** -half, 1.5 + unit];
  const distances = [1, bits - 1, bits, bits + 1, 63, 64, 65].flatMap((power) => [power, -power]);
  const powers = [0, ...distances, least, least + 1, least >> 1, most, most >> 1];
  const positive = [0, ...shapes.flatMap((shape) => powers.map((power) => shape * 2 ** power))];
  return positive.flatMap((value) => [value, -value]);
}

const pairsOf = (values: readonly number[]): [number, number][] =>
  values.flatMap((a) => values.map((b): [number, number] => [a, b]));

const OPERATIONS = ["add", "sub", "mul", "div", "sqrt", "min", "max"];
const ALL_MASKED = 0x1f80;
const PE = 0x20;
const PRECISION_MASK = 0x1000;

describe("SSE with PE clear", () => {
  const formats = [
    { suffix: "sd", pairs: pairsOf(edges(53, -1022, 1023)), set: "setFloat64", get: "getBigUint64" },
    {
      suffix: "ss",
      pairs: pairsOf(edges(24, -126, 127).map(Math.fround)),
      set: "setFloat32",
      get: "getUint32",
    },
  ] as const;
  describe.each(formats)("$suffix", ({ suffix, pairs, set, get }) => {
    it.each(OPERATIONS)("%s raises PE exactly where the result is inexact", (operation) => {
      const run = (a: number, b: number, mxcsr: number) => {
        view[set](destination, a, true);
        view[set](source, b, true);
        view.setUint32(state(MXCSR), mxcsr, true);
        const unmasked = f[`sse_${operation}_${suffix}`]!(destination, source);
        return {
          bits: view[get](destination, true),
          flags: view.getUint32(state(MXCSR), true) & 0x3f,
          unmasked,
        };
      };
      let inexact = 0;
      for (const [a, b] of pairs) {
        const short = run(a, b, ALL_MASKED);
        // With PE unmasked hardware's arithmetic is never asked.
        const long = run(a, b, ALL_MASKED & ~PRECISION_MASK);
        if (short.flags !== long.flags)
          expect.fail(`${a} ${operation} ${b}: flags ${short.flags}, not ${long.flags}`);
        if (!long.unmasked && short.bits !== long.bits)
          expect.fail(`${a} ${operation} ${b} gives another number`);
        if (short.flags & PE) inexact++;
        // What is raised stays, and the number is the same.
        const later = run(a, b, ALL_MASKED | PE);
        if (later.bits !== short.bits)
          expect.fail(`${a} ${operation} ${b} gives another number with PE raised`);
      }
      const selects = operation === "min" || operation === "max";
      expect(inexact > 0).toBe(!selects);
    });
  });
});

describe("x87 arithmetic", () => {
  const pairs = pairsOf(edges(53, -1022, 1023));
  const precisions = [
    [64, 0x300],
    [53, 0x200],
  ] as const;
  describe.each(precisions)("with %i bits", (_, precision) => {
    it.each(["add", "sub", "subr", "mul", "div", "divr"])("%s rounds as the long way does", (operation) => {
      /** Three operations, so that operands have 64 bits too; then ST(0) as it is, and the status. */
      const run = (a: number, b: number, masks: number) => {
        f.fninit!();
        view.setUint16(state(FPU_CONTROL), precision | 0x40 | masks, true);
        const load = (value: number) => {
          view.setFloat64(source, value, true);
          return view.getBigUint64(source, true);
        };
        f.fld_f64!(load(a));
        f[`fpu_${operation}_f64`]!(load(b));
        f.fld_f64!(load(a));
        f[`fpu_${operation}`]!(0, 1, 0);
        f[`fpu_${operation}`]!(1, 0, 1);
        const status = view.getUint16(state(FPU_STATUS), true) & 0x7f7f;
        return `${f.fst_f80!()} ${view.getUint16(state(FPU_STORE_HIGH), true)} ${status} ${view.getUint8(state(FPU_TAGS))}`;
      };
      let compared = 0;
      for (const [a, b] of pairs) {
        const short = run(a, b, 0x3f);
        // With UE unmasked the short way is closed; what underflows has another response and is not compared.
        const long = run(a, b, 0x2f);
        if (view.getUint16(state(FPU_STATUS), true) & 0x10) continue;
        compared++;
        if (short !== long) expect.fail(`${a} ${operation} ${b}: ${short}, not ${long}`);
      }
      expect(compared).toBeGreaterThan(pairs.length / 2);
    });
  });
});
