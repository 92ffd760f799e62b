import { describe, expect, it } from "vitest";
import { Decoder } from "../decode/decoder.ts";
import { type Chapter, OPCODES } from "../decode/opcodes.ts";
import { byLength, byPrefix, byWidth, type Entry, group, MEMORY, op, VEX, VSIB } from "../decode/row.ts";
import { DATA } from "./differential.ts";
import { describeEncoding, encode, encodingsOf } from "./encodings.ts";
import { createRandom } from "./float-random.ts";

const row = (mnemonic: string, operands: string, flags = 0): Entry =>
  op(mnemonic, () => {}, operands, VEX | flags);

const chapter: Chapter = {
  vex0F: {
    254: byPrefix({ p66: byLength(row("VPADDD", "Vdq,Hdq,Wdq"), row("VPADDD", "Vqq,Hqq,Wqq")) }),
    42: byPrefix({ pF2: row("VCVTSI2SD", "Vdq,Hdq,Ey") }),
  },
  vex0F38: {
    144: byPrefix({ p66: byWidth(row("VPGATHERDD", "Vdq,Wdq,Hdq", VSIB | MEMORY), undefined) }),
    243: byPrefix({ none: byLength(group(undefined, row("BLSR", "By,Ey")), undefined) }),
  },
  vex0F3A: {
    74: byPrefix({ p66: byWidth(byLength(row("VBLENDVPS", "Vdq,Hdq,Wdq,Ldq"), undefined), undefined) }),
  },
};

const tableOf = (entries: Readonly<Record<number, Entry>> | undefined): Entry[] =>
  Array.from({ length: 256 }, (_, opcode) => entries?.[opcode]);

const decoder = new Decoder({
  ...OPCODES,
  vex0F: tableOf(chapter.vex0F),
  vex0F38: tableOf(chapter.vex0F38),
  vex0F3A: tableOf(chapter.vex0F3A),
});

it("encodings with VEX have the manual's names", () => {
  expect(encodingsOf(chapter, 64).map(describeEncoding)).toEqual([
    "VEX.LIG.F2.0F.WIG 2A VCVTSI2SD",
    "VEX.LIG.F2.0F.WIG 2A VCVTSI2SD m",
    "VEX.128.66.0F.WIG FE VPADDD",
    "VEX.128.66.0F.WIG FE VPADDD m",
    "VEX.256.66.0F.WIG FE VPADDD",
    "VEX.256.66.0F.WIG FE VPADDD m",
    "VEX.LIG.66.0F38.W0 90 VPGATHERDD m",
    "VEX.128.0F38.WIG F3 /1 BLSR",
    "VEX.128.0F38.WIG F3 /1 BLSR m",
    "VEX.128.66.0F3A.W0 4A VBLENDVPS",
    "VEX.128.66.0F3A.W0 4A VBLENDVPS m",
  ]);
});

describe.each([32, 64] as const)("%i-bit code", (codeSize) => {
  const named = encodingsOf(chapter, codeSize).map(
    (encoding) => [describeEncoding(encoding), encoding] as const,
  );
  it.each(named)("%s is encoded as it is decoded", (_, encoding) => {
    const random = createRandom(1);
    const firsts = new Set<number>();
    for (let n = 0; n < 200; n++) {
      const code = encode(encoding, random, 0x40, { codeSize, operandPrefix: true });
      const decoded = decoder.decode(Uint8Array.from(code), 0, code.length, codeSize);
      if (typeof decoded === "string") throw new Error(`${decoded}: ${code}`);
      expect([decoded.row, decoded.length]).toEqual([encoding.row, code.length]);
      expect(decoded.memory).toBe(encoding.memory);
      if (encoding.memory && !(encoding.row.flags & VSIB)) expect(decoded.displacement).toBe(DATA + 0x40);
      expect(decoded.vvvv).toBeLessThan(codeSize === 64 ? 16 : 8);
      firsts.add(code[0]!);
    }
    expect(firsts).toEqual(new Set(encoding.opcode.length === 2 ? [0xc4, 0xc5] : [0xc4]));
  });
});
