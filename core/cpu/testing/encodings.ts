// Every encoding that a chapter's tables have, as bytes to be filled in.

import type { Chapter } from "../decode/opcodes.ts";
import {
  type Entry,
  F64,
  I64,
  MEMORY,
  O64,
  PREFIX_66,
  PREFIX_F2,
  PREFIX_F3,
  PREFIX_NONE,
  REGISTER,
  type Row,
  VSIB,
} from "../decode/row.ts";
import { DATA } from "./differential.ts";
import type { Random } from "./float-random.ts";
import { type VexFields, vexPrefix } from "./vex-prefix.ts";
import { areDistinct } from "./vsib.ts";

/** One row with what its place in the tables prescribes. */
export interface Encoding {
  readonly row: Row;
  /** Mandatory prefix, if there is one. */
  readonly prefix: readonly number[];
  readonly opcode: readonly number[];
  /** Whether there is a ModRM byte, and what of it is prescribed. */
  readonly modrm: boolean;
  readonly reg?: number;
  readonly rm?: number;
  readonly memory?: boolean;
  /** What of VEX is prescribed, which stands for the mandatory prefix and what leads the opcode. */
  readonly vex?: VexFields;
}

const OPERAND_SIZE = 0x66;
const RBX = 3;

/** What leads the opcode, and the number that VEX has for it. */
const MAPS: readonly (readonly [map: keyof Chapter, leading: readonly number[], vex?: number])[] = [
  ["oneByte", []],
  ["twoByte", [0x0f]],
  ["threeByte38", [0x0f, 0x38]],
  ["threeByte3A", [0x0f, 0x3a]],
  ["vex0F", [0x0f], 1],
  ["vex0F38", [0x0f, 0x38], 2],
  ["vex0F3A", [0x0f, 0x3a], 3],
];

/** All of a chapter's, a register and a memory form apart where a row allows both. */
export function encodingsOf(chapter: Chapter, codeSize: 32 | 64): Encoding[] {
  const found: Encoding[] = [];
  for (const [map, leading, number] of MAPS) {
    for (const [opcode, entry] of Object.entries(chapter[map] ?? {})) {
      const given = number === undefined ? {} : { vex: { map: number } };
      walk(entry, [], [...leading, Number(opcode)], given, found, codeSize);
    }
  }
  return found;
}

type Prescribed = { reg?: number; rm?: number; memory?: boolean; modrm?: boolean; vex?: VexFields };

function walk(
  entry: Entry,
  prefix: readonly number[],
  opcode: readonly number[],
  given: Prescribed,
  found: Encoding[],
  codeSize: 32 | 64,
): void {
  if (!entry) return;
  switch (entry.kind) {
    case "group":
      entry.entries.forEach((one, reg) => {
        walk(one, prefix, opcode, { ...given, modrm: true, reg }, found, codeSize);
      });
      return;
    case "rm":
      entry.entries.forEach((one, rm) => {
        walk(one, prefix, opcode, { ...given, modrm: true, rm }, found, codeSize);
      });
      return;
    case "mod":
      walk(entry.entries[0], prefix, opcode, { ...given, modrm: true, memory: true }, found, codeSize);
      walk(entry.entries[1], prefix, opcode, { ...given, modrm: true, memory: false }, found, codeSize);
      return;
    case "prefix":
      if (given.vex) {
        const { vex } = given;
        entry.entries.forEach((one, pp) => {
          walk(one, prefix, opcode, { ...given, vex: { ...vex, pp } }, found, codeSize);
        });
        return;
      }
      walk(entry.entries[PREFIX_NONE], prefix, opcode, given, found, codeSize);
      walk(entry.entries[PREFIX_66], [0x66], opcode, given, found, codeSize);
      walk(entry.entries[PREFIX_F3], [0xf3], opcode, given, found, codeSize);
      walk(entry.entries[PREFIX_F2], [0xf2], opcode, given, found, codeSize);
      return;
    case "mode":
      walk(entry.entries[codeSize === 64 ? 1 : 0], prefix, opcode, given, found, codeSize);
      return;
    case "length":
    case "wide": {
      const { kind } = entry;
      entry.entries.forEach((one, bit) => {
        const vex = given.vex && { vex: { ...given.vex, [kind]: bit } };
        walk(one, prefix, opcode, { ...given, ...vex }, found, codeSize);
      });
      return;
    }
    case "rexB":
      walk(entry.entries[0], prefix, opcode, given, found, codeSize);
      return;
    default: {
      if (entry.flags & (codeSize === 64 ? I64 : O64)) return;
      const uses = entry.operands.some(({ place }) => place === "reg" || place === "rm");
      const base = {
        row: entry,
        prefix,
        opcode,
        ...given,
        modrm: given.modrm === true || uses,
      };
      if (!base.modrm || given.memory !== undefined) found.push(base);
      else {
        if (!(entry.flags & MEMORY)) found.push({ ...base, memory: false });
        if (!(entry.flags & REGISTER)) found.push({ ...base, memory: true });
      }
    }
  }
}

const hexText = (bytes: readonly number[]): string =>
  bytes.map((byte) => byte.toString(16).padStart(2, "0").toUpperCase()).join(" ");

/** As the manual writes it: `VEX.256.66.0F.W0 FE`. */
function vexText({ pp, length, wide }: VexFields, opcode: readonly number[]): string {
  const fields = [
    length === undefined ? "LIG" : ["128", "256"][length],
    ...(pp ? [["66", "F3", "F2"][pp - 1]] : []),
    opcode
      .slice(0, -1)
      .map((byte) => hexText([byte]))
      .join(""),
    wide === undefined ? "WIG" : `W${wide}`,
  ];
  return `VEX.${fields.join(".")} ${hexText(opcode.slice(-1))}`;
}

/** Name of an encoding, for tests: `66 0F FE PADDD m`. */
export function describeEncoding({ row, prefix, opcode, reg, rm, memory, modrm, vex }: Encoding): string {
  const bytes = vex ? vexText(vex, opcode) : hexText([...prefix, ...opcode]);
  const fields = [reg === undefined ? "" : ` /${reg}`, rm === undefined ? "" : `:${rm}`].join("");
  return `${bytes}${fields} ${row.mnemonic}${modrm && memory ? " m" : ""}`;
}

export interface EncodeOptions {
  readonly codeSize: 32 | 64;
  /** Whether 66 chooses the operand size where it is no mandatory prefix: one in four has it then. */
  readonly operandPrefix: boolean;
}

/**
 * The bytes of one instruction; a memory operand lies at DATA + `offset`. A vector of indices counts from there, or from
 * EBX. In 64-bit code half of them have REX.
 */
export function encode(encoding: Encoding, random: Random, offset: number, options: EncodeOptions): number[] {
  let code = encodeOnce(encoding, random, offset, options);
  if (encoding.row.flags & VSIB) {
    // Equal registers are #UD, which one in eight may be.
    while (!areDistinct(code) && random.below(8)) code = encodeOnce(encoding, random, offset, options);
  }
  return code;
}

function encodeOnce(encoding: Encoding, random: Random, offset: number, options: EncodeOptions): number[] {
  const { codeSize, operandPrefix } = options;
  const out = [...encoding.prefix];
  let wide = false;
  let narrow = false;
  if (encoding.vex) {
    const found = vexPrefix(encoding.vex, encoding, random, codeSize);
    out.push(...found.bytes, encoding.opcode.at(-1)!);
    wide = found.wide;
  } else {
    // In 64-bit code 66 before a near branch is ignored by Intel's processors, and halves its target to AMD's.
    const unprefixed = codeSize === 64 && (encoding.row.flags & F64) !== 0;
    const narrowing = encoding.prefix.includes(OPERAND_SIZE);
    if (operandPrefix && !narrowing && !unprefixed && random.below(4) === 0) out.push(OPERAND_SIZE);
    narrow = out.includes(OPERAND_SIZE);
    // REX.X would make an index register of the SIB byte's none.
    const rex = codeSize === 64 && random.below(2) ? 0x40 | (random.below(16) & ~2) : 0;
    if (rex) out.push(rex);
    wide = (rex & 8) !== 0;
    out.push(...encoding.opcode);
  }
  if (encoding.modrm) {
    const reg = encoding.reg ?? random.below(8);
    if (encoding.row.flags & VSIB) pushIndexed(out, random, reg, offset);
    else if (encoding.memory) {
      // An address of its own: without base in 32-bit code, by SIB in 64-bit code.
      if (codeSize === 32) out.push((reg << 3) | 5);
      else out.push((reg << 3) | 4, 0x25);
      pushLittle(out, DATA + offset, 4);
    } else out.push(0xc0 | (reg << 3) | (encoding.rm ?? random.below(8)));
  }
  for (const operand of encoding.row.operands) {
    if (operand.place === "moffs") pushLittle(out, DATA + offset, codeSize / 8);
    if (operand.place === "is4") out.push(random.below(256));
    if (operand.place !== "immediate" && operand.place !== "relative") continue;
    const bytes = operand.bytes[wide ? 2 : narrow ? 0 : 1]!;
    // Small ones too: shift counts, lanes and predicates. Branches stay near, and never go to themselves.
    const near = operand.place === "relative" || random.below(2) === 0;
    const value = near ? random.below(64) : Number(random.bits(32));
    pushLittle(out, value, bytes);
  }
  return out;
}

/** ModRM and SIB with a vector of indices, from DATA + `offset` or from near where EBX points. */
function pushIndexed(out: number[], random: Random, reg: number, offset: number): void {
  const sib = random.below(32) << 3;
  if (random.below(2)) out.push(0x44 | (reg << 3), sib | RBX, random.below(64));
  else {
    out.push((reg << 3) | 4, sib | 5);
    pushLittle(out, DATA + offset, 4);
  }
}

function pushLittle(out: number[], value: number, bytes: number): void {
  for (let at = 0; at < bytes; at++) out.push(at < 4 ? (value >>> (8 * at)) & 0xff : 0);
}
