// Handlers of the forms met so far, made a module at a time and entered in the function table.

import type { Decoded } from "../decode/decoder.ts";
import type { CompiledLoop, CompiledModule } from "../jit/module-compiler.ts";
import type { RegionBlock } from "../jit/region.ts";
import type { Verifier } from "../jit/verifier.ts";
import { BLOCK_FIRST_HANDLER, REC_HANDLER, RECORD_SIZE } from "../layout.ts";
import { constant32 } from "../wasm/expression.ts";
import { FunctionBody } from "../wasm/function-body.ts";
import { ModuleBuilder } from "../wasm/module.ts";
import { type Form, formNumber, formOf } from "./form.ts";
import { HandlerContext, type RuntimeSignatures } from "./handler-context.ts";
import { HANDLER } from "./inner-loop.ts";
import { END_HANDLER, loopForms } from "./loop-forms.ts";

/** Places for handlers that were asked for last: 2 to this power. */
const RECENT_BITS = 12;
/** 2³² by the golden ratio: the product's upper bits depend on all of a number. */
const FIBONACCI = 0x9e3779b1;

export interface HandlerImports {
  memory: WebAssembly.Memory;
  table: WebAssembly.Table;
  runtime: WebAssembly.Exports;
  signatures: RuntimeSignatures;
  /** Its exports, for compiled code. */
  dispatcher: WebAssembly.Exports;
  /** Watches compiled regions at work, if they are to be compared with the interpreter. */
  verifier?: Verifier | undefined;
}

export class Handlers {
  readonly #imports: HandlerImports;
  readonly #indexes = new Map<Form, number>();
  /** What instructions were asked for last, by a hash of their form's number: that number and the table index. */
  readonly #recent = new Int32Array(2 << RECENT_BITS).fill(-1);
  /** By table index, where that is a form's handler. */
  readonly #forms: (Form | undefined)[] = [];
  /** Pairs that begin with a form: by its table index, and that of the second, their own. Who is asked for one by itself does the first. */
  readonly #pairs = new Map<number, Map<number, number>>();
  /** By a pair's table index that of its first form. */
  readonly #firsts = new Map<number, number>();
  #pending: { index: number; form: Form }[] = [];
  /** Of forms that inner loops have: they have places, and handlers of their own once they were met. */
  readonly #unmet = new Set<number>();
  #made = 0;
  #next = END_HANDLER;
  /** Table indexes of no use, and those that released regions had: the jump cache may know them still. */
  readonly #free: number[] = [];
  #stale: number[] = [];

  constructor(imports: HandlerImports) {
    this.#imports = imports;
    // The loop for each code size has its number as its place.
    for (let codeSize = 0; codeSize < END_HANDLER; codeSize++)
      imports.table.set(codeSize, imports.dispatcher.bareLoop);
    const end = this.add((module, all) => {
      const body = new FunctionBody(HANDLER.parameters);
      body.run(module.import("runtime", "endBlock", all.get("endBlock")!), body.parameter(0, "i32"));
      body.result(constant32(0));
      return body;
    });
    if (end !== END_HANDLER) throw new Error(`what ends a block is at ${end} of the function table`);
    for (const { forms, pairs } of loopForms()) {
      for (const form of forms) {
        const index = this.#reserve();
        this.#indexes.set(form, index);
        this.#forms[index] = form;
        this.#unmet.add(index);
      }
      for (const { index, first, second } of pairs) {
        if (this.#reserve() !== index) throw new Error(`a pair is not at ${index} of the function table`);
        const of = this.#pairs.get(first) ?? new Map<number, number>();
        this.#pairs.set(first, of.set(second, index));
        this.#firsts.set(index, first);
      }
    }
  }

  /** Table index of two handlers in a row, if inner loops have these as a pair. */
  pairOf(first: number, second: number): number | undefined {
    return this.#pairs.get(first)?.get(second);
  }

  /** Number of handlers made. */
  get count(): number {
    return this.#made;
  }

  /** Table index of the handler of an instruction in a mode; it can be called after the next {@link compile}. */
  indexOf(decoded: Decoded, mode: number): number {
    const recent = this.#recent;
    const number = formNumber(decoded, mode);
    const place = (Math.imul(number, FIBONACCI) >>> (32 - RECENT_BITS)) << 1;
    if (recent[place] !== number) {
      recent[place + 1] = this.#indexOfForm(formOf(decoded, mode));
      recent[place] = number;
    }
    return recent[place + 1]!;
  }

  #indexOfForm(form: Form): number {
    let index = this.#indexes.get(form);
    if (index === undefined) {
      index = this.#reserve();
      this.#indexes.set(form, index);
      this.#forms[index] = form;
    } else if (!this.#unmet.delete(index)) return index;
    this.#made++;
    this.#pending.push({ index, form });
    return index;
  }

  /** What a table index handles, if that is an instruction by itself. */
  formAt(index: number): Form | undefined {
    return this.#forms[index];
  }

  /** Enters a handler that is not an instruction. */
  add(emit: (module: ModuleBuilder, signatures: RuntimeSignatures) => FunctionBody): number {
    const index = this.#reserve();
    const module = new ModuleBuilder();
    module.add("h0", HANDLER, emit(module, this.#imports.signatures));
    this.#instantiate(module, [index]);
    return index;
  }

  /** Compiles what `indexOf` has promised. */
  compile(): void {
    if (this.#pending.length === 0) return;
    const pending = this.#pending;
    this.#pending = [];
    const module = new ModuleBuilder();
    pending.forEach(({ form }, n) => {
      const context = new HandlerContext(form, module, this.#imports.signatures);
      module.add(`h${n}`, HANDLER, context.emit(), `${form.row.mnemonic} ${form.key}`);
    });
    this.#instantiate(
      module,
      pending.map(({ index }) => index),
    );
  }

  /** From now on the inner loop of a code size is this one. */
  enterLoop({ codeSize, module, imported }: CompiledLoop): void {
    this.#enter(module, imported, [codeSize]);
  }

  /** Enters the functions of a module of regions in the table, and returns their indexes. */
  enterRegions({ module, imported, bytes }: CompiledModule): number[] {
    const indexes = bytes.map(() => this.#free.pop() ?? this.#reserve());
    this.#enter(
      module,
      imported,
      indexes,
      (made) => this.#imports.verifier?.standIn(made as (record: number) => number) ?? made,
    );
    return indexes;
  }

  /** The forms of a block's instructions, which its records' handlers tell. */
  formsOf(block: RegionBlock, view: DataView): Form[] {
    return Array.from({ length: block.count }, (_, n) => this.formOf(block, n, view));
  }

  /** That of one of them. */
  formOf(block: RegionBlock, n: number, view: DataView): Form {
    return this.#forms[this.handlerOf(block, n, view)]!;
  }

  /** Table index of the handler of one of them by itself. */
  handlerOf({ record }: RegionBlock, n: number, view: DataView): number {
    const place = n === 0 ? record + BLOCK_FIRST_HANDLER : record + n * RECORD_SIZE + REC_HANDLER;
    const index = view.getUint32(place, true);
    return this.#firsts.get(index) ?? index;
  }

  /** Gives a compiled region's place in the table back. It may be running: its code lives until it returns. */
  release(index: number): void {
    this.#imports.table.set(index, this.#imports.dispatcher.staleRegion);
    this.#stale.push(index);
  }

  /** Places that were given back and may still be entered. */
  get staleCount(): number {
    return this.#stale.length;
  }

  /** Nobody knows the places that were given back any more. */
  reuseStale(): void {
    this.#free.push(...this.#stale);
    this.#stale = [];
  }

  #reserve(): number {
    const { table } = this.#imports;
    if (this.#next === table.length) table.grow(1024);
    return this.#next++;
  }

  #instantiate(module: ModuleBuilder, indexes: readonly number[]): void {
    this.#enter(new WebAssembly.Module(module.encode()), module.imported("runtime"), indexes);
  }

  #enter(
    module: WebAssembly.Module,
    imported: readonly string[],
    indexes: readonly number[],
    standIn: (made: WebAssembly.ExportValue) => WebAssembly.ExportValue = (made) => made,
  ): void {
    const { memory, table, runtime, dispatcher, verifier } = this.#imports;
    const functions: Record<string, WebAssembly.ExportValue> = {};
    for (const name of imported) functions[name] = verifier?.watch(name, runtime[name]!) ?? runtime[name]!;
    const instance = new WebAssembly.Instance(module, {
      env: { memory, table },
      runtime: functions,
      dispatcher,
    });
    indexes.forEach((index, n) => {
      const made = standIn(instance.exports[`h${n}`]!);
      table.set(index, made);
      for (const pair of this.#pairs.get(index)?.values() ?? []) table.set(pair, made);
    });
  }
}
