/**
 * Fused multiply-add and conversion of the formats without integer bit (halves, singles, doubles), in BigInt arithmetic
 * that drops nothing before it rounds: the reference for what the runtime gives, in value and flags. [SDM] vol. 1, 4.8,
 * 4.9, 11.5 and 14.5
 */

/** A format: how many bits its fraction and its exponent have. */
export interface Format {
  readonly fraction: bigint;
  readonly exponent: bigint;
}

export const HALF: Format = { fraction: 10n, exponent: 5n };
export const SINGLE: Format = { fraction: 23n, exponent: 8n };
export const DOUBLE: Format = { fraction: 52n, exponent: 11n };

const IE = 0x01;
const DE = 0x02;
const OE = 0x08;
const UE = 0x10;
const PE = 0x20;

/** What MXCSR says. */
export interface Control {
  /** 0 to nearest, 1 down, 2 up, 3 towards zero. */
  readonly rounding: number;
  readonly masks: number;
  readonly denormalsAreZeros: boolean;
  readonly flushToZero: boolean;
}

export const controlOf = (mxcsr: number): Control => ({
  rounding: (mxcsr >> 13) & 3,
  masks: (mxcsr >> 7) & 0x3f,
  denormalsAreZeros: (mxcsr & 0x40) !== 0,
  flushToZero: (mxcsr & 0x8000) !== 0,
});

/** Bits, which stand for nothing where an exception is not masked, and flags. */
export interface Outcome {
  readonly bits: bigint;
  readonly flags: number;
}

/** ±mantissa × 2^exponent, or what else bits stand for. */
interface Operand {
  readonly kind: "number" | "infinity" | "quiet" | "signalling";
  readonly negative: boolean;
  readonly mantissa: bigint;
  readonly exponent: bigint;
  readonly denormal: boolean;
}

/** The exponent of a format's last place in denormals. */
const leastUnit = ({ fraction, exponent }: Format) => 2n - (1n << (exponent - 1n)) - fraction;
const infinityOf = ({ fraction, exponent }: Format) => ((1n << exponent) - 1n) << fraction;
const signOf = ({ fraction, exponent }: Format, negative: boolean) =>
  negative ? 1n << (fraction + exponent) : 0n;
const quietBit = ({ fraction }: Format) => 1n << (fraction - 1n);

function take(format: Format, bits: bigint, denormalsAreZeros: boolean): Operand {
  const { fraction } = format;
  const negative = (bits & signOf(format, true)) !== 0n;
  const magnitude = bits & (signOf(format, true) - 1n);
  const rest = magnitude & ((1n << fraction) - 1n);
  const power = magnitude >> fraction;
  if (magnitude >= infinityOf(format)) {
    const kind = rest === 0n ? "infinity" : rest & quietBit(format) ? "quiet" : "signalling";
    return { kind, negative, mantissa: 0n, exponent: 0n, denormal: false };
  }
  if (power === 0n) {
    const mantissa = denormalsAreZeros ? 0n : rest;
    return { kind: "number", negative, mantissa, exponent: leastUnit(format), denormal: mantissa !== 0n };
  }
  const mantissa = rest | (1n << fraction);
  return { kind: "number", negative, mantissa, exponent: power - 1n + leastUnit(format), denormal: false };
}

/** mantissa × 2^exponent in units of 2^unit, and whether that is not exact. */
function inUnits(negative: boolean, mantissa: bigint, exponent: bigint, unit: bigint, rounding: number) {
  if (exponent >= unit) return { units: mantissa << (exponent - unit), inexact: false };
  const count = unit - exponent;
  const units = mantissa >> count;
  const twice = (mantissa - (units << count)) * 2n;
  const one = 1n << count;
  const nearest = twice > one || (twice === one && (units & 1n) === 1n);
  const away = rounding === 0 ? nearest : rounding !== 3 && negative === (rounding === 1);
  const inexact = twice !== 0n;
  return { units: inexact && away ? units + 1n : units, inexact };
}

/**
 * A number that is not zero, rounded. Tininess is detected after rounding; what an unmasked underflow rounds is not
 * denormal yet.
 */
function rounded(
  format: Format,
  negative: boolean,
  mantissa: bigint,
  exponent: bigint,
  control: Control,
): Outcome {
  const { fraction } = format;
  const sign = signOf(format, negative);
  const least = leastUnit(format);
  const place = exponent + BigInt(mantissa.toString(2).length) - 1n - fraction;
  const unbounded = inUnits(negative, mantissa, exponent, place, control.rounding);
  const carried = unbounded.units >> (fraction + 1n) !== 0n;
  const tiny = (carried ? place + 1n : place) < least;
  if (tiny && !(control.masks & UE)) return { bits: sign, flags: unbounded.inexact ? UE | PE : UE };
  if (tiny && control.flushToZero) return { bits: sign, flags: UE | PE };
  const unit = place < least ? least : place;
  const { units, inexact } = inUnits(negative, mantissa, exponent, unit, control.rounding);
  const magnitude = units + ((unit - least) << fraction);
  const infinity = infinityOf(format);
  if (magnitude < infinity) return { bits: sign | magnitude, flags: inexact ? (tiny ? UE | PE : PE) : 0 };
  const flags = inexact || control.masks & OE ? OE | PE : OE;
  const towards = control.rounding === 3 || (control.rounding !== 0 && negative !== (control.rounding === 1));
  return { bits: sign | (towards ? infinity - 1n : infinity), flags };
}

/** ±(a × b) ± c. */
export function fused(
  format: Format,
  [first, second, third]: readonly [bigint, bigint, bigint],
  negated: boolean,
  subtracted: boolean,
  control: Control,
): Outcome {
  const bits = [first, second, third];
  const operands = bits.map((value) => take(format, value, control.denormalsAreZeros));
  const nan = operands.findIndex(({ kind }) => kind === "quiet" || kind === "signalling");
  if (nan >= 0) {
    const signals = operands.some(({ kind }) => kind === "signalling");
    return { bits: bits[nan]! | quietBit(format), flags: signals ? IE : 0 };
  }
  const invalid = { bits: signOf(format, true) | infinityOf(format) | quietBit(format), flags: IE };
  const [a, b, c] = operands as [Operand, Operand, Operand];
  const isZero = ({ kind, mantissa }: Operand) => kind === "number" && mantissa === 0n;
  const productNegative = (a.negative !== b.negative) !== negated;
  const cNegative = c.negative !== subtracted;
  const denormal = operands.some((operand) => operand.denormal) ? DE : 0;
  if (a.kind === "infinity" || b.kind === "infinity") {
    if (isZero(a) || isZero(b) || (c.kind === "infinity" && cNegative !== productNegative)) return invalid;
    return { bits: signOf(format, productNegative) | infinityOf(format), flags: denormal };
  }
  if (c.kind === "infinity") return { bits: signOf(format, cNegative) | infinityOf(format), flags: denormal };
  const power = a.exponent + b.exponent;
  // biome-ignore lint/complexity/useMathMinMax: Math.min takes no bigints.
  const least = power < c.exponent ? power : c.exponent;
  const product = (a.mantissa * b.mantissa) << (power - least);
  const addend = c.mantissa << (c.exponent - least);
  const sum = (productNegative ? -product : product) + (cNegative ? -addend : addend);
  if (sum === 0n) {
    // Zeros of one sign keep it; else it is that of the rounding.
    const same = isZero(c) && (isZero(a) || isZero(b)) && productNegative === cNegative;
    return { bits: signOf(format, same ? cNegative : control.rounding === 1), flags: denormal };
  }
  const { bits: result, flags } = rounded(format, sum < 0n, sum < 0n ? -sum : sum, least, control);
  return { bits: result, flags: flags | denormal };
}

/** Another format's number. A denormal half is no exception, and never taken for zero. */
export function converted(from: Format, to: Format, bits: bigint, control: Control): Outcome {
  const operand = take(from, bits, control.denormalsAreZeros && from !== HALF);
  const sign = signOf(to, operand.negative);
  if (operand.kind === "infinity") return { bits: sign | infinityOf(to), flags: 0 };
  if (operand.kind !== "number") {
    const rest = bits & ((1n << from.fraction) - 1n);
    const wider = to.fraction - from.fraction;
    const payload = wider > 0n ? rest << wider : rest >> -wider;
    const flags = operand.kind === "signalling" ? IE : 0;
    return { bits: sign | infinityOf(to) | quietBit(to) | payload, flags };
  }
  if (operand.mantissa === 0n) return { bits: sign, flags: 0 };
  const { bits: result, flags } = rounded(to, operand.negative, operand.mantissa, operand.exponent, control);
  return { bits: result, flags: operand.denormal && from !== HALF ? flags | DE : flags };
}

/**
 * What MXCSR has after lanes with these flags: those of results only if no operand has an unmasked exception. Also the
 * exceptions that are not masked.
 */
export function ended(mxcsr: number, lanes: readonly Outcome[]): { mxcsr: number; unmasked: number } {
  const { masks } = controlOf(mxcsr);
  const all = lanes.reduce((sum, { flags }) => sum | flags, 0);
  const before = all & (IE | DE);
  const flags = before & ~masks ? before : all;
  return { mxcsr: mxcsr | flags, unmasked: flags & ~masks };
}
