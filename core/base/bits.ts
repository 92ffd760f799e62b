/** Bit `n` (0 to 31) of `value`, as a boolean. */
export const bit = (value: number, n: number): boolean => ((value >>> n) & 1) !== 0;

/** `value` with bit `n` (0 to 31) set or cleared, as an unsigned 32-bit number. */
export const withBit = (value: number, n: number, on: boolean): number =>
  (on ? value | (1 << n) : value & ~(1 << n)) >>> 0;

/** 0 to 99 in binary-coded decimal. */
export const toBcd = (value: number): number => (Math.floor(value / 10) << 4) | (value % 10);

/** The inverse of {@link toBcd}. */
export const fromBcd = (value: number): number => (value >>> 4) * 10 + (value & 15);
