import { cp437 } from "./cp437.ts";
import type { Palette } from "./palette.ts";
import { Raster } from "./raster.ts";
import type { RectangleList } from "./rectangles.ts";
import { ATTR_BLINK, ATTR_LINE_GRAPHICS, Attr, CLOCKING_8_DOTS, Crtc, CURSOR_OFF, Seq } from "./registers.ts";
import type { VgaState } from "./state.ts";
import type { VideoMemory } from "./video-memory.ts";

/** Bytes of a character generator: 256 characters of 32 lines. */
const FONT_SIZE = 0x2000;
/** What is drawn in a cell, beside its character (bits 0 to 7) and attribute (8 to 15). */
const KEY_CURSOR = 1 << 16;
const KEY_HIDDEN = 1 << 17;
const NOTHING_DRAWN = -1;

/** Rows of the screen that one row of characters fills, cut off at the screen's and the split's edges. */
interface Band {
  y: number;
  lines: number;
  /** First line within the characters. */
  rowScan: number;
  /** Of the first character. */
  address: number;
  panning: number;
}

function bandsOf(raster: Raster): Band[] {
  const bands: Band[] = [];
  for (let y = 0; y < raster.rows; ) {
    raster.seek(y);
    const { rowScan, address, panning } = raster;
    const end = y < raster.splitRow ? Math.min(raster.splitRow, raster.rows) : raster.rows;
    const lines = Math.min(raster.characterHeight - rowScan, end - y);
    bands.push({ y, lines, rowScan, address, panning });
    y += lines;
  }
  return bands;
}

/** The characters of a text mode, a string a row; rows of which less than half is visible are left out. */
export function textRows(state: VgaState, video: VideoMemory): string[] {
  const raster = new Raster(state);
  return bandsOf(raster)
    .filter(({ lines }) => lines * 2 >= raster.characterHeight)
    .map(({ address }) =>
      Array.from(
        { length: raster.columns },
        (_, column) => cp437[video.planes[raster.memoryAddress(address + column)]! & 0xff]!,
      ).join(""),
    );
}

/** First byte in plane 2 of a character map, by its three bits. [VGA] character map select */
const fontStart = (low: number, high: number): number => low * 0x4000 + high * 0x2000;

/** Draws text modes, cell by cell, those only that differ from what is drawn. */
export class TextPainter {
  /** In pixels. */
  width = 0;
  rows = 0;
  readonly #video: VideoMemory;
  #raster: Raster | undefined;
  #bands: Band[] = [];
  #colors: Uint32Array = new Uint32Array(16);
  #cellWidth = 8;
  #cursorAddress = 0;
  #cursorStart = 0;
  #cursorEnd = 0;
  #underline = 0;
  #blinks = false;
  #lineGraphics = false;
  /** Where in plane 2 the fonts are: for attribute bit 3 clear, and set. */
  #fontStarts: [number, number] = [0, 0];
  /** Copies of both fonts, the first for attribute bit 3 clear. */
  readonly #fonts = new Uint8Array(2 * FONT_SIZE);
  /** By band and column: what is drawn there. */
  #drawn = new Int32Array(0);
  /** All that the look of every cell depends on. */
  #look: number[] = [];

  constructor(video: VideoMemory) {
    this.#video = video;
  }

  /** Takes over the registers after a change. */
  configure(state: VgaState, palette: Palette): void {
    const crtc = state.crtc.registers;
    const mode = state.attribute.registers[Attr.MODE_CONTROL]!;
    const fonts = state.sequencer.registers[Seq.CHARACTER_MAP_SELECT]!;
    const raster = new Raster(state);
    this.#raster = raster;
    this.#bands = bandsOf(raster);
    this.#colors = palette.colors16;
    this.#cellWidth = state.sequencer.registers[Seq.CLOCKING_MODE]! & CLOCKING_8_DOTS ? 8 : 9;
    this.width = raster.columns * this.#cellWidth;
    this.rows = raster.rows;
    this.#cursorAddress = (crtc[Crtc.CURSOR_LOCATION_HIGH]! << 8) | crtc[Crtc.CURSOR_LOCATION_LOW]!;
    const cursorOff = (crtc[Crtc.CURSOR_START]! & CURSOR_OFF) !== 0;
    this.#cursorStart = cursorOff ? 32 : crtc[Crtc.CURSOR_START]! & 31;
    this.#cursorEnd = crtc[Crtc.CURSOR_END]! & 31;
    this.#underline = crtc[Crtc.UNDERLINE_LOCATION]! & 31;
    this.#blinks = (mode & ATTR_BLINK) !== 0;
    this.#lineGraphics = (mode & ATTR_LINE_GRAPHICS) !== 0;
    this.#fontStarts = [
      fontStart(fonts & 3, (fonts >> 4) & 1),
      fontStart((fonts >> 2) & 3, (fonts >> 5) & 1),
    ];

    const look = [
      raster.columns,
      raster.rows,
      this.#cellWidth,
      this.#cursorStart,
      this.#cursorEnd,
      this.#underline,
      mode,
      ...this.#colors,
      ...this.#bands.flatMap(({ lines, rowScan, panning }) => [lines, rowScan, panning]),
    ];
    if (look.length !== this.#look.length || look.some((value, i) => value !== this.#look[i])) {
      this.#look = look;
      this.#drawn = new Int32Array(this.#bands.length * (raster.columns + 1));
      this.forget();
    }
  }

  /** Everything is to be drawn again. */
  forget(): void {
    this.#drawn.fill(NOTHING_DRAWN);
  }

  /** Takes over the fonts, which may have changed. */
  loadFonts(): void {
    const { planes } = this.#video;
    let changed = 0;
    for (let font = 0; font < 2; font++) {
      const from = this.#fontStarts[font]!;
      const to = font * FONT_SIZE;
      for (let i = 0; i < FONT_SIZE; i++) {
        const byte = (planes[from + i]! >>> 16) & 0xff;
        changed |= byte ^ this.#fonts[to + i]!;
        this.#fonts[to + i] = byte;
      }
    }
    if (changed !== 0) this.forget();
  }

  /** Draws what has changed; whether the cursor and blinking characters are in their visible phase. */
  draw(pixels: Uint32Array, cursorShown: boolean, blinkShown: boolean, changes: RectangleList): void {
    const raster = this.#raster!;
    const { planes } = this.#video;
    const stride = raster.columns + 1;
    const hiding = this.#blinks && !blinkShown;
    this.#bands.forEach((band, bandIndex) => {
      const pan = this.#pixelPanning(band.panning);
      const columns = pan > 0 ? stride : raster.columns;
      let first = -1;
      let last = -1;
      for (let column = 0; column < columns; column++) {
        const address = band.address + column;
        let key = planes[raster.memoryAddress(address)]! & 0xffff;
        if (cursorShown && (address & 0xffff) === this.#cursorAddress) key |= KEY_CURSOR;
        if (hiding && key & 0x8000) key |= KEY_HIDDEN;
        const cell = bandIndex * stride + column;
        if (this.#drawn[cell] === key) continue;
        this.#drawn[cell] = key;
        this.#drawCell(pixels, band, column * this.#cellWidth - pan, key);
        if (first < 0) first = column;
        last = column;
      }
      if (first < 0) return;
      const left = Math.max(0, first * this.#cellWidth - pan);
      const right = Math.min(this.width, (last + 1) * this.#cellWidth - pan);
      if (right > left) changes.add(left, band.y, right - left, band.lines);
    });
  }

  /** Dots by which a band is moved to the left. With nine dots, 8 means none and 0 means one. */
  #pixelPanning(register: number): number {
    if (this.#cellWidth === 8) return register & 7;
    return register >= 8 ? 0 : register + 1;
  }

  #drawCell(pixels: Uint32Array, band: Band, x: number, key: number): void {
    const code = key & 0xff;
    const attribute = (key >> 8) & 0xff;
    const background = this.#colors[this.#blinks ? (attribute >> 4) & 7 : attribute >> 4]!;
    const foreground = key & KEY_HIDDEN ? background : this.#colors[attribute & 15]!;
    const glyph = (attribute & 8 ? FONT_SIZE : 0) + code * 32;
    const underline = (attribute & 0x77) === 0x01 ? this.#underline : -1;
    const cursorStart = key & KEY_CURSOR ? this.#cursorStart : 32;
    const nine = this.#cellWidth === 9;
    const repeatsEighth = this.#lineGraphics && code >= 0xc0 && code <= 0xdf;
    const from = Math.max(0, -x);
    const to = Math.min(this.#cellWidth, this.width - x);

    for (let i = 0; i < band.lines; i++) {
      const line = band.rowScan + i;
      let dots = this.#fonts[glyph + line]!;
      if (nine) dots = (dots << 1) | (repeatsEighth ? dots & 1 : 0);
      if (line === underline) dots = 0x1ff;
      let at = (band.y + i) * this.width + x + from;
      if (line >= cursorStart && line <= this.#cursorEnd) {
        const color = this.#colors[attribute & 15]!;
        pixels.fill(color, at, at + Math.max(0, to - from));
        continue;
      }
      for (let bit = this.#cellWidth - 1 - from; bit >= this.#cellWidth - to; bit--) {
        pixels[at++] = (dots >> bit) & 1 ? foreground : background;
      }
    }
  }
}
