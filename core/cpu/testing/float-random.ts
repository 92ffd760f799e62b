import {
  DESTINATION,
  type FloatCase,
  FSAVE,
  FSAVE_REGISTERS,
  GENERAL,
  MXCSR,
  OPERATION,
  RECORD_SIZE,
  SOURCE,
} from "./float-machine.ts";

/** Reproducible random numbers: xorshift, 32 bits. */
export interface Random {
  /** An integer below `limit`. */
  below(limit: number): number;
  /** `bits` random bits, up to 64. */
  bits(bits: number): bigint;
}

export function createRandom(seed: number): Random {
  let state = seed >>> 0 || 1;
  const next = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return Math.imul(state, 0x9e3779b1) >>> 0;
  };
  return {
    below: (limit) => Math.floor((next() / 0x100000000) * limit),
    bits: (bits) => ((BigInt(next()) << 32n) | BigInt(next())) >> BigInt(64 - bits),
  };
}

/** A fraction where roundings, ties and carries are likely. */
function fraction(random: Random, bits: number): bigint {
  const mask = (1n << BigInt(bits)) - 1n;
  switch (random.below(8)) {
    case 0:
      return 0n;
    case 1:
      return mask - BigInt(random.below(3));
    case 2:
      return BigInt(random.below(4));
    case 3:
      return (1n << BigInt(random.below(bits))) & mask;
    case 4:
      return (mask << BigInt(random.below(bits))) & mask;
    case 5:
      // Few significant bits, so that results are exact or ties.
      return (random.bits(8) << BigInt(bits - 8)) & mask;
    default:
      return random.bits(bits);
  }
}

/** A biased exponent: special, near 1, near `other`, near the ends, or anything. */
function exponent(random: Random, bits: number, other: number): number {
  const special = (1 << bits) - 1;
  const clamp = (value: number) => Math.max(0, Math.min(special, value));
  switch (random.below(10)) {
    case 0:
      return 0;
    case 1:
      return special;
    case 2:
      return clamp(special - 1 - random.below(70));
    case 3:
      return clamp(1 + random.below(70));
    case 4:
    case 5:
      return clamp((special >> 1) - 4 + random.below(70));
    case 6:
    case 7:
      return clamp(other + random.below(9) - 4);
    default:
      return random.below(special + 1);
  }
}

/** A number of a format without integer bit: 8 exponent and 23 fraction bits, or 11 and 52. */
export function randomNarrow(
  random: Random,
  exponentBits: number,
  fractionBits: number,
  other: number,
): bigint {
  const sign = BigInt(random.below(2));
  const power = BigInt(exponent(random, exponentBits, other));
  return (
    (sign << BigInt(exponentBits + fractionBits)) |
    (power << BigInt(fractionBits)) |
    fraction(random, fractionBits)
  );
}

/** An 80-bit number, one in sixteen of an unsupported or pseudo-denormal encoding. */
export function randomF80(random: Random, other: number): { significand: bigint; high: number } {
  const power = exponent(random, 15, other);
  const low = fraction(random, 63);
  const integer = power !== 0 ? random.below(16) !== 0 : random.below(8) === 0;
  // Narrow enough, in one of four, to be exact in the narrower formats, or nearly.
  const cut = random.below(4) === 0 ? BigInt([11, 40, 10, 39][random.below(4)]!) : 0n;
  return {
    significand: ((low >> cut) << cut) | (integer ? 1n << 63n : 0n),
    high: (random.below(2) << 15) | power,
  };
}

/** A record for case `number`, x87: registers, control and status words with no exception pending. */
export function randomX87(random: Random, number: number, { memory }: FloatCase): DataView {
  const view = new DataView(new ArrayBuffer(RECORD_SIZE));
  view.setUint32(OPERATION, number, true);
  const masks = random.below(3) ? 0x3f : random.below(64);
  const precision = [0, 2, 3, 3][random.below(4)]!;
  view.setUint32(FSAVE, 0xffff0040 | masks | (precision << 8) | (random.below(4) << 10), true);
  const raised = random.below(3) ? 0 : masks & random.below(64);
  const top = random.below(8);
  const codes = (random.below(8) << 8) | (random.below(2) << 14);
  view.setUint32(FSAVE + 4, 0xffff0000 | raised | codes | (top << 11), true);
  let tags = 0;
  let before = 0x3fff;
  for (let index = 0; index < 8; index++) {
    const expectedEmpty = index > 4;
    const empty = random.below(24) === 0 ? !expectedEmpty : expectedEmpty;
    if (empty) tags |= 3 << (((top + index) & 7) * 2);
    const { significand, high } = randomF80(random, before);
    before = high & 0x7fff;
    view.setBigUint64(FSAVE + FSAVE_REGISTERS + index * 10, significand, true);
    view.setUint16(FSAVE + FSAVE_REGISTERS + index * 10 + 8, high, true);
  }
  view.setUint32(FSAVE + 8, 0xffff0000 | tags, true);
  randomMemory(random, view, memory, (view.getUint16(FSAVE + FSAVE_REGISTERS + 8, true) & 0x7fff) - 16383);
  return view;
}

/** The memory operand, its exponent perhaps near ST(0)'s. */
function randomMemory(random: Random, view: DataView, memory: FloatCase["memory"], near: number): void {
  view.setBigUint64(DESTINATION, random.bits(64), true);
  view.setBigUint64(DESTINATION + 8, random.bits(64), true);
  if (memory === "f32") view.setUint32(DESTINATION, Number(randomNarrow(random, 8, 23, near + 127)), true);
  else if (memory === "f64") view.setBigUint64(DESTINATION, randomNarrow(random, 11, 52, near + 1023), true);
  else if (memory === "f80") {
    const { significand, high } = randomF80(random, near + 16383);
    view.setBigUint64(DESTINATION, significand, true);
    view.setUint16(DESTINATION + 8, high, true);
  } else if (memory === "bcd") {
    for (let byte = 0; byte < 9; byte++)
      view.setUint8(DESTINATION + byte, random.below(10) * 16 + random.below(10));
    view.setUint8(DESTINATION + 9, random.below(2) << 7);
  } else if (memory !== undefined && random.below(3) === 0) {
    // Zero, ±1 and the most negative integers.
    const bits = BigInt(memory.slice(1));
    const values = [0n, 1n, -1n, -(1n << (bits - 1n))];
    view.setBigInt64(DESTINATION, values[random.below(4)]!, true);
  }
}

/** A record for case `number`, SSE: two vectors of `lane` numbers. */
export function randomSse(random: Random, number: number, lane: "f32" | "f64" | "i32"): DataView {
  const view = new DataView(new ArrayBuffer(RECORD_SIZE));
  view.setUint32(OPERATION, number, true);
  const masks = random.below(3) ? 0x3f : random.below(64);
  const raised = random.below(2) ? 0x20 : random.below(64);
  const zeroing = random.below(4) ? 0 : (random.below(2) << 15) | (random.below(2) << 6);
  // An exception that is both raised and unmasked is none until it is raised again. PM is set when it would be all 0.
  view.setUint32(MXCSR, (masks << 7) | raised | zeroing | (random.below(4) << 13) || 0x1000, true);
  view.setBigUint64(
    GENERAL,
    random.below(4) ? random.bits(64) : BigInt.asUintN(64, BigInt(random.below(9) - 4)),
    true,
  );
  for (const operand of [DESTINATION, SOURCE]) {
    if (lane === "f64") {
      for (const at of [0, 8]) {
        const other =
          operand === SOURCE ? (view.getUint16(DESTINATION + at + 6, true) >> 4) & 0x7ff : 1023 + 31;
        view.setBigUint64(operand + at, randomNarrow(random, 11, 52, other), true);
      }
    } else {
      for (const at of [0, 4, 8, 12]) {
        const other =
          operand === SOURCE ? (view.getUint16(DESTINATION + at + 2, true) >> 7) & 0xff : 127 + 31;
        const bits =
          lane === "f32" ? randomNarrow(random, 8, 23, other) : random.bits(32) >> BigInt(random.below(32));
        view.setUint32(operand + at, Number(bits), true);
      }
    }
  }
  return view;
}
