// A small protected-mode world for tests: tables, a task, and an interrupt table whose handlers halt, so that what
// a piece of code met can be read off where it stopped.

import type { Assembler } from "../../assembler/assembler.ts";
import {
  CPL,
  CR0,
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
} from "../layout.ts";
import type { CpuModel } from "../models/model.ts";
import { Machine } from "./machine.ts";

export const GDT = 0x10000;
export const IDT = 0x11000;
export const TSS = 0x12000;
export const LDT_BASE = 0x12800;
/** The handler of a vector is 16 bytes at HANDLERS + 16 × vector. */
export const HANDLERS = 0x13000;
export const CODE = 0x20000;
/** Tops of stacks: where level 0 code starts, and what the TSS gives for levels 0 to 2. */
export const STACK = 0x30000;
export const INNER_STACKS = [0x31000, 0x32000, 0x33000] as const;
export const USER_STACK = 0x40000;

export const CODE0 = 0x08;
export const DATA0 = 0x10;
export const CODE3 = 0x1b;
export const DATA3 = 0x23;
export const TASK = 0x28;
export const LDT = 0x30;
/** First selector that tests may use. */
export const FREE = 0x40;

// Access bytes.
export const PRESENT = 0x80;
export const DATA_RW = 0x93;
export const CODE_XR = 0x9b;
export const dpl = (level: number): number => level << 5;

// Flags above the limit: G and D/B.
export const FLAT = 0xc;

const ERROR_CODES = [8, 10, 11, 12, 13, 14, 17];

export const descriptor = (base: number, limit: number, access: number, flags: number): bigint =>
  BigInt(limit & 0xffff) |
  (BigInt(base & 0xffffff) << 16n) |
  (BigInt(access) << 40n) |
  (BigInt((limit >>> 16) & 15) << 48n) |
  (BigInt(flags) << 52n) |
  (BigInt(base >>> 24) << 56n);

export const gate = (selector: number, offset: number, access: number, count = 0): bigint =>
  BigInt(offset & 0xffff) |
  (BigInt(selector) << 16n) |
  (BigInt(count) << 32n) |
  (BigInt(access) << 40n) |
  (BigInt(offset >>> 16) << 48n);

/** What a handler of an exception or interrupt found on its stack. */
export interface Frame {
  vector: number;
  error: number | undefined;
  ip: number;
  cs: number;
  flags: number;
  /** Only if the privilege level changed. */
  sp: number;
  ss: number;
}

export class World {
  readonly machine: Machine;

  /** `model` and `compileAfter` as in `CpuHost`. */
  constructor(model?: CpuModel, compileAfter?: number) {
    this.machine = new Machine(undefined, compileAfter, model);
  }

  reset(): void {
    const { machine } = this;
    machine.reset();
    this.setDescriptor(CODE0, descriptor(0, 0xfffff, CODE_XR, FLAT));
    this.setDescriptor(DATA0, descriptor(0, 0xfffff, DATA_RW, FLAT));
    this.setDescriptor(CODE3, descriptor(0, 0xfffff, CODE_XR | dpl(3), FLAT));
    this.setDescriptor(DATA3, descriptor(0, 0xfffff, DATA_RW | dpl(3), FLAT));
    this.setDescriptor(TASK, descriptor(TSS, 0x2067, 0x8b, 0));
    this.setDescriptor(LDT, descriptor(LDT_BASE, 0xff, 0x82, 0));
    for (let vector = 0; vector < 256; vector++) {
      this.setGate(vector, gate(CODE0, HANDLERS + vector * 16, 0x8e));
      machine.write(HANDLERS + vector * 16, Uint8Array.of(0xf4));
    }
    INNER_STACKS.forEach((top, level) => {
      machine.view.setUint32(TSS + 4 + level * 8, top, true);
      machine.view.setUint32(TSS + 8 + level * 8, DATA0 | level, true);
    });
    machine.view.setUint16(TSS + 0x66, 0x68, true);
    machine.view.setUint8(TSS + 0x2067, 0xff);
    const { cpu } = machine;
    cpu.set64(GDTR_BASE, BigInt(GDT));
    cpu.set32(GDTR_LIMIT, 0xfff);
    cpu.set64(IDTR_BASE, BigInt(IDT));
    cpu.set32(IDTR_LIMIT, 0x7ff);
    cpu.set32(CR0, 0x11);
    this.setRegister(7, TASK, descriptor(TSS, 0x2067, 0x8b, 0));
  }

  setDescriptor(selector: number, value: bigint): void {
    const table = selector & 4 ? LDT_BASE : GDT;
    this.machine.view.setBigUint64(table + (selector & ~7), value, true);
  }

  descriptorOf(selector: number): bigint {
    return this.machine.view.getBigUint64((selector & 4 ? LDT_BASE : GDT) + (selector & ~7), true);
  }

  setGate(vector: number, value: bigint): void {
    this.machine.view.setBigUint64(IDT + vector * 8, value, true);
  }

  /** Loads a segment register as if from this descriptor, without a check. */
  setRegister(number: number, selector: number, value: bigint): void {
    const { cpu } = this.machine;
    const place = SEGMENTS + number * SEGMENT_SIZE;
    const raw = Number(value & 0xffffn) | Number((value >> 32n) & 0xf0000n);
    cpu.set64(place + SEGMENT_BASE, ((value >> 16n) & 0xffffffn) | ((value >> 32n) & 0xff000000n));
    cpu.set32(place + SEGMENT_LIMIT, value & (1n << 55n) ? (raw << 12) | 0xfff : raw);
    cpu.set32(place + SEGMENT_SELECTOR, selector);
    cpu.set32(place + SEGMENT_ATTRIBUTES, Number((value >> 40n) & 0xf0ffn));
  }

  selector(number: number): number {
    return this.machine.cpu.get32(SEGMENTS + number * SEGMENT_SIZE + SEGMENT_SELECTOR);
  }

  /** Runs 32-bit code at a privilege level, until it halts. */
  run(code: (a: Assembler) => void, level: 0 | 3 = 0): (label: string) => number {
    const { machine } = this;
    machine.write(CODE, new Uint8Array(0x200).fill(0xf4));
    const labels = machine.assemble(CODE, 32, code);
    const data = level ? DATA3 : DATA0;
    for (const number of [0, 2, 3, 4, 5]) this.setRegister(number, data, this.descriptorOf(data));
    this.setRegister(1, level ? CODE3 : CODE0, this.descriptorOf(level ? CODE3 : CODE0));
    machine.cpu.set32(CPL, level);
    machine.set("esp", level ? USER_STACK : STACK);
    machine.ip = CODE;
    machine.cpu.unhalt();
    machine.cpu.runtime.updateMode();
    machine.run();
    return labels;
  }

  /** Runs 16-bit code at 2000:0000 in virtual-8086 mode, its stack below 3000:1000. */
  runVirtual(code: (a: Assembler) => void, iopl = 3, flags = 0): (label: string) => number {
    const { machine } = this;
    machine.write(CODE, new Uint8Array(0x200).fill(0xf4));
    const at = machine.assemble(CODE, 16, code);
    for (const number of [0, 1, 2, 3, 4, 5]) {
      this.setRegister(number, 0x2000, descriptor(0x20000, 0xffff, 0xf3, 0));
    }
    this.setRegister(2, 0x3000, descriptor(0x30000, 0xffff, 0xf3, 0));
    machine.cpu.set32(CPL, 3);
    machine.cpu.eflags = 0x20002 | (iopl << 12) | flags;
    machine.set("esp", 0x1000);
    machine.ip = 0;
    machine.cpu.unhalt();
    machine.cpu.runtime.updateMode();
    machine.run();
    return at;
  }

  /** The frame of the handler in which the code has stopped. */
  get frame(): Frame {
    const { machine } = this;
    if (machine.cpu.halted !== 1) throw new Error(`not halted, at ${machine.ip.toString(16)}`);
    const vector = (machine.ip - 1 - HANDLERS) / 16;
    if (!Number.isInteger(vector) || vector < 0 || vector > 255) {
      throw new Error(`halted outside the handlers, at ${machine.ip.toString(16)}`);
    }
    let at = machine.get("esp");
    const next = (): number => {
      at += 4;
      return machine.u32(at - 4);
    };
    const error = ERROR_CODES.includes(vector) ? next() : undefined;
    return { vector, error, ip: next(), cs: next(), flags: next(), sp: next(), ss: next() };
  }

  /** Vector and error code of the fault that the code has met at a label. */
  fault(code: (a: Assembler) => void, level: 0 | 3 = 0): [vector: number, error: number | undefined] {
    const labels = this.run(code, level);
    const { vector, error, ip } = this.frame;
    let expected: number | undefined;
    try {
      expected = labels("fault");
    } catch {
      expected = undefined;
    }
    if (expected !== undefined && ip !== expected) {
      throw new Error(`the fault is at ${ip.toString(16)}, not at ${expected.toString(16)}`);
    }
    return [vector, error];
  }
}
