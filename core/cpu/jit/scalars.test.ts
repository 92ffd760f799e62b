// SSE's scalars compiled and interpreted, on the numbers at which a short way ends: zeros, denormals, what is next to them,
// the largest, infinities, NaNs; with exceptions raised already or not, and every rounding.

import { describe, expect, it } from "vitest";
import { EXTENDED } from "../decode/tables/extended.ts";
import { SIMD } from "../decode/tables/simd.ts";
import { DATA } from "../testing/differential.ts";
import { type Encoding, encodingsOf } from "../testing/encodings.ts";
import { createRandom, type Random } from "../testing/float-random.ts";
import { compare, PROGRAMS, randomProgram } from "../testing/lockstep.ts";
import { fillWithNumbers } from "../testing/number-data.ts";

/** Offset of a value of MXCSR in the data, which no program reaches otherwise. */
const CONTROL = 0xff0;

/** Numbers, and a value of MXCSR: all masked, some raised, mostly to nearest. */
function fill(data: Uint8Array, random: Random): void {
  fillWithNumbers(data, random);
  const rounding = random.below(3) ? 0 : random.below(4) << 13;
  const zeroing = random.below(4) ? 0 : random.below(2) << 15;
  new DataView(data.buffer).setUint32(
    CONTROL,
    0x1f80 | rounding | zeroing | (random.below(2) ? 0x20 : random.below(0x40)),
    true,
  );
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
      if (compare(program, seed, codeSize, 60, { fill })) compiled++;
    }
    expect(compiled).toBeGreaterThan(PROGRAMS / 2);
  });
});
