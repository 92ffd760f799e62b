// An instruction's operands as text.

import {
  type CodeSize,
  type Decoded,
  immediateOf,
  NO_REGISTER,
  RIP_RELATIVE,
  SEGMENT_NAMES,
  sizeIndex,
} from "../cpu/decode/decoder.ts";
import { MEMORY, type OperandSpec, STACK, VSIB } from "../cpu/decode/row.ts";

/** What the operands of an instruction are written from. */
export interface Instruction {
  readonly decoded: Decoded;
  /** The opcode's last byte, without prefixes and escapes. */
  readonly opcode: number;
  readonly codeSize: CodeSize;
  /** Linear address of the instruction after it. */
  readonly next: bigint;
  /** VEX.L, which makes vectors 256 bits wide. */
  readonly is256: boolean;
}

const WORDS = ["ax", "cx", "dx", "bx", "sp", "bp", "si", "di"];
const BYTES = ["al", "cl", "dl", "bl", "ah", "ch", "dh", "bh"];
const REX_BYTES = ["al", "cl", "dl", "bl", "spl", "bpl", "sil", "dil"];
const SIZES: Record<number, string> = {
  8: "BYTE PTR ",
  16: "WORD PTR ",
  32: "DWORD PTR ",
  48: "FWORD PTR ",
  64: "QWORD PTR ",
  80: "TBYTE PTR ",
  128: "XMMWORD PTR ",
  256: "YMMWORD PTR ",
};

export const sizeWord = (width: number): string => SIZES[width] ?? "";
export const hex = (value: bigint | number): string => `0x${value.toString(16)}`;
const signedHex = (value: bigint): string => (value < 0n ? `-${hex(-value)}` : `+${hex(value)}`);

/** A general register by number and width in bits; `rex`: there is any REX prefix. */
export function generalName(number: number, width: number, rex = false): string {
  if (width === 8 && number < 8) return (rex ? REX_BYTES : BYTES)[number]!;
  if (number >= 8) return `r${number}${{ 8: "b", 16: "w", 32: "d" }[width] ?? ""}`;
  return { 16: "", 32: "e", 64: "r" }[width] + WORDS[number]!;
}

/** `fs:` where a prefix asks for it. */
const segmentPrefix = ({ segmentOverride, segment }: Decoded): string =>
  segmentOverride ? `${SEGMENT_NAMES[segment]}:` : "";

/** A gather's vector of indices: four of 32 bits for four elements of 64 are in an XMM register. */
function indicesName({ decoded: { row, index }, is256 }: Instruction): string {
  return `${is256 && !/GATHERD(Q|PD)$/.test(row.mnemonic) ? "ymm" : "xmm"}${index}`;
}

function addressText(instruction: Instruction): string {
  const { decoded, codeSize } = instruction;
  const { row, base, index: indexRegister, scale, addressSize, displacement } = decoded;
  const parts: string[] = [];
  if (base === RIP_RELATIVE) parts.push(addressSize === 32 ? "eip" : "rip");
  else if (base !== NO_REGISTER) parts.push(generalName(base, addressSize));
  if (indexRegister !== NO_REGISTER) {
    const name = row.flags & VSIB ? indicesName(instruction) : generalName(indexRegister, addressSize);
    parts.push(addressSize === 16 ? name : `${name}*${1 << scale}`);
  }
  if (parts.length === 0) {
    const width = codeSize === 64 && addressSize === 64 ? 64 : addressSize;
    return `${segmentPrefix(decoded) || "ds:"}${hex(BigInt.asUintN(width, BigInt(displacement)))}`;
  }
  const offset = displacement === 0 ? "" : signedHex(BigInt(displacement));
  return `${segmentPrefix(decoded)}[${parts.join("+")}${offset}]`;
}

/** The memory operand, with its size in words: `DWORD PTR fs:[eax+0x4]`. Width 0: an address only. */
export const memoryText = (instruction: Instruction, width: number): string =>
  sizeWord(width) + addressText(instruction);

function registerText(spec: OperandSpec, number: number, width: number, rex: boolean): string {
  switch (spec.file) {
    case "gpr":
      return generalName(number, width, rex);
    case "segment":
      return SEGMENT_NAMES[number] ?? "?";
    case "control":
      return `cr${number}`;
    case "debug":
      return `dr${number}`;
    case "mmx":
      return `mm${number & 7}`;
    case "st":
      return `st(${number & 7})`;
    case "xmm":
      return `${width === 256 ? "ymm" : "xmm"}${number}`;
    default:
      return `${spec.file}${number}`;
  }
}

/** Width in bits to which an immediate is extended. */
const immediateWidth = (spec: OperandSpec, { decoded }: Instruction): number =>
  // A push extends its immediate to what it pushes; everything else to its operand.
  decoded.row.flags & STACK ? decoded.operandSize : spec.widths[sizeIndex(decoded.operandSize)];

function targetOf({ decoded, codeSize, next }: Instruction): bigint {
  const target = BigInt.asUintN(codeSize === 64 ? 64 : 32, next + immediateOf(decoded));
  if (decoded.operandSize !== 16 || codeSize === 64) return target;
  return (next & 0xffff0000n) | (target & 0xffffn);
}

/** Of a gather the memory operand is one element. */
function elementWidth({ row }: Decoded): number | undefined {
  if (!(row.flags & VSIB)) return undefined;
  return /(Q|PD)$/.test(row.mnemonic) ? 64 : 32;
}

function operandText(spec: OperandSpec, instruction: Instruction, isSecondImmediate: boolean): string {
  const { decoded } = instruction;
  const width = spec.widths[sizeIndex(decoded.operandSize)];
  switch (spec.place) {
    case "reg":
      return registerText(spec, decoded.reg, width, decoded.rex);
    case "opcode":
      return registerText(spec, decoded.opcodeRegister, width, decoded.rex);
    case "vvvv":
      return registerText(spec, decoded.vvvv, width, decoded.rex);
    case "rm":
      if (decoded.memory) return memoryText(instruction, elementWidth(decoded) ?? width);
      return registerText(spec, decoded.rm, width, decoded.rex);
    case "fixed":
      return generalName(spec.fixed, width);
    case "one":
      return "1";
    case "relative":
      return hex(targetOf(instruction));
    case "far":
      return `${hex(decoded.immediate2)}:${hex(immediateOf(decoded))}`;
    case "moffs":
      return `${segmentPrefix(decoded) || "ds:"}${hex(BigInt.asUintN(64, immediateOf(decoded)))}`;
    case "is4":
      // Outside 64-bit code there are eight registers only.
      return registerText(
        spec,
        (decoded.immediateLow >> 4) & (instruction.codeSize === 64 ? 15 : 7),
        width,
        decoded.rex,
      );
    case "immediate":
      if (isSecondImmediate) return hex(decoded.immediate2);
      return hex(BigInt.asUintN(immediateWidth(spec, instruction), immediateOf(decoded)));
  }
}

/** As the row says, in the manual's order. */
export function operandsOf(instruction: Instruction): string[] {
  const { row, memory, operandSize } = instruction.decoded;
  let immediates = 0;
  return row.operands.map((spec) => {
    const isImmediate = spec.place === "immediate" && immediates++ > 0;
    // A far pointer in memory: an offset of the operand's size and a selector.
    if (
      row.flags & MEMORY &&
      memory &&
      /^(CALLF|JMPF|L[DEFGS]S)$/.test(row.mnemonic) &&
      spec.place === "rm"
    ) {
      return memoryText(instruction, operandSize + 16);
    }
    return operandText(spec, instruction, isImmediate);
  });
}
