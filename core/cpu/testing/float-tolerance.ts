// What of x87, MMX and SSE results the host's processor does not decide.

import {
  type Case,
  DATA,
  FX_MXCSR,
  FX_ST,
  FX_STATUS,
  FX_TAGS,
  FX_XMM,
  INT3,
  type Tolerance,
} from "./differential.ts";
import { describeEncoding, type Encoding } from "./encodings.ts";
import { UPPER_BYTES } from "./record.ts";

/** Transcendental: processors differ in the last place; ours are tested against their own reference. */
const TRANSCENDENTAL = /^(F2XM1|FYL2X|FYL2XP1|FPTAN|FPATAN|FSIN|FCOS|FSINCOS)$/;
/** As precise as each processor likes, within 1.5 x 2^-12. */
const APPROXIMATE = /^V?(RCP|RSQRT)[PS]S$/;

const clearX87 = (after: Case): void => {
  after.fx.setUint16(FX_STATUS, 0, true);
  after.fx.setUint8(FX_TAGS, 0);
  for (let at = FX_ST; at < FX_XMM; at++) after.fx.setUint8(at, 0);
};

const clearXmm = (after: Case): void => {
  for (let at = FX_XMM; at < FX_XMM + 256; at++) after.fx.setUint8(at, 0);
};

const clearYmm = (after: Case): void => {
  clearXmm(after);
  for (let at = 0; at < UPPER_BYTES; at++) after.uppers.setUint8(at, 0);
};

/** Where in memory the operand lies: the address is the instruction's last four bytes, before INT3s. */
function operandOffset(before: Case): number {
  const end = before.code.findLastIndex((byte) => byte !== INT3) + 1;
  return new DataView(before.code.buffer, before.code.byteOffset).getUint32(end - 4, true) - DATA;
}

/** The image's pointers, which AMD processors write only with a pending exception, and MXCSR_MASK. */
const clearPointers = (after: Case, before: Case): void => {
  const image = operandOffset(before);
  for (const [from, to] of [
    [6, 24],
    [28, 32],
  ] as const)
    after.memory.set(before.memory.subarray(image + from, image + to), image + from);
};

/** MXCSR's bit 17, misaligned access, is AMD's own; to others it is reserved. */
const unlessMisaligned =
  (field: number) =>
  (after: Case, before: Case): void => {
    if (before.memory[operandOffset(before) + field + 2]! & 2) after.bytes.set(before.bytes);
  };

/** CVTPI2PS from memory is an MMX instruction by [SDM], and no such by AMD processors. */
const forgetMmx = (after: Case, before: Case): void => {
  const pending = before.fx.getUint16(FX_STATUS, true) & 0x80;
  if (pending) after.bytes.set(before.bytes);
  clearX87(after);
};

/** FSTP1, an alias of FSTP to [SDM]'s readers, takes an empty register on AMD processors without a stack fault. */
const unlessEmpty = (after: Case, before: Case): void => {
  const top = (before.fx.getUint16(FX_STATUS, true) >> 11) & 7;
  if (!(before.fx.getUint8(FX_TAGS) & (1 << top))) after.bytes.set(before.bytes);
};

/** The bases of FS and GS, which the host's system may not give to programs. */
const LATER = /^F3 0F AE \(invalid\)/;

export function floatTolerance(encoding: Encoding): Tolerance | "untold" {
  const { row, opcode, reg, memory, vex } = encoding;
  if (LATER.test(describeEncoding(encoding))) return "untold";
  if (TRANSCENDENTAL.test(row.mnemonic)) return "untold";
  if (APPROXIMATE.test(row.mnemonic)) return { normalise: vex?.length ? clearYmm : clearXmm };
  if (row.mnemonic === "CVTPI2PS" && memory) return { normalise: forgetMmx };
  if (row.mnemonic === "FXSAVE") return { normalise: clearPointers };
  if (/^V?LDMXCSR$/.test(row.mnemonic)) return { normalise: unlessMisaligned(0) };
  if (row.mnemonic === "FXRSTOR") return { normalise: unlessMisaligned(FX_MXCSR) };
  if (opcode[0] === 0xd9 && reg === 3 && !memory) return { normalise: unlessEmpty };
  return {};
}
