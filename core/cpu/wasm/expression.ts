// Typed expressions: the code that leaves one value on WebAssembly's stack, with constants folded as they meet.

import { pushSigned32, pushSigned64, pushUnsigned, type ValueType } from "./encoding.ts";

export interface Expression {
  readonly type: ValueType;
  readonly code: readonly number[];
  /** The value where it is known; i32 as a signed 32-bit number, i64 as a signed 64-bit bigint. */
  readonly constant?: number | bigint;
  /** Reading it twice, or later, gives the same value: a constant, or a local that is set once. */
  readonly stable?: boolean;
  /** Index of the local that it reads, when it is nothing else. */
  readonly local?: number;
  /** The i32 that this i64 extends. */
  readonly narrow?: Expression;
}

/** Any instruction of known result type over operands, by its opcode bytes and immediates. */
export function operation(type: ValueType, code: readonly number[], ...operands: Expression[]): Expression {
  const all: number[] = [];
  for (const operand of operands) for (const byte of operand.code) all.push(byte);
  for (const byte of code) all.push(byte);
  return { type, code: all };
}

/** Constants made before: the same few come again and again. */
const known32 = new Map<number, Expression>();
const KNOWN = 0x1000;

export function constant32(value: number): Expression {
  let expression = known32.get(value);
  if (!expression) {
    expression = newConstant32(value);
    if (known32.size < KNOWN) known32.set(value, expression);
  }
  return expression;
}

function newConstant32(value: number): Expression {
  const code = [0x41];
  pushSigned32(code, value);
  return { type: "i32", code, constant: value | 0, stable: true };
}

export function constant64(value: bigint | number): Expression {
  const number = BigInt.asIntN(64, BigInt(value));
  const code = [0x42];
  pushSigned64(code, number);
  return { type: "i64", code, constant: number, stable: true };
}

/** Memory operand of a load or store: alignment hint 2^0 and a constant offset. */
export function memoryArgument(offset: number): number[] {
  const code = [0];
  pushUnsigned(code, offset);
  return code;
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
  const literal = (value: number | bigint): Expression =>
    is32 ? constant32(Number(BigInt.asIntN(32, BigInt(value)))) : constant64(value);

  const binary =
    (opcode32: number, opcode64: number, fold32: Fold32, fold64: Fold64, identity?: number) =>
    (a: Expression, b: Expression): Expression => {
      check(a, type);
      check(b, type);
      if (a.constant !== undefined && b.constant !== undefined) {
        return is32
          ? constant32(fold32(a.constant as number, b.constant as number))
          : constant64(fold64(a.constant as bigint, b.constant as bigint));
      }
      if (identity !== undefined && b.constant !== undefined && Number(b.constant) === identity) return a;
      return operation(type, [is32 ? opcode32 : opcode64], a, b);
    };
  const trapping =
    (opcode32: number, opcode64: number) =>
    (a: Expression, b: Expression): Expression =>
      operation(type, [is32 ? opcode32 : opcode64], check(a, type), check(b, type));
  const unary =
    (opcode32: number, opcode64: number) =>
    (a: Expression): Expression =>
      operation(type, [is32 ? opcode32 : opcode64], check(a, type));
  const compare =
    (
      opcode32: number,
      opcode64: number,
      fold32: (a: number, b: number) => boolean,
      fold64: (a: bigint, b: bigint) => boolean,
    ) =>
    (a: Expression, b: Expression): Expression => {
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
      return operation("i32", [is32 ? opcode32 : opcode64], a, b);
    };
  const load =
    (opcode32: number, opcode64: number) =>
    (address: Expression, offset = 0): Expression =>
      operation(type, [is32 ? opcode32 : opcode64, ...memoryArgument(offset)], check(address, "i32"));

  const ops: IntegerOps = {
    type,
    constant: literal,
    add: binary(
      0x6a,
      0x7c,
      (a, b) => (a + b) | 0,
      (a, b) => a + b,
      0,
    ),
    sub: binary(
      0x6b,
      0x7d,
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
    and: binary(
      0x71,
      0x83,
      (a, b) => a & b,
      (a, b) => a & b,
      -1,
    ),
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
    extend32: (a) => (is32 ? a : operation("i64", [0xc4], check(a, "i64"))),
    eqz: (a) => {
      check(a, type);
      if (a.constant !== undefined) return constant32(truth(Number(a.constant) === 0));
      return operation("i32", [is32 ? 0x45 : 0x50], a);
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
    : (a.narrow ?? operation("i32", [0xa7], check(a, "i64")));

/** Zero extension of an i32. */
export const extendU = (a: Expression): Expression =>
  a.constant !== undefined
    ? constant64(BigInt((a.constant as number) >>> 0))
    : { ...operation("i64", [0xad], check(a, "i32")), narrow: a };

/** Sign extension of an i32. */
export const extendS = (a: Expression): Expression =>
  a.constant !== undefined
    ? constant64(BigInt(a.constant as number))
    : { ...operation("i64", [0xac], check(a, "i32")), narrow: a };

/** i64 from a 32-bit load, zero-extended. */
export const load32AsI64 = (address: Expression, offset = 0): Expression =>
  operation("i64", [0x35, ...memoryArgument(offset)], check(address, "i32"));

/** i64 from a 32-bit load, sign-extended. */
export const load32SAsI64 = (address: Expression, offset = 0): Expression =>
  operation("i64", [0x34, ...memoryArgument(offset)], check(address, "i32"));

/** `condition` ? a : b, both evaluated. */
export const select = (condition: Expression, a: Expression, b: Expression): Expression => {
  check(b, a.type);
  if (condition.constant !== undefined) return condition.constant ? a : b;
  return operation(a.type, [0x1b], a, b, check(condition, "i32"));
};

const simdPrefix = (opcode: number): number[] => {
  const code = [0xfd];
  pushUnsigned(code, opcode);
  return code;
};

/** A SIMD instruction by its opcode, with immediate bytes (a lane) if it has some. */
export const simd = (
  type: ValueType,
  opcode: number,
  operands: Expression[],
  immediates: readonly number[] = [],
): Expression => operation(type, [...simdPrefix(opcode), ...immediates], ...operands);

/** The v128 at address + offset. */
export const loadVector = (address: Expression, offset = 0): Expression =>
  operation("v128", [...simdPrefix(0), ...memoryArgument(offset)], check(address, "i32"));

/** A v128 constant, 16 bytes. */
export const constantVector = (bytes: readonly number[]): Expression =>
  operation("v128", [...simdPrefix(12), ...bytes]);

/** Opcode bytes of a store of `bits` from a value of `type`, without the memory argument. */
export function storeOpcode(type: ValueType, bits: 8 | 16 | 32 | 64 | 128): number[] {
  if (type === "v128") return simdPrefix(11);
  if (type === "f32") return [0x38];
  if (type === "f64") return [0x39];
  if (type === "i32") return [bits === 8 ? 0x3a : bits === 16 ? 0x3b : 0x36];
  return [bits === 8 ? 0x3c : bits === 16 ? 0x3d : bits === 32 ? 0x3e : 0x37];
}
