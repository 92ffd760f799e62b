// Where the text of an instruction is not just its row's mnemonic and operands: names that depend on a size, operands
// that the row leaves to its semantics.

import { DS, ES, SEGMENT_NAMES } from "../cpu/decode/decoder.ts";
import { VEX } from "../cpu/decode/row.ts";
import { generalName, type Instruction, memoryText, operandsOf, sizeWord } from "./operands.ts";

export interface Spelling {
  readonly mnemonic: string;
  /** Absent: as the row says. */
  readonly operands?: string[];
}

type Speller = (instruction: Instruction) => Spelling | undefined;

/** By operand size 16, 32, 64. */
const bySize =
  (...names: [string, string, string]): Speller =>
  ({ decoded }) => ({ mnemonic: names[decoded.operandSize === 16 ? 0 : decoded.operandSize === 32 ? 1 : 2] });

/** By address size. */
const byAddressSize =
  (...names: [string, string, string]): Speller =>
  ({ decoded }) => ({ mnemonic: names[decoded.addressSize === 16 ? 0 : decoded.addressSize === 32 ? 1 : 2] });

/** With a suffix where the operand size is not that of the code. */
const suffixed =
  (name: string): Speller =>
  ({ decoded: { operandSize }, codeSize }) => {
    if (operandSize === codeSize) return { mnemonic: name };
    return { mnemonic: name + { 16: "w", 32: "d", 64: "q" }[operandSize] };
  };

type Place = "source" | "destination" | "accumulator" | "port";

/** With 64 behind it in the form that REX.W makes. */
const wideName =
  (name: string): Speller =>
  ({ decoded }) => ({ mnemonic: decoded.operandSize === 64 ? `${name}64` : name });

/** A string instruction; the operands are its places, in the order in which the manual writes them. */
const string =
  (name: string, ...places: Place[]): Speller =>
  ({ decoded }) => {
    const { row, operandSize, addressSize, segment, segmentOverride } = decoded;
    const ports = places.includes("port");
    // Ports have at most 32 bits.
    const width = row.mnemonic.endsWith("B") ? 8 : ports && operandSize === 64 ? 32 : operandSize;
    const text = {
      source: `${sizeWord(width)}${SEGMENT_NAMES[segmentOverride ? segment : DS]}:[${generalName(6, addressSize)}]`,
      destination: `${sizeWord(width)}${SEGMENT_NAMES[ES]}:[${generalName(7, addressSize)}]`,
      accumulator: generalName(0, width),
      port: "dx",
    };
    return { mnemonic: name, operands: places.map((place) => text[place]) };
  };

const strings = (name: string, ...places: Place[]): Record<string, Speller> => ({
  [name.toUpperCase()]: string(name, ...places),
  [`${name.toUpperCase()}B`]: string(name, ...places),
});

/** PUSH and POP of segment registers, whose opcode says which. */
const stackSegment =
  (name: string): Speller =>
  ({ decoded, opcode }) => {
    if (decoded.row.operands.length > 0) return undefined;
    // 0F A0, A1 FS and 0F A8, A9 GS; 06 to 1F by bits 3 and 4.
    const number = opcode >= 0xa0 ? (opcode < 0xa8 ? 4 : 5) : (opcode >> 3) & 3;
    return { mnemonic: name, operands: [SEGMENT_NAMES[number]!] };
  };

/** By the immediate; those beyond the first eight are AVX's. */
const COMPARISONS = [
  ...["eq", "lt", "le", "unord", "neq", "nlt", "nle", "ord"],
  ...["eq_uq", "nge", "ngt", "false", "neq_oq", "ge", "gt", "true"],
  ...["eq_os", "lt_oq", "le_oq", "unord_s", "neq_us", "nlt_uq", "nle_uq", "ord_s"],
  ...["eq_us", "nge_uq", "ngt_uq", "false_os", "neq_os", "ge_oq", "gt_oq", "true_us"],
];
const SSE_COMPARISONS = 8;

/** With a name for the immediate where it has one, which the operands are then without. */
const named =
  (nameOf: (immediate: number, vex: boolean) => string | undefined): Speller =>
  (instruction) => {
    const { row, immediateLow } = instruction.decoded;
    const vex = (row.flags & VEX) !== 0;
    const name = nameOf(immediateLow & 0xff, vex);
    if (name === undefined) return undefined;
    return { mnemonic: (vex ? "v" : "") + name, operands: operandsOf(instruction).slice(0, -1) };
  };

const comparison = (suffix: string): Speller =>
  named((immediate, vex) => {
    const name = vex || immediate < SSE_COMPARISONS ? COMPARISONS[immediate] : undefined;
    return name && `cmp${name}${suffix}`;
  });

/** Which quadwords are multiplied. */
const PRODUCTS: Readonly<Record<number, string>> = { 0: "lql", 1: "hql", 16: "lqh", 17: "hqh" };
const carrylessProduct = named((immediate) => {
  const name = PRODUCTS[immediate];
  return name && `pclmul${name}qdq`;
});

/** Of a register its 32 bits are named, of which 16 count. */
const insertWord: Speller = (instruction) => {
  const { row, memory, rm } = instruction.decoded;
  if (memory) return undefined;
  const operands = operandsOf(instruction);
  operands[operands.length - 2] = generalName(rm, 32);
  return { mnemonic: row.mnemonic.toLowerCase(), operands };
};

/** The memory operand has no size. */
const unsized: Speller = (instruction) => {
  const { row } = instruction.decoded;
  const [destination] = operandsOf(instruction);
  return { mnemonic: row.mnemonic.toLowerCase(), operands: [destination!, memoryText(instruction, 0)] };
};

/** Register forms of the x87: the top is the first operand, or the last where DC, DE and DF write to ST(i). */
const stack = ({ decoded }: Instruction): Spelling | undefined => {
  const { row, memory, rm, immediate2 } = decoded;
  if (memory || row.operands[0]?.file !== "st") return undefined;
  const name = row.mnemonic.toLowerCase();
  const other = `st(${rm & 7})`;
  if (/^F(ADD|MUL|SUBR?|DIVR?)P?$/.test(row.mnemonic)) {
    return { mnemonic: name, operands: immediate2 & 0x400 ? [other, "st"] : ["st", other] };
  }
  if (/^F(CMOV.*|U?COMIP?)$/.test(row.mnemonic)) return { mnemonic: name, operands: ["st", other] };
  return undefined;
};

const mov: Speller = (instruction) => {
  const { decoded, codeSize } = instruction;
  const [first, second] = decoded.row.operands;
  const wide = second?.place === "immediate" && second.bytes[2] === 8 && decoded.operandSize === 64;
  const far = codeSize === 64 && (first?.place === "moffs" || second?.place === "moffs");
  if (wide || far) return { mnemonic: "movabs" };
  if (first?.file !== "segment") return undefined;
  // Only 16 bits count, of a register of any size.
  const source = decoded.memory
    ? memoryText(instruction, 16)
    : generalName(decoded.rm, decoded.operandSize, true);
  return { mnemonic: "mov", operands: [SEGMENT_NAMES[decoded.reg] ?? "?", source] };
};

const nop: Speller = ({ decoded }) => {
  if (decoded.rep !== 0xf3) return undefined;
  if (decoded.row.operands.length === 0) return { mnemonic: "pause", operands: [] };
  // ENDBR32 and ENDBR64 are among the hints.
  if (decoded.memory || decoded.reg !== 7 || (decoded.rm & 6) !== 2) return undefined;
  const is64 = decoded.rm === 2;
  return { mnemonic: is64 ? "endbr64" : "endbr32", operands: [] };
};

/** The same with VEX. */
const withVex = (name: string, speller: Speller): Record<string, Speller> => ({
  [name]: speller,
  [`V${name}`]: speller,
});

/** By another name where the general register has 64 bits. */
const ofQuadword = (name: string, quadword: string): Record<string, Speller> =>
  withVex(name, ({ decoded: { operandSize, row } }) => {
    if (operandSize !== 64) return undefined;
    return { mnemonic: row.flags & VEX ? `v${quadword}` : quadword };
  });

const SPELLERS: Readonly<Record<string, Speller>> = {
  CBW: bySize("cbw", "cwde", "cdqe"),
  CWD: bySize("cwd", "cdq", "cqo"),
  JCXZ: byAddressSize("jcxz", "jecxz", "jrcxz"),
  PUSHA: suffixed("pusha"),
  POPA: suffixed("popa"),
  PUSHF: suffixed("pushf"),
  POPF: suffixed("popf"),
  IRET: (instruction) => {
    const { codeSize } = instruction;
    return suffixed("iret")({ ...instruction, codeSize: codeSize === 64 ? 32 : codeSize });
  },
  SYSRET: bySize("sysretl", "sysretl", "sysretq"),
  SYSEXIT: bySize("sysexitl", "sysexitl", "sysexitq"),
  CALLF: () => ({ mnemonic: "call" }),
  JMPF: () => ({ mnemonic: "jmp" }),
  XLAT: ({ decoded }) => {
    const segment = SEGMENT_NAMES[decoded.segmentOverride ? decoded.segment : DS];
    return { mnemonic: "xlat", operands: [`BYTE PTR ${segment}:[${generalName(3, decoded.addressSize)}]`] };
  },
  ...strings("movs", "destination", "source"),
  ...strings("cmps", "source", "destination"),
  ...strings("stos", "destination", "accumulator"),
  ...strings("lods", "accumulator", "source"),
  ...strings("scas", "accumulator", "destination"),
  ...strings("ins", "destination", "port"),
  ...strings("outs", "port", "source"),
  PUSH: stackSegment("push"),
  POP: stackSegment("pop"),
  ...withVex("CMPPS", comparison("ps")),
  ...withVex("CMPPD", comparison("pd")),
  ...withVex("CMPSS", comparison("ss")),
  ...withVex("CMPSD", comparison("sd")),
  ...withVex("PCLMULQDQ", carrylessProduct),
  ...withVex("PINSRW", insertWord),
  ...withVex("LDDQU", unsized),
  MOV: mov,
  NOP: nop,
  ...ofQuadword("MOVD", "movq"),
  ...ofQuadword("PEXTRD", "pextrq"),
  ...ofQuadword("PINSRD", "pinsrq"),
  FXSAVE: wideName("fxsave"),
  FXRSTOR: wideName("fxrstor"),
  RETF: ({ decoded, codeSize }) => ({
    mnemonic: codeSize === 64 && decoded.operandSize === 64 ? "retfq" : "retf",
  }),
  CMPXCHG8B: (instruction) => {
    if (instruction.decoded.operandSize !== 64) return undefined;
    return { mnemonic: "cmpxchg16b", operands: [`OWORD PTR ${memoryText(instruction, 0)}`] };
  },
  FNSTSW: ({ decoded }) => (decoded.memory ? undefined : { mnemonic: "fnstsw", operands: ["ax"] }),
};

export function spellingOf(instruction: Instruction): Spelling {
  const { row } = instruction.decoded;
  const own = SPELLERS[row.mnemonic]?.(instruction) ?? stack(instruction);
  return own ?? { mnemonic: row.mnemonic.toLowerCase() };
}
