// Many random cases on the host's processor and on ours. States are put together from a pool, and each instruction runs
// in several of them; results are compared as bytes, and only what differs there is looked at more closely.

import { CPU_BASE, GPR, RAM, RIP } from "../layout.ts";
import { LANES, type Subject } from "./chapter-suite.ts";
import {
  ALL_FLAGS,
  Case,
  CODE,
  caseSize,
  DATA,
  difference,
  MEMORY_BYTES,
  runCase,
  userMachine,
} from "./differential.ts";
import { createRandom, type Random } from "./float-random.ts";
import type { Instruction } from "./instructions.ts";
import type { Machine } from "./machine.ts";
import type { NativeProcessor } from "./native.ts";
import { randomCase } from "./random-case.ts";

const CASE = caseSize(MEMORY_BYTES);
/** Parts of a record: see differential.ts. */
const REGISTERS = 40;
const FX = 168;
const MEMORY = 680;
const FX_BYTES = 512;
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
const STATES = 8;

/** States by lane type. */
function makePool(random: Random): Case[][] {
  return LANES.map((lane) => Array.from({ length: POOL }, () => randomCase(random, [], lane)));
}

export class SiliconRun {
  readonly #native: NativeProcessor;
  readonly #machine: Machine;
  readonly #memory: Buffer;
  readonly #codeSize: 32 | 64;
  readonly #random: Random;
  readonly #pool: Case[][];
  /** Differences found, in words, at most one for each subject. */
  readonly differences: Map<string, string> = new Map();
  cases = 0;

  constructor(native: NativeProcessor, codeSize: 32 | 64, seed: number) {
    this.#native = native;
    this.#codeSize = codeSize;
    this.#machine = userMachine(codeSize);
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
    const before = Buffer.alloc(instructions.length * STATES * CASE);
    instructions.forEach(([subject, instruction], n) => {
      for (let state = 0; state < STATES; state++)
        this.#make(before, (n * STATES + state) * CASE, instruction, subject);
    });
    const after = this.#native.runJoined(before);
    instructions.forEach(([subject], n) => {
      for (let state = 0; state < STATES; state++) {
        const at = (n * STATES + state) * CASE;
        this.#compare(subject, before.subarray(at, at + CASE), after.subarray(at, at + CASE), state === 0);
      }
    });
  }

  /** Registers of one state, x87 and SSE of another, memory of a third. */
  #make(out: Buffer, at: number, { code, registers }: Instruction, { tolerance }: Subject): void {
    const lane = this.#pool[this.#random.below(LANES.length)]!;
    const pick = (): Uint8Array => lane[this.#random.below(POOL)]!.bytes;
    out.set(pick().subarray(0, FX), at);
    out.set(pick().subarray(FX, MEMORY), at + FX);
    out.set(pick().subarray(MEMORY), at + MEMORY);
    const made = new Case(out.subarray(at, at + CASE));
    made.setCode(code);
    for (const [register, value] of registers) made.setRegister(register, value);
    tolerance.prepare?.(made, this.#random);
  }

  #compare(subject: Subject, before: Buffer, after: Buffer, isNewCode: boolean): void {
    const { cpu } = this.#machine;
    const ram = this.#memory;
    const made = new Case(before);
    const count = this.#codeSize === 64 ? 16 : 8;
    if (isNewCode) {
      cpu.runtime.physicalWrite(CODE, 16);
      ram.set(made.code, RAM + CODE);
    }
    ram.set(before.subarray(MEMORY), RAM + DATA);
    ram.set(before.subarray(FX, FX + FX_BYTES), RAM + IMAGE);
    ram.set(before.subarray(REGISTERS, REGISTERS + count * 8), CPU_BASE + GPR);
    cpu.eflags = made.flags | 0x202;
    cpu.runtime.fxrstor(RAM + IMAGE, 0, count);
    cpu.set64(RIP, BigInt(CODE));
    const vector = cpu.step();
    const expected = new Case(after);
    const again = vector < 0 && cpu.get32(RIP) === CODE;
    // The host does not stop where a branch has gone to itself.
    if (again && subject.branches) return;
    this.cases++;
    if (!again && vector === expected.vector && this.#isSame(expected, after, count)) return;
    const judged = difference(made, expected, runCase(this.#machine, made), subject.tolerance);
    if (judged && !this.differences.has(subject.name)) this.differences.set(subject.name, judged);
  }

  /** Whether our processor's state is that of a record, byte for byte, but for the x87's pointers. */
  #isSame(expected: Case, after: Buffer, count: number): boolean {
    const { cpu } = this.#machine;
    const ram = this.#memory;
    if (cpu.get64(RIP) !== expected.ip || ((cpu.eflags ^ expected.flags) & ALL_FLAGS) !== 0) return false;
    cpu.runtime.fxsave(RAM + IMAGE, 0, count);
    const same = (from: number, end: number, place: number): boolean =>
      ram.compare(after, from, end, place, place + end - from) === 0;
    const image = RAM + IMAGE;
    return (
      same(REGISTERS, REGISTERS + count * 8, CPU_BASE + GPR) &&
      same(FX, FX + IMAGE_WORDS, image) &&
      same(FX + IMAGE_MXCSR, FX + IMAGE_MXCSR + 4, image + IMAGE_MXCSR) &&
      same(FX + IMAGE_REGISTERS, FX + IMAGE_END[this.#codeSize], image + IMAGE_REGISTERS) &&
      same(MEMORY, CASE, RAM + DATA)
    );
  }
}
