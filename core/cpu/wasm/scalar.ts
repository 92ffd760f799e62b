// The instructions on f32 and f64 values, by name. [WASM] 5.4.7.

import { type Expression, operation, simd } from "./expression.ts";

type Unary = (a: Expression) => Expression;
type Binary = (a: Expression, b: Expression) => Expression;

const operations = (type: "f32" | "f64", comparisons: number, arithmetic: number) => {
  const test =
    (opcode: number): Binary =>
    (a, b) =>
      operation("i32", [opcode], a, b);
  const unary =
    (opcode: number): Unary =>
    (a) =>
      operation(type, [opcode], a);
  const binary =
    (opcode: number): Binary =>
    (a, b) =>
      operation(type, [opcode], a, b);
  return {
    type,
    ne: test(comparisons + 1),
    lt: test(comparisons + 2),
    gt: test(comparisons + 3),
    le: test(comparisons + 4),
    abs: unary(arithmetic),
    /** To an integer, to nearest. */
    nearest: unary(arithmetic + 5),
    sqrt: unary(arithmetic + 6),
    add: binary(arithmetic + 7),
    sub: binary(arithmetic + 8),
    mul: binary(arithmetic + 9),
    div: binary(arithmetic + 10),
  };
};

const conversion =
  (type: "i32" | "i64" | "f32" | "f64", opcode: number): Unary =>
  (a) =>
    operation(type, [opcode], a);

export const f32 = {
  ...operations("f32", 0x5b, 0x8b),
  convertI64: conversion("f32", 0xb4),
  demote: conversion("f32", 0xb6),
  /** The number that an i32 is the encoding of, and back. */
  ofBits: conversion("f32", 0xbe),
  bits: conversion("i32", 0xbc),
  splat: (a: Expression): Expression => simd("v128", 0x13, [a]),
  extract: (a: Expression, lane: number): Expression => simd("f32", 0x1f, [a], [lane]),
  replace: (a: Expression, lane: number, value: Expression): Expression =>
    simd("v128", 0x20, [a, value], [lane]),
};

export const f64 = {
  ...operations("f64", 0x61, 0x99),
  convertI32: conversion("f64", 0xb7),
  convertI64: conversion("f64", 0xb9),
  promote: conversion("f64", 0xbb),
  ofBits: conversion("f64", 0xbf),
  bits: conversion("i64", 0xbd),
  splat: (a: Expression): Expression => simd("v128", 0x14, [a]),
  extract: (a: Expression, lane: number): Expression => simd("f64", 0x21, [a], [lane]),
  replace: (a: Expression, lane: number, value: Expression): Expression =>
    simd("v128", 0x22, [a, value], [lane]),
};

/** Integers of numbers cut towards 0, which must be in range. */
export const truncate = {
  32: { 32: conversion("i32", 0xa8), 64: conversion("i32", 0xaa) },
  64: { 32: conversion("i64", 0xae), 64: conversion("i64", 0xb0) },
} as const;
