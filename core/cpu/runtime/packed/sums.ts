// MPSADBW and PHMINPOSUW. [SDM] vol. 2B.

/**
 * destination ← eight sums of absolute differences: four bytes of the source, from 4 × bits 0 and 1 of the immediate,
 * against four of the destination from each of eight places, the first at 4 × bit 2.
 */
export function mpsadbw(destination: u32, source: u32, immediate: u32): void {
  const block = load<u32>(source + ((immediate & 3) << 2));
  const from = destination + (immediate & 4);
  let low: u64 = 0;
  let high: u64 = 0;
  for (let place: u32 = 0; place < 8; place++) {
    let sum: i32 = 0;
    for (let n: u32 = 0; n < 4; n++) {
      sum += abs<i32>(<i32>load<u8>(from + place + n) - <i32>((block >> (8 * n)) & 0xff));
    }
    if (place < 4) low |= <u64>sum << (16 * place);
    else high |= <u64>sum << (16 * (place - 4));
  }
  store<u64>(destination, low);
  store<u64>(destination + 8, high);
}

/** destination ← the smallest of eight words, then the number of the first such word, then zeros. */
export function phminposuw(destination: u32, source: u32): void {
  let smallest: u32 = load<u16>(source);
  let place: u32 = 0;
  for (let n: u32 = 1; n < 8; n++) {
    const word: u32 = load<u16>(source + 2 * n);
    if (word >= smallest) continue;
    smallest = word;
    place = n;
  }
  store<u64>(destination, smallest | (place << 16));
  store<u64>(destination + 8, 0);
}
