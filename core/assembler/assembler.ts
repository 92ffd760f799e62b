import { encode } from "./encoder.ts";
import { formsOf, instructions, type Mnemonic } from "./instructions.ts";
import {
  type Bits,
  type Expression,
  type Operand,
  type ParsedOperand,
  parseExpression,
  parseOperand,
} from "./operands.ts";

export interface AssemblerOptions {
  /** The size of the code at its start. */
  bits: Bits;
  /** The address of the first byte, 0 by default. */
  origin?: number | bigint;
}

/** Data: a number, a string (one byte a character), bytes, or in `dw`, `dd`, `dq` an expression of labels. */
type ByteDatum = number | string | Uint8Array;
type WordDatum = number | bigint | string;

interface Pass {
  /** Of the current statement. */
  address: bigint;
  /** Labels' values of the pass before, filled anew as this pass meets them. */
  labels: Map<string, bigint>;
  last: boolean;
}

/** One line of source: its bytes, as far as the labels are known. */
interface Statement {
  bits: Bits;
  emit(pass: Pass): readonly number[] | Uint8Array;
}

/**
 * Collects instructions and data, and lays them out when asked. Branches take their short form where it reaches.
 * Every instruction of the table in `instructions.ts` is a method, its operands in the manual's order:
 * `a.mov("ax", 5); a.label("again"); a.dec("ax"); a.jnz("again")`.
 */
class AssemblerCore {
  readonly #origin: bigint;
  readonly #statements: Statement[] = [];
  readonly #constants = new Map<string, bigint>();
  readonly #defined = new Set<string>();
  #bits: Bits;
  #labels = new Map<string, bigint>();

  constructor(options: AssemblerOptions) {
    this.#bits = options.bits;
    this.#origin = BigInt(options.origin ?? 0);
  }

  /** The code that follows runs in a segment of this size. */
  bits(bits: Bits): void {
    this.#bits = bits;
  }

  /** Gives the address of what follows a name. */
  label(name: string): void {
    this.#define(name);
    this.#add((pass) => {
      pass.labels.set(name, pass.address);
      return [];
    });
  }

  /** Gives a number a name. */
  equ(name: string, value: number | bigint): void {
    this.#define(name);
    this.#constants.set(name, BigInt(value));
  }

  db(...data: ByteDatum[]): void {
    const bytes = data.flatMap((one) => {
      if (typeof one === "number") return [one & 0xff];
      if (typeof one === "string") return [...one].map((char) => char.charCodeAt(0) & 0xff);
      return [...one];
    });
    this.#add(() => bytes);
  }

  dw(...data: WordDatum[]): void {
    this.#words(2, data);
  }

  dd(...data: WordDatum[]): void {
    this.#words(4, data);
  }

  dq(...data: WordDatum[]): void {
    this.#words(8, data);
  }

  /** `count` bytes of `value`. */
  fill(count: number, value = 0): void {
    const bytes = new Uint8Array(count).fill(value);
    this.#add(() => bytes);
  }

  /** Fills up to the next multiple of `boundary`. */
  align(boundary: number, value = 0): void {
    this.#add((pass) => {
      const rest = Number(pass.address % BigInt(boundary));
      return new Uint8Array(rest === 0 ? 0 : boundary - rest).fill(value);
    });
  }

  /** Fills up to `address`. `assemble` throws a RangeError if what comes before is longer. */
  org(address: number | bigint, value = 0): void {
    this.#add((pass) => {
      const gap = Number(BigInt(address) - pass.address);
      if (gap < 0 && pass.last) {
        throw new RangeError(`the code before 0x${address.toString(16)} is ${-gap} bytes too long`);
      }
      return new Uint8Array(Math.max(gap, 0)).fill(value);
    });
  }

  /** An instruction by its name; the methods of the same names are shorter to write. */
  instruction(mnemonic: Mnemonic, ...operands: Operand[]): void {
    const forms = formsOf(mnemonic);
    const parsed: ParsedOperand[] = operands.map(parseOperand);
    const bits = this.#bits;
    const text = `${mnemonic} ${operands.map(String).join(", ")}`;
    let longBranches = false;
    this.#add((pass) => {
      const context = {
        bits,
        address: pass.address,
        valueOf: (label: string) => this.#valueOf(label, pass),
        longBranches,
      };
      try {
        const bytes = encode(forms, parsed, context);
        if (bytes) return bytes;
        longBranches = true;
        const long = encode(forms, parsed, { ...context, longBranches });
        if (long) return long;
        if (pass.last) throw new SyntaxError("the target is out of reach");
        return [0, 0];
      } catch (error) {
        throw new SyntaxError(`${text}: ${(error as Error).message}`);
      }
    });
  }

  /** The bytes from the origin to the end. Throws a SyntaxError naming the line that cannot be encoded. */
  assemble(): Uint8Array {
    for (let round = 0; ; round++) {
      const before = this.#labels;
      const { labels } = this.#pass(false);
      this.#labels = labels;
      if (round > 0 && [...labels].every(([name, value]) => before.get(name) === value)) break;
      if (round > 100) throw new RangeError("the addresses of the labels do not settle");
    }
    return Uint8Array.from(this.#pass(true).bytes);
  }

  /** The value of a label after `assemble`. Throws for a name that is not defined. */
  addressOf(label: string): number {
    const value = this.#constants.get(label) ?? this.#labels.get(label);
    if (value === undefined) throw new RangeError(`no label "${label}"`);
    return Number(value);
  }

  #pass(last: boolean): { labels: Map<string, bigint>; bytes: number[] } {
    const pass: Pass = { address: this.#origin, labels: new Map(), last };
    const all: number[] = [];
    for (const statement of this.#statements) {
      const bytes = statement.emit(pass);
      for (let i = 0; i < bytes.length; i++) all.push(bytes[i]!);
      pass.address += BigInt(bytes.length);
    }
    return { labels: pass.labels, bytes: all };
  }

  #valueOf(label: string, pass: Pass): bigint {
    if (label === "$") return pass.address;
    const value = this.#constants.get(label) ?? pass.labels.get(label) ?? this.#labels.get(label);
    if (value !== undefined) return value;
    if (!this.#defined.has(label)) throw new SyntaxError(`no label "${label}"`);
    return pass.address;
  }

  #words(size: number, data: WordDatum[]): void {
    const expressions: Expression[] = data.map(parseExpression);
    this.#add((pass) =>
      expressions.flatMap(({ constant, terms }) => {
        const value = terms.reduce(
          (sum, { label, sign }) => sum + sign * this.#valueOf(label, pass),
          constant,
        );
        return Array.from({ length: size }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn));
      }),
    );
  }

  #define(name: string): void {
    if (this.#defined.has(name)) throw new SyntaxError(`label "${name}" is defined twice`);
    this.#defined.add(name);
  }

  #add(emit: Statement["emit"]): void {
    this.#statements.push({ bits: this.#bits, emit });
  }
}

type InstructionMethods = { [M in Mnemonic]: (...operands: Operand[]) => void };

for (const mnemonic of Object.keys(instructions) as Mnemonic[]) {
  Object.defineProperty(AssemblerCore.prototype, mnemonic, {
    value(this: AssemblerCore, ...operands: Operand[]) {
      this.instruction(mnemonic, ...operands);
    },
  });
}

export type Assembler = AssemblerCore & InstructionMethods;
export const Assembler = AssemblerCore as new (options: AssemblerOptions) => Assembler;
