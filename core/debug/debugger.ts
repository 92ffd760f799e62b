// The built-in debugger: stops the machine where it is told to, and looks at it and changes it while it stands,
// all unseen by the guest. docs/debugging.md tells what a step is, and what the clock does meanwhile.

import { TwinboxError } from "../base/errors.ts";
import type { Cpu } from "../cpu/cpu.ts";
import type { CodeSize } from "../cpu/decode/decoder.ts";
import {
  A20_MASK,
  CR0,
  CR3,
  CR4,
  EFER,
  EXCEPTION_ERROR,
  MODE,
  MODE_CODE_SIZE,
  MOST_WATCHPOINTS,
  PAGE_READ,
  PAGE_WRITE,
  PDPTE,
  PHYSICAL_MAP,
  WATCH_READ,
  WATCH_WRITE,
  WATCHPOINT_COUNT,
  WATCHPOINT_SIZE,
  WATCHPOINTS,
} from "../cpu/layout.ts";
import { type DisassembledInstruction, disassemble } from "./disassembler.ts";
import { type PageWalk, type PagingState, walkPages } from "./page-walk.ts";
import { type Register, registersOf } from "./registers.ts";

/** What the debugger needs of a machine. */
export interface DebuggedMachine {
  readonly cpu: Cpu;
  readonly memory: { readonly wasm: WebAssembly.Memory; write(address: number, from: Uint8Array): void };
  /**
   * Runs one instruction, or delivers an interrupt instead if `interrupts` lets it; the machine's time goes on by as
   * much. True: an exception or interrupt was delivered.
   */
  stepInstruction(interrupts: boolean): boolean;
}

export type WatchKind = "read" | "write" | "access";

export interface Watchpoint {
  readonly kind: WatchKind;
  /** Linear address, and bytes from there, 1 to 4096. */
  readonly address: bigint;
  readonly length: number;
}

const PAGE = 0x1000;
const LONGEST_WATCHPOINT = 4096;
const LONGEST_INSTRUCTION = 15;
const KINDS: Record<WatchKind, number> = {
  read: WATCH_READ,
  write: WATCH_WRITE,
  access: WATCH_READ | WATCH_WRITE,
};
const CODE_SIZES = [16, 32, 64] as const;

export class Debugger {
  readonly registers: ReadonlyMap<string, Register>;
  readonly #machine: DebuggedMachine;
  readonly #cpu: Cpu;
  readonly #view: DataView;
  readonly #bytes: Uint8Array;
  readonly #breakpoints = { linear: new Set<bigint>(), physical: new Set<number>() };
  readonly #watchpoints: Watchpoint[] = [];

  constructor(machine: DebuggedMachine) {
    this.#machine = machine;
    this.#cpu = machine.cpu;
    this.#view = new DataView(machine.memory.wasm.buffer);
    this.#bytes = new Uint8Array(machine.memory.wasm.buffer);
    this.registers = registersOf(machine.cpu);
  }

  /** @throws TwinboxError invalid-argument: there is no such register. */
  register(name: string): Register {
    const register = this.registers.get(name);
    if (!register) throw new TwinboxError("invalid-argument", `There is no register ${name}.`);
    return register;
  }

  /** Bits of the code segment: 16, 32 or 64. */
  get codeSize(): CodeSize {
    return CODE_SIZES[this.#cpu.get32(MODE) & MODE_CODE_SIZE]!;
  }

  /** Whether long mode is active, in 64-bit or compatibility code. */
  get longMode(): boolean {
    return (this.#cpu.get64(EFER) & (1n << 10n)) !== 0n;
  }

  /** Linear address of the instruction to come. */
  get linearIp(): bigint {
    return this.#cpu.linearIp;
  }

  /** Instructions since power-on. */
  get instructions(): number {
    return this.#cpu.instructions;
  }

  /** 0 running, 1 in HLT, 2 in shutdown. */
  get halted(): number {
    return this.#cpu.halted;
  }

  // --- Breakpoints and watchpoints ---

  /** The machine stops before the instruction at a linear address, each time; no matter if there was one before. */
  addBreakpoint(linear: bigint): void {
    if (this.#breakpoints.linear.has(linear)) return;
    this.#breakpoints.linear.add(linear);
    this.#cpu.breakpoints.addLinear(linear);
  }

  removeBreakpoint(linear: bigint): void {
    if (this.#breakpoints.linear.delete(linear)) this.#cpu.breakpoints.removeLinear(linear);
  }

  /** The same for a physical address below 4 GiB, wherever it is mapped. */
  addPhysicalBreakpoint(physical: number): void {
    if (this.#breakpoints.physical.has(physical)) return;
    this.#breakpoints.physical.add(physical);
    this.#cpu.breakpoints.addPhysical(physical);
  }

  removePhysicalBreakpoint(physical: number): void {
    if (this.#breakpoints.physical.delete(physical)) this.#cpu.breakpoints.removePhysical(physical);
  }

  /**
   * The machine stops when an instruction accesses one of the bytes; `step` then runs that instruction.
   * @throws TwinboxError invalid-argument: too many (eight are possible), or too long.
   */
  addWatchpoint(watchpoint: Watchpoint): void {
    const { length } = watchpoint;
    if (!(length >= 1 && length <= LONGEST_WATCHPOINT)) {
      throw new TwinboxError("invalid-argument", `A watchpoint has 1 to ${LONGEST_WATCHPOINT} bytes.`);
    }
    if (this.#watchpoints.length === MOST_WATCHPOINTS) {
      throw new TwinboxError("invalid-argument", `There can be ${MOST_WATCHPOINTS} watchpoints.`);
    }
    this.#watchpoints.push(watchpoint);
    this.#writeWatchpoints();
  }

  removeWatchpoint({ kind, address, length }: Watchpoint): void {
    const index = this.#watchpoints.findIndex(
      (known) => known.kind === kind && known.address === address && known.length === length,
    );
    if (index >= 0) this.#watchpoints.splice(index, 1);
    this.#writeWatchpoints();
  }

  /** The watchpoint at which the machine has just stopped. */
  get metWatchpoint(): Watchpoint | undefined {
    return this.#watchpoints[this.#cpu.get32(EXCEPTION_ERROR)];
  }

  #writeWatchpoints(): void {
    const cpu = this.#cpu;
    this.#watchpoints.forEach(({ kind, address, length }, n) => {
      const place = WATCHPOINTS + n * WATCHPOINT_SIZE;
      cpu.set64(place, address);
      cpu.set32(place + 8, length);
      cpu.set32(place + 12, KINDS[kind]);
    });
    cpu.set32(WATCHPOINT_COUNT, this.#watchpoints.length);
    cpu.runtime.flushTlb();
  }

  /** After a snapshot was loaded: the watchpoints lie in the processor's state, but they are this debugger's. */
  afterLoad(): void {
    this.#writeWatchpoints();
  }

  /** Takes all breakpoints and watchpoints away. */
  clear(): void {
    for (const linear of [...this.#breakpoints.linear]) this.removeBreakpoint(linear);
    for (const physical of [...this.#breakpoints.physical]) this.removePhysicalBreakpoint(physical);
    this.#watchpoints.length = 0;
    this.#writeWatchpoints();
  }

  // --- Running ---

  /**
   * Runs one instruction, whatever is set on it. `interrupts`: a waiting one is delivered instead, and the machine
   * stands at the first instruction of its handler. True: an exception or interrupt was delivered.
   */
  step(interrupts = true): boolean {
    return this.#machine.stepInstruction(interrupts);
  }

  // --- Memory ---

  #pagingState(): PagingState {
    const cpu = this.#cpu;
    return {
      cr0: cpu.get64(CR0),
      cr3: cpu.get64(CR3),
      cr4: cpu.get64(CR4),
      efer: cpu.get64(EFER),
      pdptes: [0, 1, 2, 3].map((n) => cpu.get64(PDPTE + n * 8)),
      a20Mask: cpu.get32(A20_MASK),
      read: (physical, bytes) => {
        const host = this.#host(physical, PAGE_READ);
        if (host === undefined) return undefined;
        return bytes === 8 ? this.#view.getBigUint64(host, true) : BigInt(this.#view.getUint32(host, true));
      },
    };
  }

  /** How a linear address is translated now, level by level. */
  walk(linear: bigint): PageWalk {
    return walkPages(this.#pagingState(), linear);
  }

  /** Host address of a physical one that is memory with this access. */
  #host(physical: number, access: number): number | undefined {
    const entry = this.#view.getUint32(PHYSICAL_MAP + (physical >>> 12) * 4, true);
    return entry & access ? ((entry & ~0xfff) >>> 0) + (physical & 0xfff) : undefined;
  }

  /** Bytes at a physical address, up to where memory ends: devices are not asked, for they might take notice. */
  readPhysical(physical: number, length: number): Uint8Array {
    return this.#gather(length, (done) => physical + done);
  }

  /** Bytes at a linear address, up to where nothing is mapped or no memory is. */
  readLinear(linear: bigint, length: number): Uint8Array {
    const state = this.#pagingState();
    return this.#gather(length, (done) => walkPages(state, this.#wrap(linear + BigInt(done))).physical);
  }

  /** Writes to RAM; what was decoded or compiled from there is dropped. False, and nothing written: not all is RAM. */
  writePhysical(physical: number, bytes: Uint8Array): boolean {
    return this.#scatter(bytes, (done) => physical + done);
  }

  /** The same at a linear address, whatever the pages' rights. */
  writeLinear(linear: bigint, bytes: Uint8Array): boolean {
    const state = this.#pagingState();
    return this.#scatter(bytes, (done) => walkPages(state, this.#wrap(linear + BigInt(done))).physical);
  }

  #wrap(linear: bigint): bigint {
    return BigInt.asUintN(this.longMode ? 64 : 32, linear);
  }

  #gather(length: number, place: (done: number) => number | undefined): Uint8Array {
    const into = new Uint8Array(length);
    let done = 0;
    while (done < length) {
      const physical = place(done);
      const host =
        physical === undefined || physical >= 2 ** 32 ? undefined : this.#host(physical, PAGE_READ);
      if (host === undefined) break;
      const size = Math.min(length - done, PAGE - (host % PAGE));
      into.set(this.#bytes.subarray(host, host + size), done);
      done += size;
    }
    return into.subarray(0, done);
  }

  #scatter(bytes: Uint8Array, place: (done: number) => number | undefined): boolean {
    const parts: { physical: number; from: number; to: number }[] = [];
    for (let done = 0; done < bytes.length; ) {
      const physical = place(done);
      if (physical === undefined || physical >= 2 ** 32) return false;
      if (this.#host(physical, PAGE_WRITE) === undefined) return false;
      const to = Math.min(bytes.length, done + PAGE - (physical % PAGE));
      parts.push({ physical, from: done, to });
      done = to;
    }
    for (const { physical, from, to } of parts)
      this.#machine.memory.write(physical, bytes.subarray(from, to));
    return true;
  }

  /** The instruction at a linear address as code of this size; undefined if its bytes cannot be read. */
  disassemble(linear: bigint, codeSize: CodeSize = this.codeSize): DisassembledInstruction | undefined {
    const bytes = this.readLinear(linear, LONGEST_INSTRUCTION);
    return bytes.length === 0 ? undefined : disassemble(bytes, linear, codeSize);
  }
}
