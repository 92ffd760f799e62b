// Many random cases on the host's processor and on ours. States are put together from a pool, and each instruction runs
// in several of them; results are compared as bytes, and only what differs there is looked at more closely.

import { CPU_BASE, GPR, RAM, RIP, YMM_HIGH } from "../layout.ts";
import { LANES, type Subject } from "./chapter-suite.ts";
import {
  ALL_FLAGS,
  Case,
  CODE,
  CodeSegments,
  DATA,
  difference,
  linuxMachine,
  runCase,
} from "./differential.ts";
import { createRandom, type Random } from "./float-random.ts";
import type { Instruction } from "./instructions.ts";
import type { Machine } from "./machine.ts";
import type { NativeProcessor } from "./native.ts";
import { randomCase, randomUppers } from "./random-case.ts";
import {
  CASE_BYTES,
  CODE_BYTES,
  CODE_LENGTH,
  FLAGS,
  FX,
  FX_BYTES,
  IP,
  MEMORY,
  REGISTERS,
  SELECTORS,
  UPPERS,
  VECTOR,
} from "./record.ts";

/** Where our processor's FXSAVE images lie meanwhile. */
const IMAGE = 0x120000;
/** Words of an image, then what follows the pointers: MXCSR, ST(0) to ST(7), XMM registers. */
const IMAGE_WORDS = 5;
const IMAGE_MXCSR = 24;
const IMAGE_REGISTERS = 32;
/** Its end in 32-bit and in 64-bit code. */
const IMAGE_END = { 32: 288, 64: 416 } as const;

const POOL = 512;
/** States in which each instruction runs. */
const STATES = 16;
/** RFLAGS with IF and the bit that is always set. */
const FLAGS_SET = 0x202;

/** States of each lane type, which follow one another. */
function makePool(random: Random): Buffer[] {
  return LANES.map((lane) =>
    Buffer.concat(
      Array.from({ length: POOL }, () => {
        const made = randomCase(random, lane);
        randomUppers(made, random, lane);
        return made.bytes;
      }),
    ),
  );
}

export class SiliconRun {
  readonly #native: NativeProcessor;
  readonly #machine: Machine;
  readonly #segments: CodeSegments;
  readonly #memory: Buffer;
  readonly #codeSize: 32 | 64;
  readonly #random: Random;
  readonly #pool: readonly Buffer[];
  /** Cases before and after, kept from batch to batch. */
  #before = Buffer.alloc(0);
  #after = Buffer.alloc(0);
  #afterView = new DataView(new ArrayBuffer(0));
  /** Differences found, in words, at most one for each subject. */
  readonly differences: Map<string, string> = new Map();
  cases = 0;

  constructor(native: NativeProcessor, codeSize: 32 | 64, seed: number) {
    this.#native = native;
    this.#codeSize = codeSize;
    this.#machine = linuxMachine(codeSize);
    this.#segments = new CodeSegments(this.#machine);
    const { view } = this.#machine;
    this.#memory = Buffer.from(view.buffer);
    this.#random = createRandom(seed);
    this.#pool = makePool(this.#random);
  }

  /** Runs `count` cases of each subject, or a few more. */
  batch(subjects: readonly Subject[], count: number): void {
    const instructions: [Subject, Instruction][] = [];
    for (const subject of subjects) {
      for (let n = 0; n < count; n += STATES) instructions.push([subject, subject.instruct(this.#random)]);
    }
    this.#resize(instructions.length * STATES * CASE_BYTES);
    let made = 0;
    for (const [subject, instruction] of instructions) {
      for (let state = 0; state < STATES; state++, made += CASE_BYTES) this.#make(made, instruction, subject);
    }
    this.#before.copy(this.#after);
    this.#native.runJoined(this.#after);
    let at = 0;
    for (const [subject, { branches }] of instructions) {
      for (let state = 0; state < STATES; state++, at += CASE_BYTES)
        this.#compare(subject, branches, at, state === 0);
    }
  }

  #resize(bytes: number): void {
    if (this.#before.length === bytes) return;
    this.#before = Buffer.alloc(bytes);
    this.#after = Buffer.alloc(bytes);
    this.#afterView = new DataView(this.#after.buffer, this.#after.byteOffset, bytes);
  }

  /** Registers of one state, x87, SSE and AVX of another, memory of a third. */
  #make(at: number, { code, branches, registers }: Instruction, { tolerance, vex }: Subject): void {
    const lane = this.#pool[this.#random.below(LANES.length)]!;
    const copy = (from: number, to: number): void => {
      const state = this.#random.below(POOL) * CASE_BYTES;
      lane.copy(this.#before, at + from, state + from, state + to);
    };
    copy(0, FX);
    copy(FX, MEMORY);
    copy(MEMORY, CASE_BYTES);
    if (!vex) this.#before.fill(0, at + UPPERS, at + MEMORY);
    const made = this.#caseOf(this.#before, at);
    made.setCode(code, branches);
    for (const [register, value] of registers) made.setRegister(register, value);
    tolerance.prepare?.(made, this.#random);
  }

  #caseOf(cases: Buffer, at: number): Case {
    return new Case(new Uint8Array(cases.buffer, cases.byteOffset + at, CASE_BYTES));
  }

  #compare(subject: Subject, branches: boolean, at: number, isNewCode: boolean): void {
    const { cpu } = this.#machine;
    const ram = this.#memory;
    const before = this.#before;
    const count = this.#codeSize === 64 ? 16 : 8;
    if (isNewCode) {
      cpu.runtime.physicalWrite(CODE, CODE_LENGTH);
      before.copy(ram, RAM + CODE, at + CODE_BYTES, at + CODE_BYTES + CODE_LENGTH);
    }
    before.copy(ram, RAM + DATA, at + MEMORY, at + CASE_BYTES);
    before.copy(ram, RAM + IMAGE, at + FX, at + FX + FX_BYTES);
    before.copy(ram, CPU_BASE + GPR, at + REGISTERS, at + REGISTERS + count * 8);
    before.copy(ram, CPU_BASE + YMM_HIGH, at + UPPERS, at + UPPERS + count * 16);
    cpu.eflags = before.readUInt32LE(at + FLAGS) | FLAGS_SET;
    cpu.runtime.fxrstor(RAM + IMAGE, 0, count);
    cpu.set64(RIP, BigInt(CODE));
    const vector = cpu.step();
    this.cases++;
    // A repeated string instruction may take several steps.
    const again = !branches && vector < 0 && cpu.get32(RIP) === CODE;
    const isSame =
      !again && vector === this.#afterView.getInt32(at + VECTOR, true) && this.#isSame(subject, at, count);
    if (subject.tolerance.selectors) this.#segments.restore();
    if (isSame) return;
    const made = this.#caseOf(before, at);
    const expected = this.#caseOf(this.#after, at);
    const judged = difference(made, expected, runCase(this.#machine, made), subject.tolerance);
    if (judged && !this.differences.has(subject.name)) this.differences.set(subject.name, judged);
  }

  /** Whether our processor's state is that of a record, byte for byte, but for the x87's pointers. */
  #isSame({ tolerance }: Subject, at: number, count: number): boolean {
    const { cpu } = this.#machine;
    const ram = this.#memory;
    const view = this.#afterView;
    const flags = (cpu.eflags ^ view.getUint32(at + FLAGS, true)) & (tolerance.flags ?? ALL_FLAGS);
    if (flags !== 0 || cpu.get64(RIP) !== view.getBigUint64(at + IP, true)) return false;
    if (tolerance.selectors) {
      const [cs, ss] = this.#segments.selectors;
      if (cs !== view.getUint16(at + SELECTORS, true) || ss !== view.getUint16(at + SELECTORS + 2, true))
        return false;
    }
    cpu.runtime.fxsave(RAM + IMAGE, 0, count);
    const same = (from: number, end: number, place: number): boolean =>
      ram.compare(this.#after, at + from, at + end, place, place + end - from) === 0;
    const image = RAM + IMAGE;
    return (
      same(REGISTERS, REGISTERS + count * 8, CPU_BASE + GPR) &&
      same(FX, FX + IMAGE_WORDS, image) &&
      same(FX + IMAGE_MXCSR, FX + IMAGE_MXCSR + 4, image + IMAGE_MXCSR) &&
      same(FX + IMAGE_REGISTERS, FX + IMAGE_END[this.#codeSize], image + IMAGE_REGISTERS) &&
      same(UPPERS, UPPERS + count * 16, CPU_BASE + YMM_HIGH) &&
      same(MEMORY, CASE_BYTES, RAM + DATA)
    );
  }
}
