const UNITS = ["bytes", "KiB", "MiB", "GiB", "TiB"];

/** A size for people, in binary units: `1.4 MiB`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  const digits = unit === 0 || value >= 100 || Number.isInteger(value) ? 0 : 1;
  return `${value.toFixed(digits)} ${UNITS[unit]}`;
}

/** A share, 0 to 1, as `12 %`. */
export function formatPercent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

/** `one` or `many` by the count, with the count before it: `2 machines`. */
export function count(n: number, one: string, many = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`;
}
