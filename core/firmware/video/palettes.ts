import type { PaletteKind } from "./modes.ts";

/** Red, green and blue of consecutive DAC entries, 6 bits each. */
type Colors = number[];

/** The EGA's 64 colours: two bits a gun, the upper ones worth a third. */
function ega(): Colors {
  const gun = (color: number, high: number, low: number) =>
    ((color >> high) & 1) * 0x2a + ((color >> low) & 1) * 0x15;
  return Array.from({ length: 64 }, (_, c) => [gun(c, 2, 5), gun(c, 1, 4), gun(c, 0, 3)]).flat();
}

const cgaColor = (color: number, bright: boolean): number[] => {
  if (color === 6 && !bright) return [0x2a, 0x15, 0];
  const base = bright ? 0x15 : 0;
  return [4, 2, 1].map((gun) => base + (color & gun ? 0x2a : 0));
};

/** The CGA's 16 colours, bit 4 the intensity, as the 200-line modes' attribute registers name them. */
function cga(): Colors {
  return Array.from({ length: 64 }, (_, c) => cgaColor(c & 7, (c & 0x10) !== 0)).flat();
}

function mono(): Colors {
  const levels = [0, 0x2a, 0, 0x3f];
  return Array.from({ length: 64 }, (_, c) => Array<number>(3).fill(levels[(c >> 3) & 3]!)).flat();
}

const GREYS = [
  0x00, 0x05, 0x08, 0x0b, 0x0e, 0x11, 0x14, 0x18, 0x1c, 0x20, 0x24, 0x28, 0x2d, 0x32, 0x38, 0x3f,
];

/** The levels from the least to the most of a gun, for each intensity and saturation of mode 13h's colours. */
const RAMPS = [
  [0x00, 0x10, 0x1f, 0x2f, 0x3f],
  [0x1f, 0x27, 0x2f, 0x37, 0x3f],
  [0x2d, 0x31, 0x36, 0x3a, 0x3f],
  [0x00, 0x07, 0x0e, 0x15, 0x1c],
  [0x0e, 0x11, 0x15, 0x18, 0x1c],
  [0x14, 0x16, 0x18, 0x1a, 0x1c],
  [0x00, 0x04, 0x08, 0x0c, 0x10],
  [0x08, 0x0a, 0x0c, 0x0e, 0x10],
  [0x0b, 0x0c, 0x0d, 0x0f, 0x10],
];

/** Level (0 least, 4 most) of a gun at each of 24 hues, from where it is least rising to where it falls again. */
const HUE_LEVEL = [0, 1, 2, 3, 4, 4, 4, 4, 4, 4, 4, 4, 4, 3, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0];

/** Mode 13h's 248 colours: 16 of the CGA, 16 greys, 24 hues in three saturations of three intensities, 8 black. */
function vga(): Colors {
  const colors: Colors = [];
  for (let c = 0; c < 16; c++) colors.push(...cgaColor(c & 7, c > 7));
  for (const grey of GREYS) colors.push(grey, grey, grey);
  for (const ramp of RAMPS) {
    for (let hue = 0; hue < 24; hue++) {
      const level = (shift: number) => ramp[HUE_LEVEL[(hue + shift) % 24]!]!;
      colors.push(level(0), level(16), level(8));
    }
  }
  for (let i = 0; i < 8 * 3; i++) colors.push(0);
  return colors;
}

export const palettes: Record<PaletteKind, Colors> = { mono: mono(), cga: cga(), ega: ega(), vga: vga() };

/** What the eye makes of a colour: 30 % red, 59 % green, 11 % blue. */
export const greyOf = (red: number, green: number, blue: number): number =>
  Math.round(0.3 * red + 0.59 * green + 0.11 * blue);
