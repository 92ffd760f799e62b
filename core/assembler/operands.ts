/** Code sizes: what the D bit (or the L bit) of the code segment that runs the code says. */
export type Bits = 16 | 32 | 64;
export type OperandSize = 8 | 16 | 32 | 64;

/** A value known when all labels are: a sum of a number and of labels, each added or subtracted. */
export interface Expression {
  constant: bigint;
  terms: { label: string; sign: 1n | -1n }[];
}

export interface RegisterOperand {
  kind: "register";
  name: string;
  /** General registers have an operand size; `segment`, `control` and `debug` registers are classes of their own. */
  class: OperandSize | "segment" | "control" | "debug";
  number: number;
  /** SPL, BPL, SIL, DIL and everything above 7 exist with a REX prefix only; AH to BH only without one. */
  rex: "needed" | "forbidden" | undefined;
}

export interface MemoryOperand {
  kind: "memory";
  size: OperandSize | undefined;
  /** The memory holds a far pointer, as in `jmp far [bx]`. */
  far: boolean;
  segment: RegisterOperand | undefined;
  base: RegisterOperand | undefined;
  index: RegisterOperand | undefined;
  scale: 1 | 2 | 4 | 8;
  displacement: Expression;
  /** `[rel x]`: addressed from the instruction pointer (64-bit code). */
  relative: boolean;
}

export interface ImmediateOperand {
  kind: "immediate";
  value: Expression;
  /** `short x`, `near x`: the distance of a branch, chosen by reach when absent. */
  reach: "short" | "near" | undefined;
}

/** A far pointer in the instruction itself: `a.jmp(far(0x08, "start", 32))`. */
export interface FarOperand {
  kind: "far";
  selector: Expression;
  offset: Expression;
  size: 16 | 32 | undefined;
}

export type ParsedOperand = RegisterOperand | MemoryOperand | ImmediateOperand | FarOperand;

/**
 * What a person writes: a number; a register (`"ax"`); memory (`"word [es:bx+si+4]"`, `"[eax+ecx*4-8]"`,
 * `"[rel x]"`, `"far dword [bx]"`); or an expression of labels and numbers (`"end-start+2"`, `"short x"`, where
 * `$` is the address of the instruction).
 */
export type Operand = string | number | bigint | FarOperand;

const registers = new Map<string, RegisterOperand>();

function define(names: string[], cls: RegisterOperand["class"], first = 0): void {
  names.forEach((name, i) => {
    registers.set(name, { kind: "register", name, class: cls, number: first + i, rex: undefined });
  });
}

const legacy = ["ax", "cx", "dx", "bx", "sp", "bp", "si", "di"];
const upper = Array.from({ length: 8 }, (_, i) => `r${i + 8}`);
define(["al", "cl", "dl", "bl", "ah", "ch", "dh", "bh"], 8);
for (const name of ["ah", "ch", "dh", "bh"]) registers.get(name)!.rex = "forbidden";
define(["spl", "bpl", "sil", "dil"], 8, 4);
for (const name of ["spl", "bpl", "sil", "dil"]) registers.get(name)!.rex = "needed";
define(legacy, 16);
define(
  legacy.map((name) => `e${name}`),
  32,
);
define(
  legacy.map((name) => `r${name}`),
  64,
);
define(
  upper.map((name) => `${name}b`),
  8,
  8,
);
define(
  upper.map((name) => `${name}w`),
  16,
  8,
);
define(
  upper.map((name) => `${name}d`),
  32,
  8,
);
define(upper, 64, 8);
define(["es", "cs", "ss", "ds", "fs", "gs"], "segment");
for (const n of [0, 2, 3, 4, 8]) define([`cr${n}`], "control", n);
for (const n of [0, 1, 2, 3, 6, 7]) define([`dr${n}`], "debug", n);

export const registerNamed = (name: string): RegisterOperand | undefined => registers.get(name);

const sizes: Record<string, OperandSize> = { byte: 8, word: 16, dword: 32, qword: 64 };

/** Reads `text` (labels, numbers, `+`, `-`) as a sum. Throws when it is none. */
export function parseExpression(text: string | number | bigint): Expression {
  if (typeof text !== "string") return { constant: BigInt(text), terms: [] };
  const result: Expression = { constant: 0n, terms: [] };
  const tokens = text.match(/[+-]|[^\s+-]+/g) ?? [];
  let sign: 1n | -1n = 1n;
  let expectTerm = true;
  for (const token of tokens) {
    if (token === "+" || token === "-") {
      if (token === "-") sign = sign === 1n ? -1n : 1n;
      expectTerm = true;
      continue;
    }
    if (!expectTerm) throw new SyntaxError(`"${text}" is not a sum of labels and numbers`);
    if (/^\d/.test(token)) result.constant += sign * BigInt(token);
    else if (/^[A-Za-z_.$@][\w.$@]*$/.test(token)) result.terms.push({ label: token, sign });
    else throw new SyntaxError(`"${token}" is neither a label nor a number`);
    sign = 1n;
    expectTerm = false;
  }
  if (expectTerm) throw new SyntaxError(`"${text}" is not a sum of labels and numbers`);
  return result;
}

function parseMemory(text: string, words: string[], inside: string): MemoryOperand {
  const memory: MemoryOperand = {
    kind: "memory",
    size: undefined,
    far: false,
    segment: undefined,
    base: undefined,
    index: undefined,
    scale: 1,
    displacement: { constant: 0n, terms: [] },
    relative: false,
  };
  for (const word of words) {
    if (word === "far") memory.far = true;
    else if (word in sizes) memory.size = sizes[word];
    else throw new SyntaxError(`"${word}" in "${text}" is not a size`);
  }
  let rest = inside.trim();
  if (rest.startsWith("rel ")) {
    memory.relative = true;
    rest = rest.slice(4);
  }
  const override = /^(\w\w)\s*:/.exec(rest);
  if (override) {
    memory.segment = registerNamed(override[1]!);
    if (memory.segment?.class !== "segment")
      throw new SyntaxError(`"${override[1]}" is not a segment register`);
    rest = rest.slice(override[0].length);
  }
  const sum: string[] = [];
  for (const [, sign, term] of rest.matchAll(/([+-]*)\s*([^\s+-]+)\s*/g)) {
    const [name, factor] = term!.split("*");
    const register = registerNamed(name!);
    if (!register) {
      sum.push(`${sign || "+"}${term}`);
    } else if (factor !== undefined || memory.base) {
      if (memory.index) throw new SyntaxError(`"${text}" has two index registers`);
      memory.index = register;
      memory.scale = Number(factor ?? 1) as MemoryOperand["scale"];
      if (![1, 2, 4, 8].includes(memory.scale)) throw new SyntaxError(`"${text}": the scale is 1, 2, 4 or 8`);
    } else {
      memory.base = register;
    }
  }
  if (sum.length > 0) memory.displacement = parseExpression(sum.join(""));
  return memory;
}

export function parseOperand(operand: Operand): ParsedOperand {
  if (typeof operand === "object") return operand;
  if (typeof operand !== "string") {
    return { kind: "immediate", value: parseExpression(operand), reach: undefined };
  }
  const register = registerNamed(operand);
  if (register) return register;
  const memory = /^([\w ]*)\[(.*)\]$/.exec(operand);
  if (memory) return parseMemory(operand, memory[1]!.split(" ").filter(Boolean), memory[2]!);
  const reach = /^(short|near) +(.*)$/.exec(operand);
  return {
    kind: "immediate",
    value: parseExpression(reach ? reach[2]! : operand),
    reach: reach?.[1] as ImmediateOperand["reach"],
  };
}

/** The far pointer `selector:offset`; `size` is that of the offset, by default the code size. */
export const far = (selector: string | number, offset: string | number, size?: 16 | 32): FarOperand => ({
  kind: "far",
  selector: parseExpression(selector),
  offset: parseExpression(offset),
  size,
});
