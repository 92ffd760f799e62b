import type { Painter } from "./painter.ts";
import type { Palette } from "./palette.ts";
import type { Raster } from "./raster.ts";
import type { VideoMemory } from "./video-memory.ts";

/** One bit of each of eight pixels, leftmost in the highest nibble, from a byte of one plane. */
const spread = Uint32Array.from({ length: 256 }, (_, byte) => {
  let nibbles = 0;
  for (let i = 0; i < 8; i++) nibbles |= ((byte >> i) & 1) << (4 * i);
  return nibbles;
});

/** Draws the eight pixels of four planes' bytes at `x`. */
export function drawPlanarGroup(line: Uint32Array, x: number, planes: number, colors: Uint32Array): void {
  const pixels =
    spread[planes & 0xff]! |
    (spread[(planes >>> 8) & 0xff]! << 1) |
    (spread[(planes >>> 16) & 0xff]! << 2) |
    (spread[planes >>> 24]! << 3);
  line[x] = colors[pixels >>> 28]!;
  line[x + 1] = colors[(pixels >>> 24) & 15]!;
  line[x + 2] = colors[(pixels >>> 20) & 15]!;
  line[x + 3] = colors[(pixels >>> 16) & 15]!;
  line[x + 4] = colors[(pixels >>> 12) & 15]!;
  line[x + 5] = colors[(pixels >>> 8) & 15]!;
  line[x + 6] = colors[(pixels >>> 4) & 15]!;
  line[x + 7] = colors[pixels & 15]!;
}

/** Draws a group of pixels at `x` from its four planes' bytes. */
type DrawGroup = (line: Uint32Array, x: number, planes: number, colors: Uint32Array) => void;

/** A graphics mode of the VGA itself: groups of pixels fetched as the CRT controller goes. */
export class RasterPainter implements Painter {
  readonly width: number;
  readonly rows: number;
  firstByte = 0;
  lastByte = 0;
  readonly #raster: Raster;
  readonly #video: VideoMemory;
  readonly #colors: Uint32Array;
  readonly #groupWidth: number;
  readonly #drawGroup: DrawGroup;
  /** Pixels that each step of the panning register is worth. */
  readonly #panStep: number;

  constructor(
    raster: Raster,
    video: VideoMemory,
    colors: Uint32Array,
    group: { width: 4 | 8; draw: DrawGroup },
  ) {
    this.#raster = raster;
    this.#video = video;
    this.#colors = colors;
    this.#groupWidth = group.width;
    this.#drawGroup = group.draw;
    this.#panStep = group.width / 8;
    this.width = raster.columns * group.width;
    this.rows = raster.rows;
  }

  locate(row: number): void {
    const raster = this.#raster;
    raster.seek(row);
    this.firstByte = raster.memoryAddress(raster.address) << 2;
    this.lastByte = (raster.memoryAddress(raster.address + raster.columns) << 2) | 3;
  }

  draw(line: Uint32Array): void {
    const raster = this.#raster;
    const { planes } = this.#video;
    const pan = Math.floor((raster.panning & 7) * this.#panStep);
    const groups = raster.columns + (pan > 0 ? 1 : 0);
    let x = 0;
    for (let i = 0; i < groups; i++) {
      this.#drawGroup(line, x, planes[raster.memoryAddress(raster.address + i)]!, this.#colors);
      x += this.#groupWidth;
    }
    if (pan > 0) line.copyWithin(0, pan, pan + this.width);
  }
}

/** 16 colours in four planes; 2 colours when only one is enabled. */
export const planarPainter = (raster: Raster, video: VideoMemory, palette: Palette): Painter =>
  new RasterPainter(raster, video, palette.colors16, { width: 8, draw: drawPlanarGroup });
