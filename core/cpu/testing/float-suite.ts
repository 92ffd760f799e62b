import { MXCSR as MXCSR_STATE, SSE_EXCEPTION } from "../layout.ts";
import {
  type FloatCase,
  type FloatMachine,
  FSAVE,
  FSAVE_POINTERS,
  FSAVE_REGISTERS,
  GENERAL,
  MXCSR,
  RECORD_SIZE,
  TRAPPED,
} from "./float-machine.ts";
import { createRandom, randomSse, randomX87 } from "./float-random.ts";
import { SSE_CASES, type SseCase } from "./float-sse-cases.ts";
import { X87_CASES } from "./float-x87-cases.ts";

/** Address of the FSAVE image within a machine's record; 32-bit protected-mode format. */
const FORMAT_32 = 1;

/** One instruction of the suite: how its cases are made and run. */
export interface Subject {
  readonly text: string;
  /** `count` records, always the same ones for a seed. */
  generate(seed: number, count: number): Uint8Array;
  /** Runs the record in the machine, which becomes what the processor would leave, by `normalise`. */
  run(machine: FloatMachine & { record: Uint8Array }): void;
  /** Makes equal what need not be, in the processor's record. */
  normalise(record: Uint8Array): void;
}

function generate(make: (index: number) => DataView, count: number): Uint8Array {
  const records = new Uint8Array(count * RECORD_SIZE);
  for (let index = 0; index < count; index++)
    records.set(new Uint8Array(make(index).buffer), index * RECORD_SIZE);
  return records;
}

/** The emitters keep the pointers, and only some instructions have flags. */
function clearPointers(record: Uint8Array): void {
  record.fill(0, FSAVE + FSAVE_POINTERS, FSAVE + FSAVE_REGISTERS);
}

function x87Subject(subject: FloatCase, number: number): Subject {
  const hasFlags = /^fu?comi/.test(subject.text);
  return {
    text: subject.text,
    generate: (seed, count) => {
      const random = createRandom(seed + number * 7919);
      return generate(() => randomX87(random, number, subject), count);
    },
    run: (machine) => {
      const image = machine.general - GENERAL + FSAVE;
      machine.f.frstor!(image, FORMAT_32);
      const flags = subject.run(machine);
      machine.f.fnsave!(image, FORMAT_32);
      machine.record[GENERAL] = flags ?? 0;
      clearPointers(machine.record);
    },
    normalise: (record) => {
      clearPointers(record);
      if (!hasFlags) record[GENERAL] = 0;
    },
  };
}

function sseSubject(subject: SseCase, number: number): Subject {
  return {
    text: subject.text,
    generate: (seed, count) => {
      const random = createRandom(seed + number * 6841 + 1);
      return generate(() => randomSse(random, number, subject.lane), count);
    },
    run: (machine) => {
      const { view, record, state } = machine;
      const fields = new DataView(record.buffer, record.byteOffset, RECORD_SIZE);
      view.setUint32(state(MXCSR_STATE), fields.getUint32(MXCSR, true), true);
      view.setUint32(state(SSE_EXCEPTION), 0, true);
      subject.run(machine);
      fields.setUint32(MXCSR, view.getUint32(state(MXCSR_STATE), true), true);
      fields.setUint32(TRAPPED, view.getUint32(state(SSE_EXCEPTION), true) ? 1 : 0, true);
    },
    normalise: () => {},
  };
}

/** All instructions that silicon decides, in the order of the vectors. */
export const SUBJECTS: readonly Subject[] = [...X87_CASES.map(x87Subject), ...SSE_CASES.map(sseSubject)];

/** Seed and number of the cases of each instruction in `float-vectors.bin`. */
export const VECTOR_SEED = 2026;
export const VECTOR_COUNT = 240;

/** 32-bit FNV-1a of a record: what a vector keeps of the processor's result. */
export function hashRecord(record: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of record) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

/** A record in words, to read a difference by. */
export function describeRecord(record: Uint8Array): string {
  const view = new DataView(record.buffer, record.byteOffset, RECORD_SIZE);
  const hex = (value: number | bigint, digits: number) => value.toString(16).padStart(digits, "0");
  const vector = (at: number) =>
    `${hex(view.getBigUint64(at + 8, true), 16)}_${hex(view.getBigUint64(at, true), 16)}`;
  const operands = `destination ${vector(128)} general ${hex(view.getBigUint64(GENERAL, true), 16)}`;
  if (view.getUint32(MXCSR, true)) {
    return `mxcsr ${hex(view.getUint32(MXCSR, true), 4)} trapped ${view.getUint32(TRAPPED, true)} ${operands} source ${vector(144)}`;
  }
  const registers = [0, 1, 2, 3, 4, 5, 6, 7].map((index) => {
    const at = FSAVE + FSAVE_REGISTERS + index * 10;
    return `${hex(view.getUint16(at + 8, true), 4)}:${hex(view.getBigUint64(at, true), 16)}`;
  });
  const words = [0, 4, 8].map((at) => hex(view.getUint16(FSAVE + at, true), 4));
  return `cw ${words[0]} sw ${words[1]} tw ${words[2]} ${operands} st ${registers.join(" ")}`;
}
