// An encoding as an instruction that a user's program may run: what it takes from registers lies in the case's memory.

import { type CodeSize, Decoder } from "../decode/decoder.ts";
import { OPCODES } from "../decode/opcodes.ts";
import { ADDRESS, BRANCH, REP, STACK, VSIB } from "../decode/row.ts";
import { DATA } from "./differential.ts";
import { type EncodeOptions, type Encoding, encode } from "./encodings.ts";
import { farInstruction, isFar } from "./far-cases.ts";
import type { Random } from "./float-random.ts";
import { BASES, NEAREST_BASE, randomBase } from "./vsib.ts";

/** An instruction with the registers that it prescribes. */
export interface Instruction {
  readonly code: readonly number[];
  readonly registers: readonly (readonly [number: number, value: bigint])[];
  /** Whether it may go on elsewhere than behind itself. */
  readonly branches: boolean;
}

const RCX = 1;
const RBX = 3;
const POINTERS = [3, 5, 6, 7];
const R9 = 9;
const LEA = 0x8d;
const ENTER = 0xc8;
const MAXIMUM_LENGTH = 15;

/** Where registers point: with room on both sides for what an instruction may do around there. */
const pointer = (random: Random): bigint => BigInt(DATA + 128 + random.below(256));

/** Memory operands lie on 16 bytes but for one in eight. */
function randomOffset(random: Random): number {
  return random.below(16) * 16 + (random.below(8) ? 0 : random.below(16));
}

const MASKED_MOVE = /^VP?MASKMOV(PS|PD|D|Q)$/;

/** Where the operand lies: of masked moves half begin before the memory, whose lanes there the mask may leave out. */
function offsetFor({ row }: Encoding, random: Random): number {
  if (row.flags & VSIB) return NEAREST_BASE + random.below(BASES);
  if (MASKED_MOVE.test(row.mnemonic) && random.below(2)) return -random.below(32);
  return randomOffset(random);
}

/** A bit test's index in RCX (R9 with REX.R) reaches up to 128 bytes either way of the operand. */
const isBitString = ({ row, memory }: Encoding): boolean =>
  /^BT[SRC]?$/.test(row.mnemonic) && memory === true && row.operands[1]!.place === "reg";

export function randomInstruction(encoding: Encoding, random: Random, options: EncodeOptions): Instruction {
  const { row } = encoding;
  if (isFar(encoding)) return farInstruction(encoding, random, options.codeSize);
  if (isBitString(encoding)) {
    const index = BigInt.asUintN(64, BigInt(random.below(2048) - 1024));
    const code = encode({ ...encoding, reg: RCX }, random, 256, options);
    const value = options.codeSize === 64 ? index : BigInt.asUintN(32, index);
    return { code, registers: [RCX, R9].map((number) => [number, value]), branches: false };
  }
  if (encoding.opcode[0] === LEA && encoding.opcode.length === 1) {
    return { code: randomAddressing(random, options.codeSize), registers: [], branches: false };
  }
  const registers: [number, bigint][] = [];
  if (row.flags & (ADDRESS | STACK) || encoding.opcode[0] === ENTER) {
    for (const number of POINTERS) registers.push([number, pointer(random)]);
  }
  if (row.flags & VSIB) registers.push([RBX, randomBase(random)]);
  const code = encode(encoding, random, offsetFor(encoding, random), options);
  if (encoding.opcode[0] === ENTER) {
    // Up to 288 bytes and four levels, which modulo 32 count.
    const size = random.below(288);
    code.splice(-3, 3, size & 0xff, size >> 8, random.below(8) * 32 + random.below(5));
  }
  if (row.flags & REP && random.below(2)) {
    code.unshift([0xf2, 0xf3][random.below(2)]!);
    registers.push([RCX, BigInt(random.below(9))]);
  }
  // The host steps over POPF, so that TF traps at it whatever it pops.
  return { code, registers, branches: (row.flags & BRANCH) !== 0 || row.mnemonic === "POPF" };
}

const decoder = new Decoder(OPCODES);

/** LEA with any ModRM and SIB bytes, any displacement, and one time in four an address of the other size. */
function randomAddressing(random: Random, codeSize: CodeSize): number[] {
  const out: number[] = [];
  if (random.below(4) === 0) out.push(0x67);
  if (random.below(4) === 0) out.push(0x66);
  if (codeSize === 64 && random.below(2)) out.push(0x40 | random.below(16));
  out.push(LEA, random.below(0xc0));
  while (out.length < MAXIMUM_LENGTH) out.push(random.below(256));
  const decoded = decoder.decode(Uint8Array.from(out), 0, MAXIMUM_LENGTH, codeSize);
  if (typeof decoded === "string") throw new Error(`not an instruction: ${out}`);
  return out.slice(0, decoded.length);
}
