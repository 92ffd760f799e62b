// States for single instructions, with the values that matter near each other.

import {
  Case,
  DATA,
  FX_CONTROL,
  FX_MXCSR,
  FX_ST,
  FX_STATUS,
  FX_TAGS,
  FX_XMM,
  MEMORY_BYTES,
} from "./differential.ts";
import { type Random, randomF80, randomNarrow } from "./float-random.ts";

const RSP = 4;

/** What XMM and MMX registers, and memory, hold. */
export type Lane = "f32" | "f64" | "integer";

/** A register's value: a pointer into memory, a small or an extreme number, or anything. */
function randomRegister(random: Random): bigint {
  switch (random.below(6)) {
    case 0:
      return BigInt(DATA + random.below(MEMORY_BYTES / 2));
    case 1:
      return BigInt.asUintN(32, BigInt(random.below(9) - 4));
    case 2:
      return [0x7fffffffn, 0x80000000n, 0x8000n, 0x7fffn, 0xffn, 0x80n][random.below(6)]!;
    default:
      return random.bits(32);
  }
}

/** Sixteen bytes at an offset of a view. */
function randomVector(random: Random, view: DataView, at: number, lane: Lane): void {
  if (lane === "f64") {
    for (const half of [0, 8]) view.setBigUint64(at + half, randomNarrow(random, 11, 52, 1023 + 31), true);
  } else if (lane === "f32") {
    for (let quarter = 0; quarter < 16; quarter += 4) {
      view.setUint32(at + quarter, Number(randomNarrow(random, 8, 23, 127 + 31)), true);
    }
  } else {
    const small = random.below(3) === 0;
    for (let quarter = 0; quarter < 16; quarter += 4) {
      const extremes = random.below(4) === 0;
      const value = extremes ? [0, -1, 0x7fff8000, 0x80807f7f][random.below(4)]! : Number(random.bits(32));
      view.setInt32(at + quarter, small && quarter < 8 ? (quarter ? 0 : random.below(70)) : value, true);
    }
  }
}

/** Vectors, then 80-bit numbers, decimal digits, and anything. */
function randomMemory(random: Random, memory: Uint8Array, lane: Lane): void {
  const view = new DataView(memory.buffer, memory.byteOffset, memory.byteLength);
  for (let at = 0; at < 128; at += 16) randomVector(random, view, at, lane);
  for (let at = 128; at < 256; at += 16) {
    const { significand, high } = randomF80(random, 0x3fff + random.below(64));
    view.setBigUint64(at, significand, true);
    view.setUint16(at + 8, high, true);
  }
  for (let at = 256; at < 288; at++) memory[at] = random.below(10) * 16 + random.below(10);
  for (let at = 288; at < 544; at += 4) view.setUint32(at, Number(random.bits(32)), true);
}

/** x87: mostly five registers in use from ST(0), now and then an exception pending. */
function randomX87(random: Random, fx: DataView): void {
  const masks = random.below(3) ? 0x3f : random.below(64);
  const precision = [0, 2, 3, 3][random.below(4)]!;
  fx.setUint16(FX_CONTROL, 0x40 | masks | (precision << 8) | (random.below(4) << 10), true);
  const pending = random.below(24) === 0;
  const raised = pending ? random.below(64) : random.below(3) ? 0 : masks & random.below(64);
  const summary = raised & ~masks ? 0x8080 : 0;
  const codes = (random.below(8) << 8) | (random.below(2) << 14);
  const top = random.below(8);
  fx.setUint16(FX_STATUS, summary | raised | codes | (top << 11), true);
  let tags = 0;
  let near = 0x3fff;
  for (let index = 0; index < 8; index++) {
    const usual = index < 5;
    if (random.below(24) === 0 ? !usual : usual) tags |= 1 << ((top + index) & 7);
    const { significand, high } = randomF80(random, near);
    near = high & 0x7fff;
    fx.setBigUint64(FX_ST + index * 16, significand, true);
    fx.setUint16(FX_ST + index * 16 + 8, high, true);
  }
  fx.setUint8(FX_TAGS, tags);
}

/** A state for an instruction that is still to be set. */
export function randomCase(random: Random, lane: Lane): Case {
  const made = new Case();
  made.flags = 0x202 | (Number(random.bits(12)) & 0x8d5);
  for (let number = 0; number < 8; number++) made.setRegister(number, randomRegister(random));
  for (let number = 8; number < 16; number++) made.setRegister(number, random.bits(64));
  // The host's stack pointer may be anything too; here pushes and pops stay within memory.
  made.setRegister(RSP, BigInt(DATA + 512 + random.below(64) * 4));
  randomX87(random, made.fx);
  const masks = random.below(3) ? 0x3f : random.below(64);
  const raised = random.below(2) ? 0x20 : random.below(64);
  const zeroing = random.below(4) ? 0 : (random.below(2) << 15) | (random.below(2) << 6);
  made.fx.setUint32(FX_MXCSR, (masks << 7) | raised | zeroing | (random.below(4) << 13), true);
  for (let number = 0; number < 16; number++) randomVector(random, made.fx, FX_XMM + number * 16, lane);
  randomMemory(random, made.memory, lane);
  return made;
}

/** Gives a state upper halves of the YMM registers, which are 0 without. */
export function randomUppers(made: Case, random: Random, lane: Lane): void {
  for (let number = 0; number < 16; number++) randomVector(random, made.uppers, number * 16, lane);
}
