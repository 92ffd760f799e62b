import { describe, expect, it, test } from "vitest";
import { seededRandom } from "../../board/testing/random.ts";
import { type CodeSize, Decoder, MAXIMUM_LENGTH, NeedMoreBytes } from "./decoder.ts";
import { OPCODES } from "./opcodes.ts";

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
      try {
        const decoded = decoder.decode(bytes, 0, end, codeSize);
        if (typeof decoded === "string") continue;
        expect(decoded.length).toBeGreaterThanOrEqual(1);
        expect(decoded.length).toBeLessThanOrEqual(Math.min(end, MAXIMUM_LENGTH));
      } catch (error) {
        expect(error).toBeInstanceOf(NeedMoreBytes);
        expect(end).toBeLessThan(MAXIMUM_LENGTH);
      }
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
