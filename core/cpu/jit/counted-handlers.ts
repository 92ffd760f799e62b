// Handlers that count what the compiler tier does, for those who ask how well it works.

import { Handlers } from "../interpreter/handlers.ts";
import type { CompiledModule } from "./module-compiler.ts";

/** The host's clock; every JavaScript host has it. */
declare const performance: { now(): number };

/** What the compiler has done since power-on. */
export interface CompilerStatistics {
  /** Regions compiled, and those of them that were dropped again since. */
  regionsCompiled: number;
  regionsDropped: number;
  /** Bytes of WebAssembly compiled for them. */
  bytesCompiled: number;
  /** Guest instructions in the compiled ones, each as often as it was compiled. */
  instructionsCompiled: number;
  /** Host milliseconds spent compiling them, in whatever thread, as far as WebAssembly compiles at once. */
  compileMs: number;
  /** Runs of regions compared with the interpreter. */
  regionsCompared: number;
}

export class CountedHandlers extends Handlers {
  readonly counts = {
    regionsCompiled: 0,
    regionsDropped: 0,
    bytesCompiled: 0,
    instructionsCompiled: 0,
    compileMs: 0,
  };

  override enterRegions(made: CompiledModule): number[] {
    const { counts } = this;
    const began = performance.now();
    const indexes = super.enterRegions(made);
    counts.compileMs += made.milliseconds + performance.now() - began;
    counts.regionsCompiled += made.bytes.length;
    for (const bytes of made.bytes) counts.bytesCompiled += bytes;
    counts.instructionsCompiled += made.instructions;
    return indexes;
  }

  override release(index: number): void {
    super.release(index);
    this.counts.regionsDropped++;
  }
}
