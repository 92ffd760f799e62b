// Products and remainders of polynomials over bits: PCLMULQDQ and CRC32. [SDM] vol. 2A, 2B.

/** 0x11EDC6F41, with its bits in reverse as CRC32 takes them. */
const CASTAGNOLI: u32 = 0x82f63b78;

/** The remainder of each byte, 4 bytes each. */
const REMAINDERS = memory.data(1024);

function fillRemainders(): void {
  for (let byte: u32 = 0; byte < 256; byte++) {
    let remainder = byte;
    for (let bit = 0; bit < 8; bit++) remainder = (remainder >> 1) ^ (remainder & 1 ? CASTAGNOLI : 0);
    store<u32>(REMAINDERS + 4 * byte, remainder);
  }
}

fillRemainders();

/** `sum` carried on over the low `bytes` bytes of a value, the lowest first. */
export function crc32(sum: u32, value: u64, bytes: u32): u32 {
  for (let n: u32 = 0; n < bytes; n++) {
    sum = load<u32>(REMAINDERS + 4 * ((sum ^ <u32>value) & 0xff)) ^ (sum >> 8);
    value >>= 8;
  }
  return sum;
}

/** destination ← product of the quadwords that bits 0 (destination's) and 4 (source's) of the immediate choose. */
export function pclmulqdq(destination: u32, source: u32, immediate: u32): void {
  const a = load<u64>(destination + ((immediate & 1) << 3));
  const b = load<u64>(source + ((immediate & 0x10) >> 1));
  let low: u64 = 0;
  let high: u64 = 0;
  for (let bit: u64 = 0; bit < 64; bit++) {
    const taken = 0 - ((b >> bit) & 1);
    low ^= (a << bit) & taken;
    // In two steps, for a shift by 64 is one by 0.
    high ^= ((a >> 1) >> (63 - bit)) & taken;
  }
  store<u64>(destination, low);
  store<u64>(destination + 8, high);
}
