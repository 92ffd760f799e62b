import { describe, expect, it } from "vitest";
import { RUNTIME_WASM } from "../generated/runtime-wasm.ts";
import { FPU_CONTROL, FPU_REGISTERS, FPU_STATUS, FPU_TAGS } from "./layout.ts";
import { createFloatMachine } from "./testing/float-machine.ts";
import { createRandom, type Random } from "./testing/float-random.ts";
import {
  arctangent,
  cosine,
  errorInThousandthsOfUlp,
  powerLessOne,
  type Scaled,
  sine,
  tangent,
  timesLog2,
} from "./testing/float-reference.ts";

const { f, view, state } = createFloatMachine(Buffer.from(RUNTIME_WASM, "base64"));

/** An 80-bit number: sign and exponent word, significand. */
type F80 = readonly [high: number, significand: bigint];

const ONE = 1n << 63n;
const ZERO: F80 = [0, 0n];
const PLUS_ONE: F80 = [0x3fff, ONE];
const INFINITY: F80 = [0x7fff, ONE];
const INDEFINITE: F80 = [0xffff, 3n << 62n];
const PI: F80 = [0x4000, 0xc90fdaa22168c235n];
const negative = ([high, significand]: F80): F80 => [high ^ 0x8000, significand];

const IE = 1;
const ZE = 4;
const PE = 0x20;
const SF = 0x40;
const C1 = 0x200;
const C2 = 0x400;

/** ST(index). */
function st(index: number): F80 {
  const register = (((view.getUint16(state(FPU_STATUS), true) >> 11) & 7) + index) & 7;
  const address = state(FPU_REGISTERS) + register * 16;
  return [view.getUint16(address + 8, true), view.getBigUint64(address, true)];
}

/** Runs an instruction after FNINIT with the given registers, the last one on top; rounding to nearest. */
function run(name: string, ...operands: F80[]): { status: number; results: F80[] } {
  f.fninit!();
  for (const [high, significand] of operands) f.fld_f80!(significand, high);
  f[name]!();
  const status = view.getUint16(state(FPU_STATUS), true);
  const valid = 8 - view.getUint8(state(FPU_TAGS)).toString(2).replaceAll("0", "").length;
  return { status: status & ~0x3800, results: Array.from({ length: valid }, (_, index) => st(index)) };
}

const exactly = ([high, significand]: F80): Scaled => ({
  mantissa: high & 0x8000 ? -significand : significand,
  exponent: BigInt(Math.max(high & 0x7fff, 1) - 16383 - 63),
});

/** A number of magnitude 2^low to 2^high. */
function between(random: Random, low: number, high: number): F80 {
  return [(random.below(2) << 15) | (16383 + low + random.below(high - low)), ONE | random.bits(63)];
}

/** A number below 1 at a step of the tables, a 64th or a 128th, or next to one; on both sides of 1 with `beyond`. */
function atStep(random: Random, beyond = 0n): F80 {
  const value = (BigInt(1 + random.below(127)) << 56n) + (beyond << 63n);
  const near = value + BigInt(random.below(3) - 1);
  const bits = near.toString(2).length;
  return [16383 - 64 + bits, near << BigInt(64 - bits)];
}

/** Each function, its arguments and the reference. */
const FUNCTIONS: readonly {
  readonly name: string;
  readonly operands: (random: Random) => F80[];
  readonly references: (...operands: Scaled[]) => Scaled[];
}[] = [
  { name: "fsin", operands: (r) => [between(r, -70, 63)], references: (x) => [sine(x!)] },
  { name: "fcos", operands: (r) => [between(r, -70, 63)], references: (x) => [cosine(x!)] },
  { name: "fsincos", operands: (r) => [between(r, -5, 5)], references: (x) => [cosine(x!), sine(x!)] },
  {
    name: "fptan",
    operands: (r) => [between(r, -20, 63)],
    references: (x) => [{ mantissa: 1n, exponent: 0n }, tangent(x!)],
  },
  {
    name: "fpatan",
    operands: (r) => [between(r, -40, 40), between(r, -40, 40)],
    references: (y, x) => [arctangent(y!, x!)],
  },
  {
    name: "fpatan",
    operands: (r) => [between(r, -3, 3), between(r, -3, 3)],
    references: (y, x) => [arctangent(y!, x!)],
  },
  { name: "fsincos", operands: (r) => [atStep(r)], references: (x) => [cosine(x!), sine(x!)] },
  { name: "fpatan", operands: (r) => [atStep(r), PLUS_ONE], references: (y, x) => [arctangent(y!, x!)] },
  { name: "fpatan", operands: (r) => [PLUS_ONE, atStep(r)], references: (y, x) => [arctangent(y!, x!)] },
  { name: "f2xm1", operands: (r) => [atStep(r)], references: (x) => [powerLessOne(x!)] },
  { name: "f2xm1", operands: (r) => [negative(atStep(r))], references: (x) => [powerLessOne(x!)] },
  {
    name: "fyl2x",
    operands: (r) => [PLUS_ONE, atStep(r, BigInt(r.below(2)))],
    references: (y, x) => [timesLog2(y!, x!, false)],
  },
  { name: "f2xm1", operands: (r) => [between(r, -80, 0)], references: (x) => [powerLessOne(x!)] },
  { name: "f2xm1", operands: (r) => [between(r, -3, 0)], references: (x) => [powerLessOne(x!)] },
  {
    name: "fyl2x",
    operands: (r) => [between(r, -50, 50), [between(r, -16000, 16000)[0] & 0x7fff, ONE | r.bits(63)]],
    references: (y, x) => [timesLog2(y!, x!, false)],
  },
  {
    name: "fyl2x",
    operands: (r) => [between(r, -1, 1), [16382 + r.below(2), ONE | r.bits(63)]],
    references: (y, x) => [timesLog2(y!, x!, false)],
  },
  {
    // Close to 1, where the logarithm is small.
    name: "fyl2x",
    operands: (r) => [PLUS_ONE, [16383, ONE + r.bits(40)]],
    references: (y, x) => [timesLog2(y!, x!, false)],
  },
  {
    name: "fyl2x",
    operands: (r) => [PLUS_ONE, [16382, 2n * ONE - 1n - r.bits(40)]],
    references: (y, x) => [timesLog2(y!, x!, false)],
  },
  {
    name: "fyl2xp1",
    operands: (r) => [between(r, -50, 50), between(r, -80, -2)],
    references: (y, x) => [timesLog2(y!, x!, true)],
  },
];

describe("transcendental instructions", () => {
  it.each(FUNCTIONS)("$name is rounded to nearest", ({ name, operands, references }) => {
    const random = createRandom(99);
    for (let index = 0; index < 300; index++) {
      const values = operands(random);
      const { results, status } = run(name, ...values);
      expect(status & 0x3f).toBe(PE);
      references(...values.map(exactly)).forEach((reference, place) => {
        const error = errorInThousandthsOfUlp(exactly(results[place]!), reference);
        expect(
          error,
          `${name} of ${values.map(([h, s]) => `${h.toString(16)}:${s.toString(16)}`)}`,
        ).toBeLessThan(501);
      });
    }
  });

  it("f2xm1 rounds in the direction asked for", () => {
    const random = createRandom(7);
    for (const [control, sign] of [
      [1, -1],
      [2, 1],
    ] as const) {
      for (let index = 0; index < 50; index++) {
        const [high, significand] = between(random, -10, 0);
        f.fninit!();
        view.setUint16(state(FPU_CONTROL), 0x37f | (control << 10), true);
        f.fld_f80!(significand, high);
        f.f2xm1!();
        const result = exactly(st(0));
        const reference = powerLessOne(exactly([high, significand]));
        const difference = (result.mantissa << (result.exponent - reference.exponent)) - reference.mantissa;
        expect(difference * BigInt(sign)).toBeGreaterThan(0n);
        expect(errorInThousandthsOfUlp(result, reference)).toBeLessThan(1000);
      }
    }
  });
});

/** Rows of the manual's tables of special operands: instruction, operands, status, results from ST(0) on. */
const SPECIAL: readonly [string, F80[], number, F80[]][] = [
  ["fsin", [negative(ZERO)], 0, [negative(ZERO)]],
  ["fcos", [ZERO], 0, [PLUS_ONE]],
  ["fsincos", [ZERO], 0, [PLUS_ONE, ZERO]],
  ["fptan", [negative(ZERO)], 0, [PLUS_ONE, negative(ZERO)]],
  ["fsin", [INFINITY], IE, [INDEFINITE]],
  ["fptan", [INFINITY], IE, [INDEFINITE, INDEFINITE]],
  ["fsin", [[0x403e, ONE]], C2, [[0x403e, ONE]]],
  ["fptan", [[0xc03e, ONE]], C2, [[0xc03e, ONE]]],
  ["fsincos", [INDEFINITE], 0, [INDEFINITE, INDEFINITE]],
  ["fcos", [], IE | SF, [INDEFINITE]],
  ["f2xm1", [PLUS_ONE], PE, [PLUS_ONE]],
  ["f2xm1", [negative(PLUS_ONE)], PE, [[0xbffe, ONE]]],
  ["f2xm1", [negative(ZERO)], 0, [negative(ZERO)]],
  ["f2xm1", [negative(INFINITY)], 0, [negative(PLUS_ONE)]],
  ["fyl2x", [PLUS_ONE, [0x4002, ONE]], PE, [[0x4000, 3n << 62n]]],
  ["fyl2x", [PLUS_ONE, PLUS_ONE], 0, [ZERO]],
  ["fyl2x", [negative(PLUS_ONE), PLUS_ONE], 0, [negative(ZERO)]],
  ["fyl2x", [PLUS_ONE, ZERO], ZE, [negative(INFINITY)]],
  ["fyl2x", [ZERO, ZERO], IE, [INDEFINITE]],
  ["fyl2x", [INFINITY, ZERO], 0, [negative(INFINITY)]],
  ["fyl2x", [PLUS_ONE, negative(PLUS_ONE)], IE, [INDEFINITE]],
  ["fyl2x", [INFINITY, PLUS_ONE], IE, [INDEFINITE]],
  ["fyl2x", [ZERO, INFINITY], IE, [INDEFINITE]],
  ["fyl2x", [ZERO, [0x3ffe, ONE]], 0, [negative(ZERO)]],
  ["fyl2x", [negative(PLUS_ONE), INFINITY], 0, [negative(INFINITY)]],
  ["fyl2xp1", [PLUS_ONE, negative(ZERO)], 0, [negative(ZERO)]],
  ["fyl2xp1", [INFINITY, ZERO], IE, [INDEFINITE]],
  ["fyl2xp1", [negative(INFINITY), [0x3ffc, ONE]], 0, [negative(INFINITY)]],
  ["fpatan", [ZERO, negative(ZERO)], PE | C1, [PI]],
  ["fpatan", [negative(ZERO), PLUS_ONE], 0, [negative(ZERO)]],
  ["fpatan", [negative(PLUS_ONE), ZERO], PE | C1, [[0xbfff, 0xc90fdaa22168c235n]]],
  ["fpatan", [INFINITY, negative(INFINITY)], PE | C1, [[0x4000, 0x96cbe3f9990e91a8n]]],
  ["fpatan", [PLUS_ONE, INFINITY], 0, [ZERO]],
  ["fpatan", [PLUS_ONE, PLUS_ONE], PE | C1, [[0x3ffe, 0xc90fdaa22168c235n]]],
];

describe("special operands of transcendental instructions", () => {
  it.each(SPECIAL)("%s, row %#", (name, operands, status, results) => {
    expect(run(name, ...operands)).toEqual({ status, results });
  });

  it("fsincos with a full stack raises a stack overflow and leaves two indefinites", () => {
    const { status, results } = run("fsincos", ...Array.from({ length: 8 }, () => PLUS_ONE));
    expect(status).toBe(IE | SF | C1);
    expect(results.slice(0, 2)).toEqual([INDEFINITE, INDEFINITE]);
  });
});
