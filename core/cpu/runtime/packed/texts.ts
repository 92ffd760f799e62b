// PCMPESTRI, PCMPESTRM, PCMPISTRI, PCMPISTRM. [SDM] vol. 2B, 4.1.

/** Fields of the immediate. */
const WORDS: u32 = 1;
const SIGNED: u32 = 2;
const AGGREGATION_SHIFT: u32 = 2;
const NEGATIVE: u32 = 0x10;
const MASKED: u32 = 0x20;
const HIGHEST: u32 = 0x40;
const EXPANDED: u32 = 0x40;

/** Aggregations. */
const EQUAL_ANY: u32 = 0;
const RANGES: u32 = 1;
const EQUAL_EACH: u32 = 2;

const CF: u32 = 1;
const ZF: u32 = 1 << 6;
const SF: u32 = 1 << 7;
const OF: u32 = 1 << 11;

/** IntRes2 of the comparison under way: a bit for each element of the second text. */
let result: u32 = 0;

// @ts-ignore: decorator of AssemblyScript
@inline
function elements(immediate: u32): u32 {
  return immediate & WORDS ? 8 : 16;
}

/** Element `n` of the text at an address. */
function element(address: u32, n: u32, immediate: u32): i32 {
  if (immediate & WORDS) {
    return immediate & SIGNED ? load<i16>(address + 2 * n) : <i32>load<u16>(address + 2 * n);
  }
  return immediate & SIGNED ? load<i8>(address + n) : <i32>load<u8>(address + n);
}

/** Whether some element of the set equals `value`. */
function isAnyOf(set: u32, length: u32, value: i32, immediate: u32): bool {
  for (let n: u32 = 0; n < length; n++) if (element(set, n, immediate) == value) return true;
  return false;
}

/** Whether `value` lies in some range: pairs of a lower and an upper bound. */
function isInRanges(bounds: u32, length: u32, value: i32, immediate: u32): bool {
  for (let n: u32 = 0; n + 1 < length; n += 2) {
    if (value >= element(bounds, n, immediate) && value <= element(bounds, n + 1, immediate)) return true;
  }
  return false;
}

/** Whether the first text stands in the second from element `from` on, as far as the register reaches. */
function standsAt(first: u32, firstLength: u32, second: u32, secondLength: u32, from: u32, immediate: u32): bool {
  for (let n: u32 = 0; n < firstLength && from + n < elements(immediate); n++) {
    if (from + n >= secondLength) return false;
    if (element(first, n, immediate) != element(second, from + n, immediate)) return false;
  }
  return true;
}

function compare(first: u32, firstLength: u32, second: u32, secondLength: u32, immediate: u32): u32 {
  const count = elements(immediate);
  const aggregation = (immediate >> AGGREGATION_SHIFT) & 3;
  let bits: u32 = 0;
  for (let n: u32 = 0; n < count; n++) {
    let holds = false;
    if (aggregation == EQUAL_EACH) {
      const firstEnded = n >= firstLength;
      const secondEnded = n >= secondLength;
      holds =
        firstEnded || secondEnded
          ? firstEnded == secondEnded
          : element(first, n, immediate) == element(second, n, immediate);
    } else if (aggregation == EQUAL_ANY) {
      holds = n < secondLength && isAnyOf(first, firstLength, element(second, n, immediate), immediate);
    } else if (aggregation == RANGES) {
      holds = n < secondLength && isInRanges(first, firstLength, element(second, n, immediate), immediate);
    } else holds = standsAt(first, firstLength, second, secondLength, n, immediate);
    if (holds) bits |= 1 << n;
  }
  if (immediate & NEGATIVE) bits ^= immediate & MASKED ? (1 << secondLength) - 1 : (1 << count) - 1;
  result = bits;
  return (
    (bits ? CF : 0) | (secondLength < count ? ZF : 0) | (firstLength < count ? SF : 0) | (bits & 1 ? OF : 0)
  );
}

/** The magnitude of a length, at most the number of elements. */
function limited(length: i64, immediate: u32): u32 {
  const magnitude = <u64>(length < 0 ? 0 - length : length);
  const count = elements(immediate);
  return magnitude < count ? <u32>magnitude : count;
}

/** Elements before the first that is zero. */
function lengthToZero(address: u32, immediate: u32): u32 {
  const count = elements(immediate);
  let length: u32 = 0;
  while (length < count && element(address, length, immediate) != 0) length++;
  return length;
}

/** Compares texts of these lengths at two addresses. Returns CF, ZF, SF and OF at their places in EFLAGS. */
export function compareTexts(first: u32, second: u32, firstLength: i64, secondLength: i64, immediate: u32): u32 {
  return compare(first, limited(firstLength, immediate), second, limited(secondLength, immediate), immediate);
}

/** The same of texts that a zero ends. */
export function compareTextsToZero(first: u32, second: u32, immediate: u32): u32 {
  return compare(first, lengthToZero(first, immediate), second, lengthToZero(second, immediate), immediate);
}

/** What the index forms of the comparison just made put into ECX: its lowest or highest element, or their number. */
export function textIndex(immediate: u32): u32 {
  if (!result) return elements(immediate);
  return immediate & HIGHEST ? 31 - clz(result) : ctz(result);
}

/** What the mask forms put into XMM0, at an address: the bits, or an element of ones for each. */
export function textMask(destination: u32, immediate: u32): void {
  if (!(immediate & EXPANDED)) {
    v128.store(destination, i32x4.replace_lane(i32x4.splat(0), 0, result));
  } else if (immediate & WORDS) {
    for (let n: u32 = 0; n < 8; n++) store<u16>(destination + 2 * n, result & (1 << n) ? 0xffff : 0);
  } else {
    for (let n: u32 = 0; n < 16; n++) store<u8>(destination + n, result & (1 << n) ? 0xff : 0);
  }
}
