// FMA: a product and a sum with one rounding, by the host's own instruction where that provably gives the same, as in
// simd-native.ts and simd-scalar.ts, else by the runtime (runtime/float/sse/fused). [SDM] vol. 1, 14.5.

import { VEX_DESTINATION } from "../layout.ts";
import { constant32, type Expression, i32, loadNumber, loadVector } from "../wasm/expression.ts";
import type { Label } from "../wasm/function-body.ts";
import { fusesMultiplyAdd } from "../wasm/host-arithmetic.ts";
import { f32, f64 } from "../wasm/scalar.ts";
import { f32x4, f64x2 } from "../wasm/vector.ts";
import type { Context } from "./context.ts";
import { formatOf, inexactIsFree, inRange, type Suffix } from "./simd-native.ts";
import { eitherWay, isDenormal, isSafe } from "./simd-scalar.ts";
import { isInMemory, raiseIf } from "./simd-state.ts";
import { Exceptions } from "./vex-exceptions.ts";
import { clearUpper } from "./vex-forms.ts";
import { type Half, halfAddress } from "./vex-halves.ts";
import { beginAvx } from "./vex-state.ts";
import { vectorsIn, writeVectors } from "./vex-vectors.ts";

/** Which operands, from 1, are multiplied, and which is added: the digits of the mnemonic. */
export type Order = "132" | "213" | "231";

/** Positions of both factors and of the summand, as the runtime wants them. */
const POSITIONS: Readonly<Record<Order, readonly [number, number, number]>> = {
  132: [0, 2, 1],
  213: [1, 0, 2],
  231: [1, 2, 0],
};

/** What the runtime is told: the product is negated, the summand is taken away, even or odd lanes take it away. */
export const NEGATED = 1;
export const SUBTRACTED = 2;
export const EVEN_SUBTRACTED = 4;
export const ODD_SUBTRACTED = 8;

/** An instruction that is being emitted. */
interface Fused {
  readonly c: Context;
  readonly order: Order;
  readonly kind: number;
  readonly suffix: Suffix;
  /** Host address of the memory operand, if there is one. */
  readonly memory: Expression | undefined;
}

/** What the runtime makes of addresses of operands, left at VEX_DESTINATION; 0, or unmasked exceptions. */
function callRuntime({ c, order, kind, suffix, memory }: Fused, half: Half): Expression {
  const operands = POSITIONS[order].map((index) =>
    memory && index === 2 ? i32.add(memory, constant32(half * 16)) : halfAddress(c, index, half),
  );
  return c.call(`sse_fma_${suffix}`, c.stateAddress(VEX_DESTINATION), ...operands, constant32(kind));
}

/** By the host's own instruction, if it has one that rounds once and the lanes are all treated alike. */
function hostsOwn(bits: 32 | 64, kind: number, [a, b, c]: readonly Expression[]): Expression | undefined {
  if (!fusesMultiplyAdd() || kind & (EVEN_SUBTRACTED | ODD_SUBTRACTED)) return undefined;
  const ops = bits === 32 ? f32x4 : f64x2;
  const summand = kind & SUBTRACTED ? ops.neg(c!) : c!;
  return kind & NEGATED ? ops.negatedMultiplyAdd(a!, b!, summand) : ops.multiplyAdd(a!, b!, summand);
}

const bitsOf = (suffix: Suffix): 32 | 64 => (suffix.endsWith("s") ? 32 : 64);

function packedHalf(instruction: Fused, exceptions: Exceptions, half: Half): Expression {
  const { c, order, kind, suffix, memory } = instruction;
  const { body } = c;
  const exactly = (): Expression => {
    exceptions.meetIf(callRuntime(instruction, half));
    return loadVector(c.stateAddress(VEX_DESTINATION));
  };
  const operands = POSITIONS[order].map((index) =>
    memory && index === 2 ? body.let(loadVector(memory, half * 16)) : c.readHalf(index, half),
  );
  const bits = bitsOf(suffix);
  const own = hostsOwn(bits, kind, operands);
  if (!own) return body.let(exactly());
  const result = body.let(own);
  const given = body.local("v128");
  body.if(
    i32.and(inexactIsFree(c), inRange(formatOf(bits), operands, result)),
    () => body.set(given, result),
    () => body.set(given, exactly()),
    true,
  );
  return given.kept;
}

function scalar(instruction: Fused): void {
  const { c, order, kind, suffix, memory } = instruction;
  const { body, numbers } = c;
  const bits = bitsOf(suffix);
  const ops = bits === 32 ? f32 : f64;
  const type = bits === 32 ? "f32" : "f64";
  const inMemory = (index: number): boolean => memory !== undefined && index === 2;
  const operands = POSITIONS[order].map((index) =>
    memory && index === 2 ? body.let(loadNumber(type, memory)) : numbers.read(index, bits),
  );
  const own = hostsOwn(bits, kind, operands.map(ops.splat));
  const result = body.local(type);
  const exactly = (): void => {
    raiseIf(c, callRuntime(instruction, 0));
    const destination = c.stateAddress(VEX_DESTINATION);
    numbers.doubtAgain(bits, destination, destination);
    body.set(result, loadNumber(type, destination));
  };
  const doubt = numbers.doubt();
  const short =
    (own: Expression) =>
    (hard: Label): void => {
      body.branchIf(hard, doubt, false);
      body.set(result, ops.extract(own, 0));
      body.branchIf(hard, i32.eqz(isSafe(bits, result.get)), false);
      POSITIONS[order].forEach((index, n) => {
        const known = !inMemory(index) && numbers.isOrdinary(index, bits);
        if (!known) body.branchIf(hard, isDenormal(bits, operands[n]!), false);
      });
    };
  eitherWay(c, own ? short(own) : [], exactly);
  numbers.write(0, bits, result.kept, true);
  clearUpper(c);
}

export const fused =
  (order: Order, kind: number, suffix: Suffix) =>
  (c: Context): void => {
    beginAvx(c);
    const packed = suffix.startsWith("p");
    const halves = ([0, 1] as const).slice(0, packed ? vectorsIn(c, 0) : 1);
    const bytes = packed ? halves.length * 16 : bitsOf(suffix) / 8;
    const memory = isInMemory(c, 2) ? c.loadAddress(bytes, c.linear(bytes, false)) : undefined;
    const instruction = { c, order, kind, suffix, memory };
    if (!packed) {
      scalar(instruction);
      return;
    }
    const exceptions = new Exceptions(c);
    const results = halves.map((half) => packedHalf(instruction, exceptions, half));
    exceptions.settle();
    writeVectors(c, 0, results);
  };
