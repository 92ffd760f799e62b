/// <reference path="../../base/webassembly.d.ts" />
/**
 * The floating-point part of the runtime by itself, running the records of `scripts/native/float-harness.c`: the
 * state before one instruction, replaced by the state after it.
 */

import { MODEL_MXCSR } from "../layout.ts";

/** Byte offsets in a record. */
export const OPERATION = 0;
/** 0: an x87 instruction. */
export const MXCSR = 4;
/** RAX of an SSE instruction; ZF, PF and CF after an x87 one. */
export const GENERAL = 8;
/** 108 bytes of FSAVE image, 32-bit protected-mode format. */
export const FSAVE = 16;
/** Where the pointers are, in the image: they are the emitters' business. */
export const FSAVE_POINTERS = 12;
export const FSAVE_REGISTERS = 28;
export const TRAPPED = 124;
export const DESTINATION = 128;
export const SOURCE = 144;
export const RECORD_SIZE = 160;

/** State of the machine, by its layout's names, and where the record lies in memory. */
const CPU_BASE = 0x10000;
const RECORD = 0x130000;

// biome-ignore lint/suspicious/noExplicitAny: WebAssembly's exports have no types; numbers and bigints go in and out.
export type Exports = Record<string, (...values: any[]) => any>;

/** What an instruction's case sees. */
export interface FloatMachine {
  readonly f: Exports;
  readonly view: DataView;
  /** Addresses of the two operands; the first is also the x87 memory operand. */
  readonly destination: number;
  readonly source: number;
  readonly general: number;
  /** Address of a field of the processor's state. */
  state(offset: number): number;
}

export function createFloatMachine(wasm: Uint8Array): FloatMachine & { record: Uint8Array } {
  const memory = new WebAssembly.Memory({ initial: 20 });
  const env: Record<string, unknown> = { memory, cpu: CPU_BASE };
  const stub = () => {
    throw new Error("floating-point functions call nothing of the host");
  };
  const imports = new Proxy(env, { get: (target, name) => target[String(name)] ?? stub });
  const instance = new WebAssembly.Instance(new WebAssembly.Module(wasm), { env: imports });
  new DataView(memory.buffer).setUint32(CPU_BASE + MODEL_MXCSR, 0xffff, true);
  return {
    f: instance.exports as Exports,
    view: new DataView(memory.buffer),
    record: new Uint8Array(memory.buffer, RECORD, RECORD_SIZE),
    destination: RECORD + DESTINATION,
    source: RECORD + SOURCE,
    general: RECORD + GENERAL,
    state: (offset) => CPU_BASE + offset,
  };
}

/** An instruction: its text for the assembler (Intel syntax) and what the emitters do for it. */
export interface FloatCase {
  readonly text: string;
  /** Returns ZF, PF and CF where the instruction sets them, for x87. */
  readonly run: (machine: FloatMachine) => number | undefined;
  /** x87: memory operand as 32-, 64- or 80-bit number, or as an integer. */
  readonly memory?: "f32" | "f64" | "f80" | "i16" | "i32" | "i64" | "bcd";
}
