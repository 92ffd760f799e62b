// Fused multiply-add against integers that drop nothing: ordinary numbers, for which hardware arithmetic may do the work,
// and all that it may not do, with every control and mask of MXCSR.
import { describe, expect, it } from "vitest";
import { RUNTIME_WASM } from "../generated/runtime-wasm.ts";
import { MXCSR } from "./layout.ts";
import { createFloatMachine } from "./testing/float-machine.ts";
import { createRandom, type Random, randomNarrow } from "./testing/float-random.ts";
import { controlOf, DOUBLE, ended, type Format, fused, SINGLE } from "./testing/narrow-reference.ts";

const { f, view, state, destination } = createFloatMachine(Buffer.from(RUNTIME_WASM, "base64"));

type Triple = [bigint, bigint, bigint];

/** Vectors of the operands, and one that is none of them. */
const OPERANDS = [destination, destination + 16, destination + 32] as const;
const ELSEWHERE = destination + 48;
const ALL_MASKED = 0x1f80;
const PE = 0x20;
const KINDS = [0, 1, 2, 3];
const ALTERNATING = [4, 8];

const VARIANTS = [
  { name: "sse_fma_ps", format: SINGLE, lanes: 4, kinds: [...KINDS, ...ALTERNATING] },
  { name: "sse_fma_pd", format: DOUBLE, lanes: 2, kinds: [...KINDS, ...ALTERNATING] },
  { name: "sse_fma_ss", format: SINGLE, lanes: 1, kinds: KINDS },
  { name: "sse_fma_sd", format: DOUBLE, lanes: 1, kinds: KINDS },
] as const;
type Variant = (typeof VARIANTS)[number];

const widthOf = (format: Format) => (format === DOUBLE ? 8 : 4);

function write(format: Format, at: number, bits: bigint): void {
  if (format === DOUBLE) view.setBigUint64(at, bits, true);
  else view.setUint32(at, Number(bits), true);
}

const read = (format: Format, at: number) =>
  format === DOUBLE ? view.getBigUint64(at, true) : BigInt(view.getUint32(at, true));

const subtracts = (kind: number, lane: number) => (kind & (lane & 1 ? 2 | 8 : 2 | 4)) !== 0;

/** Runs one instruction, `target` being where its result goes, and holds it against the reference. */
function check(
  { name, format, lanes }: Variant,
  triples: readonly Triple[],
  kind: number,
  mxcsr: number,
  target: number,
): void {
  const width = widthOf(format);
  for (const at of [...OPERANDS, ELSEWHERE]) {
    view.setBigUint64(at, 0x0123456789abcdefn, true);
    view.setBigUint64(at + 8, 0xfedcba9876543210n, true);
  }
  triples.forEach((triple, lane) => {
    OPERANDS.forEach((at, operand) => {
      write(format, at + lane * width, triple[operand]!);
    });
  });
  const before = Buffer.from(view.buffer, target, 16).toString("hex");
  const outcomes = triples.map((triple, lane) =>
    fused(format, triple, (kind & 1) !== 0, subtracts(kind, lane), controlOf(mxcsr)),
  );
  const expected = ended(mxcsr, outcomes);
  view.setUint32(state(MXCSR), mxcsr, true);
  const unmasked = f[name]!(target, ...OPERANDS, kind);
  const after = view.getUint32(state(MXCSR), true);
  const where = () => {
    const operands = triples.map((triple) => triple.map((bits) => bits.toString(16)).join(" ")).join(", ");
    return `kind ${kind}, mxcsr ${mxcsr.toString(16)}, ${operands}`;
  };
  if (unmasked !== expected.unmasked || after !== expected.mxcsr) {
    expect.fail(`${where()}: mxcsr ${after.toString(16)}, not ${expected.mxcsr.toString(16)}`);
  }
  if (unmasked) {
    if (Buffer.from(view.buffer, target, 16).toString("hex") !== before)
      expect.fail(`${where()}: written to`);
    return;
  }
  outcomes.forEach(({ bits }, lane) => {
    const result = read(format, target + lane * width);
    if (result !== bits)
      expect.fail(`${where()}: ${result.toString(16)}, not ${bits.toString(16)}, lane ${lane}`);
  });
  const rest = lanes * width;
  expect(Buffer.from(view.buffer, target + rest, 16 - rest).toString("hex")).toBe(before.slice(rest * 2));
}

/** The number nearest to −(a × b), or one a few units beside it. */
function cancelling(random: Random, format: Format, a: bigint, b: bigint): bigint {
  const scratch = new DataView(new ArrayBuffer(8));
  const beside = BigInt(random.below(5) - 2);
  if (format === DOUBLE) {
    const value = (bits: bigint) => {
      scratch.setBigUint64(0, bits);
      return scratch.getFloat64(0);
    };
    scratch.setFloat64(0, -(value(a) * value(b)));
    return BigInt.asUintN(64, scratch.getBigUint64(0) + beside);
  }
  const value = (bits: bigint) => {
    scratch.setUint32(0, Number(bits));
    return scratch.getFloat32(0);
  };
  scratch.setFloat32(0, -(value(a) * value(b)));
  return BigInt.asUintN(32, BigInt(scratch.getUint32(0)) + beside);
}

function randomTriple(random: Random, format: Format): Triple {
  const exponentBits = Number(format.exponent);
  const fractionBits = Number(format.fraction);
  const bias = (1 << (exponentBits - 1)) - 1;
  const power = (bits: bigint) => Number((bits >> format.fraction) & ((1n << format.exponent) - 1n));
  const draw = (near: number) => randomNarrow(random, exponentBits, fractionBits, near);
  const a = draw(bias);
  // Products near 1, near the least normal number, or anywhere.
  const b = draw([bias, 2 * bias - power(a), bias + 1 - power(a)][random.below(3)]!);
  if (random.below(3) === 0) return [a, b, cancelling(random, format, a, b)];
  const distance = random.below(2) ? 0 : random.below(4 * fractionBits) - 2 * fractionBits;
  return [a, b, draw(power(a) + power(b) - bias + distance)];
}

/** A triple of numbers from 2^-64 to 2^64. */
function usualTriple(random: Random, format: Format): Triple {
  const bias = (1n << (format.exponent - 1n)) - 1n;
  const limit = format.exponent === 8n ? 40n : 64n;
  for (;;) {
    const triple = randomTriple(random, format);
    const isUsual = triple.every((bits) => {
      const power = ((bits >> format.fraction) & ((1n << format.exponent) - 1n)) - bias;
      return power >= -limit && power <= limit;
    });
    if (isUsual) return triple;
  }
}

/** Exponents about which hardware arithmetic ceases to be exact, or operands or results to be ordinary. */
const BORDERS = {
  single: [-126, -125, -64, -63, -62, 0, 63, 64, 126, 127],
  double: [
    -1022, -1021, -520, -511, -500, -481, -480, -479, 0, 479, 480, 481, 500, 511, 999, 1000, 1001, 1023,
  ],
};

function borderTriple(random: Random, format: Format): Triple {
  const borders = format === DOUBLE ? BORDERS.double : BORDERS.single;
  const fraction = (1n << format.fraction) - 1n;
  const most = (1 << (Number(format.exponent) - 1)) - 1;
  const pick = () => borders[random.below(borders.length)]!;
  const number = (power: number) => {
    const clamped = BigInt(Math.max(-most, Math.min(most, power)) + most);
    const rest = [0n, 1n, fraction, random.bits(64) & fraction][random.below(4)]!;
    return (
      (BigInt(random.below(2)) << (format.exponent + format.fraction)) | (clamped << format.fraction) | rest
    );
  };
  const first = pick();
  const second = random.below(2) ? pick() : Math.max(1 - most - first, 1 - most) + random.below(3);
  const a = number(first);
  const b = number(second);
  const c = [
    () => 0n,
    () => number(pick()),
    () => number(first + second + random.below(111) - 55),
    () => cancelling(random, format, a, b),
  ][random.below(4)]!();
  return [a, b, c];
}

describe.each(VARIANTS)("$name", (variant) => {
  const { format, lanes, kinds } = variant;

  it("rounds once, and raises PE where it must", () => {
    const random = createRandom(lanes * 100 + 1);
    for (let n = 0; n < 6000; n++) {
      const triples = Array.from({ length: lanes }, () => usualTriple(random, format));
      const kind = kinds[random.below(kinds.length)]!;
      check(variant, triples, kind, ALL_MASKED, ELSEWHERE);
      check(variant, triples, kind, ALL_MASKED | PE, ELSEWHERE);
    }
  });

  it("does so at the borders of what is ordinary, FTZ and an unmasked underflow minding what is tiny", () => {
    const random = createRandom(lanes * 100 + 3);
    const controls = [ALL_MASKED, ALL_MASKED | PE, ALL_MASKED | 0x8000, ALL_MASKED & ~0x800];
    for (let n = 0; n < 4000; n++) {
      // All lanes alike, as one that is not ordinary keeps the others from the hardware.
      const triple = borderTriple(random, format);
      const triples = Array.from({ length: lanes }, () => triple);
      const kind = kinds[random.below(kinds.length)]!;
      for (const mxcsr of controls) check(variant, triples, kind, mxcsr, ELSEWHERE);
    }
  });

  it("sees the tiny rest that a sum of ordinary numbers leaves", () => {
    const { fraction, exponent } = format;
    const power = format === DOUBLE ? -480n : -41n;
    const one = (1n << (exponent - 1n)) - 1n;
    // (1 + u)² − (1 + 2u) is u², here a denormal.
    const factor = ((one + power) << fraction) | 1n;
    const third = ((one + 2n * power) << fraction) | 2n;
    const triples = Array.from({ length: lanes }, (): Triple => [factor, factor, third]);
    for (const kind of kinds) {
      for (const mxcsr of [ALL_MASKED, ALL_MASKED | 0x8000, ALL_MASKED & ~0x800])
        check(variant, triples, kind, mxcsr, ELSEWHERE);
    }
  });

  it("knows every kind of operand, control and mask, whichever operand the result replaces", () => {
    const random = createRandom(lanes * 100 + 2);
    const targets = [...OPERANDS, ELSEWHERE];
    for (let n = 0; n < 10_000; n++) {
      const triples = Array.from({ length: lanes }, () => randomTriple(random, format));
      const masks = random.below(3) ? 0x3f : random.below(64);
      const raised = random.below(64) & masks;
      const zeroing = random.below(2) ? 0 : (random.below(2) << 15) | (random.below(2) << 6);
      const mxcsr = (masks << 7) | raised | zeroing | (random.below(4) << 13);
      check(variant, triples, kinds[random.below(kinds.length)]!, mxcsr, targets[random.below(4)]!);
    }
  });

  it("takes the first NaN in the order of the operands, and minds 0 × ∞ only without one", () => {
    const infinity = ((1n << format.exponent) - 1n) << format.fraction;
    const quiet = infinity | (1n << (format.fraction - 1n));
    const sign = 1n << (format.exponent + format.fraction);
    const values = (mark: bigint) => [
      0n,
      sign,
      ((1n << (format.exponent - 1n)) - 1n) << format.fraction,
      mark,
      infinity,
      infinity | sign,
      quiet | mark,
      quiet | sign | mark,
      infinity | mark,
    ];
    for (const a of values(1n)) {
      for (const b of values(2n)) {
        for (const c of values(3n)) {
          for (const kind of kinds) {
            const triples = Array.from({ length: lanes }, (): Triple => [a, b, c]);
            for (const mxcsr of [ALL_MASKED, ALL_MASKED | PE, ALL_MASKED | 0x2000, ALL_MASKED | 0x8040, 0])
              check(variant, triples, kind, mxcsr, ELSEWHERE);
          }
        }
      }
    }
  });
});
