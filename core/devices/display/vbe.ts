import { bytesPerLine } from "./dispi.ts";
import type { Painter } from "./painter.ts";
import { BLACK, type Palette } from "./palette.ts";
import { drawPlanarGroup } from "./planar.ts";
import { Dispi } from "./registers.ts";
import type { VgaState } from "./state.ts";
import type { VideoMemory } from "./video-memory.ts";

/** Draws `width` pixels from byte `from` of video memory. */
type DrawRow = (line: Uint32Array, width: number, from: number, video: VideoMemory, palette: Palette) => void;

const drawPlanar: DrawRow = (line, width, from, video, palette) => {
  for (let x = 0, at = from >> 2; x < width; x += 8, at++) {
    drawPlanarGroup(line, x, video.planes[at]!, palette.colors16);
  }
};

const drawIndexed: DrawRow = (line, width, from, video, palette) => {
  const { bytes } = video;
  const { colors256 } = palette;
  for (let x = 0; x < width; x++) line[x] = colors256[bytes[from + x]!]!;
};

/** 5 bits of each colour, blue lowest. */
const draw15: DrawRow = (line, width, from, video) => {
  const { halfwords } = video;
  for (let x = 0, at = from >> 1; x < width; x++, at++) {
    const value = halfwords[at]!;
    const red = (value >> 10) & 31;
    const green = (value >> 5) & 31;
    const blue = value & 31;
    line[x] =
      BLACK |
      ((red << 3) | (red >> 2)) |
      (((green << 3) | (green >> 2)) << 8) |
      (((blue << 3) | (blue >> 2)) << 16);
  }
};

/** 5 bits of red, 6 of green and 5 of blue, blue lowest. */
const draw16: DrawRow = (line, width, from, video) => {
  const { halfwords } = video;
  for (let x = 0, at = from >> 1; x < width; x++, at++) {
    const value = halfwords[at]!;
    const red = value >> 11;
    const green = (value >> 5) & 63;
    const blue = value & 31;
    line[x] =
      BLACK |
      ((red << 3) | (red >> 2)) |
      (((green << 2) | (green >> 4)) << 8) |
      (((blue << 3) | (blue >> 2)) << 16);
  }
};

const draw24: DrawRow = (line, width, from, video) => {
  const { bytes } = video;
  for (let x = 0, at = from; x < width; x++, at += 3) {
    line[x] = BLACK | (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;
  }
};

const draw32: DrawRow = (line, width, from, video) => {
  const { planes } = video;
  for (let x = 0, at = from >> 2; x < width; x++, at++) {
    const value = planes[at]!;
    line[x] = BLACK | ((value & 0xff) << 16) | (value & 0xff00) | ((value >>> 16) & 0xff);
  }
};

const drawByDepth: Record<number, DrawRow> = {
  4: drawPlanar,
  8: drawIndexed,
  15: draw15,
  16: draw16,
  24: draw24,
  32: draw32,
};

/** A Bochs VBE mode: video memory from its beginning, line by line. [DISPI] */
export class VbePainter implements Painter {
  readonly width: number;
  readonly rows: number;
  firstByte = 0;
  lastByte = 0;
  readonly #video: VideoMemory;
  readonly #palette: Palette;
  readonly #start: number;
  readonly #pitch: number;
  readonly #rowBytes: number;
  readonly #drawRow: DrawRow;

  constructor(state: VgaState, video: VideoMemory, palette: Palette) {
    const { registers } = state.dispi;
    const bpp = registers[Dispi.BPP]!;
    this.#video = video;
    this.#palette = palette;
    this.width = registers[Dispi.XRES]!;
    this.rows = registers[Dispi.YRES]!;
    this.#pitch = bytesPerLine(registers[Dispi.VIRT_WIDTH]!, bpp);
    this.#rowBytes = bytesPerLine(bpp === 4 ? this.width + 7 : this.width, bpp);
    this.#start = registers[Dispi.Y_OFFSET]! * this.#pitch + bytesPerLine(registers[Dispi.X_OFFSET]!, bpp);
    this.#drawRow = drawByDepth[bpp]!;
  }

  locate(row: number): void {
    const end = this.#video.bytes.length;
    this.firstByte = Math.min(this.#start + row * this.#pitch, end);
    this.lastByte = Math.min(this.firstByte + this.#rowBytes, end) - 1;
  }

  /** A line that video memory does not hold whole is black. */
  draw(line: Uint32Array): void {
    if (this.lastByte - this.firstByte + 1 < this.#rowBytes) line.fill(BLACK, 0, this.width);
    else this.#drawRow(line, this.width, this.firstByte, this.#video, this.#palette);
  }
}
