/// <reference path="../../base/webassembly.d.ts" />
// What the host's WebAssembly leaves open and has to be asked: whether its relaxed product and sum is rounded once.

import { constant64, i32 } from "./expression.ts";
import { FunctionBody } from "./function-body.ts";
import { ModuleBuilder } from "./module.ts";
import { f32, f64 } from "./scalar.ts";
import { f32x4, f64x2 } from "./vector.ts";

/** Numbers of which the square, less what it is when rounded, is 0 with two roundings only. */
const SQUARED = { f32: 0x3f800400, f64: 0x3ff0000004000000n };
const ROUNDED = { f32: 0xbf800800 | 0, f64: 0xbff0000008000000n };

function ask(): boolean {
  const body = new FunctionBody([]);
  const narrow = (bits: number) => f32.splat(f32.ofBits(i32.constant(bits)));
  const wide = (bits: bigint) => f64.splat(f64.ofBits(constant64(bits)));
  const left32 = f32.extract(
    f32x4.multiplyAdd(narrow(SQUARED.f32), narrow(SQUARED.f32), narrow(ROUNDED.f32)),
    0,
  );
  const left64 = f64.extract(f64x2.multiplyAdd(wide(SQUARED.f64), wide(SQUARED.f64), wide(ROUNDED.f64)), 0);
  const zero32 = f32.ofBits(i32.constant(0));
  body.result(i32.and(f32.ne(left32, zero32), f64.ne(left64, f64.ofBits(constant64(0)))));
  const module = new ModuleBuilder();
  module.add("ask", { parameters: [], result: "i32" }, body);
  const bytes = module.encode();
  if (!WebAssembly.validate(bytes)) return false;
  const env = {
    memory: new WebAssembly.Memory({ initial: 0 }),
    table: new WebAssembly.Table({ initial: 0, element: "anyfunc" }),
  };
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env });
  return (exports.ask as () => number)() === 1;
}

let answer: boolean | undefined;

/** Whether `multiplyAdd` of vector.ts is there, and rounds once; a host always does the same. */
export function fusesMultiplyAdd(): boolean {
  answer ??= ask();
  return answer;
}
