import { TwinboxError } from "../base/errors.ts";

/*
 * Plain data, as `PlainState` describes it, in bytes: a tag, then what the tag says follows. Lengths and counts are
 * unsigned LEB128 of at most 32 bits, in their shortest form. docs/snapshot-format.md has the table.
 */

const UNDEFINED = 0x00;
const NULL = 0x01;
const FALSE = 0x02;
const TRUE = 0x03;
/** An integer from 0 to 2^32 - 1, as LEB128. */
const NATURAL = 0x04;
/** An integer from -1 to -2^32, as LEB128 of -1 - n. */
const NEGATIVE = 0x05;
/** Every other number: eight bytes, IEEE binary64. */
const FLOAT = 0x06;
/** A magnitude: length, then bytes from the least significant, the last one not zero. */
const BIGINT_NATURAL = 0x07;
const BIGINT_NEGATIVE = 0x08;
/** Number of characters, then a byte for each. */
const LATIN1 = 0x09;
/** Number of code units, then two bytes for each: lone surrogates pass unharmed. */
const UTF16 = 0x0a;
/** Number of elements, then the elements. */
const ARRAY = 0x0b;
/** Number of properties, then of each its key (a string) and its value. */
const OBJECT = 0x0c;
/** A typed array's tag is this plus its kind's index: number of elements, then their bytes. */
const TYPED_ARRAY = 0x10;

/** The order is part of the format. */
const typedArrays = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
];
const typedArrayNames = typedArrays.map(({ name }) => name);

/** Containers within containers; keeps a cycle, or a hostile file, from exhausting the stack. */
const MAX_DEPTH = 64;
/** Code units of one string. Engines refuse strings from some hundred megabytes on; nothing plain comes near. */
const MAX_STRING = 2 ** 24;
/** Bytes of one bigint's magnitude. */
const MAX_BIGINT = 4096;

/**
 * The bytes of `value`. A typed array's own elements are written, not the whole buffer it may be a part of; holes of
 * an array become undefined.
 *
 * @throws TwinboxError internal, naming the place, where it is not plain data.
 */
export function encodePlain(value: unknown): Uint8Array {
  const writer = new Writer();
  encodeValue(writer, value, "state", 0);
  return writer.bytes();
}

/**
 * The value that `bytes` are all of. Every length is checked against the bytes that are left before anything is made
 * of it, so that time and memory stay in proportion to `bytes`; typed arrays are copies.
 *
 * @throws TwinboxError corrupt where they are not what {@link encodePlain} writes.
 */
export function decodePlain(bytes: Uint8Array): unknown {
  const reader = new Reader(bytes);
  const value = decodeValue(reader, 0);
  if (reader.left > 0) throw damaged("bytes after its end");
  return value;
}

function encodeValue(writer: Writer, value: unknown, path: string, depth: number): void {
  switch (typeof value) {
    case "undefined":
      writer.byte(UNDEFINED);
      break;
    case "boolean":
      writer.byte(value ? TRUE : FALSE);
      break;
    case "number":
      encodeNumber(writer, value);
      break;
    case "bigint":
      encodeBigint(writer, value, path);
      break;
    case "string":
      encodeString(writer, value, path);
      break;
    case "object":
      if (value === null) writer.byte(NULL);
      else if (ArrayBuffer.isView(value)) encodeView(writer, value, path);
      else encodeContainer(writer, value, path, depth);
      break;
    default:
      throw notPlain(path, `a ${typeof value}`);
  }
}

function encodeNumber(writer: Writer, value: number): void {
  if (value >>> 0 === value && !Object.is(value, -0)) {
    writer.byte(NATURAL);
    writer.natural(value);
  } else if ((-1 - value) >>> 0 === -1 - value) {
    writer.byte(NEGATIVE);
    writer.natural(-1 - value);
  } else {
    writer.byte(FLOAT);
    writer.float(value);
  }
}

function encodeBigint(writer: Writer, value: bigint, path: string): void {
  const digits = (value < 0n ? -value : value).toString(16);
  const length = value === 0n ? 0 : (digits.length + 1) >> 1;
  if (length > MAX_BIGINT) throw notPlain(path, `a bigint of ${length} bytes`);
  writer.byte(value < 0n ? BIGINT_NEGATIVE : BIGINT_NATURAL);
  writer.natural(length);
  for (let i = 0, end = digits.length; i < length; i++, end -= 2) {
    writer.byte(Number.parseInt(digits.slice(Math.max(0, end - 2), end), 16));
  }
}

function encodeString(writer: Writer, text: string, path: string): void {
  if (text.length > MAX_STRING) throw notPlain(path, `a string of ${text.length} characters`);
  let wide = false;
  for (let i = 0; i < text.length && !wide; i++) wide = text.charCodeAt(i) > 0xff;
  writer.byte(wide ? UTF16 : LATIN1);
  writer.natural(text.length);
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    writer.byte(unit & 0xff);
    if (wide) writer.byte(unit >>> 8);
  }
}

function encodeContainer(writer: Writer, value: object, path: string, depth: number): void {
  if (depth === MAX_DEPTH) throw notPlain(path, `more than ${MAX_DEPTH} levels deep, or part of itself`);
  if (Array.isArray(value)) {
    writer.byte(ARRAY);
    writer.natural(value.length);
    for (let i = 0; i < value.length; i++) encodeValue(writer, value[i], `${path}[${i}]`, depth + 1);
    return;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) throw notPlain(path, "an instance of a class");
  const entries = Object.entries(value);
  writer.byte(OBJECT);
  writer.natural(entries.length);
  for (const [key, inner] of entries) {
    encodeString(writer, key, path);
    encodeValue(writer, inner, `${path}.${key}`, depth + 1);
  }
}

function encodeView(writer: Writer, view: ArrayBufferView, path: string): void {
  const name = (view as Uint8Array)[Symbol.toStringTag];
  const { length } = view as Uint8Array;
  const kind = typedArrayNames.indexOf(name);
  if (kind < 0 || length > 0xffffffff) throw notPlain(path, kind < 0 ? `a ${name}` : `of ${length} elements`);
  writer.byte(TYPED_ARRAY + kind);
  writer.natural(length);
  writer.copy(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
}

function decodeValue(reader: Reader, depth: number): unknown {
  const tag = reader.byte();
  switch (tag) {
    case UNDEFINED:
      return undefined;
    case NULL:
      return null;
    case FALSE:
      return false;
    case TRUE:
      return true;
    case NATURAL:
      return reader.natural();
    case NEGATIVE:
      return -1 - reader.natural();
    case FLOAT:
      return reader.float();
    case BIGINT_NATURAL:
      return decodeMagnitude(reader);
    case BIGINT_NEGATIVE:
      return -decodeMagnitude(reader);
    case LATIN1:
    case UTF16:
      return decodeString(reader, tag);
    case ARRAY:
      return decodeArray(reader, depth);
    case OBJECT:
      return decodeObject(reader, depth);
    default:
      return decodeTypedArray(reader, tag);
  }
}

function decodeMagnitude(reader: Reader): bigint {
  const length = reader.count(1);
  if (length === 0) return 0n;
  if (length > MAX_BIGINT) throw damaged(`a bigint of ${length} bytes`);
  const bytes = reader.take(length);
  if (bytes[length - 1] === 0) throw damaged("a bigint with leading zeros");
  let digits = "";
  for (let i = length - 1; i >= 0; i--) digits += bytes[i]!.toString(16).padStart(2, "0");
  return BigInt(`0x${digits}`);
}

function decodeString(reader: Reader, tag: number): string {
  if (tag !== LATIN1 && tag !== UTF16) throw damaged(`tag ${tag} where a string belongs`);
  const width = tag === UTF16 ? 2 : 1;
  const length = reader.count(width);
  if (length > MAX_STRING) throw damaged(`a string of ${length} characters`);
  const bytes = reader.take(length * width);
  const units = new Uint16Array(length);
  for (let i = 0; i < length; i++) {
    units[i] = width === 1 ? bytes[i]! : bytes[2 * i]! | (bytes[2 * i + 1]! << 8);
  }
  // In pieces, as each code unit is an argument on the stack.
  let text = "";
  for (let i = 0; i < length; i += 4096) text += String.fromCharCode(...units.subarray(i, i + 4096));
  return text;
}

function decodeArray(reader: Reader, depth: number): unknown[] {
  if (depth === MAX_DEPTH) throw damaged("nesting too deep");
  const length = reader.count(1);
  const array: unknown[] = [];
  for (let i = 0; i < length; i++) array.push(decodeValue(reader, depth + 1));
  return array;
}

function decodeObject(reader: Reader, depth: number): Record<string, unknown> {
  if (depth === MAX_DEPTH) throw damaged("nesting too deep");
  // The shortest property is an empty key, of two bytes, and a value of one.
  const length = reader.count(3);
  const object: Record<string, unknown> = {};
  for (let i = 0; i < length; i++) {
    const key = decodeString(reader, reader.byte());
    if (Object.hasOwn(object, key)) throw damaged("the same property twice");
    const value = decodeValue(reader, depth + 1);
    // Assigning to `__proto__` would set the prototype.
    Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
  }
  return object;
}

function decodeTypedArray(reader: Reader, tag: number): ArrayBufferView {
  const Kind = typedArrays[tag - TYPED_ARRAY];
  if (!Kind) throw damaged(`unknown tag ${tag}`);
  const array = new Kind(reader.count(Kind.BYTES_PER_ELEMENT));
  new Uint8Array(array.buffer).set(reader.take(array.byteLength));
  return array;
}

/** Bytes that grow as they are written. */
class Writer {
  private buffer = new Uint8Array(4096);
  private length = 0;

  bytes(): Uint8Array {
    return this.buffer.subarray(0, this.length);
  }

  byte(value: number): void {
    this.reserve(1);
    this.buffer[this.length++] = value;
  }

  /** 0 to 2^32 - 1, as LEB128. */
  natural(value: number): void {
    let rest = value;
    for (; rest > 0x7f; rest >>>= 7) this.byte((rest & 0x7f) | 0x80);
    this.byte(rest);
  }

  float(value: number): void {
    this.reserve(8);
    new DataView(this.buffer.buffer).setFloat64(this.length, value, true);
    this.length += 8;
  }

  copy(from: Uint8Array): void {
    this.reserve(from.length);
    this.buffer.set(from, this.length);
    this.length += from.length;
  }

  private reserve(more: number): void {
    const needed = this.length + more;
    if (needed <= this.buffer.length) return;
    const larger = new Uint8Array(Math.max(needed, 2 * this.buffer.length));
    larger.set(this.bytes());
    this.buffer = larger;
  }
}

/** Reads bytes in order; never past their end. */
class Reader {
  private readonly source: Uint8Array;
  private position = 0;

  constructor(source: Uint8Array) {
    this.source = source;
  }

  get left(): number {
    return this.source.length - this.position;
  }

  byte(): number {
    if (this.left === 0) throw damaged("an early end");
    return this.source[this.position++]!;
  }

  take(length: number): Uint8Array {
    if (length > this.left) throw damaged("an early end");
    this.position += length;
    return this.source.subarray(this.position - length, this.position);
  }

  /** LEB128 of at most 32 bits, in its shortest form. */
  natural(): number {
    let value = 0;
    for (let scale = 1; scale < 2 ** 32; scale *= 128) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte > 0x7f) continue;
      if (value > 0xffffffff || (byte === 0 && scale > 1)) break;
      return value;
    }
    throw damaged("a number out of range");
  }

  /** A number of things that take at least `size` bytes each, which must still be there. */
  count(size: number): number {
    const count = this.natural();
    if (count * size > this.left) throw damaged("an early end");
    return count;
  }

  float(): number {
    const { buffer, byteOffset } = this.take(8);
    return new DataView(buffer, byteOffset).getFloat64(0, true);
  }
}

const notPlain = (path: string, what: string): TwinboxError =>
  new TwinboxError("internal", `${path} cannot be saved: it is ${what}.`);

const damaged = (what: string): TwinboxError =>
  new TwinboxError("corrupt", `The saved state is damaged: it has ${what}.`);
