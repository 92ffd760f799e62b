import type { Painter } from "./painter.ts";
import type { Palette } from "./palette.ts";
import { RasterPainter } from "./planar.ts";
import type { Raster } from "./raster.ts";
import type { VideoMemory } from "./video-memory.ts";

/** Four pixels of a byte each, plane 0 leftmost. */
function drawBytes(line: Uint32Array, x: number, planes: number, colors: Uint32Array): void {
  line[x] = colors[planes & 0xff]!;
  line[x + 1] = colors[(planes >>> 8) & 0xff]!;
  line[x + 2] = colors[(planes >>> 16) & 0xff]!;
  line[x + 3] = colors[planes >>> 24]!;
}

/** Eight pixels of two bits each: four from plane 0, four from plane 1; planes 2 and 3 give their upper bits. */
function drawPairs(line: Uint32Array, x: number, planes: number, colors: Uint32Array): void {
  for (let half = 0; half < 2; half++) {
    const low = (planes >>> (8 * half)) & 0xff;
    const high = (planes >>> (8 * half + 16)) & 0xff;
    for (let i = 0; i < 4; i++) {
      const shift = 6 - 2 * i;
      line[x + 4 * half + i] = colors[((low >> shift) & 3) | (((high >> shift) & 3) << 2)]!;
    }
  }
}

/** 256 colours: mode 13h, and the modes that unchain it. */
export const packedPainter = (raster: Raster, video: VideoMemory, palette: Palette): Painter =>
  new RasterPainter(raster, video, palette.colors256, { width: 4, draw: drawBytes });

/** The four colours of the CGA (modes 4 and 5). */
export const cgaPainter = (raster: Raster, video: VideoMemory, palette: Palette): Painter =>
  new RasterPainter(raster, video, palette.colors16, { width: 8, draw: drawPairs });
