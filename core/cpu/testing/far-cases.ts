// Far transfers between the code segments that Linux has for its programs, and to where none leads: by selectors in the
// instruction, in memory and on the stack.

import { type Case, CODE, DATA, MEMORY_BYTES, type Tolerance, USER_CODE, USER_DATA } from "./differential.ts";
import type { Encoding } from "./encodings.ts";
import type { Random } from "./float-random.ts";
import type { Instruction } from "./instructions.ts";

const FAR = /^(CALLF|JMPF|RETF|IRET)$/;
const RSP = 4;
const OPERAND_SIZE = 0x66;
const REX_W = 8;
const GROUP_5 = 0xff;
/** CF PF AF ZF SF TF IF DF OF, IOPL and ID. TF is the host's while it steps, and stays here as it was set. */
const POPPED_FLAGS = 0x203fd5;
const COMPARED_FLAGS = POPPED_FLAGS & ~0x100;

export const isFar = ({ row }: Encoding): boolean => FAR.test(row.mnemonic);

/** Code of both sizes by every privilege that may be asked for; data; nothing; the kernel's code; beyond the table. */
const SELECTORS = [
  ...[USER_CODE[32], USER_CODE[64], USER_CODE[32], USER_CODE[64], USER_CODE[32], USER_CODE[64]],
  ...[0x20, 0x31, USER_DATA, 0, 3, 0x10, 0xfffb],
];

const randomSelector = (random: Random): number => SELECTORS[random.below(SELECTORS.length)]!;

function randomTarget(random: Random): bigint {
  switch (random.below(8)) {
    case 0:
      return random.bits(64);
    case 1:
    case 2:
      return random.bits(32);
    default:
      return BigInt(random.below(2) ? CODE + random.below(64) : DATA + random.below(MEMORY_BYTES));
  }
}

/** Bytes of each value that the instruction takes from memory, or pushes. */
function operandBytes(code: Uint8Array): 2 | 4 | 8 {
  let bytes: 2 | 4 | 8 = 4;
  for (const byte of code) {
    if (byte === OPERAND_SIZE) bytes = 2;
    else if (byte >> 4 === 4) return byte & REX_W ? 8 : bytes;
    else break;
  }
  return bytes;
}

/** A direct pointer is random; one in memory, or a frame on the stack, is for {@link FAR_TOLERANCE} to make. */
export function farInstruction(encoding: Encoding, random: Random, codeSize: 32 | 64): Instruction {
  const { row, opcode, reg } = encoding;
  const narrow = random.below(4) === 0;
  const code: number[] = narrow ? [OPERAND_SIZE] : [];
  // Pointers of 64 bits in memory are Intel's.
  const rex = opcode[0] === GROUP_5 ? 0x40 | (random.below(8) & ~2) : 0x40 | random.below(16);
  if (codeSize === 64 && random.below(2)) code.push(rex);
  code.push(...opcode);
  const push = (value: number, bytes: number): void => {
    for (let at = 0; at < bytes; at++) code.push((value >>> (8 * at)) & 0xff);
  };
  if (opcode[0] === GROUP_5) {
    code.push((reg! << 3) | (codeSize === 64 ? 4 : 5));
    if (codeSize === 64) code.push(0x25);
    push(DATA + random.below(MEMORY_BYTES / 2), 4);
  } else if (row.operands.some(({ place }) => place === "far")) {
    push(Number(randomTarget(random) & 0xffffffffn), narrow ? 2 : 4);
    push(randomSelector(random), 2);
  } else if (row.operands.length > 0) push(random.below(256), 2);
  return { code, registers: [], branches: true };
}

function writePointer(view: DataView, at: number, bytes: 2 | 4 | 8, random: Random): void {
  writeValue(view, at, bytes, randomTarget(random));
  view.setUint16(at + bytes, randomSelector(random), true);
}

function writeValue(view: DataView, at: number, bytes: 2 | 4 | 8, value: bigint): void {
  if (bytes === 8) view.setBigUint64(at, value, true);
  else if (bytes === 4) view.setUint32(at, Number(value & 0xffffffffn), true);
  else view.setUint16(at, Number(value & 0xffffn), true);
}

/** An image of EFLAGS that a program may pop and still be stepped: no AC, NT, RF or VM. */
const randomFlags = (random: Random): bigint => random.bits(32) & BigInt(POPPED_FLAGS);

function prepareFar(before: Case, random: Random): void {
  const { code, memory } = before;
  const view = new DataView(memory.buffer, memory.byteOffset, memory.byteLength);
  const bytes = operandBytes(code);
  const opcode = code.findIndex((byte) => byte !== OPERAND_SIZE && byte >> 4 !== 4);
  if (code[opcode] === GROUP_5) {
    const at = opcode + ((code[opcode + 1]! & 7) === 4 ? 3 : 2);
    const address = code[at]! | (code[at + 1]! << 8) | (code[at + 2]! << 16);
    writePointer(view, address - DATA, bytes, random);
    return;
  }
  const top = Number(before.register(RSP)) - DATA;
  writePointer(view, top, bytes, random);
  writeValue(view, top + 2 * bytes, bytes, randomFlags(random));
  // What only IRET in 64-bit code takes.
  writeValue(view, top + 3 * bytes, bytes, BigInt(DATA + random.below(MEMORY_BYTES)));
  writeValue(view, top + 4 * bytes, bytes, BigInt(random.below(4) ? USER_DATA : randomSelector(random)));
}

export const FAR_TOLERANCE: Tolerance = { prepare: prepareFar, selectors: true };
export const IRET_TOLERANCE: Tolerance = { ...FAR_TOLERANCE, flags: COMPARED_FLAGS };

/** POPF: a return's flags, without the return. */
export const POPF_TOLERANCE: Tolerance = {
  flags: COMPARED_FLAGS,
  prepare: (before, random) => {
    const { memory } = before;
    const view = new DataView(memory.buffer, memory.byteOffset, memory.byteLength);
    writeValue(view, Number(before.register(RSP)) - DATA, 8, randomFlags(random));
  },
};

/** Selectors of segments that programs may see, and not, in every register and in memory. */
export const SELECTOR_TOLERANCE: Tolerance = {
  prepare: (before, random) => {
    const { memory } = before;
    const view = new DataView(memory.buffer, memory.byteOffset, memory.byteLength);
    for (let number = 0; number < 16; number++) {
      if (number === RSP) continue;
      before.setRegister(number, (before.register(number) & ~0xffffn) | BigInt(randomSelector(random)));
    }
    for (let at = 0; at < MEMORY_BYTES; at += 2) view.setUint16(at, randomSelector(random), true);
  },
};
