/**
 * Computes the tables of the transcendental instructions (core/cpu/runtime/float/x87) in integers of 256 bits after the
 * point, and gives them as a source of the runtime. Entries are cut to 128 bits after the point, high half first, those
 * called tails to 64; they are at most one unit of the last place below the numbers that they stand for.
 */

const BITS = 256n;
const ONE = 1n << BITS;

const times = (a: bigint, b: bigint): bigint => (a * b) >> BITS;
const ratio = (a: number, b: number): bigint => (BigInt(a) * ONE) / BigInt(b);

/** Σ termₙ, where term₀ is given and each one is made of that before. */
function sum(first: bigint, next: (term: bigint, n: bigint) => bigint): bigint {
  let total = 0n;
  let term = first;
  for (let n = 1n; term !== 0n && term !== -1n; n++) {
    total += term;
    term = next(term, n);
  }
  return total;
}

const exp = (x: bigint): bigint => sum(ONE, (term, n) => times(term, x) / n);
const sin = (x: bigint): bigint => sum(x, (term, n) => -times(times(term, x), x) / (2n * n * (2n * n + 1n)));
const cos = (x: bigint): bigint =>
  sum(ONE, (term, n) => -times(times(term, x), x) / ((2n * n - 1n) * 2n * n));

/** Euler's series, whose terms are at most half of those before for x ≤ 1. */
function atan(x: bigint): bigint {
  const y = (times(x, x) * ONE) / (ONE + times(x, x));
  return sum((x * ONE) / (ONE + times(x, x)), (term, n) => (times(term, y) * 2n * n) / (2n * n + 1n));
}

/** ln x = 2 atanh((x − 1) / (x + 1)), for x near 1. */
function ln(x: bigint): bigint {
  const s = ((x - ONE) * ONE) / (x + ONE);
  const square = times(s, s);
  return 2n * sum(s, (term, n) => (times(term, square) * (2n * n - 1n)) / (2n * n + 1n));
}

const LN2 = ln(2n * ONE);
const log2 = (x: bigint): bigint => (ln(x) * ONE) / LN2;

function factorial(n: number): bigint {
  return n > 1 ? BigInt(n) * factorial(n - 1) : 1n;
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, n) => from + n);

/** A number from 0 to below 1 as the words of its first bits after the point. */
const words = (value: bigint, count: 1 | 2): string[] =>
  range(1, count + 1).map((n) => `0x${BigInt.asUintN(64, value >> (BITS - 64n * BigInt(n))).toString(16)}`);

const table = (name: string, entries: readonly string[]): string =>
  `export const ${name} = memory.data<u64>([${entries.join(", ")}]);\n`;

/** The coefficients of a series, of which `heads` have 128 bits, and how many these and the others are. */
const series = (name: string, heads: number, coefficients: readonly bigint[]): string =>
  table(
    name,
    coefficients.flatMap((value, n) => words(value, n < heads ? 2 : 1)),
  ) +
  `export const ${name}_HEADS: i32 = ${heads};\nexport const ${name}_TAILS: i32 = ${coefficients.length - heads};\n`;

/** Parts of 1 that arguments are cut into. */
const STEPS = 64;
/** The same of the significands of logarithms. */
const LOG_STEPS = 128;
/** The first of these at which significands are above √2. */
const ABOVE_ROOT = Math.ceil((Math.SQRT2 - 1) * LOG_STEPS);

/** 1/(1 + i/128) in 16 bits, not below it, as u64 below 1; and the magnitude of its log2, or of that of its double. */
function reciprocal(index: number): string[] {
  if (index === 0 || index === LOG_STEPS - 1) return ["0", "0", "0"];
  const c = BigInt(Math.ceil((LOG_STEPS * 65536) / (LOG_STEPS + index))) << (BITS - 16n);
  return [...words(c, 1), ...words(index < ABOVE_ROOT ? -log2(c) : ONE + log2(c), 2)];
}

/** (ln 2)ⁿ. */
function powerOfLn2(n: number): bigint {
  return n > 0 ? times(LN2, powerOfLn2(n - 1)) : ONE;
}

/** The source of the runtime's module `float/tables`. */
export function floatTables(): string {
  const steps = range(0, STEPS);
  return [
    `export const STEPS: i32 = ${STEPS};\n`,
    `export const LOG_STEPS: i32 = ${LOG_STEPS};\n`,
    `export const ABOVE_ROOT: i32 = ${ABOVE_ROOT};\n`,
    // 2^(i/64) − 1 and 1 − 2^(−i/64), then ((2^t) − 1)/t for t below 1/64: Σ (ln 2)^(n+1) tⁿ / (n + 1)!.
    table(
      "POWERS",
      steps.flatMap((i) => words(exp(times(LN2, ratio(i, STEPS))) - ONE, 2)),
    ),
    table(
      "NEGATIVE_POWERS",
      steps.flatMap((i) => words(ONE - exp(-times(LN2, ratio(i, STEPS))), 2)),
    ),
    series(
      "POWER",
      3,
      range(1, 11).map((n) => powerOfLn2(n) / factorial(n)),
    ),
    // What a significand is multiplied by to be near 1, then half of log2(1 + u)/u for u up to 1/127.
    table("RECIPROCALS", range(0, LOG_STEPS).flatMap(reciprocal)),
    series(
      "LOGARITHM",
      3,
      range(1, 13).map((n) => (ONE * ONE) / LN2 / BigInt(2 * n)),
    ),
    // Sines and cosines of i/64 up to π/4, then half of sin t / t and (1 − cos t)/t² for t below 1/64, series in t².
    table(
      "SINES",
      range(0, 51).flatMap((i) => [sin, cos].flatMap((f) => words(f(ratio(i, STEPS)), 2))),
    ),
    series(
      "SINE",
      2,
      range(0, 6).map((n) => ONE / 2n / factorial(2 * n + 1)),
    ),
    series(
      "COSINE",
      2,
      range(0, 5).map((n) => ONE / factorial(2 * n + 2)),
    ),
    // Arctangents of i/64 up to 1, then half of atan s / s for s up to 1/128, in s².
    table(
      "ARCTANGENTS",
      range(0, STEPS + 1).flatMap((i) => words(atan(ratio(i, STEPS)), 2)),
    ),
    series(
      "ARCTANGENT",
      2,
      range(0, 6).map((n) => ratio(1, 2 * (2 * n + 1))),
    ),
  ].join("");
}
