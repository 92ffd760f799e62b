// Random programs whose loops go through memory in steps, mostly equal ones, for comparing compiled code with the interpreter.

import { CR0, CR3, CR4, EFER } from "../layout.ts";
import type { Random } from "./float-random.ts";
import type { Machine } from "./machine.ts";

const [AX, CX, DX, BX, BP, SI, DI] = [0, 1, 2, 3, 5, 6, 7];
/** Registers that addresses begin with, each of which may have a step. */
const POINTERS = [SI, DI, BP];
/** Memory that they go through, and where RAM ends, beyond which devices are. */
export const AREA = 0x44000;
const AREA_PAGES = 8;
const END_OF_RAM = 0x200000;
/** Physical pages of the area, of which the third is a device's; the page after it is not there. */
const SCATTERED = [0x4b, 0x44, 0x400, 0x4a, 0x46, 0x48, 0x45, 0x49];
/** Where paging structures are; of each the first entry leads to the next. */
const STRUCTURES = 0x160000;
const PAGE = 0x1000;
/** Present, writable, the user's. */
const PRESENT = 7n;
const PG = 0x80000000n;
const PAE = 0x20n;
const LONG_MODE_ACTIVE = 0x400n;
const STEPS = [1, 1, 2, 4, 4, 8, 16, 16, 24, 100, 0, -1, -1, -4, -4, -16, -64];

export interface StridedPlace {
  /** A doubleword with the number of times that the program is to be run. */
  readonly counter: number;
}

/** Gives a `userMachine` pages: of the area they are scattered, others where they are anyway. */
export function mapScattered({ cpu, view }: Machine, codeSize: 32 | 64): void {
  const isLong = codeSize === 64;
  const setEntry = (table: number, n: number, value: bigint): void => {
    if (isLong) view.setBigUint64(table + n * 8, value, true);
    else view.setUint32(table + n * 4, Number(value), true);
  };
  const levels = isLong ? 4 : 2;
  const last = STRUCTURES + (levels - 1) * PAGE;
  for (let table = STRUCTURES; table < last; table += PAGE)
    setEntry(table, 0, BigInt(table + PAGE) | PRESENT);
  for (let n = 0; n < END_OF_RAM / PAGE; n++) setEntry(last, n, BigInt(n * PAGE) | PRESENT);
  const first = AREA / PAGE;
  SCATTERED.forEach((page, n) => {
    setEntry(last, first + n, BigInt(page * PAGE) | PRESENT);
  });
  setEntry(last, first + AREA_PAGES, 0n);
  cpu.set64(CR3, BigInt(STRUCTURES));
  if (isLong) cpu.set64(EFER, cpu.get64(EFER) | LONG_MODE_ACTIVE);
  if (isLong) cpu.set64(CR4, cpu.get64(CR4) | PAE);
  cpu.set64(CR0, cpu.get64(CR0) | PG);
  cpu.runtime.flushTlb();
  cpu.runtime.updateMode();
}

class Writer {
  readonly code: number[] = [];
  readonly #random: Random;
  readonly #wide: boolean;

  constructor(random: Random, codeSize: 32 | 64) {
    this.#random = random;
    this.#wide = codeSize === 64;
  }

  #pick<T>(values: readonly T[]): T {
    return values[this.#random.below(values.length)]!;
  }

  #long(value: number): number[] {
    return [value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff, (value >> 24) & 0xff];
  }

  /** REX.W; an address register is not often stepped by 32 bits. */
  #w(): number[] {
    return this.#wide && this.#random.below(4) > 0 ? [0x48] : [];
  }

  #set(register: number, value: number): void {
    this.code.push(0xb8 + register, ...this.#long(value));
  }

  /** ModRM, SIB and displacement of a pointer's operand, sometimes with an index. */
  #operand(reg: number): number[] {
    const base = this.#pick(POINTERS);
    const displacement = this.#pick([0, 0, 1, 4, 8, 60, 200, -4, 0xff0]);
    if (this.#random.below(3) > 0) return [0x80 | (reg << 3) | base, ...this.#long(displacement)];
    const scale = this.#random.below(4);
    return [0x84 | (reg << 3), (scale << 6) | (DX << 3) | base, ...this.#long(displacement)];
  }

  #access(): void {
    const byte = this.#random.below(256);
    // MOV, MOVZX, MOV of a byte and of an immediate, ADD, INC, CMP, MOVUPS both ways
    const bytes = this.#pick<() => number[]>([
      () => [0x8b, ...this.#operand(AX)],
      () => [0x0f, 0xb6, ...this.#operand(AX)],
      () => [0x89, ...this.#operand(AX)],
      () => [0x88, ...this.#operand(AX)],
      () => [0xc6, ...this.#operand(0), byte],
      () => [0x01, ...this.#operand(AX)],
      () => [0xff, ...this.#operand(0)],
      () => [0x80, ...this.#operand(7), byte],
      () => [0x0f, 0x10, ...this.#operand(0)],
      () => [0x0f, 0x11, ...this.#operand(0)],
    ])();
    this.code.push(...bytes);
  }

  #compute(): void {
    const value = this.#long(this.#random.below(0x7fffffff));
    this.code.push(
      ...this.#pick([
        [0x05, ...value],
        [0x35, ...value],
        [0xd1, 0xc0],
        [0x11, 0xd8],
      ]),
    );
  }

  /** Adds to a register: a constant, or EBX. */
  #step(register: number): void {
    const by = this.#pick(STEPS);
    const w = this.#w();
    const forms = [
      [...w, 0x83, 0xc0 | register, by & 0xff],
      [...w, 0x81, 0xc0 | register, ...this.#long(by)],
      [...w, 0x81, 0xe8 | register, ...this.#long(-by)],
      [...w, 0x8d, 0x80 | (register << 3) | register, ...this.#long(by)],
      [...w, 0xff, 0xc0 | register],
      [...w, 0xff, 0xc8 | register],
      [...w, 0x01, 0xc0 | (BX << 3) | register],
      [...w, 0x03, 0xc0 | (register << 3) | BX],
      // LEA with EBX as the base, or the index.
      [...w, 0x8d, 0x44 | (register << 3), (register << 3) | BX, 0],
      [...w, 0x8d, 0x44 | (register << 3), (BX << 3) | register, 0],
    ];
    this.code.push(...this.#pick(forms));
  }

  /** Copies a pointer, or EBX, to EDX. */
  #copy(): void {
    const from = this.#pick([...POINTERS, BX, BX]);
    const isSigned = this.#wide && this.#random.below(3) === 0;
    if (isSigned) this.code.push(0x48, 0x63, 0xc0 | (DX << 3) | from);
    else
      this.code.push(
        ...this.#w(),
        ...this.#pick([
          [0x89, 0xc0 | (from << 3) | DX],
          [0x8b, 0xc0 | (DX << 3) | from],
        ]),
      );
  }

  #body(steps: number[]): void {
    if (this.#random.below(4) === 0) this.#copy();
    for (let n = 2 + this.#random.below(5); n > 0; n--) {
      if (this.#random.below(3) === 0) this.#compute();
      else this.#access();
      const register = this.#random.below(2) === 0 ? steps.pop() : undefined;
      if (register !== undefined) this.#step(register);
    }
  }

  /** Jumps over some instructions by the last bits of EAX, or out of the loop. */
  #condition(): number | undefined {
    const condition = 0x70 + this.#random.below(16);
    this.code.push(0xa8, this.#pick([1, 3, 0x80, 0xff]));
    if (this.#random.below(4) === 0) {
      this.code.push(0x0f, condition + 0x10, 0, 0, 0, 0);
      return this.code.length;
    }
    const at = this.code.push(condition, 0);
    this.#body(this.#random.below(6) === 0 ? [this.#pick(POINTERS)] : []);
    this.code[at - 1] = this.code.length - at;
    return undefined;
  }

  write({ counter }: StridedPlace): void {
    for (const register of POINTERS) {
      const isFar = this.#random.below(12) === 0;
      const inPage = this.#pick([0, 0xf00, 0xfc0]) + this.#random.below(0x40);
      const from = isFar ? END_OF_RAM - 0x600 : AREA + this.#random.below(AREA_PAGES) * PAGE + inPage;
      this.#set(register, this.#random.below(2) ? from & -4 : from);
    }
    this.#set(DX, this.#random.below(0x40));
    this.#set(BX, this.#pick([1, 1, 2, 3, 4, 8, 16, 50, 100, 511, 512, 513, 0, -1]));
    this.#set(CX, 1 + this.#random.below(120));
    const start = this.code.length;
    const steps = [...POINTERS, DX].filter(() => this.#random.below(3) > 0);
    this.#body(steps);
    const exit = this.#random.below(2) ? this.#condition() : undefined;
    if (this.#random.below(2)) this.#body(steps);
    for (const register of steps) this.#step(register);
    // DEC ECX, or SUB ECX, 1; JNZ
    this.code.push(
      ...this.#pick([
        [0xff, 0xc8 | CX],
        [0x83, 0xe8 | CX, 1],
      ]),
    );
    this.code.push(0x0f, 0x85, ...this.#long(start - this.code.length - 6));
    if (exit !== undefined) this.code.splice(exit - 4, 4, ...this.#long(this.code.length - exit));
    this.code.push(0xff, ...(this.#wide ? [0x0c, 0x25] : [0x0d]), ...this.#long(counter));
    this.code.push(0x0f, 0x85, ...this.#long(-this.code.length - 6), 0xf4);
  }
}

/** A loop within a loop that ends when `counter` has come to 0. */
export function stridedProgram(random: Random, codeSize: 32 | 64, place: StridedPlace): Uint8Array {
  const writer = new Writer(random, codeSize);
  writer.write(place);
  return Uint8Array.from(writer.code);
}
