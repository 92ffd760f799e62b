import { font8x8 } from "../fonts/font-8x8.ts";
import { font8x14 } from "../fonts/font-8x14.ts";
import { font8x16 } from "../fonts/font-8x16.ts";
import { bytesOfHex } from "../hex.ts";

/** Glyphs of the 256 characters by their height. */
export const fonts = {
  8: bytesOfHex(font8x8),
  14: bytesOfHex(font8x14),
  16: bytesOfHex(font8x16),
} as const;
