// A function of few numbers to small ones, all different, that is one multiplication and one shift.

export interface PerfectHash {
  readonly multiplier: number;
  /** To the right, of the low 32 bits of the product. */
  readonly shift: number;
}

export const hashOf = (value: number, multiplier: number, shift: number): number =>
  Math.imul(value, multiplier) >>> shift;

/** Multipliers tried for each size: more than are needed to find one in nearly all cases. */
const TRIES = 256;

/** For different integers of 32 bits. The results are below 2^(32 - shift), which is as small as can be found soon. */
export function perfectHash(values: readonly number[]): PerfectHash {
  for (let bits = Math.max(1, Math.ceil(Math.log2(values.length))); ; bits++) {
    const shift = 32 - bits;
    for (let n = 0, multiplier = 1; n < TRIES; n++) {
      // The next odd number of a sequence that visits all of them.
      multiplier = (Math.imul(multiplier, 0x915f77f5) + 0x3c6ef36e) | 1;
      if (new Set(values.map((value) => hashOf(value, multiplier, shift))).size === values.length) {
        return { multiplier, shift };
      }
    }
  }
}
