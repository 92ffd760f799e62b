/**
 * A repeatable source of chance for tests: the xorshift generator of 32 bits by Marsaglia.
 * The returned function gives an integer from 0 to `limit` - 1.
 */
export function seededRandom(seed: number): (limit: number) => number {
  let x = seed >>> 0 || 1;
  return (limit) => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) % limit;
  };
}
