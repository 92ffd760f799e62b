import { expect, it } from "vitest";
import { type CodeSize, Decoder } from "../cpu/decode/decoder.ts";
import { OPCODES } from "../cpu/decode/opcodes.ts";
import { byLength, type Entry, MEMORY, op, VEX, VSIB } from "../cpu/decode/row.ts";
import { operandsOf } from "./operands.ts";
import { spellingOf } from "./spelling.ts";

const row = (mnemonic: string, operands: string, flags = 0): Entry =>
  op(mnemonic, () => {}, operands, VEX | flags);
const gather = (mnemonic: string, last: string): Entry =>
  byLength(
    row(mnemonic, "Vdq,Wdq,Hdq", VSIB | MEMORY),
    row(mnemonic, `V${last},Wdq,H${last}`, VSIB | MEMORY),
  );

const table = (entries: Readonly<Record<number, Entry>>): Entry[] =>
  Array.from({ length: 256 }, (_, opcode) => entries[opcode]);

const decoder = new Decoder({
  ...OPCODES,
  vex0F: table({
    254: byLength(row("VPADDD", "Vdq,Hdq,Wdq"), row("VPADDD", "Vqq,Hqq,Wqq")),
    194: row("VCMPPS", "Vdq,Hdq,Wdq,Ib"),
    42: row("VCVTSI2SD", "Vdq,Hdq,Ey"),
    110: row("VMOVD", "Vdq,Ey"),
  }),
  vex0F38: table({
    144: gather("VPGATHERDQ", "qq"),
    145: gather("VGATHERQPS", "dq"),
  }),
  vex0F3A: table({ 74: row("VBLENDVPS", "Vdq,Hdq,Wdq,Ldq") }),
});

function textOf(code: string, codeSize: CodeSize): string {
  const bytes = Uint8Array.from(code.split(" "), (byte) => Number.parseInt(byte, 16));
  const decoded = decoder.decode(bytes, 0, bytes.length, codeSize);
  if (typeof decoded === "string") return decoded;
  const is256 = (bytes[bytes[0] === 0xc5 ? 1 : 2]! & 4) !== 0;
  const instruction = { decoded, opcode: 0, codeSize, next: 0n, is256 };
  const { mnemonic, operands } = spellingOf(instruction);
  return `${mnemonic} ${(operands ?? operandsOf(instruction)).join(",")}`;
}

// As GNU objdump 2.40 writes them.
it.each([
  ["c5 e9 fe cb", "vpaddd xmm1,xmm2,xmm3"],
  ["c5 ed fe 08", "vpaddd ymm1,ymm2,YMMWORD PTR [rax]"],
  ["c5 ea 2a 08", "vcvtsi2sd xmm1,xmm2,DWORD PTR [rax]"],
  ["c4 e1 eb 2a c8", "vcvtsi2sd xmm1,xmm2,rax"],
  ["c4 e1 f9 6e c8", "vmovq xmm1,rax"],
  ["c5 e8 c2 cb 00", "vcmpeqps xmm1,xmm2,xmm3"],
  ["c5 e8 c2 cb 1f", "vcmptrue_usps xmm1,xmm2,xmm3"],
  ["c5 e8 c2 cb 28", "vcmpps xmm1,xmm2,xmm3,0x28"],
  ["c4 e2 e5 90 0c d0", "vpgatherdq ymm1,QWORD PTR [rax+xmm2*8],ymm3"],
  ["c4 a2 65 91 0c 60", "vgatherqps xmm1,DWORD PTR [rax+ymm12*2],xmm3"],
  ["c4 e3 69 4a cb e0", "vblendvps xmm1,xmm2,xmm3,xmm14"],
])("%s is %s", (code, text) => {
  expect(textOf(code, 64)).toBe(text);
});

it("in 32-bit code there are eight registers", () => {
  expect(textOf("c4 e3 69 4a cb e0", 32)).toBe("vblendvps xmm1,xmm2,xmm3,xmm6");
});
