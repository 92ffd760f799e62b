// What a test can tell of pictures that it cannot read.

import type { Picture } from "../../electron/contract/engine.ts";

const BYTES_A_PIXEL = 4;

/** Each pixel's colour as a number. */
const colours = ({ pixels }: Picture): Uint32Array =>
  new Uint32Array(pixels.buffer, pixels.byteOffset, pixels.length / BYTES_A_PIXEL);

/** How many different colours a picture has. */
export const countColours = (picture: Picture): number => new Set(colours(picture)).size;

/** The share of pixels, 0 to 1, in which two pictures differ; 1 if they are not of the same size. */
export function difference(a: Picture, b: Picture): number {
  if (a.width !== b.width || a.height !== b.height) return 1;
  const others = colours(b);
  return colours(a).reduce((sum, colour, at) => sum + (colour === others[at] ? 0 : 1), 0) / others.length;
}

/** The share of pixels, 0 to 1, that are not of the most frequent colour. */
export function variety(picture: Picture): number {
  const counts = new Map<number, number>();
  for (const colour of colours(picture)) counts.set(colour, (counts.get(colour) ?? 0) + 1);
  return 1 - Math.max(...counts.values()) / colours(picture).length;
}
