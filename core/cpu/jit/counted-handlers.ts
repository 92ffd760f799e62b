// Handlers that count what the compiler tier does, for those who ask how well it works.

import { Handlers } from "../interpreter/handlers.ts";
import type { ModuleBuilder } from "../wasm/module.ts";
import type { Region } from "./region.ts";

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
  /** Host milliseconds spent compiling them, as far as WebAssembly compiles at once. */
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

  override emitRegion(region: Region, module: ModuleBuilder, view: DataView): number {
    const { counts } = this;
    const began = performance.now();
    const bytes = super.emitRegion(region, module, view);
    counts.compileMs += performance.now() - began;
    counts.regionsCompiled++;
    for (const { count } of region.nodes) counts.instructionsCompiled += count;
    counts.bytesCompiled += bytes;
    return bytes;
  }

  override enterRegions(module: ModuleBuilder): number[] {
    const began = performance.now();
    const indexes = super.enterRegions(module);
    this.counts.compileMs += performance.now() - began;
    return indexes;
  }

  override release(index: number): void {
    super.release(index);
    this.counts.regionsDropped++;
  }
}
