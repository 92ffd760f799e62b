// x87 programs compiled and interpreted, on the numbers at which a short way ends, with the stack mostly in use: now and then
// it is full or empty, and precision and rounding are unusual ones.

import { describe, expect, it } from "vitest";
import { INTEGER } from "../decode/tables/integer.ts";
import { X87 } from "../decode/tables/x87.ts";
import { DATA } from "../testing/differential.ts";
import { type Encoding, encode, encodingsOf } from "../testing/encodings.ts";
import { createRandom, type Random } from "../testing/float-random.ts";
import { compare, PROGRAMS, randomProgram } from "../testing/lockstep.ts";
import { fillWithNumbers } from "../testing/number-data.ts";

/** Offset of a control word in the data, which no program reaches otherwise. */
const CONTROL = 0xff0;

/** Numbers that lie below it, the first next to it: most instructions make other numbers of them. */
const USUAL = [1.9, 0.3, 0.7];

const LOADS = /^F(LD|ILD|LD1|LDZ)$/;
const OTHERS =
  /^F(ST|STP|XCH|CHS|ABS|ADDP?|SUBR?P?|MULP?|DIVR?P?|U?COM|COMP|U?COMPP|U?COMIP?|CMOV.*|NSTSW|IST|ISTP|ISTTP|XAM|TST|FREE|INCSTP|NOP|2XM1|YL2X|YL2XP1|PATAN|PTAN|SIN|COS|SINCOS|SQRT|RNDINT|SCALE|XTRACT|PREM|PREM1)$/;
const FCHS = [0xd9, 0xe0];
const FADD = [0xd8, 0xc1];
const INTEGERS = /^(MOV|SETcc|SETB|SETZ|SETP|ADC|CMOVB|CMOVP)$/;

function fill(data: Uint8Array, random: Random): void {
  fillWithNumbers(data, random);
  const rounding = random.below(3) ? 0 : random.below(4) << 10;
  const precision = [0x300, 0x300, 0x200, 0x000][random.below(4)]!;
  const view = new DataView(data.buffer);
  view.setUint16(CONTROL, 0x7f | rounding | precision, true);
  USUAL.forEach((number, n) => {
    view.setFloat64(CONTROL - 8 * (n + 1), number, true);
  });
}

/** FNINIT, FLDCW of that word, and numbers loaded from these offsets. */
function begin(codeSize: 32 | 64, offsets: readonly number[]): number[] {
  const at = (offset: number): number[] => [0, 8, 16, 24].map((shift) => ((DATA + offset) >>> shift) & 0xff);
  const absolute = (reg: number, offset: number): number[] => [
    ...(codeSize === 64 ? [(reg << 3) | 4, 0x25] : [(reg << 3) | 5]),
    ...at(offset),
  ];
  const loads = offsets.flatMap((offset) => [0xdd, ...absolute(0, offset)]);
  return [0xdb, 0xe3, 0xd9, ...absolute(5, CONTROL), ...loads];
}

describe.each([32, 64] as const)("the x87 in %i-bit code", (codeSize) => {
  it("is the same compiled as interpreted, whatever the numbers", { timeout: 600_000 }, () => {
    const all = encodingsOf(X87, codeSize);
    const of = (names: RegExp, encodings = all): Encoding[] =>
      encodings.filter(({ row }) => names.test(row.mnemonic));
    const loads = of(LOADS);
    const encodings = [...of(OTHERS), ...loads, ...loads, ...of(INTEGERS, encodingsOf(INTEGER, codeSize))];
    let compiled = 0;
    for (let seed = 1; seed <= PROGRAMS; seed++) {
      const random = createRandom(seed);
      const given =
        seed % 3
          ? begin(
              codeSize,
              [0, 1, 2].map(() => 8 * random.below(128)),
            )
          : [];
      const program = randomProgram(random, encodings, codeSize, given);
      if (compare(program, seed, codeSize, 60, { fill })) compiled++;
    }
    expect(compiled).toBeGreaterThan(PROGRAMS / 2);
  });

  it("knows of every instruction what it changes", { timeout: 600_000 }, () => {
    const all = encodingsOf(X87, codeSize);
    const among = all.filter(({ row, memory }) => !memory && /^F(CHS|XCH|ADD)$/.test(row.mnemonic));
    const others = all.filter(({ row }) => !/^F(LDCW|LDENV|RSTOR|NINIT|\(invalid\))$/.test(row.mnemonic));
    others.forEach((encoding, n) => {
      const random = createRandom(n);
      const one = encode(encoding, random, 8 * random.below(64), { operandPrefix: true, codeSize });
      // What it finds is known, and what it leaves is wanted.
      const given = [
        ...begin(codeSize, [CONTROL - 8, CONTROL - 16, CONTROL - 24]),
        ...FCHS,
        ...one,
        ...FCHS,
        ...FADD,
      ];
      compare(randomProgram(random, among, codeSize, given), n, codeSize, 20, { fill });
    });
  });
});
