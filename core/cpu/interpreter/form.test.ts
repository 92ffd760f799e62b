import { expect, test } from "vitest";
import { seededRandom } from "../../board/testing/random.ts";
import { type Decoded, Decoder, MAXIMUM_LENGTH } from "../decode/decoder.ts";
import { OPCODES } from "../decode/opcodes.ts";
import { MODE_CODE_SIZE } from "../layout.ts";
import { codeSizeOf, type Form, formNumber, formOf } from "./form.ts";

const MODES = 64;
const decoder = new Decoder(OPCODES);

test("what has the same number has the same form", { timeout: 60_000 }, () => {
  const random = seededRandom(1);
  const forms = new Map<number, Form>();
  let again = 0;
  for (let round = 0; round < 100_000; round++) {
    const mode = random(MODES);
    if ((mode & MODE_CODE_SIZE) === 3) continue;
    const bytes = Uint8Array.from({ length: MAXIMUM_LENGTH }, () => random(256));
    if (random(2) === 0) bytes[0] = [0x66, 0x67, 0xf3, 0xf2, 0x64, 0x2e][random(6)]!;
    const decoded = decoder.decode(bytes, 0, MAXIMUM_LENGTH, codeSizeOf(mode));
    if (typeof decoded === "string") continue;
    const number = formNumber(decoded, mode);
    expect(number).toBeGreaterThanOrEqual(0);
    const form = forms.get(number);
    if (form) again++;
    forms.set(number, formOf(decoded, mode));
    if (form) expect(formOf(decoded, mode)).toBe(form);
  }
  expect(again).toBeGreaterThan(10_000);
});

test("a form knows no more of its instruction than what it depends on", () => {
  const formsOf = (text: string, mode: number): Form => {
    const bytes = Uint8Array.from(text.split(" "), (byte) => Number.parseInt(byte, 16));
    return formOf(decoder.decode(bytes, 0, bytes.length, codeSizeOf(mode)) as Decoded, mode);
  };
  // MOV EAX,ECX and MOV EDX,EBX with an address size and a segment that do not matter.
  expect(formsOf("67 65 89 da", 1)).toBe(formsOf("89 c8", 1 | 32));
  // FS, GS: any segment that may not be flat.
  expect(formsOf("65 8b 00", 1)).toBe(formsOf("64 8b 00", 1));
  expect(formsOf("8b 00", 1 | 16)).not.toBe(formsOf("8b 00", 1));
});
