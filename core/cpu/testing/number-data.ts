// Data for programs of numbers: those at which a short way ends, among ordinary ones.

import type { Random } from "./float-random.ts";

const DOUBLES = [
  0n,
  1n,
  0x000fffffffffffffn,
  0x0010000000000000n,
  0x0010000000000001n,
  0x0020000000000000n,
  0x3ff0000000000000n,
  0x3ff0000000000001n,
  0x3fe5555555555555n,
  0x4008000000000000n,
  0x40c3880000000000n,
  0x36a0000000000000n,
  0x47efffffe0000000n,
  0x1ff0000000000000n,
  0x5fe0000000000000n,
  0x41dfffffffc00000n,
  0x41e0000000000000n,
  0x43e0000000000000n,
  0x7fefffffffffffffn,
  0x7ff0000000000000n,
  0x7ff0000000000001n,
  0x7ff8000000000000n,
];
const FLOATS = [
  0, 1, 0x007fffff, 0x00800000, 0x00800001, 0x01000000, 0x3f800000, 0x3f800001, 0x3eaaaaab, 0x40400000,
  0x461c4000, 0x1f800000, 0x5f800000, 0x4effffff, 0x4f000000, 0x7f7fffff, 0x7f800000, 0x7f800001, 0x7fc00000,
];

/** Numbers of both formats, most of them ordinary. */
export function fillWithNumbers(data: Uint8Array, random: Random): void {
  const view = new DataView(data.buffer);
  const sign = (): bigint => BigInt(random.below(2)) << 63n;
  const ordinary = (): bigint => (BigInt(0x3f0 + random.below(0x20)) << 52n) | (random.bits(52) & -0x10000n);
  for (let at = 0; at < data.length; at += 8) {
    const kind = random.below(8);
    if (kind < 4) view.setBigUint64(at, sign() | ordinary(), true);
    else if (kind < 6) view.setBigUint64(at, sign() | DOUBLES[random.below(DOUBLES.length)]!, true);
    else {
      for (const half of [0, 4]) {
        const value = random.below(2)
          ? FLOATS[random.below(FLOATS.length)]!
          : 0x3f000000 + random.below(0x2000000);
        view.setUint32(at + half, (random.below(2) << 31) | value, true);
      }
    }
  }
}
