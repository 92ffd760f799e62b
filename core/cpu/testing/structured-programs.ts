// Random programs with functions, loops and conditions, as compilers make them, for comparing compiled code with the
// interpreter. Hardly any leaves by an exception.

import type { Random } from "./float-random.ts";

/** General registers other than the stack pointer and that of frames. */
const REGISTERS = [0, 1, 2, 3, 6, 7];
const BP = 5;
/** Bytes of a function's variables on the stack. */
const VARIABLES = 0x40;
/** Opcodes of op r/m, r and op r, r/m: ADD OR ADC SBB AND SUB XOR CMP, TEST, XCHG, MOV. */
const TWO_OPERANDS = [
  0x01, 0x09, 0x11, 0x19, 0x21, 0x29, 0x31, 0x39, 0x03, 0x2b, 0x3b, 0x85, 0x87, 0x89, 0x8b,
];
/** Second bytes: IMUL, MOVZX, MOVSX, XADD, BT, BTS, CMOVcc, SETcc, SHLD by CL. */
const TWO_BYTE = [0xaf, 0xb6, 0xb7, 0xbe, 0xbf, 0xc1, 0xa3, 0xab, 0x44, 0x4c, 0x42, 0x94, 0x9f, 0xa5];

const MOST_FUNCTIONS = 4;
const DEEPEST = 3;

export interface ProgramPlace {
  /** Memory that it may read and write, 4 KiB. */
  readonly data: number;
  /** Memory for its loop counters, 4 KiB. */
  readonly counters: number;
}

class Writer {
  readonly code: number[] = [];
  readonly #random: Random;
  readonly #wide: boolean;
  readonly #place: ProgramPlace;
  #counters = 0;
  /** Whether the function at hand has variables on the stack. */
  #framed = false;
  readonly #calls: { at: number; callee: number }[] = [];
  readonly #addresses: { from: number; at: number; callee: number }[] = [];
  readonly starts: number[] = [];

  constructor(random: Random, codeSize: 32 | 64, place: ProgramPlace) {
    this.#random = random;
    this.#wide = codeSize === 64;
    this.#place = place;
  }

  #pick<T>(values: readonly T[]): T {
    return values[this.#random.below(values.length)]!;
  }

  #long(value: number): number[] {
    return [value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff, (value >> 24) & 0xff];
  }

  /** ModRM for an absolute address. */
  #absolute(reg: number, address: number): number[] {
    return [...(this.#wide ? [(reg << 3) | 4, 0x25] : [(reg << 3) | 5]), ...this.#long(address)];
  }

  #prefix(): number[] {
    return this.#wide && this.#random.below(2) ? [0x48] : [];
  }

  /** ModRM for memory. */
  #memory(reg: number): number[] {
    if (this.#framed && this.#random.below(2) === 0)
      return [0x40 | (reg << 3) | BP, 0x100 - 8 - this.#random.below(VARIABLES - 7)];
    return this.#absolute(reg, this.#place.data + this.#random.below(0xf00));
  }

  #instruction(): void {
    const reg = this.#pick(REGISTERS);
    const rm = this.#pick(REGISTERS);
    const operand = this.#random.below(3) === 0 ? this.#memory(reg) : [0xc0 | (reg << 3) | rm];
    const choice = this.#random.below(8);
    if (choice < 4) this.code.push(...this.#prefix(), this.#pick(TWO_OPERANDS), ...operand);
    else if (choice < 6) this.code.push(...this.#prefix(), 0x0f, this.#pick(TWO_BYTE), ...operand);
    else if (choice === 6) {
      // A shift or rotate by an immediate, by 1 or by CL.
      const kind = (this.#random.below(8) << 3) | 0xc0 | rm;
      const by = this.#random.below(3);
      const opcode = [0xc1, 0xd1, 0xd3][by]!;
      this.code.push(...this.#prefix(), opcode, kind, ...(by === 0 ? [this.#random.below(40)] : []));
    } else {
      const kind = (this.#random.below(8) << 3) | 0xc0 | rm;
      this.code.push(...this.#prefix(), 0x81, kind, ...this.#long(this.#random.below(0x7fffffff)));
    }
  }

  /** mov r32, imm32 */
  #set(register: number, value: number): void {
    this.code.push(0xb8 + register, ...this.#long(value));
  }

  /** A repeated string instruction over some elements, forwards or backwards. */
  #string(): void {
    const [SI, DI, CX] = [6, 7, 1];
    this.#set(SI, this.#place.data + 0x200 + this.#random.below(0xa00));
    this.#set(DI, this.#place.data + 0x200 + this.#random.below(0xa00));
    this.#set(CX, this.#random.below(40));
    const down = this.#random.below(4) === 0;
    if (down) this.code.push(0xfd);
    // MOVS, STOS, LODS, SCAS, CMPS
    this.code.push(0xf2 + this.#random.below(2), this.#pick([0xa4, 0xa5, 0xaa, 0xab, 0xad, 0xae, 0xa6]));
    if (down) this.code.push(0xfc);
  }

  /** Instructions on memory through a register, with a segment override or as the stack's. */
  #indirect(): void {
    const [base, reg] = [this.#pick([0, 1, 2, 3, 6, 7]), this.#pick(REGISTERS)];
    this.#set(base, this.#place.data + this.#random.below(0xe00));
    const override = this.#pick([[], [], [0x64], [0x65]]);
    const operand = [0x40 | (reg << 3) | base, this.#random.below(0x70)];
    const byte = this.#random.below(0x70);
    // MOV, ADD, CMPXCHG, XADD, XCHG, BTS, BSF, PUSH and POP of memory, CMPXCHG8B, IMUL
    switch (this.#random.below(8)) {
      case 0:
        this.code.push(...override, 0xf0, 0x0f, 0xb1, ...operand);
        break;
      case 1:
        this.code.push(...override, 0xf0, 0x0f, 0xc1, ...operand);
        break;
      case 2:
        this.code.push(...override, 0xff, 0x70 | base, byte, ...override, 0x8f, 0x40 | base, byte);
        break;
      case 3:
        this.code.push(...override, 0x0f, 0xc7, 0x48 | base, byte);
        break;
      case 4:
        this.code.push(...override, 0x0f, this.#pick([0xbc, 0xbd]), ...operand);
        break;
      case 5:
        this.code.push(...override, 0x87, ...operand);
        break;
      default:
        this.code.push(...override, this.#pick(TWO_OPERANDS), ...operand);
    }
  }

  /** dec dword [address]; jnz start */
  #countDown(address: number, start: number): void {
    this.code.push(0xff, ...this.#absolute(1, address));
    const back = start - (this.code.length + 6);
    this.code.push(0x0f, 0x85, ...this.#long(back));
  }

  #loop(depth: number, callees: readonly number[]): void {
    const address = this.#place.counters + 4 * this.#counters++;
    // mov dword [address], n
    this.code.push(0xc7, ...this.#absolute(0, address), ...this.#long(1 + this.#random.below(6)));
    const start = this.code.length;
    this.#statements(depth + 1, callees);
    this.#countDown(address, start);
  }

  #condition(depth: number, callees: readonly number[]): void {
    this.code.push(0x0f, 0x80 + this.#random.below(16));
    const at = this.code.length;
    this.code.push(0, 0, 0, 0);
    this.#statements(depth + 1, callees);
    if (this.#random.below(2)) {
      this.#patch(at, this.code.length + 5);
      this.code.push(0xe9);
      const end = this.code.length;
      this.code.push(0, 0, 0, 0);
      this.#statements(depth + 1, callees);
      this.#patch(end, this.code.length);
    } else this.#patch(at, this.code.length);
  }

  /** EAX = an address: call $+5; pop eax; add eax, distance, which stands at `at` and counts from `from`. */
  #address(): { from: number; at: number } {
    this.code.push(0xe8, 0, 0, 0, 0);
    const from = this.code.length;
    this.code.push(0x58, 0x05);
    const at = this.code.length;
    this.code.push(0, 0, 0, 0);
    return { from, at };
  }

  /** One of several cases, by the bits of a register: a jump through another. */
  #switch(depth: number, callees: readonly number[]): void {
    const cases = this.#pick([2, 4, 8]);
    const index = this.#pick([1, 2, 3]);
    const { from, at } = this.#address();
    // and index, cases - 1; imul index, index, 5; add eax, index; jmp eax. There: a jump to each case.
    this.code.push(0x83, 0xe0 | index, cases - 1, 0x6b, 0xc0 | (index << 3) | index, 5);
    this.code.push(0x01, 0xc0 | (index << 3), 0xff, 0xe0);
    this.code.splice(at, 4, ...this.#long(this.code.length - from));
    const jumps = Array.from({ length: cases }, () => {
      this.code.push(0xe9, 0, 0, 0, 0);
      return this.code.length - 4;
    });
    const ends = jumps.map((jump) => {
      this.#patch(jump, this.code.length);
      if (this.#random.below(4) === 0) this.#statements(depth + 1, callees);
      else this.#instruction();
      this.code.push(0xe9, 0, 0, 0, 0);
      return this.code.length - 4;
    });
    for (const end of ends) this.#patch(end, this.code.length);
  }

  /** Calls a function through EAX. */
  #callThrough(callee: number): void {
    this.#addresses.push({ ...this.#address(), callee });
    this.code.push(0xff, 0xd0);
  }

  #patch(at: number, target: number): void {
    this.code.splice(at, 4, ...this.#long(target - (at + 4)));
  }

  #statements(depth: number, callees: readonly number[]): void {
    const count = 1 + this.#random.below(4);
    for (let n = 0; n < count; n++) {
      const choice = this.#random.below(12);
      if (choice === 0 && depth < DEEPEST) this.#loop(depth, callees);
      else if (choice < 3 && depth < DEEPEST) this.#condition(depth, callees);
      else if (choice === 3 && callees.length > 0) {
        this.code.push(0xe8);
        this.#calls.push({ at: this.code.length, callee: this.#pick(callees) });
        this.code.push(0, 0, 0, 0);
      } else if (choice === 4 && depth < DEEPEST) {
        const [a, b] = [this.#pick(REGISTERS), this.#pick(REGISTERS)];
        this.code.push(0x50 + a, 0x50 + b);
        this.#statements(depth + 1, callees);
        this.code.push(0x58 + this.#pick(REGISTERS), 0x58 + this.#pick(REGISTERS));
      } else if (choice === 10 && depth < DEEPEST) this.#switch(depth, callees);
      else if (choice === 11 && callees.length > 0) this.#callThrough(this.#pick(callees));
      else if (choice === 5) this.#string();
      else if (choice === 6) this.#indirect();
      else this.#instruction();
    }
  }

  /** A function that may call those with higher numbers. */
  function(number: number, functions: number): void {
    this.starts.push(this.code.length);
    const saved = REGISTERS.filter(() => this.#random.below(2) === 0);
    this.#framed = this.#random.below(2) === 1;
    const framed = this.#framed;
    const wide = this.#wide ? [0x48] : [];
    // push ebp; mov ebp, esp; sub esp, VARIABLES
    if (framed) this.code.push(0x50 + BP, ...wide, 0x89, 0xe5, ...wide, 0x83, 0xec, VARIABLES);
    for (const register of saved) this.code.push(0x50 + register);
    const callees = Array.from({ length: functions - number - 1 }, (_, n) => number + 1 + n);
    this.#statements(0, callees);
    for (const register of saved.toReversed()) this.code.push(0x58 + register);
    // add esp, VARIABLES; pop ebp
    if (framed) this.code.push(...wide, 0x83, 0xc4, VARIABLES, 0x58 + BP);
    this.code.push(0xc3);
  }

  /** Calls the first function so many times, then halts. */
  main(rounds: number): void {
    const address = this.#place.counters + 4 * this.#counters++;
    this.code.push(0xc7, ...this.#absolute(0, address), ...this.#long(rounds));
    const start = this.code.length;
    this.code.push(0xe8);
    this.#calls.push({ at: this.code.length, callee: 0 });
    this.code.push(0, 0, 0, 0);
    this.#countDown(address, start);
    this.code.push(0xf4);
  }

  link(): void {
    for (const { at, callee } of this.#calls) this.#patch(at, this.starts[callee]!);
    for (const { from, at, callee } of this.#addresses) {
      this.code.splice(at, 4, ...this.#long(this.starts[callee]! - from));
    }
  }
}

/** A program that runs its functions `rounds` times and ends with HLT. */
export function structuredProgram(
  random: Random,
  codeSize: 32 | 64,
  rounds: number,
  place: ProgramPlace,
): Uint8Array {
  const writer = new Writer(random, codeSize, place);
  writer.main(rounds);
  const functions = 1 + random.below(MOST_FUNCTIONS);
  for (let n = 0; n < functions; n++) writer.function(n, functions);
  writer.link();
  return Uint8Array.from(writer.code);
}
