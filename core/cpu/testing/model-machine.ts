// A processor of a certain model at one instruction, in flat code of level 0 or 3.

import { CPL, CR0, CR4, EFER, GPR } from "../layout.ts";
import { type CpuChoice, cpuModel } from "../models/catalogue.ts";
import type { Machine } from "./machine.ts";
import {
  CODE,
  CODE_XR,
  CODE0,
  CODE3,
  DATA0,
  DATA3,
  descriptor,
  dpl,
  FLAT,
  STACK,
  World,
} from "./protected-world.ts";

/** Descriptor's G and L. */
const LONG = 0xa;
/** EFER.LME and LMA. */
const LONG_MODE = 0x500n;

export const RAX = 0;
export const RCX = 1;
export const RDX = 2;
export const RBX = 3;
export const RSP = 4;

/** Where instructions may have a memory operand; aligned to 64 bytes. */
export const DATA = 0x8000;

export class ModelMachine {
  readonly world: World;
  readonly machine: Machine;

  constructor(choice: CpuChoice) {
    this.world = new World(cpuModel(choice));
    this.machine = this.world.machine;
    this.reset();
  }

  /** Code of 32 bits, at level 0, without paging. */
  reset(): void {
    this.world.reset();
    this.#enter(CODE0, FLAT, 0);
  }

  /** Code of 64 bits, without the paging that real 64-bit code needs. */
  enterLong(level: 0 | 3 = 0): void {
    this.machine.cpu.set64(EFER, LONG_MODE | (this.machine.cpu.get64(EFER) & 1n));
    this.#enter(level ? CODE3 : CODE0, LONG, level);
  }

  #enter(code: number, size: number, level: 0 | 3): void {
    const { cpu } = this.machine;
    const data = level ? DATA3 : DATA0;
    for (const number of [0, 2, 3, 4, 5]) this.world.setRegister(number, data, this.world.descriptorOf(data));
    this.world.setRegister(1, code, descriptor(0, 0xfffff, CODE_XR | dpl(level), size));
    cpu.set32(CPL, level);
    cpu.set32(CR0, 0x31);
    this.machine.set("esp", STACK);
    cpu.runtime.flushTlb();
    cpu.runtime.updateMode();
  }

  /** Runs one instruction; the vector of the exception that it meets, -1 if none. */
  step(...bytes: number[]): number {
    this.machine.write(CODE, Uint8Array.from([...bytes, ...new Array(16).fill(0x90)]));
    this.machine.ip = CODE;
    return this.machine.cpu.step();
  }

  get(register: number): bigint {
    return this.machine.cpu.get64(GPR + register * 8);
  }

  set(register: number, value: bigint): void {
    this.machine.cpu.set64(GPR + register * 8, value);
  }

  set cr4(value: number) {
    this.machine.cpu.set64(CR4, BigInt(value));
  }

  /** RDMSR; undefined when it is an exception. */
  rdmsr(number: number): bigint | undefined {
    this.set(RCX, BigInt(number));
    if (this.step(0x0f, 0x32) !== -1) return undefined;
    return this.get(RAX) | (this.get(RDX) << 32n);
  }

  /** WRMSR; whether it is none. */
  wrmsr(number: number, value: bigint): boolean {
    this.set(RCX, BigInt(number));
    this.set(RAX, value & 0xffffffffn);
    this.set(RDX, value >> 32n);
    return this.step(0x0f, 0x30) === -1;
  }

  /** EAX EBX ECX EDX. */
  cpuid(leaf: number, subleaf = 0): [eax: number, ebx: number, ecx: number, edx: number] {
    this.set(RAX, BigInt(leaf));
    this.set(RCX, BigInt(subleaf));
    this.step(0x0f, 0xa2);
    return [RAX, RBX, RCX, RDX].map((register) => Number(this.get(register))) as [
      number,
      number,
      number,
      number,
    ];
  }
}
