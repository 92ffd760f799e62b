/** The polynomial of the CRC-32 of IEEE 802.3, bits reversed: the least significant bit comes first. */
const POLYNOMIAL = 0xedb88320;

/** Table `n` holds, at 256 · n + byte, what that byte contributes when `n` more bytes follow it. */
const tables = makeTables();

function makeTables(): Int32Array {
  const made = new Int32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    made[byte] = crc;
  }
  for (let i = 256; i < made.length; i++) {
    const shorter = made[i - 256]!;
    made[i] = made[shorter & 0xff]! ^ (shorter >>> 8);
  }
  return made;
}

/**
 * CRC-32 of IEEE 802.3, as in zip, gzip and PNG; unsigned. Eight bytes a step, each through a table of its own
 * ("slicing by 8"), as a saved machine is hundreds of megabytes. Words are read as the host has them: little-endian,
 * like every host that Twinbox runs on. `before` is the sum of the bytes that come before these.
 */
export function crc32(bytes: Uint8Array, before = 0): number {
  const head = Math.min(-bytes.byteOffset & 3, bytes.length);
  const count = Math.floor((bytes.length - head) / 8) * 2;
  // Too few bytes for a word may lie where no word can start.
  const words = count > 0 ? new Int32Array(bytes.buffer, bytes.byteOffset + head, count) : new Int32Array();
  let crc = byBytes(~before, bytes.subarray(0, head));
  crc = byWords(crc, words);
  return ~byBytes(crc, bytes.subarray(head + words.byteLength)) >>> 0;
}

function byBytes(start: number, bytes: Uint8Array): number {
  let crc = start;
  for (let i = 0; i < bytes.length; i++) crc = (crc >>> 8) ^ tables[(crc ^ bytes[i]!) & 0xff]!;
  return crc;
}

/** `words` has an even length. */
function byWords(start: number, words: Int32Array): number {
  const table = tables;
  let crc = start;
  for (let i = 0; i < words.length; i += 2) {
    const low = crc ^ words[i]!;
    const high = words[i + 1]!;
    crc =
      table[1792 + (low & 0xff)]! ^
      table[1536 + ((low >>> 8) & 0xff)]! ^
      table[1280 + ((low >>> 16) & 0xff)]! ^
      table[1024 + (low >>> 24)]! ^
      table[768 + (high & 0xff)]! ^
      table[512 + ((high >>> 8) & 0xff)]! ^
      table[256 + ((high >>> 16) & 0xff)]! ^
      table[high >>> 24]!;
  }
  return crc;
}
