/**
 * Transcendental functions in fixed-point BigInt arithmetic, far more precise than 80-bit numbers: the reference that
 * the processor's are held against.
 */

/** Bits after the point that series are worked out with; a factor that may be small is kept out of them. */
const BITS = 320n;
const ONE = 1n << BITS;

/** A number as (mantissa × 2^exponent). */
export interface Scaled {
  readonly mantissa: bigint;
  readonly exponent: bigint;
}

const shift = (value: bigint, by: bigint) => (by >= 0n ? value << by : value >> -by);

/** x in units of 2^-BITS. */
const fixed = ({ mantissa, exponent }: Scaled) => shift(mantissa, exponent + BITS);
const scaled = (value: bigint): Scaled => ({ mantissa: value, exponent: -BITS });
const times = (a: Scaled, b: Scaled): Scaled => ({
  mantissa: a.mantissa * b.mantissa,
  exponent: a.exponent + b.exponent,
});

/** Σ termₙ, where each term is the last one × x / divisor(n). */
function series(first: bigint, x: bigint, divisor: (n: bigint) => bigint): bigint {
  let sum = first;
  let term = first;
  for (let n = 1n; term !== 0n && term !== -1n; n++) {
    term = (term * x) / ONE / divisor(n);
    sum += term;
  }
  return sum;
}

/** Σ x^(2n) (−1)^n or 1, / (2n + 1): atan x / x or atanh x / x, of x². */
function oddSeries(square: bigint, sign: bigint): bigint {
  let sum = 0n;
  let power = ONE;
  for (let n = 1n; power !== 0n; n += 2n) {
    sum += power / n;
    power = ((power * square) / ONE) * sign;
    if (power === -1n) break;
  }
  return sum;
}

const atanInverse = (n: bigint) => oddSeries(ONE / (n * n), -1n) / n;
const PI = 4n * (4n * atanInverse(5n) - atanInverse(239n));
const LN2 = (2n * oddSeries(ONE / 9n, 1n)) / 3n;
/** The π that the x87 reduces arguments by: 66 bits. */
const PI_66 = 0x3243f6a8885a308d3n;

/** log2 x for x > 0, or with `plusOne` log2(x + 1) for a small x. */
export function log2(x: Scaled, plusOne: boolean): Scaled {
  if (plusOne) {
    // 2 atanh(x / (x + 2)) / ln 2, relative to x.
    const denominator = fixed(x) + 2n * ONE;
    const s = (fixed(x) * ONE) / denominator;
    const factor = (((2n * oddSeries((s * s) / ONE, 1n) * ONE) / denominator) * ONE) / LN2;
    return times(x, scaled(factor));
  }
  const bits = BigInt(x.mantissa.toString(2).length) - 1n;
  let power = x.exponent + bits;
  let m = shift(x.mantissa, BITS - bits);
  if (m > ONE + ONE / 2n) {
    m = shift(x.mantissa, BITS - bits - 1n);
    power++;
  }
  const s = ((m - ONE) * ONE) / (m + ONE);
  const fraction = (((2n * s * oddSeries((s * s) / ONE, 1n)) / ONE) * ONE) / LN2;
  return scaled(power * ONE + fraction);
}

/** y log2 x or y log2(x + 1). */
export const timesLog2 = (y: Scaled, x: Scaled, plusOne: boolean): Scaled => times(y, log2(x, plusOne));

/** 2^x − 1 for |x| ≤ 1. */
export function powerLessOne(x: Scaled): Scaled {
  const argument = (fixed(x) * LN2) / ONE;
  return times(times(x, scaled(LN2)), scaled(series(ONE, argument, (n) => n + 1n)));
}

/** The angle reduced by the x87's π: quadrant and rest from −π/4 to π/4. */
function reduce(x: Scaled): { quadrant: bigint; rest: Scaled } {
  if (x.exponent < -400n) return { quadrant: 0n, rest: x };
  const unit = x.exponent < -65n ? x.exponent : -65n;
  const value = x.mantissa << (x.exponent - unit);
  const half = PI_66 << (-65n - unit);
  let quadrant = value / half;
  let rest = value - quadrant * half;
  if (2n * rest > half) {
    rest -= half;
    quadrant++;
  } else if (2n * rest < -half) {
    rest += half;
    quadrant--;
  }
  return { quadrant, rest: { mantissa: rest, exponent: unit } };
}

function sineOf(rest: Scaled): Scaled {
  const square = fixed(times(rest, rest));
  return times(rest, scaled(series(ONE, -square, (n) => 2n * n * (2n * n + 1n))));
}

function cosineOf(rest: Scaled): Scaled {
  return scaled(series(ONE, -fixed(times(rest, rest)), (n) => (2n * n - 1n) * 2n * n));
}

const negated = ({ mantissa, exponent }: Scaled): Scaled => ({ mantissa: -mantissa, exponent });

function sineAt(x: Scaled, turns: bigint): Scaled {
  const { quadrant, rest } = reduce(x);
  const q = BigInt.asUintN(2, quadrant + turns);
  const value = q & 1n ? cosineOf(rest) : sineOf(rest);
  return q & 2n ? negated(value) : value;
}

export const sine = (x: Scaled): Scaled => sineAt(x, 0n);
export const cosine = (x: Scaled): Scaled => sineAt(x, 1n);

/** a ÷ b to BITS bits more than b has. */
function quotient(a: Scaled, b: Scaled): Scaled {
  const by = BigInt(b.mantissa.toString(2).length) + BITS;
  return { mantissa: (a.mantissa << by) / b.mantissa, exponent: a.exponent - b.exponent - by };
}

export const tangent = (x: Scaled): Scaled => quotient(sine(x), cosine(x));

/** The angle of the point (x, y), neither of them 0. */
export function arctangent(y: Scaled, x: Scaled): Scaled {
  const magnitude = (value: Scaled): Scaled => ({
    mantissa: value.mantissa < 0n ? -value.mantissa : value.mantissa,
    exponent: value.exponent,
  });
  const ratio = quotient(magnitude(y), magnitude(x));
  const steep = shift(ratio.mantissa, ratio.exponent) > 0n;
  const small = steep ? quotient(magnitude(x), magnitude(y)) : ratio;
  // Halve the angle three times: atan r = 2 atan(r / (1 + √(1 + r²))).
  let r = small;
  for (let halvings = 0; halvings < 3; halvings++) {
    const root = squareRoot(ONE * ONE + fixed(r) * fixed(r));
    r = quotient(r, scaled(ONE + root));
  }
  let angle = times(r, scaled(8n * oddSeries(fixed(times(r, r)), -1n)));
  if (steep) angle = scaled(PI / 2n - fixed(angle));
  if (x.mantissa < 0n) angle = scaled(PI - fixed(angle));
  return y.mantissa < 0n ? negated(angle) : angle;
}

function squareRoot(value: bigint): bigint {
  let root = 1n << BigInt((value.toString(2).length + 1) >> 1);
  for (;;) {
    const next = (root + value / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

/** Error of an 80-bit number against a reference, in units of the number's last place, times 1000. */
export function errorInThousandthsOfUlp(number: Scaled, reference: Scaled): number {
  const { mantissa, exponent } = reference;
  // biome-ignore lint/complexity/useMathMinMax: Math.min takes no bigints.
  const finest = exponent < number.exponent ? exponent : number.exponent;
  const difference = (number.mantissa << (number.exponent - finest)) - (mantissa << (exponent - finest));
  const magnitude = difference < 0n ? -difference : difference;
  return Number((magnitude * 1000n) >> (number.exponent - finest));
}
