// Bit tests and scans, and byte instructions. [SDM] vol. 1, 7.3.7.

import { constant32, constant64, type Expression, extendU, i32, i64, wrap } from "../wasm/expression.ts";
import { type Bits, type Context, constantOf, opsFor, toI64, toSignedI64 } from "./context.ts";

type Change = (bits: Bits, old: Expression, mask: Expression) => Expression;

const LOG_BYTES: Record<number, number> = { 16: 1, 32: 2, 64: 3 };

/** BT, BTS, BTR, BTC. With a register index, memory is a bit string around the operand's address. */
const bitTest =
  (change: Change | undefined) =>
  (c: Context): void => {
    const bits = c.width(0);
    const w = opsFor(bits);
    const index = c.read(1);
    const fromRegister = c.operand(1).place === "reg";
    const inWord = c.body.let(
      c.width(1) === 64 ? i64.and(index, constant64(63)) : toI(bits, i32.and(index, constant32(bits - 1))),
    );
    const mask = c.body.let(w.shl(w.constant(1), inWord));
    const test = (old: Expression): Expression => c.body.let(isNot0(bits, w.and(old, mask)));

    if (c.memory && fromRegister) {
      const words = i64.shrS(toSignedI64(bits, index), constant64(LOG_BYTES[bits]! + 3));
      const bytes = i64.shl(words, constant64(LOG_BYTES[bits]!));
      const displacement = c.body.let(c.codeSize === 64 ? bytes : wrap(bytes));
      const linear = c.linear(bits / 8, change !== undefined, displacement);
      const old = c.load(bits, linear);
      const cf = test(old);
      if (change) c.store(bits, linear, change(bits, old, mask));
      c.flags.assign({ cf });
      return;
    }
    if (!change) {
      c.flags.assign({ cf: test(c.read(0)) });
      return;
    }
    c.modify(0, (old) => {
      const result = c.body.let(change(bits, old, mask));
      c.flags.assign({ cf: test(old) });
      return result;
    });
  };

/** An i32 in the type that holds values of `bits`. */
const toI = (bits: Bits, value: Expression): Expression => (bits === 64 ? extendU(value) : value);

const isNot0 = (bits: Bits, value: Expression): Expression => {
  const w = opsFor(bits);
  return w.ne(value, w.constant(0));
};

export const bt = bitTest(undefined);
export const bts = bitTest((bits, old, mask) => opsFor(bits).or(old, mask));
export const btr = bitTest((bits, old, mask) => opsFor(bits).and(old, opsFor(bits).not(mask)));
export const btc = bitTest((bits, old, mask) => opsFor(bits).xor(old, mask));

/** BSF, BSR: ZF if the source is 0, and then the destination keeps its value. */
const scan =
  (place: (c: Context, bits: Bits, source: Expression) => Expression) =>
  (c: Context): void => {
    const bits = c.width(0);
    const w = c.ops(0);
    const source = c.read(1);
    const zero = c.body.let(w.eqz(source));
    c.body.if(i32.eqz(zero), () => c.write(0, place(c, bits, source)));
    c.flags.assign({ zf: zero });
  };

export const bsf = scan((_c, bits, source) => opsFor(bits).ctz(source));
export const bsr = scan((_c, bits, source) => {
  const w = opsFor(bits);
  return w.sub(w.constant(bits === 64 ? 63 : 31), w.clz(source));
});

/** POPCNT: ZF by the source, the other flags clear. */
export const popcnt = (c: Context): void => {
  const source = c.read(1);
  c.write(0, c.ops(1).popcnt(source));
  const zero = c.body.let(c.ops(1).eqz(source));
  const none = constant32(0);
  c.flags.assign({ cf: none, pf: none, af: none, zf: zero, sf: none, of: none });
};

/** TZCNT, LZCNT: CF if the source is 0, ZF if the result is. */
const count =
  (compute: (bits: Bits, source: Expression) => Expression) =>
  (c: Context): void => {
    const bits = c.width(0);
    const w = c.ops(0);
    const source = c.read(1);
    const result = c.body.let(compute(bits, source));
    c.write(0, result);
    c.flags.assign({ cf: c.body.let(w.eqz(source)), zf: c.body.let(w.eqz(result)) });
  };

export const tzcnt = count((bits, source) => {
  const w = opsFor(bits);
  return w.ctz(bits === 16 ? w.or(source, w.constant(0x10000)) : source);
});
export const lzcnt = count((bits, source) => {
  const w = opsFor(bits);
  const leading = w.clz(source);
  return bits === 16 ? w.sub(leading, w.constant(16)) : leading;
});

/** SETcc: 1 or 0. */
export const setcc =
  (condition: number) =>
  (c: Context): void =>
    c.write(0, c.flags.condition(condition));

/** The bytes of a value in reverse. */
function reversed(c: Context, bits: Bits, value: Expression): Expression {
  const w = opsFor(bits);
  const k = (number: bigint): Expression => constantOf(bits, number);
  if (bits === 16) return i32.or(i32.shrU(value, k(8n)), i32.and(i32.shl(value, k(8n)), k(0xff00n)));
  if (bits === 32) {
    const outer = i32.and(i32.rotl(value, k(8n)), k(0x00ff00ffn));
    const inner = i32.and(i32.rotr(value, k(8n)), k(0xff00ff00n));
    return i32.or(outer, inner);
  }
  // Swap bytes within 16 bits, then 16 within 32, then halves.
  const swap = (old: Expression, mask: bigint, by: bigint): Expression =>
    c.body.let(w.or(w.shl(w.and(old, k(mask)), k(by)), w.and(w.shrU(old, k(by)), k(mask))));
  const bytes = swap(value, 0x00ff00ff00ff00ffn, 8n);
  const words = swap(bytes, 0x0000ffff0000ffffn, 16n);
  return i64.rotl(words, k(32n));
}

/** BSWAP; of a 16-bit register it is undefined, and gives 0 as processors do. */
export const bswap = (c: Context): void => {
  const bits = c.width(0);
  c.write(0, bits === 16 ? constant32(0) : reversed(c, bits, c.read(0)));
};

/** MOVBE. */
export const movbe = (c: Context): void => c.write(0, reversed(c, c.width(0), c.read(1)));

/** CRC32: of 8 to 64 bits, by the polynomial of Castagnoli; the upper half of a 64-bit register becomes 0. */
export const crc32 = (c: Context): void => {
  const value = toI64(c.width(1), c.read(1));
  const sum = c.width(0) === 64 ? c.body.let(wrap(c.read(0))) : c.read(0);
  const result = c.call("crc32", sum, value, constant32(c.width(1) / 8));
  c.write(0, c.width(0) === 64 ? extendU(result) : result);
};
