// Compares compiled regions with the interpreter while a guest runs: each time that a region has run, the same
// instructions are run again one by one from the same state, and everything must be as the region left it. What has
// effects outside of memory cannot be done twice: regions that call on devices or on the runtime's larger functions are
// not compared on that occasion.

import {
  BLOCK_IP,
  BUDGET,
  BUDGET_GIVEN,
  CR2,
  EXCEPTION,
  EXCEPTION_ERROR,
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
  RETIRED,
  RIP,
  TLB,
  XMM,
  YMM_HIGH,
} from "../layout.ts";
import { FunctionBody } from "../wasm/function-body.ts";
import { ModuleBuilder } from "../wasm/module.ts";

const PAGE = 0x1000;
/**
 * Runs of a region that are compared when not all are: most that goes wrong does so on one of the first, with operands
 * of every kind; a prime interval later does not keep step with the guest's own loops.
 */
const FIRST_RUNS = 64;
const LATER_INTERVAL = 499;
/** Instructions that a run that is compared may have: what a region calls is done again one by one as well. */
const MOST_COMPARED = 3000;

const REGISTERS = [
  ...["rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi"],
  ...["r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"],
];

const X87_WORDS = [
  ["x87 control", FPU_CONTROL],
  ["x87 status", FPU_STATUS],
  ["x87 tags", FPU_TAGS],
  ["x87 opcode", FPU_OPCODE],
  ["x87 code selector", FPU_CS],
  ["x87 data selector", FPU_DS],
] as const;

/** Which runs of a region are compared: the first ones and then a few, or all. */
export type Sampling = "sampled" | "all";

/** Functions of the runtime that regions call and that change nothing but what is compared. */
const REPEATABLE =
  /^(leaveFaulted|(settle|store)Flags|storeNotes|setAlignmentFlag|clearInterruptFlag|flagsToPush|carryOf|setException|commit(Write|Counted)|(region|slow)[A-Z]|(multiplyHigh|divide)|segment(Read|Write)$|f[a-z0-9_]+$|(sse|mmx)_)/;

export interface VerifiedProcessor {
  readonly memory: WebAssembly.Memory;
  /** Base of the processor's state. */
  readonly base: number;
  /** Runs one instruction at RIP in the interpreter; exceptions are left in EXCEPTION. */
  step(): void;
  flushTlb(): void;
  /** Linear address of an instruction pointer. */
  linearIp(ip: bigint): bigint;
  /** Host address of the page of a linear address, if it is memory. */
  hostPage(linear: bigint): number | undefined;
  eflags(): number;
}

/** What compiled code and the interpreter have made of the same thing, as text. */
export interface Difference {
  readonly what: string;
  readonly compiled: string;
  readonly interpreted: string;
}

/** Compiled code has not done what the interpreter does: a bug, told with all that is needed to look for it. */
export class Divergence extends Error {
  override readonly name = "Divergence";
  /** Where the region was entered: the linear address of its first instruction. */
  readonly linear: bigint;
  /** That it has run this time. */
  readonly instructions: number;
  readonly differences: readonly Difference[];

  constructor(linear: bigint, instructions: number, differences: readonly Difference[]) {
    const told = differences.map(
      ({ what, compiled, interpreted }) => `${what} is ${compiled} compiled, ${interpreted} interpreted`,
    );
    super(
      `compiled code at ${linear.toString(16)} does not do what the interpreter does, ` +
        `in ${instructions} instructions: ${told.join("; ")}`,
    );
    this.linear = linear;
    this.instructions = instructions;
    this.differences = differences;
  }
}

export class Verifier {
  readonly #cpu: VerifiedProcessor;
  readonly #sampling: Sampling;
  readonly #view: DataView;
  readonly #bytes: Uint8Array;
  /** Pages that the region has looked at, as they were. */
  readonly #pages = new Map<number, Uint8Array>();
  #repeatable = true;
  /** A region runs that is to be compared, and what it calls; then the same in the interpreter. */
  #running = false;
  #repeating = false;
  /** Runs of regions compared so far. */
  compared = 0;

  constructor(cpu: VerifiedProcessor, sampling: Sampling) {
    this.#cpu = cpu;
    this.#sampling = sampling;
    this.#view = new DataView(cpu.memory.buffer);
    this.#bytes = new Uint8Array(cpu.memory.buffer);
  }

  /** Something was done that cannot be done twice. */
  noteEffect(): void {
    this.#repeatable = false;
  }

  /** What a region, or a handler, which a region's call may lead to, gets in place of a function of the runtime. */
  watch(name: string, real: WebAssembly.ExportValue): WebAssembly.ExportValue {
    const call = real as (...args: unknown[]) => unknown;
    if (!REPEATABLE.test(name)) {
      return (...args: unknown[]) => {
        if (!this.#repeating) this.noteEffect();
        return call(...args);
      };
    }
    if (!/^(region|slow)[A-Z]/.test(name)) return real;
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
        table: new WebAssembly.Table({ initial: 0, element: "anyfunc" }),
      },
      verifier: {
        run: (record: number) => {
          const compare = this.#sampling === "all" || runs < FIRST_RUNS || runs % LATER_INTERVAL === 0;
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

  /** Runs a region for so long as it can be repeated. */
  #runShortly(region: (record: number) => number, record: number): number {
    const held = Math.max(0, this.#get32(BUDGET) - MOST_COMPARED);
    const given = this.#get32(BUDGET_GIVEN) - held;
    this.#set32(BUDGET, this.#get32(BUDGET) - held);
    this.#set32(BUDGET_GIVEN, given);
    try {
      return region(record);
    } finally {
      // Unless it was ended meanwhile.
      if (this.#get32(BUDGET_GIVEN) === given) {
        this.#set32(BUDGET, this.#get32(BUDGET) + held);
        this.#set32(BUDGET_GIVEN, given + held);
      }
    }
  }

  #verify(region: (record: number) => number, record: number): number {
    if (this.#running) return region(record);
    const before = this.#state();
    const retired = this.#retired;
    const start = this.#get64(BLOCK_IP);
    const linear = this.#cpu.linearIp(start);
    this.#pages.clear();
    this.#repeatable = true;
    this.#cpu.flushTlb();
    this.#running = true;
    try {
      const next = this.#runShortly(region, record);
      if (!this.#repeatable) return next;
      const count = this.#retired - retired;
      if (next) this.#set64(RIP, this.#get64(BLOCK_IP));
      const after = this.#state();
      const faulted = this.#get32(EXCEPTION) >= 0;
      const told = this.#tell();
      const kept = new Map(this.#pages);
      const pages = new Map([...kept.keys()].map((page) => [page, this.#bytes.slice(page, page + PAGE)]));
      this.#restore(before, kept);
      this.#set64(RIP, start);
      this.#repeating = true;
      for (let n = 0; n < count + (faulted ? 1 : 0); n++) this.#cpu.step();
      if (this.#repeatable) {
        const differences = this.#differences(told, pages);
        if (differences.length > 0) throw new Divergence(linear, count, differences);
        this.compared++;
      }
      this.#restore(after, pages);
      return next;
    } finally {
      this.#running = false;
      this.#repeating = false;
    }
  }

  /** Of what the region has left from what is there now. */
  #differences(told: ReadonlyMap<string, string>, pages: ReadonlyMap<number, Uint8Array>): Difference[] {
    const now = this.#tell();
    const differences: Difference[] = [];
    for (const [what, compiled] of told) {
      const interpreted = now.get(what)!;
      if (interpreted !== compiled) differences.push({ what, compiled, interpreted });
    }
    for (const [page, bytes] of pages) {
      const at = bytes.findIndex((byte, n) => byte !== this.#bytes[page + n]);
      if (at < 0) continue;
      differences.push({
        what: `the byte at host address ${(page + at).toString(16)}`,
        compiled: bytes[at]!.toString(16),
        interpreted: this.#bytes[page + at]!.toString(16),
      });
    }
    return differences;
  }

  /** What is compared of the processor, by its names. */
  #tell(): Map<string, string> {
    const told = new Map<string, string>();
    const hex = (name: string, offset: number) => told.set(name, this.#get64(offset).toString(16));
    REGISTERS.forEach((name, n) => {
      hex(name, GPR + n * 8);
    });
    hex("rip", RIP);
    told.set("eflags", this.#cpu.eflags().toString(16));
    hex("cr2", CR2);
    for (let n = 0; n < 32; n++) {
      const half = n & 1 ? "high" : "low";
      hex(`xmm${n >> 1} ${half}`, XMM + n * 8);
      hex(`ymm${n >> 1}h ${half}`, YMM_HIGH + n * 8);
    }
    for (let n = 0; n < 16; n++)
      hex(`x87 register ${n >> 1}${n & 1 ? " high" : " low"}`, FPU_REGISTERS + n * 8);
    X87_WORDS.forEach(([name, offset]) => {
      told.set(name, (this.#get32(offset) & 0xffff).toString(16));
    });
    hex("x87 instruction pointer", FPU_IP);
    hex("x87 operand pointer", FPU_DP);
    told.set("mxcsr", this.#get32(MXCSR).toString(16));
    const exception = Math.max(this.#get32(EXCEPTION), -1);
    told.set("exception", exception < 0 ? "none" : String(exception));
    // Left over from an earlier one otherwise.
    told.set("error code", exception < 0 ? "none" : this.#get32(EXCEPTION_ERROR).toString(16));
    return told;
  }

  /** Instructions that the budget was charged with since power-on, whether it was ended meanwhile or not. */
  get #retired(): number {
    return Number(this.#get64(RETIRED)) + this.#get32(BUDGET_GIVEN) - this.#get32(BUDGET);
  }

  #get32(offset: number): number {
    return this.#view.getInt32(this.#cpu.base + offset, true);
  }

  #get64(offset: number): bigint {
    return this.#view.getBigUint64(this.#cpu.base + offset, true);
  }

  #set32(offset: number, value: number): void {
    this.#view.setInt32(this.#cpu.base + offset, value, true);
  }

  #set64(offset: number, value: bigint): void {
    this.#view.setBigUint64(this.#cpu.base + offset, value, true);
  }
}
