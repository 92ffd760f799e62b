// SSE's scalars compiled and interpreted, on the numbers at which a short way ends: zeros, denormals, what is next to them,
// the largest, infinities, NaNs; with exceptions raised already or not, and every rounding.

import { describe, expect, it } from "vitest";
import { EXTENDED } from "../decode/tables/extended.ts";
import { SIMD } from "../decode/tables/simd.ts";
import { DATA } from "../testing/differential.ts";
import { type Encoding, encodingsOf } from "../testing/encodings.ts";
import { createRandom, type Random } from "../testing/float-random.ts";
import { compare, PROGRAMS, randomProgram } from "../testing/lockstep.ts";

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

/** Offset of a value of MXCSR in the data, which no program reaches otherwise. */
const CONTROL = 0xff0;

/** Numbers of both formats, most of them ordinary, and a value of MXCSR: all masked, some raised, mostly to nearest. */
function fillWithNumbers(data: Uint8Array, random: Random): void {
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
  const rounding = random.below(3) ? 0 : random.below(4) << 13;
  const zeroing = random.below(4) ? 0 : random.below(2) << 15;
  view.setUint32(CONTROL, 0x1f80 | rounding | zeroing | (random.below(2) ? 0x20 : random.below(0x40)), true);
}

/** LDMXCSR of that value. */
function loadControl(codeSize: 32 | 64): number[] {
  const at = DATA + CONTROL;
  const address = [0, 8, 16, 24].map((shift) => (at >>> shift) & 0xff);
  return [0x0f, 0xae, ...(codeSize === 64 ? [0x14, 0x25] : [0x15]), ...address];
}

const SCALARS =
  /^((ADD|SUB|MUL|DIV|SQRT|MIN|MAX|CMP|U?COMI|MOV|CVT.*)S[SD]|CVT(T?S[SD]2SI|SI2S[SD])|MOV[AU]P[SD]|MOV[DQ]|MOV[HL]P[SD]|MOVHLPS|MOVLHPS|(AND|ANDN|OR|XOR|ADD|MUL|UNPCKL|SHUF)P[SD]|PXOR|PINSRW|PBLENDVB|STMXCSR)$/;

const isScalar = ({ row }: Encoding): boolean => SCALARS.test(row.mnemonic);

describe.each([32, 64] as const)("scalars in %i-bit code", (codeSize) => {
  it("are the same compiled as interpreted, whatever the numbers", { timeout: 600_000 }, () => {
    const encodings = [...encodingsOf(SIMD, codeSize), ...encodingsOf(EXTENDED, codeSize)].filter(isScalar);
    let compiled = 0;
    for (let seed = 1; seed <= PROGRAMS; seed++) {
      // Each time around, or never.
      const given = seed % 3 ? loadControl(codeSize) : [];
      const program = randomProgram(createRandom(seed), encodings, codeSize, given);
      if (compare(program, seed, codeSize, 60, fillWithNumbers)) compiled++;
    }
    expect(compiled).toBeGreaterThan(PROGRAMS / 2);
  });
});
