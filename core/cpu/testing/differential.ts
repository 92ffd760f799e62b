/// <reference path="../../base/webassembly.d.ts" />
// One instruction in one state, and what becomes of it: the record that scripts/native/harness.c and our processor
// both run. Any chapter's instructions can be compared so.

import type { ModuleCompiler } from "../jit/module-compiler.ts";
import type { Sampling } from "../jit/verifier.ts";
import {
  CPL,
  CPU_BASE,
  CR0,
  CR3,
  CR4,
  EFER,
  GDTR_BASE,
  GDTR_LIMIT,
  GPR,
  MODE,
  MODE_CODE_SIZE,
  RAM,
  RIP,
  SEGMENT_ATTRIBUTES,
  SEGMENT_BASE,
  SEGMENT_LIMIT,
  SEGMENT_SELECTOR,
  SEGMENT_SIZE,
  SEGMENTS,
  XCR0,
  YMM_HIGH,
} from "../layout.ts";
import { cpuModel, DEFAULT_CPU } from "../models/catalogue.ts";
import { TOLD_FEATURES } from "../models/features.ts";
import type { CpuModel } from "../models/model.ts";
import type { Random } from "./float-random.ts";
import { Machine } from "./machine.ts";
import {
  CASE_BYTES,
  CODE_BYTES,
  CODE_LENGTH,
  FLAGS,
  FX,
  FX_BYTES,
  IP,
  LENGTH,
  MEMORY,
  MEMORY_BYTES,
  REGISTERS,
  SELECTORS,
  UPPER_BYTES,
  UPPERS,
  VECTOR,
} from "./record.ts";

export { MEMORY_BYTES };

/** Where the instruction lies, and the memory that it may use. The rest is not mapped on the host. */
export const CODE = 0x100000;
export const DATA = 0x110000;
/** Where our processor's FXSAVE images lie meanwhile. */
const IMAGE = 0x120000;

export const INT3 = 0xcc;

// Offsets in the FXSAVE image. [SDM] vol. 1, table 10-2.
export const FX_CONTROL = 0;
export const FX_STATUS = 2;
export const FX_TAGS = 4;
export const FX_MXCSR = 24;
export const FX_ST = 32;
export const FX_XMM = 160;

/** CF PF AF ZF SF DF OF. */
export const ALL_FLAGS = 0xcd5;

/** A view of one record. */
export class Case {
  readonly bytes: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array = new Uint8Array(CASE_BYTES)) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Vector of the exception that was met, -1 if none. */
  get vector(): number {
    return this.#view.getInt32(VECTOR, true);
  }

  set vector(value: number) {
    this.#view.setInt32(VECTOR, value, true);
  }

  /** 16 bytes: the instruction, then INT3. */
  get code(): Uint8Array {
    return this.bytes.subarray(CODE_BYTES, CODE_BYTES + CODE_LENGTH);
  }

  /** `branches`: it may go on elsewhere than behind itself, so that the host has to step it. */
  setCode(instruction: readonly number[], branches = false): void {
    this.code.fill(INT3).set(instruction);
    this.#view.setUint32(LENGTH, branches ? 0 : instruction.length, true);
  }

  /** Whether the instruction may go on elsewhere than behind itself. */
  get branches(): boolean {
    return this.#view.getUint32(LENGTH, true) === 0;
  }

  get ip(): bigint {
    return this.#view.getBigUint64(IP, true);
  }

  set ip(value: bigint) {
    this.#view.setBigUint64(IP, value, true);
  }

  get flags(): number {
    return this.#view.getUint32(FLAGS, true);
  }

  set flags(value: number) {
    this.#view.setUint32(FLAGS, value, true);
  }

  /** Selectors of CS and SS; of no concern before. */
  get selectors(): readonly [cs: number, ss: number] {
    return [this.#view.getUint16(SELECTORS, true), this.#view.getUint16(SELECTORS + 2, true)];
  }

  set selectors([cs, ss]: readonly [cs: number, ss: number]) {
    this.#view.setUint16(SELECTORS, cs, true);
    this.#view.setUint16(SELECTORS + 2, ss, true);
  }

  register(number: number): bigint {
    return this.#view.getBigUint64(REGISTERS + number * 8, true);
  }

  setRegister(number: number, value: bigint): void {
    this.#view.setBigUint64(REGISTERS + number * 8, value, true);
  }

  /** The FXSAVE image. */
  get fx(): DataView {
    return new DataView(this.bytes.buffer, this.bytes.byteOffset + FX, FX_BYTES);
  }

  /** The upper halves of YMM0 to YMM15. */
  get uppers(): DataView {
    return new DataView(this.bytes.buffer, this.bytes.byteOffset + UPPERS, UPPER_BYTES);
  }

  get memory(): Uint8Array {
    return this.bytes.subarray(MEMORY);
  }

  copy(): Case {
    // Not `slice`, which of a Buffer copies nothing.
    return new Case(Uint8Array.from(this.bytes));
  }
}

/** The harness's output: cases that follow one another. */
export function splitCases(all: Uint8Array): Uint8Array[] {
  return Array.from({ length: all.length / CASE_BYTES }, (_, index) =>
    all.subarray(index * CASE_BYTES, (index + 1) * CASE_BYTES),
  );
}

/** The host has its own idea of what it has: every row counts. */
const MODEL = cpuModel(DEFAULT_CPU);
const EVERYTHING: CpuModel = { ...MODEL, features: new Set([...MODEL.features, ...TOLD_FEATURES]) };

/** CR0 with PE, MP, ET and NE; CR4 with OSFXSR, OSXMMEXCPT, FSGSBASE and OSXSAVE. */
const CR0_PROTECTED = 0x33n;
const CR4_USER = 0x5_0600n;
/** x87, SSE and AVX state. */
const XCR0_USER = 7n;
/** Attributes of flat 32-bit segments of privilege 3. */
const FLAT_CODE = 0xc0fb;
const LONG_CODE = 0xa0fb;
const FLAT_DATA = 0xc0f3;
const PRIVILEGE = 3;
/** A descriptor's privilege level, in the attributes of a segment. */
const DPL = 0x60;
/** EFER.LME and LMA. */
const EFER_LONG = 0x500n;

/**
 * A machine as a program of the host finds it: flat 32-bit or 64-bit code of privilege 3, with x87, SSE and AVX in use,
 * and without the paging that real 64-bit code needs.
 */
export function userMachine(
  codeSize: 32 | 64 = 32,
  compileAfter?: number,
  verify?: Sampling,
  compiler?: ModuleCompiler,
  loopAfter?: number,
): Machine {
  const machine = new Machine(undefined, compileAfter, EVERYTHING, verify, compiler, loopAfter);
  const { cpu } = machine;
  const code = codeSize === 64 ? LONG_CODE : FLAT_CODE;
  if (codeSize === 64) cpu.set64(EFER, EFER_LONG);
  for (let number = 0; number < 6; number++) {
    const isCode = number === 1;
    const place = SEGMENTS + number * SEGMENT_SIZE;
    cpu.set64(place + SEGMENT_BASE, 0n);
    cpu.set32(place + SEGMENT_LIMIT, 0xffffffff);
    cpu.set32(place + SEGMENT_SELECTOR, (isCode ? 0x8 : 0x10) | PRIVILEGE);
    cpu.set32(place + SEGMENT_ATTRIBUTES, isCode ? code : FLAT_DATA);
  }
  cpu.set64(CR0, CR0_PROTECTED);
  cpu.set64(CR4, CR4_USER);
  cpu.set64(XCR0, XCR0_USER);
  cpu.set32(CPL, PRIVILEGE);
  cpu.runtime.flushTlb();
  cpu.runtime.updateMode();
  return machine;
}

/** Takes a `userMachine` to privilege level 0, with the same segments. */
export function enterLevel0({ cpu }: Machine): void {
  for (let number = 0; number < 6; number++) {
    const place = SEGMENTS + number * SEGMENT_SIZE + SEGMENT_ATTRIBUTES;
    cpu.set32(place, cpu.get32(place) & ~DPL);
  }
  cpu.set32(CPL, 0);
}

/** Selectors that Linux gives its programs: code of each size, and data. */
export const USER_CODE = { 32: 0x23, 64: 0x33 } as const;
export const USER_DATA = 0x2b;
/** Where its descriptor table lies meanwhile, and what that has: code and data of the kernel's, then the user's. */
const TABLE = 0x130000;
const KERNEL_DESCRIPTORS = [0x00cf9b000000ffffn, 0x00af9b000000ffffn, 0x00cf93000000ffffn];
const USER_DESCRIPTORS = [0x00cffb000000ffffn, 0x00cff3000000ffffn, 0x00affb000000ffffn];

const LDTR = 6;
/** TR, and the limit of a task state too short for a map of ports. */
const TASK = 7;
const TASK_LIMIT = 0x65;

/** Page tables of each level, and the table of the first 2 MiB. */
const TABLES = [0x140000, 0x141000, 0x142000] as const;
const PAGE_TABLE = 0x143000;
const CR0_PG = 0x80000000n;
const CR4_PAE = 0x20n;
/** A paging entry that is present and writable, and the user's too. */
const KERNEL_PAGE = 3n;
const USER_PAGE = 7n;

/** Maps what a case has, and the descriptor table for the processor alone. */
function mapCase({ cpu, view }: Machine): void {
  TABLES.forEach((table, n) => {
    view.setBigUint64(table, BigInt(TABLES[n + 1] ?? PAGE_TABLE) | USER_PAGE, true);
  });
  const map = (page: number, rights: bigint): void => {
    view.setBigUint64(PAGE_TABLE + (page >> 12) * 8, BigInt(page) | rights, true);
  };
  map(CODE, USER_PAGE);
  map(DATA, USER_PAGE);
  map(TABLE, KERNEL_PAGE);
  cpu.set64(CR3, BigInt(TABLES[0]));
  cpu.set64(CR4, CR4_USER | CR4_PAE);
  cpu.set64(CR0, CR0_PROTECTED | CR0_PG);
  cpu.runtime.flushTlb();
}

/**
 * A `userMachine` with the segments that Linux has on a 64-bit processor, whose 32-bit code is in compatibility mode; it
 * reaches no more than a case has.
 */
export function linuxMachine(codeSize: 32 | 64): Machine {
  const machine = userMachine(codeSize);
  const { cpu, view } = machine;
  [0n, ...KERNEL_DESCRIPTORS, ...USER_DESCRIPTORS].forEach((descriptor, n) => {
    view.setBigUint64(TABLE + n * 8, descriptor, true);
  });
  cpu.set64(GDTR_BASE, BigInt(TABLE));
  cpu.set32(GDTR_LIMIT, 0x7f);
  cpu.set64(EFER, EFER_LONG);
  // There is no local descriptor table, and the task has no map of ports that it may use.
  cpu.set32(SEGMENTS + LDTR * SEGMENT_SIZE + SEGMENT_LIMIT, 0);
  cpu.set32(SEGMENTS + TASK * SEGMENT_SIZE + SEGMENT_LIMIT, TASK_LIMIT);
  for (let number = 0; number < 6; number++) {
    const selector = number === 1 ? USER_CODE[codeSize] : USER_DATA;
    cpu.set32(SEGMENTS + number * SEGMENT_SIZE + SEGMENT_SELECTOR, selector);
  }
  mapCase(machine);
  cpu.runtime.updateMode();
  return machine;
}

/** What a far transfer may change, to be put back after it. */
export class CodeSegments {
  readonly #machine: Machine;
  readonly #now: Uint8Array;
  readonly #kept: Uint8Array;

  constructor(machine: Machine) {
    this.#machine = machine;
    this.#now = new Uint8Array(machine.view.buffer, CPU_BASE + SEGMENTS, 3 * SEGMENT_SIZE);
    this.#kept = this.#now.slice();
  }

  get selectors(): readonly [cs: number, ss: number] {
    const selector = (number: number): number =>
      this.#machine.cpu.get32(SEGMENTS + number * SEGMENT_SIZE + SEGMENT_SELECTOR);
    return [selector(1), selector(2)];
  }

  restore(): void {
    this.#now.set(this.#kept);
    this.#machine.cpu.runtime.updateMode();
  }
}

/** More elements than a case repeats. */
const MAXIMUM_STEPS = 16;

/** Runs a case on a `userMachine`; gives the case after. */
export function runCase(machine: Machine, before: Case): Case {
  const { cpu, view } = machine;
  const ram = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  const after = before.copy();
  let steps = 0;
  const count = (cpu.get32(MODE) & MODE_CODE_SIZE) === 2 ? 16 : 8;
  const segments = new CodeSegments(machine);
  cpu.runtime.physicalWrite(CODE, CODE_LENGTH);
  machine.write(CODE, before.code);
  machine.write(DATA, before.memory);
  machine.write(IMAGE, new Uint8Array(before.fx.buffer, before.fx.byteOffset, FX_BYTES));
  for (let number = 0; number < count; number++) cpu.set64(GPR + number * 8, before.register(number));
  cpu.eflags = before.flags | 0x202;
  cpu.runtime.fxrstor(RAM + IMAGE, 0, count);
  const uppers = new Uint8Array(view.buffer, CPU_BASE + YMM_HIGH, count * 16);
  uppers.set(before.bytes.subarray(UPPERS, UPPERS + count * 16));
  cpu.set64(RIP, BigInt(CODE));
  // A repeated string instruction may take a step for each element. A branch to itself is one.
  do after.vector = cpu.step();
  while (!before.branches && after.vector < 0 && cpu.get64(RIP) === BigInt(CODE) && ++steps < MAXIMUM_STEPS);
  cpu.runtime.fxsave(RAM + IMAGE, 0, count);
  after.ip = cpu.get64(RIP);
  after.flags = cpu.eflags;
  for (let number = 0; number < count; number++) after.setRegister(number, cpu.get64(GPR + number * 8));
  new Uint8Array(after.fx.buffer, after.fx.byteOffset, FX_BYTES).set(ram.subarray(IMAGE, IMAGE + FX_BYTES));
  after.bytes.set(uppers, UPPERS);
  after.memory.set(ram.subarray(DATA, DATA + MEMORY_BYTES));
  after.selectors = segments.selectors;
  segments.restore();
  return after;
}

/** What need not be equal. */
export interface Tolerance {
  /** Bits of EFLAGS that the manual defines; all if absent. */
  flags?: number;
  /** Whether CS and SS count. */
  selectors?: boolean;
  /** Makes a random state one in which the instruction can be judged. */
  prepare?: (before: Case, random: Random) => void;
  /** Makes equal in both what may differ. */
  normalise?: (after: Case, before: Case) => void;
}

const hex = (value: number | bigint, digits: number): string => value.toString(16).padStart(digits, "0");

const vectorText = (view: DataView, at: number): string =>
  `${hex(view.getBigUint64(at + 8, true), 16)}_${hex(view.getBigUint64(at, true), 16)}`;

const stText = (fx: DataView, n: number): string =>
  `${hex(fx.getUint16(FX_ST + n * 16 + 8, true), 4)}:${hex(fx.getBigUint64(FX_ST + n * 16, true), 16)}`;

/**
 * What became of a case that has run, as text lines to compare and to read: the exception, RIP, EFLAGS, the x87's
 * words (its pointers, which AMD processors keep only with a pending exception, left out) and MXCSR; then registers and
 * memory that have changed.
 */
export function summary(after: Case, before: Case, tolerance: Tolerance = {}): string {
  let kept = after;
  if (tolerance.normalise) {
    kept = after.copy();
    tolerance.normalise(kept, before);
  }
  const { fx } = kept;
  const old = before.fx;
  const lines = [
    `vector ${kept.vector} ip ${hex(kept.ip, 8)} flags ${hex(kept.flags & (tolerance.flags ?? ALL_FLAGS), 4)}`,
    `cw ${hex(fx.getUint16(FX_CONTROL, true), 4)} sw ${hex(fx.getUint16(FX_STATUS, true), 4)} tags ${hex(
      fx.getUint8(FX_TAGS),
      2,
    )} mxcsr ${hex(fx.getUint32(FX_MXCSR, true), 4)}`,
  ];
  if (tolerance.selectors) {
    const [cs, ss] = kept.selectors;
    lines.push(`cs ${hex(cs, 4)} ss ${hex(ss, 4)}`);
  }
  const differs = (now: DataView, then: DataView, from: number): boolean =>
    now.getBigUint64(from, true) !== then.getBigUint64(from, true) ||
    now.getBigUint64(from + 8, true) !== then.getBigUint64(from + 8, true);
  const changed = (from: number): boolean => differs(fx, old, from);
  for (let n = 0; n < 16; n++) {
    if (kept.register(n) !== before.register(n)) lines.push(`r${n} ${hex(kept.register(n), 8)}`);
    const at = FX_XMM + n * 16;
    if (changed(at)) lines.push(`xmm${n} ${vectorText(fx, at)}`);
  }
  for (let n = 0; n < 16; n++) {
    if (differs(kept.uppers, before.uppers, n * 16))
      lines.push(`ymm${n}h ${vectorText(kept.uppers, n * 16)}`);
  }
  for (let n = 0; n < 8; n++) if (changed(FX_ST + n * 16)) lines.push(`st${n} ${stText(fx, n)}`);
  const oldMemory = before.memory;
  kept.memory.forEach((byte, at) => {
    if (byte !== oldMemory[at]) lines.push(`[${hex(DATA + at, 6)}] ${hex(byte, 2)}`);
  });
  return lines.join("\n");
}

/** A state before, in words. */
export function describeCase(before: Case): string {
  const { fx } = before;
  const lines = [
    `code ${Array.from(before.code, (byte) => hex(byte, 2)).join(" ")} flags ${hex(before.flags, 4)}`,
    `cw ${hex(fx.getUint16(FX_CONTROL, true), 4)} sw ${hex(fx.getUint16(FX_STATUS, true), 4)} mxcsr ${hex(
      fx.getUint32(FX_MXCSR, true),
      4,
    )}`,
  ];
  for (let n = 0; n < 16; n++) {
    const vector = `${vectorText(before.uppers, n * 16)}_${vectorText(fx, FX_XMM + n * 16)}`;
    lines.push(`r${n} ${hex(before.register(n), 8)} ymm${n} ${vector}`);
  }
  for (let n = 0; n < 8; n++) lines.push(`st${n} ${stText(fx, n)}`);
  return lines.join("\n  ");
}

/** 32-bit FNV-1a of a text: what a vector keeps of the processor's result. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}

/** The state before and the lines that differ, or undefined when the results are the same. */
export function difference(
  before: Case,
  expected: Case,
  actual: Case,
  tolerance?: Tolerance,
): string | undefined {
  const wanted = summary(expected, before, tolerance);
  const got = summary(actual, before, tolerance);
  if (wanted === got) return undefined;
  const without = (lines: string, others: string) =>
    lines.split("\n").filter((line) => !others.split("\n").includes(line));
  return [
    `before ${describeCase(before)}`,
    ...without(wanted, got).map((line) => `expected ${line}`),
    ...without(got, wanted).map((line) => `     got ${line}`),
  ].join("\n");
}
