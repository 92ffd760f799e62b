/** Bytes put one after another, little-endian. */
export class ByteWriter {
  readonly #bytes: number[] = [];

  get length(): number {
    return this.#bytes.length;
  }

  u8(...values: number[]): this {
    for (const value of values) this.#bytes.push(value & 0xff);
    return this;
  }

  u16(value: number): this {
    return this.u8(value, value >>> 8);
  }

  u32(value: number): this {
    return this.u16(value).u16(value >>> 16);
  }

  /** Up to 2⁵³. */
  u64(value: number): this {
    return this.u32(value >>> 0).u32(Math.floor(value / 2 ** 32));
  }

  /** `text` in exactly `length` bytes, filled up with `fill`. */
  ascii(text: string, length = text.length, fill = 0): this {
    for (let i = 0; i < length; i++) this.u8(i < text.length ? text.charCodeAt(i) : fill);
    return this;
  }

  bytes(bytes: Iterable<number>): this {
    for (const byte of bytes) this.u8(byte);
    return this;
  }

  zeros(count: number): this {
    for (let i = 0; i < count; i++) this.u8(0);
    return this;
  }

  align(boundary: number): this {
    while (this.length % boundary !== 0) this.u8(0);
    return this;
  }

  finish(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }
}

/** Sets byte `at` so that the bytes from `from` up to `to` add up to zero. */
export function setChecksum(bytes: Uint8Array, at: number, from = 0, to = bytes.length): void {
  bytes[at] = 0;
  bytes[at] = -bytes.subarray(from, to).reduce((sum, byte) => sum + byte, 0) & 0xff;
}
