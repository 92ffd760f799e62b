// PDEP and PEXT, by the mask's runs of ones: masks have few of them. [SDM] vol. 2B

/** The low bits of a value, in their order, at the ones of a mask; zeros elsewhere. */
export function depositBits(value: u64, mask: u64): u64 {
  if (mask == u64.MAX_VALUE) return value;
  let result: u64 = 0;
  while (mask) {
    const start = ctz(mask);
    const length = ctz(~(mask >> start));
    const ones = (<u64>1 << length) - 1;
    result |= (value & ones) << start;
    value >>= length;
    mask &= ~(ones << start);
  }
  return result;
}

/** The bits of a value at the ones of a mask, in their order, together at the low end. */
export function extractBits(value: u64, mask: u64): u64 {
  if (mask == u64.MAX_VALUE) return value;
  let result: u64 = 0;
  let place: u64 = 0;
  while (mask) {
    const start = ctz(mask);
    const length = ctz(~(mask >> start));
    const ones = (<u64>1 << length) - 1;
    result |= ((value >> start) & ones) << place;
    place += length;
    mask &= ~(ones << start);
  }
  return result;
}
