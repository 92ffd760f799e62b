// One processor: its state in the machine's memory, the interpreter over it, and the way in and out for the
// board.

import { Breakpoints } from "./breakpoints.ts";
import { Decoder } from "./decode/decoder.ts";
import { BREAKPOINT, INVALID, OPCODES, TOO_LONG } from "./decode/opcodes.ts";
import { BRANCH, TRANSFER } from "./decode/row.ts";
import { BlockCache } from "./interpreter/block-cache.ts";
import { dispatcherModule } from "./interpreter/dispatcher.ts";
import { codeBytesIn } from "./jit/code-memory.ts";
import { type CompilerStatistics, CountedHandlers } from "./jit/counted-handlers.ts";
import { LocalCompiler, type ModuleCompiler } from "./jit/module-compiler.ts";
import { type Sampling, type VerifiedProcessor, Verifier } from "./jit/verifier.ts";
import {
  BLOCK_IP,
  BRANCHED_FROM,
  BREAKPOINT_MET,
  BUDGET,
  BUDGET_GIVEN,
  CALL_DEPTH,
  CPL,
  CPU_BASE,
  CURRENT_RECORD,
  EFLAGS,
  EXCEPTION,
  EXCEPTION_REFUSED,
  HALTED,
  INTERRUPT_LINE,
  LINK_FROM,
  LONE_BLOCK,
  MODE,
  MODE_CODE_SIZE,
  NMI,
  NMI_BLOCKED,
  NMI_PENDING,
  PAGE_READ,
  PHYSICAL_MAP,
  RETIRED,
  RIP,
  SEGMENT_BASE,
  SEGMENT_LIMIT,
  SEGMENT_SIZE,
  SEGMENTS,
  SHADOW,
  STEP_LEFT_BY,
  TIME_BASE,
  TIME_MARK,
  TIME_STEP,
  TRANSLATIONS_NOTED,
  WATCHPOINT_COUNT,
  WATCHPOINT_MET,
} from "./layout.ts";
import { cpuModel, DEFAULT_CPU } from "./models/catalogue.ts";
import type { CpuModel } from "./models/model.ts";
import { writeModel } from "./models/write-model.ts";
import { loadRuntime, type Runtime, runtimeSignatures } from "./runtime-module.ts";
import { FunctionBody } from "./wasm/function-body.ts";

/** Values of the time-stamp counter: after `mark` instructions `base`, and `step` more with each one since then. */
export interface TimeStamps {
  readonly base: number;
  readonly mark: number;
  readonly step: number;
}

/** What a processor is connected to. */
export interface CpuHost {
  readonly memory: WebAssembly.Memory;
  /** Memory-mapped registers, and addresses where nothing is. */
  mmioRead(physical: number, width: 1 | 2 | 4): number;
  mmioWrite(physical: number, value: number, width: 1 | 2 | 4): void;
  portRead(port: number, width: 1 | 2 | 4): number;
  portWrite(port: number, value: number, width: 1 | 2 | 4): void;
  /** Interrupt acknowledge: the vector of the request that INTERRUPT_LINE announces. */
  acknowledge(): number;
  /** How the time-stamp counter goes on from here, for as long as this run takes. */
  timeStamp(): TimeStamps;
  /** RDMSR and WRMSR of what the processor does not keep itself (the APIC base); undefined, false: #GP. */
  readMsr(number: number): bigint | undefined;
  writeMsr(number: number, value: bigint): boolean;
  /** CR8, the task priority of the local APIC. */
  taskPriority: number;
  /** FERR# is or is not asserted (IRQ 13); answers whether IGNNE# is. Only asked while CR0.NE is clear. */
  floatingPointError(asserted: boolean): boolean;
  log(message: string): void;
  /** 64 random bits, for RDRAND and RDSEED. */
  randomBits(): bigint;
  /** Which processor it is; {@link DEFAULT_CPU} if absent. */
  readonly model?: CpuModel;
  /** Entries of a block after which it is compiled; Infinity for never. A sensible figure by default. */
  readonly compileAfter?: number;
  /** Who compiles; the processor itself if absent. */
  readonly compiler?: ModuleCompiler;
  /** Blocks found after which the inner loop of their code size is compiled; as the compiler has it by default. */
  readonly loopAfter?: number;
  /** Memory of the host for compiled code, in MiB, about; a sensible figure by default. */
  readonly codeMemoryMib?: number;
  /** Which runs of compiled code are compared with the interpreter, which is slow; none if absent. */
  readonly verify?: Sampling;
}

/** Compiling a block costs about a millisecond, and saves some tens of nanoseconds each time it is entered. */
const COMPILE_AFTER = 4000;
const COMPILE_TOGETHER = 32;

/**
 * Looking for a block, and decoding it, takes some 10 µs, dropping one a fifth of that, making a handler twenty times as
 * long: code that is all new, or all written over, makes `run` return after a millisecond or some, however few
 * instructions those were.
 */
const MOST_EFFORT = 128;
const HANDLER_EFFORT = 8;
const DROP_EFFORT = 1 / 4;

/** Thrown through WebAssembly by an instruction that meets an exception deep inside. */
const FAULT = new (class extends Error {})("guest fault");

/** A triple fault: the processor is in shutdown. */
export const SHUTDOWN = 2;

const NMI_VECTOR = 2;

export class Cpu {
  readonly base: number = CPU_BASE;
  readonly runtime: Runtime;
  /** The debugger's; see also WATCHPOINTS in layout.ts. */
  readonly breakpoints: Breakpoints = new Breakpoints({
    forget: (physical) => this.#blocks.invalidate(physical, 1),
    flush: () => this.runtime.flushTlb(),
    noteAll: (on) => this.set32(TRANSLATIONS_NOTED, on ? 1 : 0),
  });
  /** Why the last `run` ended before an instruction; undefined: for no reason of the debugger's. */
  stopped: "breakpoint" | "watchpoint" | undefined;
  readonly #host: CpuHost;
  readonly #view: DataView;
  readonly #blocks: BlockCache;
  readonly #handlers: CountedHandlers;
  readonly #verifier: Verifier | undefined;
  readonly #compiler: ModuleCompiler;
  /** Blocks that are still to be found until an inner loop is asked for, by the number of its code size in MODE. */
  readonly #untilLoop: number[];
  /** Loops that were asked for and are not there yet. */
  #loopsAwaited = 0;
  /** Spent on code that was not at hand, or is not any more, since `run` was called, in blocks looked for. */
  #effort = 0;
  readonly #run: () => void;
  readonly #step: () => void;
  /** Block-table entry that stands in for blocks not in the table. */
  readonly #lone: number;

  constructor(host: CpuHost) {
    const model = host.model ?? cpuModel(DEFAULT_CPU);
    this.#host = host;
    this.#compiler = host.compiler ?? new LocalCompiler();
    const loopAfter = host.loopAfter ?? this.#compiler.loopAfter;
    // That of 16-bit code has no forms in itself.
    this.#untilLoop = [Infinity, loopAfter, loopAfter];
    this.#view = new DataView(host.memory.buffer);
    const table = new WebAssembly.Table({ initial: 1024, element: "anyfunc" });
    const exports = loadRuntime({
      env: {
        memory: host.memory,
        throwFault: () => {
          throw FAULT;
        },
        mmioRead: (physical: number, width: number) => {
          this.#verifier?.noteEffect();
          return host.mmioRead(physical >>> 0, width as 1 | 2 | 4);
        },
        mmioWrite: (physical: number, value: number, width: number) => {
          this.#verifier?.noteEffect();
          host.mmioWrite(physical >>> 0, value >>> 0, width as 1 | 2 | 4);
        },
        codeWritten: (physical: number, size: number) => {
          this.#verifier?.noteEffect();
          this.#spend(this.#blocks.invalidate(physical >>> 0, size) * DROP_EFFORT);
        },
        portRead: (port: number, width: number) => host.portRead(port, width as 1 | 2 | 4),
        portWrite: (port: number, value: number, width: number) =>
          host.portWrite(port, value >>> 0, width as 1 | 2 | 4),
        readMsr: (number: number) => this.#readMsr(number >>> 0),
        writeMsr: (number: number, value: bigint) =>
          host.writeMsr(number >>> 0, BigInt.asUintN(64, value)) ? 1 : 0,
        readTaskPriority: () => host.taskPriority,
        writeTaskPriority: (value: number) => {
          host.taskPriority = value;
        },
        floatingPointError: (asserted: number) => (host.floatingPointError(asserted !== 0) ? 1 : 0),
        randomBits: () => BigInt.asUintN(64, host.randomBits()),
        log: (code: number, a: bigint, b: bigint) => host.log(`${code} ${a.toString(16)} ${b.toString(16)}`),
      },
    });
    this.runtime = exports;
    this.#verifier = host.verify ? this.#createVerifier(host.verify) : undefined;
    const verifier = this.#verifier;
    const { exports: dispatcher } = new WebAssembly.Instance(new WebAssembly.Module(dispatcherModule()), {
      env: {
        memory: host.memory,
        table,
        findBlock: () => this.#findBlock(),
        closeLink: (link: number, record: number) => this.#blocks.regions.closeLink(link, record),
        noteHot: (record: number) =>
          this.#blocks.regions.noteHot(record, this.get64(BLOCK_IP), this.get32(BRANCHED_FROM)),
      },
      runtime: {
        fetchPhysical: exports.fetchPhysical,
        deliverMet: verifier?.watch("deliverMet", exports.deliverMet) ?? exports.deliverMet,
        stopSoon: exports.stopSoon,
        settleFlags: exports.settleFlags,
      },
    });
    this.#handlers = new CountedHandlers({
      memory: host.memory,
      table,
      runtime: exports,
      signatures: runtimeSignatures(),
      dispatcher,
      verifier,
    });
    const leaveAt = this.#handlers.add((module, all) => {
      const body = new FunctionBody(["i32"]);
      const callee = module.import("runtime", "leaveFaulted", all.get("leaveFaulted")!);
      body.result(body.call(callee, body.parameter(0, "i32")));
      return body;
    });
    this.#lone = this.base + LONE_BLOCK;
    this.#blocks = new BlockCache({
      memory: host.memory,
      handlers: this.#handlers,
      decoder: new Decoder(OPCODES, model.features),
      invalid: INVALID,
      tooLong: TOO_LONG,
      breakpoint: BREAKPOINT,
      mayBreak: (physical) => this.breakpoints.mayHold(physical),
      staleHandler: leaveAt,
      threshold: host.compileAfter ?? COMPILE_AFTER,
      compiler: this.#compiler,
      mostCode: codeBytesIn(host.codeMemoryMib),
      batch: host.compileAfter === undefined ? COMPILE_TOGETHER : 1,
      hostPage: (physical) => this.#hostPage(physical),
      readPhysical8: (physical) => {
        const page = this.#hostPage(physical);
        return page === undefined
          ? host.mmioRead(physical, 1)
          : this.#view.getUint8(page + (physical & 0xfff));
      },
      cleared: () => this.set32(LINK_FROM, 0),
      regionDropped: () => {
        if (this.get32(CALL_DEPTH) > 0) exports.stopSoon();
      },
      fetchPhysical: (linear) => this.#fetchPhysical(linear),
      peekPhysical: (linear) => {
        const physical = exports.peekPhysical(linear);
        return physical < 0n ? undefined : Number(physical);
      },
      protect: (page) => exports.protectCodePage(page),
    });
    this.#run = dispatcher.run as () => void;
    this.#step = dispatcher.step as () => void;
    writeModel(this.#view, this.base, model);
    this.reset();
  }

  #createVerifier(sampling: Sampling): Verifier {
    const processor: VerifiedProcessor = {
      memory: this.#host.memory,
      base: this.base,
      step: () => this.#guarded(this.#step),
      flushTlb: () => this.runtime.flushTlb(),
      hostPage: (linear) => {
        const physical = this.runtime.peekPhysical(linear);
        return physical < 0n ? undefined : this.#hostPage(Number(physical) & ~0xfff);
      },
      eflags: () => this.eflags,
      linearIp: (ip) => this.#linear(ip),
    };
    return new Verifier(processor, sampling);
  }

  /** RESET#. */
  reset(): void {
    this.runtime.reset();
    this.#blocks.clear();
  }

  /** INIT#: the program begins anew, what the processor was set up with stays. */
  initialize(): void {
    this.runtime.initialize();
  }

  /** Forgets everything derived from state and memory: after a snapshot was loaded. */
  afterLoad(): void {
    this.#blocks.clear();
    this.runtime.flushTlb();
    this.runtime.updateMode();
  }

  /** The physical map has changed for so many bytes, whole pages: nothing decoded there or translated before holds. */
  mapChanged(physical: number, length: number): void {
    this.#blocks.forgetPages(physical, length);
    this.runtime.flushTlb();
  }

  /** Instructions since power-on. */
  get instructions(): number {
    const given = this.get32(BUDGET_GIVEN) - this.get32(BUDGET);
    const retired = this.#view.getUint32(this.base + RETIRED, true);
    return this.#view.getUint32(this.base + RETIRED + 4, true) * 2 ** 32 + retired + given;
  }

  /** Handlers that the interpreter has made so far. */
  get handlerCount(): number {
    return this.#handlers.count;
  }

  get compiler(): CompilerStatistics {
    return { ...this.#handlers.counts, regionsCompared: this.#verifier?.compared ?? 0 };
  }

  /** The level of INTR. */
  setInterruptLine(high: boolean): void {
    this.set32(INTERRUPT_LINE, high ? 1 : 0);
    if (high) this.runtime.stopSoon();
  }

  /** A non-maskable interrupt. While one is being handled, another waits, and no more than one. */
  requestNmi(): void {
    this.set32(NMI, this.get32(NMI) | NMI_PENDING);
    this.runtime.stopSoon();
  }

  /** Makes `run` return before the next block. */
  stopSoon(): void {
    this.runtime.stopSoon();
  }

  /** 0 running, 1 halted, 2 shut down. */
  get halted(): number {
    return this.get32(HALTED);
  }

  /** Whether an interrupt is asked for and would be taken now. */
  get interruptible(): boolean {
    return this.#nmiDue || (this.get32(INTERRUPT_LINE) !== 0 && (this.get32(EFLAGS) & 0x200) !== 0);
  }

  /** Wakes it from HLT without an interrupt. */
  unhalt(): void {
    this.set32(HALTED, 0);
  }

  /**
   * Runs about `instructions` instructions, fewer if it halts, shuts down or is stopped, or if their code is new; delivers interrupts
   * and exceptions.
   */
  run(instructions: number): void {
    this.stopped = undefined;
    this.#setBudget(instructions);
    for (;;) {
      this.#acceptInterrupt();
      if (this.halted) break;
      const shadow = this.get32(SHADOW);
      const slow = shadow !== 0 || this.runtime.singleStepping();
      if (slow) this.#stepOnce(shadow);
      else this.#runBlocks();
      if (this.get32(EXCEPTION) >= BREAKPOINT_MET && this.#stopForDebugger()) break;
      this.#deliverException();
      if (this.get32(BUDGET) <= 0) {
        if (this.#nmiDue || (this.get32(INTERRUPT_LINE) && this.#unmasked())) continue;
        break;
      }
    }
    this.runtime.stopSoon();
  }

  /** Runs blocks; the interpreter does what compiled code has refused. */
  #runBlocks(): void {
    this.#guarded(this.#run);
    if (this.get32(EXCEPTION) !== EXCEPTION_REFUSED) return;
    this.set32(EXCEPTION, -1);
    this.#guarded(this.#step);
  }

  /**
   * Runs the one instruction at RIP, without interrupts and debug traps. Returns the vector of the exception that it
   * has met, which is not delivered, or -1.
   */
  step(): number {
    this.#setBudget(1);
    this.#guarded(this.#step);
    const vector = this.get32(EXCEPTION);
    this.set32(EXCEPTION, -1);
    this.runtime.stopSoon();
    return vector;
  }

  /**
   * Runs the one instruction at RIP as `run` does, whatever the debugger has set on it, and delivers the exception that
   * it meets. If an interrupt waits and `interrupts` lets it, delivers that instead. True: an exception or interrupt was
   * delivered.
   */
  runOne(interrupts: boolean): boolean {
    this.#setBudget(1);
    let delivered = interrupts && this.#acceptInterrupt();
    if (!delivered && !this.halted) {
      const watchpoints = this.get32(WATCHPOINT_COUNT);
      this.set32(WATCHPOINT_COUNT, 0);
      this.breakpoints.without(this.linearIp, () => this.#stepOnce(this.get32(SHADOW)));
      delivered = this.get32(EXCEPTION) >= 0;
      this.#deliverException();
      this.set32(WATCHPOINT_COUNT, watchpoints);
      if (watchpoints) this.runtime.flushTlb();
    }
    this.runtime.stopSoon();
    return delivered;
  }

  /** Linear address of the instruction at RIP. */
  get linearIp(): bigint {
    return this.#linear(this.ip);
  }

  #linear(ip: bigint): bigint {
    const linear = ip + this.get64(SEGMENTS + SEGMENT_SIZE + SEGMENT_BASE);
    return BigInt.asUintN((this.get32(MODE) & MODE_CODE_SIZE) === 2 ? 64 : 32, linear);
  }

  /** The instruction at RIP has met something of the debugger's, instead of being run. False: it was not meant. */
  #stopForDebugger(): boolean {
    const met = this.get32(EXCEPTION);
    this.set32(EXCEPTION, -1);
    if (met === WATCHPOINT_MET) this.stopped = "watchpoint";
    else {
      const linear = this.linearIp;
      const physical = this.runtime.peekPhysical(linear);
      if (!this.breakpoints.holds(linear, Number(physical))) return false;
      this.stopped = "breakpoint";
    }
    return true;
  }

  #setBudget(instructions: number): void {
    this.#effort = 0;
    this.#setTime();
    this.#blocks.tidy();
    this.#noteRunning();
    this.#blocks.regions.compileHot(this.instructions);
    if (this.#loopsAwaited > 0) this.#takeLoops();
    this.runtime.stopSoon();
    this.set32(BUDGET_GIVEN, instructions);
    this.set32(BUDGET, instructions);
  }

  /** What is run most is met here most often. */
  #noteRunning(): void {
    const physical = Number(this.runtime.peekPhysical(this.linearIp));
    if (physical >= 0) this.#blocks.regions.noteRunning(physical, this.get32(MODE));
  }

  #takeLoops(): void {
    for (let loop = this.#compiler.takeLoop(); loop; loop = this.#compiler.takeLoop()) {
      this.#loopsAwaited--;
      this.#handlers.enterLoop(loop);
    }
  }

  /** A block of that mode was found. */
  #noteFound(mode: number): void {
    const codeSize = mode & MODE_CODE_SIZE;
    if (--this.#untilLoop[codeSize]! !== 0) return;
    this.#loopsAwaited++;
    this.#compiler.addLoop(codeSize);
  }

  #setTime(): void {
    const { base, mark, step } = this.#host.timeStamp();
    this.#view.setFloat64(this.base + TIME_BASE, base, true);
    this.#view.setFloat64(this.base + TIME_MARK, mark, true);
    this.#view.setFloat64(this.base + TIME_STEP, step, true);
  }

  #unmasked(): boolean {
    return (this.get32(EFLAGS) & 0x200) !== 0 && this.get32(SHADOW) === 0;
  }

  #acceptInterrupt(): boolean {
    if (this.get32(HALTED) === SHUTDOWN) return false;
    const nmi = this.#nmiDue;
    if (!nmi && !this.get32(INTERRUPT_LINE)) return false;
    if (this.halted) this.set32(SHADOW, 0);
    if (nmi ? this.get32(SHADOW) !== 0 : !this.#unmasked()) return false;
    this.set32(HALTED, 0);
    if (nmi) this.set32(NMI, NMI_BLOCKED);
    const vector = nmi ? NMI_VECTOR : this.#host.acknowledge();
    this.#guarded(() => this.runtime.interrupt(vector));
    this.#deliverException();
    return true;
  }

  get #nmiDue(): boolean {
    return this.get32(NMI) === NMI_PENDING;
  }

  #stepOnce(shadow: number): void {
    const flags = this.get32(EFLAGS);
    this.set32(SHADOW, 0);
    if (!this.runtime.beginStep(shadow === 2 ? 1 : 0)) return;
    this.#guarded(this.#step);
    const met = this.get32(EXCEPTION);
    if (met < 0) this.runtime.endStep(this.#hasBranched() ? 1 : 0);
    else if (met >= BREAKPOINT_MET) {
      // It has not been run: what held for it holds still.
      this.set32(SHADOW, shadow);
      this.set32(EFLAGS, flags);
    }
  }

  /** Whether the instruction just run by itself was a branch that was taken. */
  #hasBranched(): boolean {
    const form = this.#handlers.formAt(this.get32(STEP_LEFT_BY));
    return form !== undefined && (form.row.flags & (BRANCH | TRANSFER)) !== 0;
  }

  /** Runs WebAssembly that an instruction may leave by an exception. */
  #guarded(run: () => unknown): void {
    try {
      run();
    } catch (error) {
      if (error !== FAULT) throw error;
      const record = this.get32(CURRENT_RECORD);
      if (record) this.runtime.leaveFaulted(record);
    }
    this.set32(CURRENT_RECORD, 0);
  }

  /** Delivers the exception that an instruction has met, and those that its delivery meets. */
  #deliverException(): void {
    while (this.get32(EXCEPTION) >= 0) {
      this.#guarded(this.runtime.deliverMet);
      if (this.halted === SHUTDOWN) return;
    }
  }

  #readMsr(number: number): bigint {
    const value = this.#host.readMsr(number);
    if (value === undefined) {
      this.runtime.setException(13, 0);
      throw FAULT;
    }
    return value;
  }

  /** Address of the block-table entry for RIP; 0: an exception is set. */
  #findBlock(): number {
    const mode = this.get32(MODE);
    let room = 0x10000;
    if ((mode & MODE_CODE_SIZE) !== 2) {
      const limit = this.#view.getUint32(this.base + SEGMENTS + SEGMENT_SIZE + SEGMENT_LIMIT, true);
      room = Math.min(room, limit - this.#view.getUint32(this.base + RIP, true) + 1);
      if (room <= 0) return this.#codeFault();
    }
    const linear = this.linearIp;
    const physical = this.#fetchPhysical(linear);
    if (physical === undefined) return 0;
    const handlers = this.handlerCount;
    const block = this.#blocks.find(physical, mode, room, linear);
    this.#spend(1 + (this.handlerCount - handlers) * HANDLER_EFFORT);
    this.#noteFound(mode);
    if (block === undefined) return 0;
    if (block === "limit") return this.#codeFault();
    this.#blocks.writeEntry(this.#lone, block);
    return this.#lone;
  }

  /** Too much of it ends the run. */
  #spend(effort: number): void {
    this.#effort += effort;
    if (this.#effort > MOST_EFFORT) this.runtime.stopSoon();
  }

  /** Translates a linear address for execution; undefined: an exception is set. */
  #fetchPhysical(linear: bigint): number | undefined {
    const physical = Number(this.runtime.fetchPhysical(linear));
    if (physical < 0) return undefined;
    this.breakpoints.noteTranslation(linear, physical);
    return physical;
  }

  /** The instruction reaches beyond the limit of CS. */
  #codeFault(): number {
    this.runtime.setException(13, 0);
    return 0;
  }

  #hostPage(physical: number): number | undefined {
    const entry = this.#view.getUint32(PHYSICAL_MAP + (physical >>> 12) * 4, true);
    return entry & PAGE_READ ? (entry & ~0xfff) >>> 0 : undefined;
  }

  // --- State, for the board, the debugger and tests ---

  get32(offset: number): number {
    return this.#view.getInt32(this.base + offset, true);
  }

  set32(offset: number, value: number): void {
    this.#view.setInt32(this.base + offset, value, true);
  }

  get64(offset: number): bigint {
    return this.#view.getBigUint64(this.base + offset, true);
  }

  set64(offset: number, value: bigint): void {
    this.#view.setBigUint64(this.base + offset, BigInt.asUintN(64, value), true);
  }

  /** What WRMSR at level 0 does; false: the processor has no such register, or it refuses the value. */
  writeMsr(number: number, value: bigint): boolean {
    this.#setTime();
    try {
      this.runtime.writeRegister(number, value);
      return true;
    } catch (error) {
      if (error !== FAULT) throw error;
      this.set32(EXCEPTION, -1);
      return false;
    }
  }

  /** EFLAGS with the arithmetic flags. */
  get eflags(): number {
    return this.runtime.getFlags() >>> 0;
  }

  set eflags(value: number) {
    this.runtime.setFlags(value);
  }

  get ip(): bigint {
    return this.get64(RIP);
  }

  get cpl(): number {
    return this.get32(CPL);
  }
}
