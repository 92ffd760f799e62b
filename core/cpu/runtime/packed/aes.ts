// AES-NI: single rounds on a state of 16 bytes, a column after another. [FIPS197], [SDM] vol. 1, 12.13.

/** The substitution table, then its inverse. */
const TABLES = memory.data(512);
const INVERSE: usize = TABLES + 256;

/** Twice a value in the field of the cipher, modulo x^8 + x^4 + x^3 + x + 1. */
// @ts-ignore: decorator of AssemblyScript
@inline
function doubled(value: u32): u32 {
  return ((value << 1) ^ (value & 0x80 ? 0x11b : 0)) & 0xff;
}

/** [FIPS197] 5.1.1: the multiplicative inverse, then an affine transformation. */
function fillTables(): void {
  // Powers of the generator 3, and of its inverse, meet every value but 0 with its reciprocal.
  let power: u32 = 1;
  let reciprocal: u32 = 1;
  do {
    power ^= doubled(power);
    reciprocal ^= reciprocal << 1;
    reciprocal ^= reciprocal << 2;
    reciprocal ^= reciprocal << 4;
    reciprocal &= 0xff;
    if (reciprocal & 0x80) reciprocal ^= 0x09;
    setEntry(power, reciprocal);
  } while (power != 1);
  setEntry(0, 0);
}

function setEntry(value: u32, reciprocal: u32): void {
  const twice = reciprocal * 0x101;
  const substitute = (reciprocal ^ (twice >> 7) ^ (twice >> 6) ^ (twice >> 5) ^ (twice >> 4) ^ 0x63) & 0xff;
  store<u8>(TABLES + value, substitute);
  store<u8>(INVERSE + substitute, value);
}

fillTables();

/** Each byte of a column (four, the first lowest) replaced by its entry. */
function substituted(column: u32, table: usize): u32 {
  return (
    <u32>load<u8>(table + (column & 0xff)) |
    (<u32>load<u8>(table + ((column >> 8) & 0xff)) << 8) |
    (<u32>load<u8>(table + ((column >> 16) & 0xff)) << 16) |
    (<u32>load<u8>(table + (column >> 24)) << 24)
  );
}

/** Row n of the result comes from n columns further on, or back. */
// @ts-ignore: decorator of AssemblyScript
@inline
function shiftedRows(state: v128): v128 {
  return i8x16.shuffle(state, state, 0, 5, 10, 15, 4, 9, 14, 3, 8, 13, 2, 7, 12, 1, 6, 11);
}

// @ts-ignore: decorator of AssemblyScript
@inline
function shiftedRowsBack(state: v128): v128 {
  return i8x16.shuffle(state, state, 0, 13, 10, 7, 4, 1, 14, 11, 8, 5, 2, 15, 12, 9, 6, 3);
}

function substitutedState(state: v128, table: usize): v128 {
  let out = i32x4.splat(substituted(i32x4.extract_lane(state, 0), table));
  out = i32x4.replace_lane(out, 1, substituted(i32x4.extract_lane(state, 1), table));
  out = i32x4.replace_lane(out, 2, substituted(i32x4.extract_lane(state, 2), table));
  return i32x4.replace_lane(out, 3, substituted(i32x4.extract_lane(state, 3), table));
}

/** Every byte twice. */
function doubledBytes(state: v128): v128 {
  const carries = v128.and(i8x16.shr_s(state, 7), i8x16.splat(0x1b));
  return v128.xor(i8x16.shl(state, 1), carries);
}

/** Each column rotated down by bytes. */
// @ts-ignore: decorator of AssemblyScript
@inline
function rotated(state: v128, bytes: i32): v128 {
  return v128.or(i32x4.shr_u(state, 8 * bytes), i32x4.shl(state, 32 - 8 * bytes));
}

/** Each column times the polynomial 3x^3 + x^2 + x + 2: byte n is 2 b[n] + 3 b[n + 1] + b[n + 2] + b[n + 3]. */
function mixedColumns(state: v128): v128 {
  const sum = v128.xor(state, rotated(state, 1));
  return v128.xor(v128.xor(doubledBytes(sum), rotated(state, 1)), rotated(sum, 2));
}

/** The inverse: the product with 4 (x^2 + 1) + 1 first makes the two differ by the forward one alone. */
function mixedColumnsBack(state: v128): v128 {
  const four = doubledBytes(doubledBytes(v128.xor(state, rotated(state, 2))));
  return mixedColumns(v128.xor(state, four));
}

export function aesenc(destination: u32, key: u32): void {
  const state = substitutedState(shiftedRows(v128.load(destination)), TABLES);
  v128.store(destination, v128.xor(mixedColumns(state), v128.load(key)));
}

export function aesenclast(destination: u32, key: u32): void {
  const state = substitutedState(shiftedRows(v128.load(destination)), TABLES);
  v128.store(destination, v128.xor(state, v128.load(key)));
}

export function aesdec(destination: u32, key: u32): void {
  const state = substitutedState(shiftedRowsBack(v128.load(destination)), INVERSE);
  v128.store(destination, v128.xor(mixedColumnsBack(state), v128.load(key)));
}

export function aesdeclast(destination: u32, key: u32): void {
  const state = substitutedState(shiftedRowsBack(v128.load(destination)), INVERSE);
  v128.store(destination, v128.xor(state, v128.load(key)));
}

export function aesimc(destination: u32, source: u32): void {
  v128.store(destination, mixedColumnsBack(v128.load(source)));
}

/** Columns 1 and 3 substituted, and each of them rotated too and with the round constant in its lowest byte. */
export function aeskeygenassist(destination: u32, source: u32, immediate: u32): void {
  const constant = immediate & 0xff;
  const first = substituted(load<u32>(source + 4), TABLES);
  const third = substituted(load<u32>(source + 12), TABLES);
  store<u32>(destination, first);
  store<u32>(destination + 4, rotr(first, 8) ^ constant);
  store<u32>(destination + 8, third);
  store<u32>(destination + 12, rotr(third, 8) ^ constant);
}
