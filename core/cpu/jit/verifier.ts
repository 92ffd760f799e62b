// Compares compiled regions with the interpreter while a guest runs: each time that a region has run, the same
// instructions are run again one by one from the same state, and everything must be as the region left it. What has
// effects outside of memory cannot be done twice: regions that call on devices or on the runtime's larger functions are
// not compared on that occasion.

import {
  BLOCK_INSTRUCTIONS,
  BLOCK_IP,
  BUDGET,
  CR2,
  EXCEPTION,
  EXCEPTION_ERROR,
  FPU_REGISTERS,
  GPR,
  MXCSR,
  RIP,
  TLB,
  XMM,
} from "../layout.ts";
import { i32 } from "../wasm/expression.ts";
import { FunctionBody } from "../wasm/function-body.ts";
import { ModuleBuilder } from "../wasm/module.ts";

const PAGE = 0x1000;
/** Runs of a region that are compared: the first ones, and then one in so many. */
const ALWAYS = 64;
const SOMETIMES = 499;

/** Functions of the runtime that regions call and that change nothing but what is compared. */
const REPEATABLE =
  /^(leaveFaulted|storeFlags|setException|commitWrite|region[A-Z]|(multiplyHigh|divide)|segment(Read|Write)$|f[a-z0-9_]+$|(sse|mmx)_)/;

export interface VerifiedProcessor {
  readonly memory: WebAssembly.Memory;
  /** Base of the processor's state. */
  readonly base: number;
  /** Runs one instruction at RIP in the interpreter; exceptions are left in EXCEPTION. */
  step(): void;
  flushTlb(): void;
  /** Host address of the page of a linear address, if it is memory. */
  hostPage(linear: bigint): number | undefined;
  eflags(): number;
}

/** Compiled code has not done what the interpreter does: a bug, told with all that is needed to look for it. */
export class Divergence extends Error {
  override readonly name = "Divergence";
}

export class Verifier {
  readonly #cpu: VerifiedProcessor;
  readonly #view: DataView;
  readonly #bytes: Uint8Array;
  /** Pages that the region has looked at, as they were. */
  readonly #pages = new Map<number, Uint8Array>();
  #repeatable = true;
  #running = false;
  /** Regions compared so far. */
  compared = 0;

  constructor(cpu: VerifiedProcessor) {
    this.#cpu = cpu;
    this.#view = new DataView(cpu.memory.buffer);
    this.#bytes = new Uint8Array(cpu.memory.buffer);
  }

  /** Something was done that cannot be done twice. */
  noteEffect(): void {
    this.#repeatable = false;
  }

  /** What a region gets in place of a function of the runtime. */
  watch(name: string, real: WebAssembly.ExportValue): WebAssembly.ExportValue {
    const call = real as (...args: unknown[]) => unknown;
    if (!REPEATABLE.test(name)) {
      return (...args: unknown[]) => {
        this.noteEffect();
        return call(...args);
      };
    }
    if (!/^region[A-Z]/.test(name)) return real;
    return (linear: bigint, ...args: unknown[]) => {
      this.#keepPage(linear);
      this.#keepPage(linear + 15n);
      return call(linear, ...args);
    };
  }

  #keepPage(linear: bigint): void {
    if (!this.#running) return;
    const page = this.#cpu.hostPage(linear);
    if (page === undefined || this.#pages.has(page)) return;
    this.#pages.set(page, this.#bytes.slice(page, page + PAGE));
  }

  /** A function for the table, in place of a region's. */
  standIn(region: (record: number) => number): WebAssembly.ExportValue {
    const module = new ModuleBuilder();
    const signature = { parameters: ["i32"], result: "i32" } as const;
    const body = new FunctionBody(["i32"]);
    body.result(body.call(module.import("verifier", "run", signature), body.parameter(0, "i32")));
    module.add("run", signature, body);
    const { memory } = this.#cpu;
    let runs = 0;
    const instance = new WebAssembly.Instance(new WebAssembly.Module(module.encode()), {
      env: {
        memory,
        cpu: new WebAssembly.Global({ value: i32.type, mutable: false }, this.#cpu.base),
        table: new WebAssembly.Table({ initial: 0, element: "anyfunc" }),
      },
      verifier: {
        run: (record: number) => {
          const compare = runs < ALWAYS || runs % SOMETIMES === 0;
          runs++;
          return compare ? this.#verify(region, record) : region(record);
        },
      },
    });
    return instance.exports.run!;
  }

  #state(): Uint8Array {
    return this.#bytes.slice(this.#cpu.base, this.#cpu.base + TLB);
  }

  #restore(state: Uint8Array, pages: ReadonlyMap<number, Uint8Array>): void {
    this.#bytes.set(state, this.#cpu.base);
    for (const [page, bytes] of pages) this.#bytes.set(bytes, page);
    this.#cpu.flushTlb();
  }

  #verify(region: (record: number) => number, record: number): number {
    if (this.#running) return region(record);
    const before = this.#state();
    const charged = this.#view.getUint32(record + BLOCK_INSTRUCTIONS, true);
    const budget = this.#get32(BUDGET) + charged;
    const start = this.#get64(BLOCK_IP);
    this.#pages.clear();
    this.#repeatable = true;
    this.#cpu.flushTlb();
    this.#running = true;
    try {
      const next = region(record);
      if (!this.#repeatable) return next;
      const ahead = next ? this.#view.getUint32(next + BLOCK_INSTRUCTIONS, true) : 0;
      const count = budget - this.#get32(BUDGET) - ahead;
      if (next) this.#set64(RIP, this.#get64(BLOCK_IP));
      const after = this.#state();
      const faulted = this.#get32(EXCEPTION) >= 0;
      const told = this.#tell();
      const kept = new Map(this.#pages);
      const pages = new Map([...kept.keys()].map((page) => [page, this.#bytes.slice(page, page + PAGE)]));
      this.#restore(before, kept);
      this.#set64(RIP, start);
      this.#repeatable = true;
      for (let n = 0; n < count + (faulted ? 1 : 0); n++) this.#cpu.step();
      if (this.#repeatable) {
        this.#compare(
          told,
          pages,
          `region at ${start.toString(16)} (${this.#codeAt(start)}), ${count} instructions`,
        );
        this.compared++;
      }
      this.#restore(after, pages);
      return next;
    } finally {
      this.#running = false;
    }
  }

  #compare(told: string[], pages: ReadonlyMap<number, Uint8Array>, where: string): void {
    const now = this.#tell();
    const wrong = told.filter((line, n) => line !== now[n]).map((line) => `compiled ${line}`);
    const right = now.filter((line, n) => line !== told[n]).map((line) => `interpreted ${line}`);
    for (const [page, bytes] of pages) {
      const at = bytes.findIndex((byte, n) => byte !== this.#bytes[page + n]);
      if (at < 0) continue;
      wrong.push(`compiled byte ${bytes[at]} at host address ${(page + at).toString(16)}`);
      right.push(`interpreted byte ${this.#bytes[page + at]}`);
    }
    if (wrong.length > 0) throw new Divergence(`${where}: ${wrong.join(", ")}; ${right.join(", ")}`);
  }

  /** The first bytes of code. */
  #codeAt(linear: bigint): string {
    const page = this.#cpu.hostPage(linear);
    if (page === undefined) return "no memory";
    const offset = Number(linear & 0xfffn);
    const bytes = this.#bytes.subarray(page + offset, page + Math.min(offset + 32, PAGE));
    return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
  }

  /** What is compared, a line each. */
  #tell(): string[] {
    const lines: string[] = [];
    const hex = (name: string, offset: number): number =>
      lines.push(`${name} ${this.#get64(offset).toString(16)}`);
    for (let n = 0; n < 16; n++) hex(`register ${n}`, GPR + n * 8);
    hex("rip", RIP);
    hex("cr2", CR2);
    for (let n = 0; n < 32; n++) hex(`xmm ${n >> 1} ${n & 1 ? "high" : "low"}`, XMM + n * 8);
    for (let n = 0; n < 16; n++) hex(`st ${n}`, FPU_REGISTERS + n * 8);
    lines.push(`flags ${this.#cpu.eflags().toString(16)}`, `mxcsr ${this.#get32(MXCSR)}`);
    const exception = this.#get32(EXCEPTION);
    lines.push(`exception ${Math.max(exception, -1)}`);
    if (exception >= 0) lines.push(`error ${this.#get32(EXCEPTION_ERROR)}`);
    return lines;
  }

  #get32(offset: number): number {
    return this.#view.getInt32(this.#cpu.base + offset, true);
  }

  #get64(offset: number): bigint {
    return this.#view.getBigUint64(this.#cpu.base + offset, true);
  }

  #set64(offset: number, value: bigint): void {
    this.#view.setBigUint64(this.#cpu.base + offset, value, true);
  }
}
