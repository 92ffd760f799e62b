const SEED = 0x7477_696e_626f_78n;
const GOLDEN_GAMMA = 0x9e37_79b9_7f4a_7c15n;
const wrap = (value: bigint): bigint => BigInt.asUintN(64, value);

/**
 * 64 bits at a time, the same after every start: SplitMix64. [Steele, Lea, Flood: Fast splittable pseudorandom number
 * generators, 2014]
 */
export function seededRandomBits(seed: bigint = SEED): () => bigint {
  let state = seed;
  return () => {
    state = wrap(state + GOLDEN_GAMMA);
    let bits = state;
    bits = wrap((bits ^ (bits >> 30n)) * 0xbf58_476d_1ce4_e5b9n);
    bits = wrap((bits ^ (bits >> 27n)) * 0x94d0_49bb_1331_11ebn);
    return bits ^ (bits >> 31n);
  };
}
