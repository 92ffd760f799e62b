// Instantiates the runtime, which scripts/build-runtime.ts has compiled from core/cpu/runtime.

import { RUNTIME_WASM } from "../generated/runtime-wasm.ts";
import type { RuntimeSignatures } from "./interpreter/handler-context.ts";
import { exportedSignatures } from "./wasm/signatures.ts";

/** The runtime's functions that TypeScript calls; generated code calls many more. */
export interface Runtime extends WebAssembly.Exports {
  /** RESET#: all of the state as in [SDM] vol. 3A, table 10-1. */
  reset(): void;
  /** INIT#: what that table has for it. */
  initialize(): void;
  /** Recomputes MODE, TLB_POINTER and CPL-dependent state from the registers. */
  updateMode(): void;
  flushTlb(): void;
  flushPage(linear: bigint): void;
  protectCodePage(physical: number): void;
  protectVideo(): void;
  physicalWrite(physical: number, size: number): void;
  /** Compiled blocks, or where they are mapped, have changed. */
  fetchPhysical(linear: bigint): bigint;
  /** Physical address, -1n if not mapped; leaves no trace of an exception. */
  peekPhysical(linear: bigint): bigint;
  setException(vector: number, error: number): void;
  leaveFaulted(record: number): number;
  stopSoon(): void;
  getFlags(): number;
  setFlags(value: number): void;
  /** WRMSR at level 0; throws when the register does not exist or refuses the value. */
  writeRegister(number: number, value: bigint): void;
  /** Delivers an external interrupt. */
  interrupt(vector: number): void;
  /** Delivers the exception in EXCEPTION, with double and triple faults. False: what comes next needs a look. */
  deliverMet(): boolean;
  /** Whether each instruction must be run by itself: TF, or a debug register is armed. */
  singleStepping(): boolean;
  /**
   * Before and after an instruction that is run by itself. `held`: the one before was MOV SS or POP SS, and no
   * instruction breakpoint counts. False: it has met one, and does not run. `branched`: it was a branch, and taken.
   */
  beginStep(held: number): boolean;
  endStep(branched: number): void;
}

let module: WebAssembly.Module | undefined;
let signatures: RuntimeSignatures | undefined;

/** Of the runtime's functions. */
export function runtimeSignatures(): RuntimeSignatures {
  signatures ??= exportedSignatures(decodeBase64(RUNTIME_WASM));
  return signatures;
}

/** A new instance over the given imports. */
export function loadRuntime(imports: WebAssembly.Imports): Runtime {
  module ??= new WebAssembly.Module(decodeBase64(RUNTIME_WASM));
  return new WebAssembly.Instance(module, imports).exports as Runtime;
}

function decodeBase64(text: string): Uint8Array<ArrayBuffer> {
  const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const value = new Uint8Array(128);
  for (let i = 0; i < 64; i++) value[DIGITS.charCodeAt(i)] = i;
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  for (let i = 0, at = 0; i < text.length; i += 4) {
    const word =
      (value[text.charCodeAt(i)]! << 18) |
      (value[text.charCodeAt(i + 1)]! << 12) |
      (value[text.charCodeAt(i + 2)]! << 6) |
      value[text.charCodeAt(i + 3)]!;
    bytes[at++] = word >>> 16;
    bytes[at++] = word >>> 8;
    bytes[at++] = word;
  }
  return bytes;
}
