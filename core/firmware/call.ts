import type { PhysicalMemory } from "../board/memory.ts";
import type { ProcessorView } from "./processor-view.ts";

export const CARRY = 1 << 0;
export const ZERO = 1 << 6;
const VIRTUAL_8086 = 1 << 17;

type WordRegister = "eax" | "ebx" | "ecx" | "edx" | "esi" | "edi" | "ebp";
type SegmentName = "cs" | "ds" | "es" | "ss" | "fs" | "gs";

/**
 * One call of a service by a ROM stub: the caller's registers, and its flags where INT has pushed them. Changing a
 * register here is what the caller sees after IRET.
 */
export class Call {
  readonly cpu: ProcessorView;
  /** Memory as the caller addresses it. */
  readonly memory: PhysicalMemory;

  constructor(cpu: ProcessorView) {
    this.cpu = cpu;
    this.memory = cpu.linear;
  }

  get virtual8086(): boolean {
    return (this.cpu.eflags & VIRTUAL_8086) !== 0;
  }

  #word(register: WordRegister): number {
    return this.cpu[register] & 0xffff;
  }

  #setWord(register: WordRegister, value: number): void {
    this.cpu[register] = ((this.cpu[register] & 0xffff_0000) | (value & 0xffff)) >>> 0;
  }

  #setByte(register: WordRegister, shift: 0 | 8, value: number): void {
    this.cpu[register] = ((this.cpu[register] & ~(0xff << shift)) | ((value & 0xff) << shift)) >>> 0;
  }

  get ax(): number {
    return this.#word("eax");
  }
  set ax(value: number) {
    this.#setWord("eax", value);
  }
  get bx(): number {
    return this.#word("ebx");
  }
  set bx(value: number) {
    this.#setWord("ebx", value);
  }
  get cx(): number {
    return this.#word("ecx");
  }
  set cx(value: number) {
    this.#setWord("ecx", value);
  }
  get dx(): number {
    return this.#word("edx");
  }
  set dx(value: number) {
    this.#setWord("edx", value);
  }
  get si(): number {
    return this.#word("esi");
  }
  set si(value: number) {
    this.#setWord("esi", value);
  }
  get di(): number {
    return this.#word("edi");
  }
  set di(value: number) {
    this.#setWord("edi", value);
  }
  get bp(): number {
    return this.#word("ebp");
  }
  set bp(value: number) {
    this.#setWord("ebp", value);
  }
  get al(): number {
    return this.cpu.eax & 0xff;
  }
  set al(value: number) {
    this.#setByte("eax", 0, value);
  }
  get ah(): number {
    return (this.cpu.eax >>> 8) & 0xff;
  }
  set ah(value: number) {
    this.#setByte("eax", 8, value);
  }
  get bl(): number {
    return this.cpu.ebx & 0xff;
  }
  set bl(value: number) {
    this.#setByte("ebx", 0, value);
  }
  get bh(): number {
    return (this.cpu.ebx >>> 8) & 0xff;
  }
  set bh(value: number) {
    this.#setByte("ebx", 8, value);
  }
  get cl(): number {
    return this.cpu.ecx & 0xff;
  }
  set cl(value: number) {
    this.#setByte("ecx", 0, value);
  }
  get ch(): number {
    return (this.cpu.ecx >>> 8) & 0xff;
  }
  set ch(value: number) {
    this.#setByte("ecx", 8, value);
  }
  get dl(): number {
    return this.cpu.edx & 0xff;
  }
  set dl(value: number) {
    this.#setByte("edx", 0, value);
  }
  get dh(): number {
    return (this.cpu.edx >>> 8) & 0xff;
  }
  set dh(value: number) {
    this.#setByte("edx", 8, value);
  }

  /** The linear address of `segment:offset`. */
  address(segment: SegmentName, offset: number): number {
    return (this.cpu.segmentBase(segment) + offset) >>> 0;
  }

  /** The linear address of the word `index` of the stack. */
  stack(index: number): number {
    return this.address("ss", (this.cpu.esp + 2 * index) & 0xffff);
  }

  /** Takes a word off the stack. */
  pop(): number {
    const value = this.memory.read16(this.stack(0));
    this.cpu.esp = ((this.cpu.esp & 0xffff_0000) | ((this.cpu.esp + 2) & 0xffff)) >>> 0;
    return value;
  }

  /** The flags that IRET will restore. */
  get flags(): number {
    return this.memory.read16(this.stack(2));
  }
  set flags(value: number) {
    this.memory.write16(this.stack(2), value);
  }

  get carry(): boolean {
    return (this.flags & CARRY) !== 0;
  }
  set carry(on: boolean) {
    this.flags = on ? this.flags | CARRY : this.flags & ~CARRY;
  }

  set zero(on: boolean) {
    this.flags = on ? this.flags | ZERO : this.flags & ~ZERO;
  }
}

/**
 * What a service answers: done, or to be called again with the same registers, after the next interrupt (`wait`), in a
 * while (`spin`: time has to pass, but no interrupt will tell) or at once (`again`: the host may have other work between).
 */
export type Outcome = "wait" | "spin" | "again" | undefined;
