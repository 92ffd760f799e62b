import { describe, expect, it, test } from "vitest";
import { seededRandom } from "../../board/testing/random.ts";
import { type CodeSize, Decoder, immediateOf, MAXIMUM_LENGTH, withoutOperands } from "./decoder.ts";
import { INVALID, OPCODES } from "./opcodes.ts";

const decoder = new Decoder(OPCODES);

describe.each([16, 32, 64] as const)("random bytes as %i-bit code", (codeSize: CodeSize) => {
  it("are an instruction of 1 to 15 bytes, none, too long, or cut short, and nothing else", () => {
    const random = seededRandom(codeSize);
    for (let round = 0; round < 100_000; round++) {
      const bytes = Uint8Array.from({ length: 20 }, () => random(256));
      // Often with prefixes and escapes, which random bytes seldom have.
      for (let at = 0; random(3) > 0 && at < 4; at++) {
        bytes[at] = [0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x0f, 0x48, 0x2e][random(8)]!;
      }
      const end = 1 + random(20);
      const decoded = decoder.decode(bytes, 0, end, codeSize);
      if (decoded === "incomplete") expect(end).toBeLessThan(MAXIMUM_LENGTH);
      if (typeof decoded === "string") continue;
      expect(decoded.length).toBeGreaterThanOrEqual(1);
      expect(decoded.length).toBeLessThanOrEqual(Math.min(end, MAXIMUM_LENGTH));
    }
  });
});

test("fifteen prefixes leave no room for an instruction", () => {
  const bytes = new Uint8Array(20).fill(0x66);
  bytes[15] = 0x90;
  expect(decoder.decode(bytes, 0, 20, 32)).toBe("too-long");
});

test("a REX prefix counts only right before the opcode", () => {
  const decoded = decoder.decode(Uint8Array.of(0x48, 0x66, 0x89, 0xc0), 0, 4, 64);
  expect(decoded).toMatchObject({ operandSize: 16, rex: false, length: 4 });
});

test.each([
  ["MOV r64, imm64", 64, "48 b8 88 77 66 55 44 33 22 f1", -0xedd_ccbb_aa99_8878n, 0],
  ["MOV r64, imm32", 64, "48 c7 c0 fe ff ff ff", -2n, 0],
  ["ADD r32, imm8", 32, "83 c0 80", -128n, 0],
  ["ADD r16, imm16", 16, "81 c0 00 80", -0x8000n, 0],
  ["MOV AL, moffs of 16 bits", 16, "a0 ff ff", 0xffffn, 0],
  ["MOV AL, moffs of 64 bits", 64, "a0 88 77 66 55 44 33 22 11", 0x1122_3344_5566_7788n, 0],
  ["JMP ptr16:16", 16, "ea fe ff ff f0", 0xfffen, 0xf0ff],
  ["JMP ptr16:32", 32, "ea fe ff ff ff 08 80", 0xffff_fffen, 0x8008],
  ["ENTER imm16, imm8", 32, "c8 00 80 1f", -0x8000n, 0x1f],
  ["JNZ rel8", 64, "75 fe", -2n, 0],
] as const)("the immediates of %s", (_, codeSize, text, immediate, immediate2) => {
  const bytes = Uint8Array.from(text.split(" "), (byte) => Number.parseInt(byte, 16));
  const decoded = decoder.decode(bytes, 0, bytes.length, codeSize);
  if (typeof decoded === "string") throw new Error(decoded);
  expect([decoded.length, immediateOf(decoded), decoded.immediate2]).toEqual([
    bytes.length,
    immediate,
    immediate2,
  ]);
  expect(decoder.decode(bytes, 0, bytes.length - 1, codeSize)).toBe("incomplete");
});

test("nothing is left of what an object held before", () => {
  const random = seededRandom(1);
  const used = withoutOperands(INVALID, 16);
  let compared = 0;
  for (let round = 0; round < 3000; round++) {
    const bytes = Uint8Array.from({ length: MAXIMUM_LENGTH }, () => random(256));
    const anew = decoder.decode(bytes, 0, MAXIMUM_LENGTH, 64);
    const again = decoder.decode(bytes, 0, MAXIMUM_LENGTH, 64, used);
    expect(again).toEqual(anew);
    if (typeof anew === "string") continue;
    expect(again).toBe(used);
    compared++;
  }
  expect(compared).toBeGreaterThan(1000);
});
