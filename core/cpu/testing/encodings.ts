// Every encoding that a chapter's tables have, as bytes to be filled in.

import type { Chapter } from "../decode/opcodes.ts";
import type { Entry, Row } from "../decode/row.ts";
import { MEMORY, REGISTER } from "../decode/row.ts";
import { DATA } from "./differential.ts";
import type { Random } from "./float-random.ts";

/** One row with what its place in the tables prescribes. */
export interface Encoding {
  readonly row: Row;
  /** Mandatory prefix and opcode. */
  readonly bytes: readonly number[];
  /** Whether there is a ModRM byte, and what of it is prescribed. */
  readonly modrm: boolean;
  readonly reg?: number;
  readonly rm?: number;
  readonly memory?: boolean;
}

const MAPS: readonly (readonly [keyof Chapter, readonly number[]])[] = [
  ["oneByte", []],
  ["twoByte", [0x0f]],
  ["threeByte38", [0x0f, 0x38]],
  ["threeByte3A", [0x0f, 0x3a]],
];

/** All of a chapter's, a register and a memory form apart where a row allows both. */
export function encodingsOf(chapter: Chapter): Encoding[] {
  const found: Encoding[] = [];
  for (const [map, leading] of MAPS) {
    for (const [opcode, entry] of Object.entries(chapter[map] ?? {})) {
      walk(entry, [], [...leading, Number(opcode)], {}, found);
    }
  }
  return found;
}

type Prescribed = { reg?: number; rm?: number; memory?: boolean; modrm?: boolean };

function walk(
  entry: Entry,
  prefix: readonly number[],
  opcode: readonly number[],
  given: Prescribed,
  found: Encoding[],
): void {
  if (!entry) return;
  switch (entry.kind) {
    case "group":
      entry.entries.forEach((one, reg) => {
        walk(one, prefix, opcode, { ...given, modrm: true, reg }, found);
      });
      return;
    case "rm":
      entry.entries.forEach((one, rm) => {
        walk(one, prefix, opcode, { ...given, modrm: true, rm }, found);
      });
      return;
    case "mod":
      walk(entry.memory, prefix, opcode, { ...given, modrm: true, memory: true }, found);
      walk(entry.register, prefix, opcode, { ...given, modrm: true, memory: false }, found);
      return;
    case "prefix":
      walk(entry.none, prefix, opcode, given, found);
      walk(entry.p66, [0x66], opcode, given, found);
      walk(entry.pF3, [0xf3], opcode, given, found);
      walk(entry.pF2, [0xf2], opcode, given, found);
      return;
    case "mode":
      walk(entry.legacy, prefix, opcode, given, found);
      return;
    default: {
      const uses = entry.operands.some(({ place }) => place === "reg" || place === "rm");
      const base = {
        row: entry,
        bytes: [...prefix, ...opcode],
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

/** Name of an encoding, for tests: `66 0F FE /r PADDD m`. */
export function describeEncoding({ row, bytes, reg, rm, memory, modrm }: Encoding): string {
  const hex = bytes.map((byte) => byte.toString(16).padStart(2, "0").toUpperCase()).join(" ");
  const fields = [reg === undefined ? "" : ` /${reg}`, rm === undefined ? "" : `:${rm}`].join("");
  return `${hex}${fields} ${row.mnemonic}${modrm && memory ? " m" : ""}`;
}

/** The bytes of one instruction; a memory operand lies at DATA + `offset`. */
export function encode(encoding: Encoding, random: Random, offset: number): number[] {
  const out = [...encoding.bytes];
  if (encoding.modrm) {
    const reg = encoding.reg ?? random.below(8);
    if (encoding.memory) {
      out.push((reg << 3) | 5);
      pushLittle(out, DATA + offset, 4);
    } else out.push(0xc0 | (reg << 3) | (encoding.rm ?? random.below(8)));
  }
  const wide = !encoding.bytes.includes(0x66);
  for (const operand of encoding.row.operands) {
    if (operand.place !== "immediate") continue;
    const bytes = operand.bytes[wide ? 1 : 0]!;
    // Small ones too: shift counts, lanes and predicates.
    const value = random.below(2) ? random.below(64) : Number(random.bits(32));
    pushLittle(out, value, bytes);
  }
  return out;
}

function pushLittle(out: number[], value: number, bytes: number): void {
  for (let at = 0; at < bytes; at++) out.push((value >>> (8 * at)) & 0xff);
}
