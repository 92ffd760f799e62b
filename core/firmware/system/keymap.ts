/**
 * What INT 16h returns for each scan code of set 1: scan code in the upper byte, ASCII in the lower, without and
 * with Shift, with Ctrl, with Alt; -1 where the BIOS returns nothing. US layout.
 */
export type KeyRow = readonly [plain: number, shift: number, ctrl: number, alt: number];

const rows = new Map<number, KeyRow>();
const NONE = -1;
const word = (scan: number, ascii: number): number => (scan << 8) | ascii;

function row(first: number, plain: string, shifted: string): void {
  [...plain].forEach((char, i) => {
    const scan = first + i;
    const lower = char.charCodeAt(0);
    const letter = /[a-z]/.test(char);
    rows.set(scan, [
      word(scan, lower),
      word(scan, shifted.charCodeAt(i)),
      letter ? word(scan, lower & 0x1f) : NONE,
      word(scan, 0),
    ]);
  });
}

row(0x02, "1234567890-=", "!@#$%^&*()_+");
row(0x10, "qwertyuiop[]", "QWERTYUIOP{}");
row(0x1e, "asdfghjkl;'`", 'ASDFGHJKL:"~');
row(0x2b, "\\zxcvbnm,./", "|ZXCVBNM<>?");

/** Rows that follow no rule; undefined keeps the column. */
const special: [number, (number | undefined)[]][] = [
  [0x01, [0x011b, 0x011b, 0x011b, 0x0100]],
  [0x03, [undefined, undefined, 0x0300]],
  [0x07, [undefined, undefined, 0x071e]],
  [0x0c, [undefined, undefined, 0x0c1f]],
  [0x0e, [0x0e08, 0x0e08, 0x0e7f, 0x0e00]],
  [0x0f, [0x0f09, 0x0f00, 0x9400, 0xa500]],
  [0x1a, [undefined, undefined, 0x1a1b]],
  [0x1b, [undefined, undefined, 0x1b1d]],
  [0x1c, [0x1c0d, 0x1c0d, 0x1c0a, 0x1c00]],
  [0x29, [undefined, undefined, NONE]],
  [0x2b, [undefined, undefined, 0x2b1c]],
  [0x37, [0x372a, 0x372a, 0x9600, 0x3700]],
  [0x39, [0x3920, 0x3920, 0x3920, 0x3920]],
  [0x4a, [0x4a2d, 0x4a2d, 0x8e00, 0x4a00]],
  [0x4e, [0x4e2b, 0x4e2b, 0x9000, 0x4e00]],
  [0x56, [0x565c, 0x567c, NONE, NONE]],
  [0x57, [0x8500, 0x8700, 0x8900, 0x8b00]],
  [0x58, [0x8600, 0x8800, 0x8a00, 0x8c00]],
];
for (const [scan, columns] of special) {
  const old = rows.get(scan) ?? [NONE, NONE, NONE, NONE];
  rows.set(scan, old.map((value, i) => columns[i] ?? value) as unknown as KeyRow);
}
// Alt and a digit: 78h to 83h, not the scan code.
for (let scan = 0x02; scan <= 0x0d; scan++) {
  const [plain, shift, ctrl] = rows.get(scan)!;
  rows.set(scan, [plain, shift, ctrl, word(scan + 0x76, 0)]);
}
for (let scan = 0x3b; scan <= 0x44; scan++) {
  const n = scan - 0x3b;
  rows.set(scan, [word(scan, 0), word(0x54 + n, 0), word(0x5e + n, 0), word(0x68 + n, 0)]);
}

/** The keypad: digits with Num Lock or Shift, cursor movement without; Alt composes a character. */
const KEYPAD_DIGITS = "789-456+1230.";
const KEYPAD_CTRL = [0x77, 0x8d, 0x84, 0x8e, 0x73, 0x8f, 0x74, 0x90, 0x75, 0x91, 0x76, 0x92, 0x93];
for (let scan = 0x47; scan <= 0x53; scan++) {
  if (scan === 0x4a || scan === 0x4e) continue;
  const i = scan - 0x47;
  const plain = scan === 0x4c ? 0x4c00 : word(scan, 0);
  rows.set(scan, [plain, word(scan, KEYPAD_DIGITS.charCodeAt(i)), word(KEYPAD_CTRL[i]!, 0), NONE]);
}

export const keyRow = (scan: number): KeyRow | undefined => rows.get(scan);

export const isLetter = (scan: number): boolean => {
  const ascii = (rows.get(scan)?.[0] ?? 0) & 0xff;
  return ascii >= 0x61 && ascii <= 0x7a;
};

export const isKeypad = (scan: number): boolean =>
  scan >= 0x47 && scan <= 0x53 && scan !== 0x4a && scan !== 0x4e;

/** The keypad's digit, for composing a character with Alt. */
export const keypadDigit = (scan: number): number | undefined => {
  const digit = KEYPAD_DIGITS[scan - 0x47];
  return isKeypad(scan) && digit !== "." ? Number(digit) : undefined;
};

/** Keys that come with the prefix E0: the grey ones, and Enter and / of the keypad. */
export function extendedKey(scan: number): KeyRow | undefined {
  if (scan === 0x1c) return [0xe00d, 0xe00d, 0xe00a, 0xa600];
  if (scan === 0x35) return [0xe02f, 0xe02f, 0x9500, 0xa400];
  if (!isKeypad(scan) || scan === 0x4c) return undefined;
  const ctrl = KEYPAD_CTRL[scan - 0x47]!;
  return [word(scan, 0xe0), word(scan, 0xe0), word(ctrl, 0xe0), word(scan + 0x50, 0)];
}
