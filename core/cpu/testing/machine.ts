// A processor over memory and nothing else, for tests: ports and device memory only record what is done to them.

import { Assembler } from "../../assembler/assembler.ts";
import type { Bits } from "../../assembler/operands.ts";
import { Cpu, type TimeStamps } from "../cpu.ts";
import type { ModuleCompiler } from "../jit/module-compiler.ts";
import type { Sampling } from "../jit/verifier.ts";
import { GPR, PAGE_READ, PAGE_WRITE, PHYSICAL_MAP, RAM, RIP } from "../layout.ts";
import type { CpuModel } from "../models/model.ts";

const NAMES = ["ax", "cx", "dx", "bx", "sp", "bp", "si", "di"] as const;
export type RegisterName = `e${(typeof NAMES)[number]}`;

const PAGE = 0x1000;
const WASM_PAGE = 0x10000;
/** IA32_APIC_BASE, enabled, of the bootstrap processor. */
const BOARD_MSRS = [[0x1b, 0xfee0_0900n]] as const;

/** An access to a port, or to a physical address that is no memory. */
export interface Access {
  readonly kind: "in" | "out" | "read" | "write";
  readonly address: number;
  readonly width: number;
  readonly value: number;
}

export class Machine {
  readonly cpu: Cpu;
  readonly view: DataView;
  readonly accesses: Access[] = [];
  /** What ports and device memory answer, by address; all ones if not here. */
  readonly answers: Map<number, number> = new Map();
  /** Vectors that the interrupt controller gives, first one first. */
  readonly vectors: number[] = [];
  /** What the board keeps of the model-specific registers. */
  readonly msrs: Map<number, bigint> = new Map(BOARD_MSRS);
  /** Random numbers to come; then zeros. */
  readonly randoms: bigint[] = [];
  /** How the time-stamp counter goes on. */
  time: TimeStamps = { base: 0, mark: 0, step: 2 };
  /** Called at every OUT. */
  onOut: ((port: number, value: number) => void) | undefined;
  /** Called at every access to what is no memory. */
  onDevice: (() => void) | undefined;
  /** How often FERR# was asserted, and the level of IGNNE#. */
  ferr = 0;
  ignne = false;
  readonly #bytes: Uint8Array;

  /** With `size` bytes of RAM from physical address 0; the others as in `CpuHost`. */
  constructor(
    size = 0x200000,
    compileAfter?: number,
    model?: CpuModel,
    verify?: Sampling,
    compiler?: ModuleCompiler,
    loopAfter?: number,
  ) {
    const memory = new WebAssembly.Memory({ initial: Math.ceil((RAM + size) / WASM_PAGE) });
    this.view = new DataView(memory.buffer, RAM, size);
    this.#bytes = new Uint8Array(memory.buffer, RAM, size);
    const map = new Uint32Array(memory.buffer, PHYSICAL_MAP, size / PAGE);
    for (let n = 0; n < map.length; n++) map[n] = (RAM + n * PAGE) | PAGE_READ | PAGE_WRITE;
    const note = (kind: Access["kind"], address: number, width: number, value: number): void => {
      this.accesses.push({ kind, address, width, value });
    };
    const answer = (address: number, width: number): number =>
      (this.answers.get(address) ?? 0xffffffff) & (width === 4 ? -1 : (1 << (8 * width)) - 1);
    this.cpu = new Cpu({
      memory,
      mmioRead: (physical, width) => {
        const value = answer(physical, width);
        note("read", physical, width, value);
        this.onDevice?.();
        return value;
      },
      mmioWrite: (physical, value, width) => {
        note("write", physical, width, value);
        this.onDevice?.();
      },
      portRead: (port, width) => {
        const value = answer(port, width);
        note("in", port, width, value);
        return value;
      },
      portWrite: (port, value, width) => {
        note("out", port, width, value);
        this.onOut?.(port, value);
      },
      acknowledge: () => {
        const vector = this.vectors.shift()!;
        this.cpu.setInterruptLine(this.vectors.length > 0);
        return vector;
      },
      timeStamp: () => this.time,
      readMsr: (number) => this.msrs.get(number),
      writeMsr: (number, value) => {
        if (!this.msrs.has(number)) return false;
        this.msrs.set(number, value);
        return true;
      },
      taskPriority: 0,
      floatingPointError: (asserted) => {
        if (asserted) this.ferr++;
        return this.ignne;
      },
      log: () => {},
      randomBits: () => this.randoms.shift() ?? 0n,
      ...(model && { model }),
      ...(verify && { verify }),
      ...(compileAfter !== undefined && { compileAfter }),
      ...(compiler && { compiler }),
      ...(loopAfter !== undefined && { loopAfter }),
    });
  }

  /** As after power-on, with empty memory. */
  reset(): void {
    this.#bytes.fill(0);
    this.cpu.reset();
    this.accesses.length = 0;
    this.answers.clear();
    this.vectors.length = 0;
    this.msrs.clear();
    for (const [number, value] of BOARD_MSRS) this.msrs.set(number, value);
    this.randoms.length = 0;
    this.onOut = undefined;
    this.onDevice = undefined;
    this.ferr = 0;
    this.ignne = false;
    this.cpu.setInterruptLine(false);
  }

  /** Asks for an interrupt, which is taken as soon as it can be. */
  interrupt(vector: number): void {
    this.vectors.push(vector);
    this.cpu.setInterruptLine(true);
  }

  /** Writes memory as a bus master does. */
  write(address: number, bytes: Uint8Array): void {
    for (let at = address; at < address + bytes.length; at = at - (at % PAGE) + PAGE) {
      const end = Math.min(at - (at % PAGE) + PAGE, address + bytes.length);
      this.cpu.runtime.physicalWrite(at, end - at);
    }
    this.#bytes.set(bytes, address);
  }

  /** Puts code at a physical address, which is also what its labels count from. Gives the labels' values. */
  assemble(address: number, bits: Bits, code: (a: Assembler) => void): (label: string) => number {
    const a = new Assembler({ bits, origin: address });
    code(a);
    this.write(address, a.assemble());
    return (label) => a.addressOf(label);
  }

  /** Runs until it halts or shuts down, at most so many instructions. */
  run(instructions = 10000): void {
    const end = this.cpu.instructions + instructions;
    do this.cpu.run(end - this.cpu.instructions);
    while (!this.cpu.halted && this.cpu.instructions < end);
  }

  /** The instruction pointer. */
  get ip(): number {
    return Number(this.cpu.get64(RIP));
  }

  set ip(value: number) {
    this.cpu.set64(RIP, BigInt(value));
  }

  /** A general register's low 32 bits, unsigned. */
  get(name: RegisterName): number {
    return this.cpu.get32(this.#slot(name)) >>> 0;
  }

  set(name: RegisterName, value: number): void {
    this.cpu.set64(this.#slot(name), BigInt(value >>> 0));
  }

  #slot(name: RegisterName): number {
    return GPR + NAMES.indexOf(name.slice(1) as (typeof NAMES)[number]) * 8;
  }

  u8(address: number): number {
    return this.view.getUint8(address);
  }

  u16(address: number): number {
    return this.view.getUint16(address, true);
  }

  u32(address: number): number {
    return this.view.getUint32(address, true);
  }
}
