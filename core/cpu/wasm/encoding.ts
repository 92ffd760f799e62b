// Binary encoding of WebAssembly: integers and value types. [WASM] chapter 5.

export type ValueType = "i32" | "i64" | "f32" | "f64" | "v128";

export const VALUE_TYPE: Record<ValueType, number> = {
  i32: 0x7f,
  i64: 0x7e,
  f32: 0x7d,
  f64: 0x7c,
  v128: 0x7b,
};

/** Appends an unsigned integer below 2^53 in LEB128. */
export function pushUnsigned(out: number[], value: number): void {
  while (value >= 0x80) {
    out.push((value & 0x7f) | 0x80);
    value = Math.floor(value / 128);
  }
  out.push(value);
}

/** Appends a signed 32-bit integer in LEB128. */
export function pushSigned32(out: number[], value: number): void {
  value |= 0;
  while (value < -64 || value > 63) {
    out.push((value & 0x7f) | 0x80);
    value >>= 7;
  }
  out.push(value & 0x7f);
}

/** Appends a signed 64-bit integer in LEB128. */
export function pushSigned64(out: number[], value: bigint): void {
  value = BigInt.asIntN(64, value);
  while (value < -64n || value > 63n) {
    out.push(Number(value & 0x7fn) | 0x80);
    value >>= 7n;
  }
  out.push(Number(value & 0x7fn));
}

const utf8 = (text: string): number[] => [...text].map((character) => character.charCodeAt(0));

/** Appends an ASCII name with its length. */
export function pushName(out: number[], name: string): void {
  pushUnsigned(out, name.length);
  out.push(...utf8(name));
}
