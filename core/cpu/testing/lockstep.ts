// The interpreter and the compiled blocks, side by side on a program: they may never differ.

import { expect } from "vitest";
import type { Cpu } from "../cpu.ts";
import {
  EXCEPTION,
  FPU_CONTROL,
  FPU_CS,
  FPU_DP,
  FPU_DS,
  FPU_IP,
  FPU_OPCODE,
  FPU_REGISTERS,
  FPU_STATUS,
  FPU_TAGS,
  GPR,
  MXCSR,
  RIP,
  XMM,
  YMM_HIGH,
} from "../layout.ts";
import { DATA, userMachine } from "./differential.ts";
import { type Encoding, encode } from "./encodings.ts";
import { createRandom, type Random } from "./float-random.ts";
import type { Machine } from "./machine.ts";

/** Programs lie across the end of a page, somewhere. */
const PAGE_END = 0x21000;
export const COUNTER = 0x40000;
export const ROUNDS = 40;
export const PROGRAMS = Number(process.env.TWINBOX_LOCKSTEP_PROGRAMS ?? 90);

/** A loop of random instructions with a conditional jump forward in it; `given` ones come between the first. */
export function randomProgram(
  random: Random,
  encodings: Encoding[],
  codeSize: 32 | 64,
  given: readonly number[] = [],
): Uint8Array {
  const code: number[] = [];
  const some = (count: number): number[] => {
    const bytes: number[] = [];
    for (let n = 0; n < count; n++) {
      const encoding = encodings[random.below(encodings.length)]!;
      const alignment = encoding.vex ? 32 : 16;
      const offset = alignment * random.below(64);
      bytes.push(...encode(encoding, random, offset, { operandPrefix: true, codeSize }));
    }
    return bytes;
  };
  code.push(...some(1 + random.below(6)));
  if (given.length > 0) code.push(...given, ...some(1 + random.below(6)));
  const skipped = some(1 + random.below(3));
  if (skipped.length < 128) code.push(0x70 + random.below(16), skipped.length, ...skipped);
  code.push(...some(random.below(4)));
  // dec dword [COUNTER]; jnz start; hlt
  const address = [COUNTER & 0xff, (COUNTER >> 8) & 0xff, (COUNTER >> 16) & 0xff, 0];
  code.push(0xff, ...(codeSize === 64 ? [0x0c, 0x25] : [0x0d]), ...address);
  const back = -(code.length + 6);
  code.push(0x0f, 0x85, back & 0xff, (back >> 8) & 0xff, (back >> 16) & 0xff, (back >> 24) & 0xff);
  code.push(0xf4);
  return Uint8Array.from(code);
}

/** Fills the data that a program finds. */
type Fill = (data: Uint8Array, random: Random) => void;

const fillWithBytes: Fill = (data, random) => {
  for (let n = 0; n < data.length; n++) data[n] = random.below(256);
};

function start(machine: Machine, program: Uint8Array, seed: number, count: number, fill: Fill): void {
  const random = createRandom(seed);
  const { cpu } = machine;
  machine.accesses.length = 0;
  const data = new Uint8Array(0x1000);
  fill(data, random);
  machine.write(DATA, data);
  const place = PAGE_END - random.below(Math.min(program.length, 0x1000));
  machine.write(place, program);
  machine.write(COUNTER, Uint8Array.of(ROUNDS, 0, 0, 0));
  for (let n = 0; n < count; n++) {
    const pointer = random.below(3) > 0;
    cpu.set64(GPR + n * 8, pointer ? BigInt(DATA + random.below(0x800)) : random.bits(32));
  }
  cpu.set64(GPR + 4 * 8, BigInt(DATA + 0x800));
  cpu.eflags = 0x202 | (random.below(0x1000) & 0x8d5);
  cpu.set64(RIP, BigInt(place));
  cpu.unhalt();
  // x87 with all exceptions masked.
  cpu.runtime.fninit();
}

/** What a program can see of the machine, and how far it has come. */
function stateOf(machine: Machine, count: number): string {
  const { cpu } = machine;
  const words: string[] = [];
  for (let n = 0; n < count; n++) words.push(cpu.get64(GPR + n * 8).toString(16));
  for (const place of [XMM, YMM_HIGH]) {
    for (let n = 0; n < count * 2; n++) words.push(cpu.get64(place + n * 8).toString(16));
  }
  for (let n = 0; n < 16; n++) words.push(cpu.get64(FPU_REGISTERS + n * 8).toString(16));
  for (const word of [FPU_CONTROL, FPU_STATUS, FPU_TAGS, FPU_OPCODE, FPU_CS, FPU_DS]) {
    words.push((cpu.get32(word) & 0xffff).toString(16));
  }
  for (const pointer of [FPU_IP, FPU_DP]) words.push(cpu.get64(pointer).toString(16));
  words.push(`ip ${cpu.get64(RIP).toString(16)}`, `flags ${cpu.eflags.toString(16)}`);
  words.push(`mxcsr ${cpu.get32(MXCSR)}`, `exception ${cpu.get32(EXCEPTION)}`);
  words.push(`accesses ${machine.accesses.length}`, `instructions ${cpu.instructions}`);
  return words.join(" ");
}

/** Compiled code looks at its budget less often: the one that is behind takes single steps until they are level. */
function level(cpus: Cpu[]): void {
  const most = Math.max(...cpus.map((cpu) => cpu.instructions));
  for (const cpu of cpus) while (cpu.instructions < most && !cpu.halted) cpu.runOne(false);
}

export interface HowToCompare {
  /** Fills the data that the program finds: with any bytes. */
  readonly fill?: Fill;
  /** Makes a `userMachine` ready for the program. */
  readonly prepare?: (machine: Machine) => void;
  /** Instructions, about, after which each comparison comes: 37. */
  readonly instructions?: number;
}

/**
 * Runs a program in all ways, compared every few instructions; whether anything was compiled. What is compiled late
 * knows where indirect branches lead.
 */
export function compare(
  program: Uint8Array,
  seed: number,
  codeSize: 32 | 64,
  slices: number,
  { fill = fillWithBytes, prepare, instructions = 37 }: HowToCompare = {},
): boolean {
  const count = codeSize === 64 ? 16 : 8;
  // By handlers alone, by the inner loop's own forms besides, and compiled.
  const kinds = [
    { compileAfter: Number.POSITIVE_INFINITY, loopAfter: Number.POSITIVE_INFINITY },
    { compileAfter: Number.POSITIVE_INFINITY, loopAfter: 1 },
    { compileAfter: 1 + (seed % 6), loopAfter: 1 },
  ];
  const machines = kinds.map(({ compileAfter, loopAfter }) =>
    userMachine(codeSize, compileAfter, undefined, undefined, loopAfter),
  );
  for (const machine of machines) prepare?.(machine);
  for (const machine of machines) start(machine, program, seed, count, fill);
  for (let slice = 0; slice < slices; slice++) {
    for (const { cpu } of machines) cpu.run(instructions);
    level(machines.map(({ cpu }) => cpu));
    const [handled, looped, compiled] = machines.map((machine) => stateOf(machine, count));
    const text = [...program].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    expect(looped, `in the loop, seed ${seed}, slice ${slice}: ${text}`).toBe(handled);
    expect(compiled, `compiled, seed ${seed}, slice ${slice}: ${text}`).toBe(handled);
    if (machines.some(({ cpu }) => cpu.halted)) break;
  }
  const [handled, ...others] = machines.map(
    ({ view }) => new Uint8Array(view.buffer, view.byteOffset, 0x50000),
  );
  for (const other of others) expect(Buffer.compare(other, handled!), `memory after seed ${seed}`).toBe(0);
  return machines.at(-1)!.cpu.compiler.regionsCompiled > 0;
}
