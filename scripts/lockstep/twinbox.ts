// Our machine, set up as QEMU stands and then run an instruction at a time.

import type { Decoded } from "../../core/cpu/decode/decoder.ts";
import {
  CPL,
  GDTR_BASE,
  GDTR_LIMIT,
  IDTR_BASE,
  IDTR_LIMIT,
  SEGMENT_ATTRIBUTES,
  SEGMENT_BASE,
  SEGMENT_LIMIT,
  SEGMENT_SELECTOR,
  SEGMENT_SIZE,
  SEGMENTS,
} from "../../core/cpu/layout.ts";
import type { Debugger } from "../../core/debug/debugger.ts";
import { Pc } from "../../core/pc.ts";
import type { Qemu } from "./qemu.ts";
import { COMPARED, GENERAL, type State } from "./registers.ts";

const LEGACY = { base: 0xa0000, end: 0x100000, shadow: 0xc0000 };
const UNUSABLE = 0x10000;
const ATTRIBUTE_PRESENT = 0x80;
const CHUNK = 1 << 20;
const NAMES = ["es", "cs", "ss", "ds", "fs", "gs", "ldt", "tr"];
/** Names that differ from the debugger's. */
const ALIASES: Readonly<Record<string, string>> = { fs_base: "fs.base", gs_base: "gs.base" };

/** What is done about an instruction: run on both · ask QEMU alone and copy · ask us alone and copy · an end. */
export type Kind = "plain" | "qemu" | "ours" | "halt";

const FROM_QEMU = /^(IN|INSB?|OUT|OUTSB?|RDTSCP?|RDPMC|RDRAND|RDSEED|RDMSR)$/;

export function kindOf(decoded: Decoded | undefined): Kind {
  const name = decoded?.row.mnemonic ?? "";
  if (FROM_QEMU.test(name)) return "qemu";
  // What the guest may use is what both have.
  if (name === "CPUID") return "ours";
  return name === "HLT" ? "halt" : "plain";
}

export class Twinbox {
  readonly #pc: Pc;
  /** The registers before the instruction that has reached a device; undefined: none has. */
  touched: State | undefined;
  instructions = 0;

  constructor(memoryMib: number) {
    this.#pc = new Pc({ memoryMib, drives: [], bootOrder: [], epochMs: 0 });
    const { memory } = this.#pc;
    const touch = () => {
      this.touched ??= this.state();
    };
    // Devices answer in QEMU alone: ours are never asked.
    memory.deviceRead = () => {
      touch();
      return 0;
    };
    memory.deviceWrite = touch;
  }

  get debug(): Debugger {
    return this.#pc.debugger;
  }

  get codeSize(): 16 | 32 | 64 {
    return this.debug.codeSize;
  }

  get linearIp(): bigint {
    return this.debug.linearIp;
  }

  /** The whole of QEMU's state, as far as it tells. */
  async take(qemu: Qemu): Promise<void> {
    const { cpu, memory } = this.#pc;
    memory.setSegment(LEGACY.shadow, LEGACY.end - LEGACY.shadow, true, true);
    for (let at = 0; at < memory.ram.length; at += CHUNK) {
      qemu.readMemory(at, memory.ram.subarray(at, at + CHUNK));
    }
    const state = await qemu.state();
    const descriptors = await qemu.descriptors();
    for (const name of ["cr0", "cr4", "efer", "cr3"]) this.#set(name, state.get(name)!);
    NAMES.forEach((name, n) => {
      const { selector, base, limit, attributes } = descriptors.get(name)!;
      const place = SEGMENTS + n * SEGMENT_SIZE;
      cpu.set64(place + SEGMENT_BASE, base);
      cpu.set32(place + SEGMENT_LIMIT, limit | 0);
      cpu.set32(place + SEGMENT_SELECTOR, selector);
      cpu.set32(place + SEGMENT_ATTRIBUTES, attributes | (attributes & ATTRIBUTE_PRESENT ? 0 : UNUSABLE));
    });
    const gdt = descriptors.get("gdt")!;
    const idt = descriptors.get("idt")!;
    cpu.set64(GDTR_BASE, gdt.base);
    cpu.set32(GDTR_LIMIT, gdt.limit);
    cpu.set64(IDTR_BASE, idt.base);
    cpu.set32(IDTR_LIMIT, idt.limit);
    cpu.set32(CPL, Number(state.get("cs")! & 3n));
    this.copy(state);
    cpu.afterLoad();
  }

  /** The registers that a program computes with. */
  copy(state: State): void {
    for (const name of [...GENERAL, "rip", "eflags"]) this.#set(name, state.get(name)!);
    for (const [name, value] of state) if (name.startsWith("xmm")) this.#set(name, value);
  }

  copyFlags(state: State): void {
    this.#set("eflags", state.get("eflags")!);
  }

  /** Bytes at a linear address, as QEMU has them. */
  copyMemory(qemu: Qemu, linear: bigint, length: number): void {
    for (let done = 0; done < length; done++) {
      const { physical } = this.debug.walk(linear + BigInt(done));
      if (physical === undefined || physical >= qemu.memoryBytes) continue;
      const byte = new Uint8Array(1);
      qemu.readMemory(physical, byte);
      this.debug.writePhysical(physical, byte);
    }
  }

  #set(name: string, value: bigint): void {
    this.debug.register(ALIASES[name] ?? name).set?.(value);
  }

  state(): State {
    const { registers } = this.debug;
    return new Map(COMPARED.map((name) => [name, registers.get(ALIASES[name] ?? name)!.get()]));
  }

  /** Changes a register, to see that the difference is found. */
  alter(name: string): void {
    this.#set(name, this.debug.register(name).get() ^ 1n);
  }

  /** The instruction to come. */
  decoded(): Decoded | undefined {
    return this.debug.disassemble(this.linearIp)?.decoded;
  }

  mnemonicAt(linear: bigint): string {
    return this.debug.disassemble(linear)?.decoded?.row.mnemonic ?? "";
  }

  textAt(linear: bigint): string {
    return this.debug.disassemble(linear)?.text ?? "(not mapped)";
  }

  /** One instruction, all rounds of a repeated one. True: it has met an exception, which is delivered. */
  step(): boolean {
    const at = this.linearIp;
    this.instructions++;
    for (;;) {
      if (this.debug.step(false)) return true;
      if (this.linearIp !== at || this.touched || !this.#isRepeated()) return false;
    }
  }

  #isRepeated(): boolean {
    return (this.decoded()?.rep ?? 0) !== 0;
  }

  /** Physical address of the first byte of RAM that differs from QEMU's, beside the legacy area. */
  firstMemoryDifference(qemu: Qemu): number | undefined {
    const { ram } = this.#pc.memory;
    const theirs = Buffer.alloc(CHUNK);
    for (let at = 0; at < ram.length; at += CHUNK) {
      qemu.readMemory(at, theirs);
      const from = at === 0 ? LEGACY.end : 0;
      for (const [start, end] of at === 0
        ? [
            [0, LEGACY.base],
            [LEGACY.end, CHUNK],
          ]
        : [[from, CHUNK]]) {
        const ours = Buffer.from(ram.buffer, ram.byteOffset + at + start!, end! - start!);
        const part = theirs.subarray(start, end);
        if (ours.equals(part)) continue;
        return at + start! + part.findIndex((byte, n) => byte !== ours[n]);
      }
    }
    return undefined;
  }
}
