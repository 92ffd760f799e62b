// Machine code as text, from the tables that the processor itself decodes with, in Intel's syntax as the GNU tools
// write it. In 64-bit code the prefixes that the processor ignores are left out.

import { type CodeSize, type Decoded, Decoder } from "../cpu/decode/decoder.ts";
import { OPCODES } from "../cpu/decode/opcodes.ts";
import { REP, VEX } from "../cpu/decode/row.ts";
import { operandsOf } from "./operands.ts";
import { spellingOf } from "./spelling.ts";

export interface DisassembledInstruction {
  /** In bytes; 1 for what is no instruction. */
  readonly length: number;
  /** Prefixes that count, mnemonic, operands: `lock xadd DWORD PTR [ebx],eax`. `(bad)` for no instruction. */
  readonly text: string;
  /** Absent for what is no instruction. */
  readonly decoded?: Decoded;
}

/** Where the opcode or what leads to it begins: after prefixes. */
function afterPrefixes(bytes: Uint8Array, codeSize: CodeSize): number {
  const isPrefix = (byte: number) =>
    [0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3].includes(byte) ||
    (codeSize === 64 && (byte & 0xf0) === 0x40);
  let at = 0;
  while (isPrefix(bytes[at]!)) at++;
  return at;
}

/** The opcode's last byte: after escapes. */
function opcodeOf(bytes: Uint8Array, at: number): number {
  if (bytes[at] !== 0x0f) return bytes[at]!;
  const second = bytes[at + 1]!;
  return second === 0x38 || second === 0x3a ? bytes[at + 2]! : second;
}

/** VEX.L, in the last byte of VEX. */
const VEX_L = 4;
const isVex256 = (bytes: Uint8Array, at: number): boolean =>
  (bytes[at + (bytes[at] === 0xc5 ? 1 : 2)]! & VEX_L) !== 0;

const decoder = new Decoder(OPCODES);

/**
 * The instruction that begins with these bytes, at a linear address. What is no instruction, or goes on beyond the
 * bytes, is `(bad)`, one byte long.
 */
export function disassemble(bytes: Uint8Array, address: bigint, codeSize: CodeSize): DisassembledInstruction {
  const bad = { length: 1, text: "(bad)" };
  const decoded = decoder.decode(bytes, 0, bytes.length, codeSize);
  if (typeof decoded === "string" || decoded.row.mnemonic.startsWith("(")) return bad;
  const next = BigInt.asUintN(64, address + BigInt(decoded.length));
  const at = afterPrefixes(bytes, codeSize);
  const is256 = (decoded.row.flags & VEX) !== 0 && isVex256(bytes, at);
  const instruction = { decoded, opcode: opcodeOf(bytes, at), codeSize, next, is256 };
  const spelling = spellingOf(instruction);
  const operands = spelling.operands ?? operandsOf(instruction);
  const prefixes = decoded.lock ? "lock " : decoded.row.flags & REP ? repetition(decoded) : "";
  const text = prefixes + [spelling.mnemonic, operands.join(",")].filter((part) => part !== "").join(" ");
  return { length: decoded.length, text, decoded };
}

function repetition({ rep, row }: Decoded): string {
  if (rep === 0) return "";
  if (!/^(CMPS|SCAS)/.test(row.mnemonic)) return rep === 0xf3 ? "rep " : "repnz ";
  return rep === 0xf3 ? "repz " : "repnz ";
}
