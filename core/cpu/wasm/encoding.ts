// Binary encoding of WebAssembly: code that grows, integers and value types. [WASM] chapter 5.

export type ValueType = "i32" | "i64" | "f32" | "f64" | "v128";

export const VALUE_TYPE: Record<ValueType, number> = {
  i32: 0x7f,
  i64: 0x7e,
  f32: 0x7d,
  f64: 0x7c,
  v128: 0x7b,
};

const INITIAL = 1024;
/** Of an integer below 2^53 in LEB128. */
const LONGEST_NUMBER = 8;

/** Bytes that are appended one after the other. */
export class Code {
  #bytes = new Uint8Array(INITIAL);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Forgets what comes after so many bytes. */
  cut(length: number): void {
    this.#length = length;
  }

  /** What has been appended so far; it holds until more is. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #room(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.bytes);
    this.#bytes = grown;
  }

  byte(value: number): void {
    if (this.#length === this.#bytes.length) this.#room(1);
    this.#bytes[this.#length++] = value;
  }

  append(values: readonly number[]): void {
    const count = values.length;
    if (this.#length + count > this.#bytes.length) this.#room(count);
    for (let n = 0; n < count; n++) this.#bytes[this.#length++] = values[n]!;
  }

  appendCode(other: Code): void {
    this.#room(other.length);
    this.#bytes.set(other.bytes, this.#length);
    this.#length += other.length;
  }

  /** An unsigned integer below 2^53 in LEB128. */
  unsigned(value: number): void {
    if (this.#length + LONGEST_NUMBER > this.#bytes.length) this.#room(LONGEST_NUMBER);
    while (value >= 0x80) {
      this.#bytes[this.#length++] = (value & 0x7f) | 0x80;
      value = value < 0x80000000 ? value >>> 7 : Math.floor(value / 128);
    }
    this.#bytes[this.#length++] = value;
  }

  /** A signed 32-bit integer in LEB128. */
  signed32(value: number): void {
    value |= 0;
    while (value < -64 || value > 63) {
      this.byte((value & 0x7f) | 0x80);
      value >>= 7;
    }
    this.byte(value & 0x7f);
  }

  /** Puts an integer from -8192 to 8191 in place of the two bytes at a place. */
  setSigned14(at: number, value: number): void {
    this.#bytes[at] = (value & 0x7f) | 0x80;
    this.#bytes[at + 1] = (value >> 7) & 0x7f;
  }

  /** A signed 64-bit integer in LEB128. */
  signed64(value: bigint): void {
    const short = Number(value);
    if (short === (short | 0)) {
      this.signed32(short);
      return;
    }
    while (value < -64n || value > 63n) {
      this.byte(Number(value & 0x7fn) | 0x80);
      value >>= 7n;
    }
    this.byte(Number(value & 0x7fn));
  }

  /** An ASCII name with its length. */
  name(text: string): void {
    this.unsigned(text.length);
    for (let n = 0; n < text.length; n++) this.byte(text.charCodeAt(n));
  }
}
