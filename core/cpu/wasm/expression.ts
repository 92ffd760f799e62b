// Typed expressions: the code that leaves one value on WebAssembly's stack, with constants folded as they meet.

import type { Code, ValueType } from "./encoding.ts";

const NO_IMMEDIATE = -1;
const CONSTANT_32 = [0x41];
const CONSTANT_64 = [0x42];
const GET_LOCAL = [0x20];
const CALL = [0x10];
const SELECT = [0x1b];
/** I32.EQZ; comparisons, arithmetic and conversions follow. */
const FIRST_ARITHMETIC = 0x45;
const ADD_32 = 0x6a;
const SUB_32 = 0x6b;
const ADD_64 = 0x7c;
const SUB_64 = 0x7d;
const WRAP = [0xa7];
const EXTEND_S = [0xac];
const EXTEND_U = [0xad];
const SIGN_EXTEND_32 = [0xc4];
const LOAD_32_S = [0x34, 0];
const LOAD_32_U = [0x35, 0];
const LOAD_NUMBER = { f32: [0x2a, 0], f64: [0x2b, 0] };

/** A tree; its code is written where the value is wanted. All have the same shape, for there are very many. */
export class Expression {
  readonly type: ValueType;
  /** The value where it is known; i32 as a signed 32-bit number, i64 as a signed 64-bit bigint. */
  readonly constant: number | bigint | undefined;
  /** Reading it twice, or later, gives the same value: a constant, or a local that is set once. */
  readonly stable: boolean;
  /** It is a whole number from 0 to this one, where that is known. */
  readonly most: number | undefined;
  readonly #operands: readonly Expression[] | undefined;
  readonly #a: Expression | undefined;
  readonly #b: Expression | undefined;
  /** The instruction after its operands, and the number that follows it if that is not negative. */
  readonly #code: readonly number[];
  readonly #immediate: number;

  constructor(
    type: ValueType,
    code: readonly number[],
    immediate: number,
    a?: Expression,
    b?: Expression,
    operands?: readonly Expression[],
    constant?: number | bigint,
    stable = false,
    most?: number,
  ) {
    this.type = type;
    this.#code = code;
    this.#immediate = immediate;
    this.#a = a;
    this.#b = b;
    this.#operands = operands;
    this.constant = constant;
    this.stable = stable;
    this.most = most;
  }

  /** Index of the local that it reads, when it is nothing else. */
  get local(): number | undefined {
    return this.#code === GET_LOCAL ? this.#immediate : undefined;
  }

  /** What it is the sum of, when it adds a constant to a stable value or takes one away. */
  get sum(): { readonly of: Expression; readonly by: number } | undefined {
    const [a, b] = [this.#a, this.#b];
    if (!a?.stable || b?.constant === undefined) return undefined;
    if (this.#code[0] === ADD_32 || this.#code[0] === ADD_64) return { of: a, by: Number(b.constant) };
    if (this.#code[0] === SUB_32 || this.#code[0] === SUB_64) return { of: a, by: -Number(b.constant) };
    return undefined;
  }

  /** Calls `each` with the locals that it reads. */
  forEachLocal(each: (local: Expression) => void): void {
    if (this.local !== undefined) each(this);
    this.#a?.forEachLocal(each);
    this.#b?.forEachLocal(each);
    for (const operand of this.#operands ?? []) operand.forEachLocal(each);
  }

  /** Whether it gives the same value as long as certain locals do: it computes from stable ones, of those, and constants. */
  lasts(of: (local: number) => boolean): boolean {
    if (this.constant !== undefined) return true;
    if (this.local !== undefined) return this.stable && of(this.local);
    if (this.#operands || this.#code.length > 1 || this.#code[0]! < FIRST_ARITHMETIC) return false;
    return (this.#a?.lasts(of) ?? true) && (this.#b?.lasts(of) ?? true);
  }

  /** The i64 of which this i32 is the low half. */
  get wrapped(): Expression | undefined {
    return this.#code === WRAP ? this.#a : undefined;
  }

  /** The i32 that this i64 extends. */
  get narrow(): Expression | undefined {
    return this.#code === EXTEND_U || this.#code === EXTEND_S ? this.#a : undefined;
  }

  /** The same for who knows that it gives the same value wherever it is used. */
  asStable(): Expression {
    return this.stable ? this : this.#as(true, this.most);
  }

  /** The same for who knows that it is a whole number from 0 to this one. */
  atMost(most: number | undefined): Expression {
    return most === this.most ? this : this.#as(this.stable, most);
  }

  #as(stable: boolean, most: number | undefined): Expression {
    return new Expression(
      this.type,
      this.#code,
      this.#immediate,
      this.#a,
      this.#b,
      this.#operands,
      this.constant,
      stable,
      most,
    );
  }

  write(out: Code): void {
    this.#a?.write(out);
    this.#b?.write(out);
    if (this.#operands) for (const operand of this.#operands) operand.write(out);
    const code = this.#code;
    if (code.length === 1) out.byte(code[0]!);
    else out.append(code);
    if (this.#immediate >= 0) out.unsigned(this.#immediate);
    else if (code === CONSTANT_32) out.signed32(this.constant as number);
    else if (code === CONSTANT_64) out.signed64(this.constant as bigint);
  }
}

/** Any instruction of known result type over operands, by its opcode bytes and immediates. */
export function operation(type: ValueType, code: readonly number[], ...operands: Expression[]): Expression {
  return new Expression(type, code, NO_IMMEDIATE, undefined, undefined, operands);
}

const unaryOf = (type: ValueType, code: readonly number[], a: Expression): Expression =>
  new Expression(type, code, NO_IMMEDIATE, a);

const treeOf = (
  type: ValueType,
  code: readonly number[],
  a: Expression,
  b: Expression | undefined,
  most: number | undefined,
): Expression => new Expression(type, code, NO_IMMEDIATE, a, b, undefined, undefined, false, most);

const binaryOf = (type: ValueType, code: readonly number[], a: Expression, b: Expression): Expression =>
  treeOf(type, code, a, b, undefined);
const truthOf = (code: readonly number[], a: Expression, b?: Expression): Expression =>
  treeOf("i32", code, a, b, 1);

/** `code` with an alignment hint of 2^0 is the opcode of a load. */
const loadOf = (type: ValueType, code: readonly number[], address: Expression, offset: number): Expression =>
  new Expression(type, code, offset, address);

/** Value of a local. */
export const localOf = (type: ValueType, index: number, stable: boolean): Expression =>
  new Expression(type, GET_LOCAL, index, undefined, undefined, undefined, undefined, stable);

/** A call of the function with an index. */
export const callOf = (type: ValueType, index: number, args: readonly Expression[]): Expression =>
  new Expression(type, CALL, index, undefined, undefined, args);

/** Constants near 0, made once. */
const NEAR = 0x1000;
const near32: (Expression | undefined)[] = new Array(2 * NEAR).fill(undefined);
const near64: (Expression | undefined)[] = new Array(2 * NEAR).fill(undefined);

const constantOf = (type: ValueType, code: readonly number[], value: number | bigint): Expression =>
  new Expression(type, code, NO_IMMEDIATE, undefined, undefined, undefined, value, true);

export function constant32(value: number): Expression {
  const number = value | 0;
  if (number < -NEAR || number >= NEAR) return constantOf("i32", CONSTANT_32, number);
  near32[number + NEAR] ??= constantOf("i32", CONSTANT_32, number);
  return near32[number + NEAR]!;
}

export function constant64(value: bigint | number): Expression {
  const number = Number(value);
  if (number < -NEAR || number >= NEAR)
    return constantOf("i64", CONSTANT_64, BigInt.asIntN(64, BigInt(value)));
  near64[number + NEAR] ??= constantOf("i64", CONSTANT_64, BigInt(number));
  return near64[number + NEAR]!;
}

type Fold32 = (a: number, b: number) => number;
type Fold64 = (a: bigint, b: bigint) => bigint;

const unsigned64 = (value: bigint): bigint => BigInt.asUintN(64, value);
const truth = (value: boolean): number => (value ? 1 : 0);

/** The integer instructions of one type, as functions of expressions. */
export interface IntegerOps {
  readonly type: "i32" | "i64";
  constant(value: number | bigint): Expression;
  add(a: Expression, b: Expression): Expression;
  sub(a: Expression, b: Expression): Expression;
  mul(a: Expression, b: Expression): Expression;
  and(a: Expression, b: Expression): Expression;
  or(a: Expression, b: Expression): Expression;
  xor(a: Expression, b: Expression): Expression;
  shl(a: Expression, b: Expression): Expression;
  shrU(a: Expression, b: Expression): Expression;
  shrS(a: Expression, b: Expression): Expression;
  rotl(a: Expression, b: Expression): Expression;
  rotr(a: Expression, b: Expression): Expression;
  divU(a: Expression, b: Expression): Expression;
  divS(a: Expression, b: Expression): Expression;
  remU(a: Expression, b: Expression): Expression;
  remS(a: Expression, b: Expression): Expression;
  clz(a: Expression): Expression;
  ctz(a: Expression): Expression;
  popcnt(a: Expression): Expression;
  not(a: Expression): Expression;
  neg(a: Expression): Expression;
  /** Sign extension of the low bits; for i64, `extend32` too. */
  extend8(a: Expression): Expression;
  extend16(a: Expression): Expression;
  extend32(a: Expression): Expression;
  // Comparisons give an i32, 0 or 1.
  eqz(a: Expression): Expression;
  eq(a: Expression, b: Expression): Expression;
  ne(a: Expression, b: Expression): Expression;
  ltS(a: Expression, b: Expression): Expression;
  ltU(a: Expression, b: Expression): Expression;
  gtS(a: Expression, b: Expression): Expression;
  gtU(a: Expression, b: Expression): Expression;
  leS(a: Expression, b: Expression): Expression;
  leU(a: Expression, b: Expression): Expression;
  geS(a: Expression, b: Expression): Expression;
  geU(a: Expression, b: Expression): Expression;
  /** Loads at address + offset, zero-extended (`load` is the full width). */
  load(address: Expression, offset?: number): Expression;
  load8U(address: Expression, offset?: number): Expression;
  load16U(address: Expression, offset?: number): Expression;
  load8S(address: Expression, offset?: number): Expression;
  load16S(address: Expression, offset?: number): Expression;
}

function integerOps(type: "i32" | "i64"): IntegerOps {
  const is32 = type === "i32";
  const literal = (value: number | bigint): Expression => {
    if (!is32) return constant64(value);
    return constant32(typeof value === "bigint" ? Number(BigInt.asIntN(32, value)) : value);
  };
  const chosen = (opcode32: number, opcode64: number): readonly number[] => [is32 ? opcode32 : opcode64];

  const binary = (
    opcode32: number,
    opcode64: number,
    fold32: Fold32,
    fold64: Fold64,
    identity?: number,
  ): ((a: Expression, b: Expression) => Expression) => {
    const code = chosen(opcode32, opcode64);
    const neutral = identity === undefined ? undefined : literal(identity).constant;
    return (a, b) => {
      check(a, type);
      check(b, type);
      if (b.constant !== undefined) {
        if (a.constant !== undefined) {
          return is32
            ? constant32(fold32(a.constant as number, b.constant as number))
            : constant64(fold64(a.constant as bigint, b.constant as bigint));
        }
        if (b.constant === neutral) return a;
      }
      return binaryOf(type, code, a, b);
    };
  };
  const trapping = (opcode32: number, opcode64: number): ((a: Expression, b: Expression) => Expression) => {
    const code = chosen(opcode32, opcode64);
    return (a, b) => binaryOf(type, code, check(a, type), check(b, type));
  };
  const unary = (opcode32: number, opcode64: number): ((a: Expression) => Expression) => {
    const code = chosen(opcode32, opcode64);
    return (a) => unaryOf(type, code, check(a, type));
  };
  const compare = (
    opcode32: number,
    opcode64: number,
    fold32: (a: number, b: number) => boolean,
    fold64: (a: bigint, b: bigint) => boolean,
  ): ((a: Expression, b: Expression) => Expression) => {
    const code = chosen(opcode32, opcode64);
    return (a, b) => {
      check(a, type);
      check(b, type);
      if (a.constant !== undefined && b.constant !== undefined) {
        return constant32(
          truth(
            is32
              ? fold32(a.constant as number, b.constant as number)
              : fold64(a.constant as bigint, b.constant as bigint),
          ),
        );
      }
      return truthOf(code, a, b);
    };
  };
  const load = (
    opcode32: number,
    opcode64: number,
  ): ((address: Expression, offset?: number) => Expression) => {
    const code = [...chosen(opcode32, opcode64), 0];
    return (address, offset = 0) => loadOf(type, code, check(address, "i32"), offset);
  };
  const zeroTest = chosen(0x45, 0x50);
  const conjunction = binary(
    0x71,
    0x83,
    (a, b) => a & b,
    (a, b) => a & b,
    -1,
  );

  const ops: IntegerOps = {
    type,
    constant: literal,
    add: binary(
      ADD_32,
      ADD_64,
      (a, b) => (a + b) | 0,
      (a, b) => a + b,
      0,
    ),
    sub: binary(
      SUB_32,
      SUB_64,
      (a, b) => (a - b) | 0,
      (a, b) => a - b,
      0,
    ),
    mul: binary(
      0x6c,
      0x7e,
      (a, b) => Math.imul(a, b),
      (a, b) => a * b,
      1,
    ),
    and: (a, b) => (isWithin(a, b.constant) ? check(a, type) : conjunction(a, b)),
    or: binary(
      0x72,
      0x84,
      (a, b) => a | b,
      (a, b) => a | b,
      0,
    ),
    xor: binary(
      0x73,
      0x85,
      (a, b) => a ^ b,
      (a, b) => a ^ b,
      0,
    ),
    shl: binary(
      0x74,
      0x86,
      (a, b) => a << b,
      (a, b) => a << (b & 63n),
      0,
    ),
    shrS: binary(
      0x75,
      0x87,
      (a, b) => a >> b,
      (a, b) => a >> (b & 63n),
      0,
    ),
    shrU: binary(
      0x76,
      0x88,
      (a, b) => a >>> b,
      (a, b) => unsigned64(a) >> (b & 63n),
      0,
    ),
    rotl: trapping(0x77, 0x89),
    rotr: trapping(0x78, 0x8a),
    divS: trapping(0x6d, 0x7f),
    divU: trapping(0x6e, 0x80),
    remS: trapping(0x6f, 0x81),
    remU: trapping(0x70, 0x82),
    clz: unary(0x67, 0x79),
    ctz: unary(0x68, 0x7a),
    popcnt: unary(0x69, 0x7b),
    not: (a) => ops.xor(a, literal(-1)),
    neg: (a) => ops.sub(literal(0), a),
    extend8: unary(0xc0, 0xc2),
    extend16: unary(0xc1, 0xc3),
    extend32: (a) => (is32 ? a : unaryOf("i64", SIGN_EXTEND_32, check(a, "i64"))),
    eqz: (a) => {
      check(a, type);
      if (a.constant !== undefined) return constant32(truth(Number(a.constant) === 0));
      return truthOf(zeroTest, a);
    },
    eq: compare(
      0x46,
      0x51,
      (a, b) => a === b,
      (a, b) => a === b,
    ),
    ne: compare(
      0x47,
      0x52,
      (a, b) => a !== b,
      (a, b) => a !== b,
    ),
    ltS: compare(
      0x48,
      0x53,
      (a, b) => a < b,
      (a, b) => a < b,
    ),
    ltU: compare(
      0x49,
      0x54,
      (a, b) => a >>> 0 < b >>> 0,
      (a, b) => unsigned64(a) < unsigned64(b),
    ),
    gtS: compare(
      0x4a,
      0x55,
      (a, b) => a > b,
      (a, b) => a > b,
    ),
    gtU: compare(
      0x4b,
      0x56,
      (a, b) => a >>> 0 > b >>> 0,
      (a, b) => unsigned64(a) > unsigned64(b),
    ),
    leS: compare(
      0x4c,
      0x57,
      (a, b) => a <= b,
      (a, b) => a <= b,
    ),
    leU: compare(
      0x4d,
      0x58,
      (a, b) => a >>> 0 <= b >>> 0,
      (a, b) => unsigned64(a) <= unsigned64(b),
    ),
    geS: compare(
      0x4e,
      0x59,
      (a, b) => a >= b,
      (a, b) => a >= b,
    ),
    geU: compare(
      0x4f,
      0x5a,
      (a, b) => a >>> 0 >= b >>> 0,
      (a, b) => unsigned64(a) >= unsigned64(b),
    ),
    load: load(0x28, 0x29),
    load8S: load(0x2c, 0x30),
    load8U: load(0x2d, 0x31),
    load16S: load(0x2e, 0x32),
    load16U: load(0x2f, 0x33),
  };
  return ops;
}

/** Whether an AND with a mask changes nothing: the mask has all bits that there may be. */
const isWithin = ({ most }: Expression, mask: number | bigint | undefined): boolean =>
  most !== undefined && mask !== undefined && most <= mask && (BigInt(mask) & (BigInt(mask) + 1n)) === 0n;

function check(expression: Expression, type: ValueType): Expression {
  if (expression.type !== type) throw new Error(`expected ${type}, got ${expression.type}`);
  return expression;
}

export const i32: IntegerOps = integerOps("i32");
export const i64: IntegerOps = integerOps("i64");

/** Low 32 bits of an i64. */
export const wrap = (a: Expression): Expression =>
  a.constant !== undefined
    ? constant32(Number(BigInt.asIntN(32, a.constant as bigint)))
    : (a.narrow ?? unaryOf("i32", WRAP, check(a, "i64")).atMost(a.most));

/** Zero extension of an i32. */
export const extendU = (a: Expression): Expression =>
  a.constant !== undefined
    ? constant64((a.constant as number) >>> 0)
    : unaryOf("i64", EXTEND_U, check(a, "i32")).atMost(a.most);

/** Sign extension of an i32. */
export const extendS = (a: Expression): Expression =>
  a.constant !== undefined ? constant64(a.constant as number) : unaryOf("i64", EXTEND_S, check(a, "i32"));

/** i64 from a 32-bit load, zero-extended. */
export const load32AsI64 = (address: Expression, offset = 0): Expression =>
  loadOf("i64", LOAD_32_U, check(address, "i32"), offset);

/** i64 from a 32-bit load, sign-extended. */
export const load32SAsI64 = (address: Expression, offset = 0): Expression =>
  loadOf("i64", LOAD_32_S, check(address, "i32"), offset);

/** The number at address + offset. */
export const loadNumber = (type: "f32" | "f64", address: Expression, offset = 0): Expression =>
  loadOf(type, LOAD_NUMBER[type], check(address, "i32"), offset);

/** `condition` ? a : b, both evaluated. */
export const select = (condition: Expression, a: Expression, b: Expression): Expression => {
  check(b, a.type);
  if (condition.constant !== undefined) return condition.constant ? a : b;
  return operation(a.type, SELECT, a, b, check(condition, "i32"));
};

/** Opcodes of SIMD instructions with their prefix, as far as they were asked for. */
const simdOpcodes: (readonly number[])[] = [];

function simdOpcode(opcode: number): readonly number[] {
  simdOpcodes[opcode] ??= opcode < 0x80 ? [0xfd, opcode] : [0xfd, (opcode & 0x7f) | 0x80, opcode >> 7];
  return simdOpcodes[opcode];
}

/** A SIMD instruction by its opcode, with immediate bytes (a lane) if it has some. */
export const simd = (
  type: ValueType,
  opcode: number,
  operands: Expression[],
  immediates: readonly number[] = [],
): Expression => operation(type, [...simdOpcode(opcode), ...immediates], ...operands);

const LOAD_VECTOR = [...simdOpcode(0), 0];

/** The v128 at address + offset. */
export const loadVector = (address: Expression, offset = 0): Expression =>
  loadOf("v128", LOAD_VECTOR, check(address, "i32"), offset);

/** A v128 constant, 16 bytes. */
export const constantVector = (bytes: readonly number[]): Expression =>
  operation("v128", [...simdOpcode(12), ...bytes]);

/** Stores by type of the value, and those of integers by bits; the alignment hint is 2^0. */
const STORE = {
  v128: [...simdOpcode(11), 0],
  f32: [0x38, 0],
  f64: [0x39, 0],
  i32: { 8: [0x3a, 0], 16: [0x3b, 0], 32: [0x36, 0], 64: [0x36, 0], 128: [0x36, 0] },
  i64: { 8: [0x3c, 0], 16: [0x3d, 0], 32: [0x3e, 0], 64: [0x37, 0], 128: [0x37, 0] },
};

/** Opcode of a store of the low `bits` of a value of `type`; the offset follows. */
export const storeOpcode = (type: ValueType, bits: 8 | 16 | 32 | 64 | 128): readonly number[] =>
  type === "i32" || type === "i64" ? STORE[type][bits] : STORE[type];
