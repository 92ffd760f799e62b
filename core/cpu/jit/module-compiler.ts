// Compiles regions, a module of them at a time: here, or wherever there is another that does the same.

// In a thread of its own nobody else makes the rows that forms refer to by number.
import "../decode/opcodes.ts";
import { beginningOf, HANDLER, INNER_LOOP, innerLoop } from "../interpreter/inner-loop.ts";
import { runtimeSignatures } from "../runtime-module.ts";
import { ModuleBuilder } from "../wasm/module.ts";
import { EffectsOf } from "./effects.ts";
import { compileRegion } from "./region-compiler.ts";
import { OrderReader, type RegionOrder } from "./region-order.ts";

/** The host's clock; every JavaScript host has it. */
declare const performance: { now(): number };

/** A module of regions. */
export interface CompiledModule {
  /** Exports each region's function, `h` and its number. */
  readonly module: WebAssembly.Module;
  /** Names of the runtime's functions that it imports. */
  readonly imported: readonly string[];
  /** Of each region's code. */
  readonly bytes: readonly number[];
  /** Instructions in all of them. */
  readonly instructions: number;
  /** Of the host's clock, that it took. */
  readonly milliseconds: number;
}

/** An inner loop of the interpreter. */
export interface CompiledLoop {
  /** The number of its code size in MODE. */
  readonly codeSize: number;
  /** Exports it as `h0`. */
  readonly module: WebAssembly.Module;
  /** Names of the runtime's functions that it imports. */
  readonly imported: readonly string[];
}

/** Who compiles a machine's regions, and its interpreter's inner loops. */
export interface ModuleCompiler {
  /** Instructions in regions that may be added between two runs of the guest: a millisecond's work for its thread. */
  readonly atOnce: number;
  /** Instructions of the largest region that it takes, about. */
  readonly largest: number;
  /** Blocks of a code size found until its inner loop is worth asking for, at least 1. */
  readonly loopAfter: number;
  /** Adds a region to the module under way. */
  add(order: RegionOrder): void;
  /** Ends the module under way; `isForLong`: it is worth the time that it takes to make its code as fast as can be at once. */
  finish(isForLong: boolean): void;
  /**
   * The first finished module that was not taken yet, if it is compiled.
   *
   * @throws what has kept the compiler from it
   */
  take(): CompiledModule | undefined;
  /** Asks for the inner loop of a code size, by its number in MODE. */
  addLoop(codeSize: number): void;
  /**
   * One that was asked for and not taken yet, if it is compiled.
   *
   * @throws as {@link take}
   */
  takeLoop(): CompiledLoop | undefined;
}

/** By code size: they are the same for each processor. */
const loops: (CompiledLoop | undefined)[] = [];
const loopBuilders: (ModuleBuilder | undefined)[] = [];

/** Does the part of {@link compiledLoop}'s work that is not the host's compiler's. */
export function prepareLoop(codeSize: number): void {
  loopBuilders[codeSize] ??= buildLoop(codeSize);
}

/** The inner loop of a code size, with the forms that are met most. */
export function compiledLoop(codeSize: number): CompiledLoop {
  loops[codeSize] ??= compileLoop(codeSize);
  return loops[codeSize];
}

function compileLoop(codeSize: number): CompiledLoop {
  const builder = loopBuilders[codeSize] ?? buildLoop(codeSize);
  loopBuilders[codeSize] = undefined;
  return {
    codeSize,
    module: new WebAssembly.Module(builder.encode()),
    imported: builder.imported("runtime"),
  };
}

function buildLoop(codeSize: number): ModuleBuilder {
  const builder = new ModuleBuilder();
  const body = innerLoop(builder, runtimeSignatures(), beginningOf(builder, "dispatcher"), codeSize);
  builder.add("h0", INNER_LOOP, body, `inner loop ${codeSize}`);
  return builder;
}

/** The module under way. */
export class ModuleAssembly {
  readonly #runtime = runtimeSignatures();
  readonly #effects = new EffectsOf(this.#runtime);
  readonly #reader = new OrderReader();
  #module = new ModuleBuilder();
  #bytes: number[] = [];
  #instructions = 0;
  #milliseconds = 0;

  add(order: RegionOrder): void {
    const began = performance.now();
    const region = this.#reader.read(order);
    const body = compileRegion(region, {
      module: this.#module,
      runtime: this.#runtime,
      effects: this.#effects,
    });
    const { block, forms } = region.nodes[0]!;
    const label = `region ${forms[0]!.row.mnemonic} ${block.physical.toString(16)} ${region.nodes.length}`;
    this.#module.add(`h${this.#module.size}`, HANDLER, body, label);
    this.#bytes.push(body.length);
    for (const { count } of region.nodes) this.#instructions += count;
    this.#milliseconds += performance.now() - began;
  }

  finish(): CompiledModule {
    const began = performance.now();
    const module = new WebAssembly.Module(this.#module.encode());
    const made: CompiledModule = {
      module,
      imported: this.#module.imported("runtime"),
      bytes: this.#bytes,
      instructions: this.#instructions,
      milliseconds: this.#milliseconds + performance.now() - began,
    };
    this.#module = new ModuleBuilder();
    this.#bytes = [];
    this.#instructions = 0;
    this.#milliseconds = 0;
    return made;
  }
}

/** Compiles at once, in the machine's own thread. */
export class LocalCompiler implements ModuleCompiler {
  readonly atOnce = 100;
  readonly largest: number = 300;
  /** Those of a program of some size: short ones do not pay for the loop. */
  readonly loopAfter = 200;
  readonly #assembly = new ModuleAssembly();
  readonly #made: CompiledModule[] = [];
  readonly #loops: CompiledLoop[] = [];

  add(order: RegionOrder): void {
    this.#assembly.add(order);
  }

  finish(): void {
    this.#made.push(this.#assembly.finish());
  }

  take(): CompiledModule | undefined {
    return this.#made.shift();
  }

  addLoop(codeSize: number): void {
    this.#loops.push(compiledLoop(codeSize));
  }

  takeLoop(): CompiledLoop | undefined {
    return this.#loops.shift();
  }
}
