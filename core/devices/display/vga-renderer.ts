import { cgaPainter, packedPainter } from "./packed.ts";
import type { Painter } from "./painter.ts";
import { BLACK, paletteOf } from "./palette.ts";
import { planarPainter } from "./planar.ts";
import { Raster } from "./raster.ts";
import { RectangleList } from "./rectangles.ts";
import {
  CLOCKING_SCREEN_OFF,
  Gfx,
  MISCELLANEOUS_GRAPHICS,
  MODE_SHIFT_256,
  MODE_SHIFT_INTERLEAVE,
  PALETTE_ADDRESS_SOURCE,
  Seq,
} from "./registers.ts";
import type { Screen, ScreenRectangle } from "./screen.ts";
import { type VgaState, vbeEnabled } from "./state.ts";
import { TextPainter, textRows } from "./text.ts";
import type { FrameTiming } from "./timing.ts";
import { VbePainter } from "./vbe.ts";
import { PAGE_SHIFT, type VideoMemory } from "./video-memory.ts";

/** What the renderer sees of the chip. */
export interface DisplayWiring {
  readonly state: VgaState;
  readonly timing: FrameTiming;
  readonly video: VideoMemory;
  /** Nanoseconds on the machine's clock. */
  now(): number;
}

/** Shape of a picture tube: a VGA mode fills it, whatever its resolution. */
const TUBE_ASPECT = 4 / 3;
/** The cursor is shown for 8 frames of 16, a blinking character for 16 of 32. [VGA] */
const CURSOR_PHASE = 8;
const BLINK_PHASE = 16;
/** Pixels that a painter may draw beyond the end of a line. */
const LINE_MARGIN = 16;

type Content = { kind: "blank" } | { kind: "text" } | { kind: "graphics"; painter: Painter };

/** The monitor on the VGA: draws what the registers and video memory make of each other. */
export class VgaRenderer implements Screen {
  width = 720;
  height = 400;
  pixelAspect = (TUBE_ASPECT * 400) / 720;
  pixels = new Uint8Array(0);
  readonly #chip: DisplayWiring;
  readonly #text: TextPainter;
  #content: Content = { kind: "blank" };
  #pixels = new Uint32Array(0);
  #line = new Uint32Array(0);
  /** Registers have changed since the last refresh. */
  #stale = true;
  #cursorShown = true;
  #blinkShown = true;

  constructor(chip: DisplayWiring) {
    this.#chip = chip;
    this.#text = new TextPainter(chip.video);
  }

  /** A register that decides what is shown has changed. */
  registersChanged(): void {
    this.#stale = true;
  }

  text(): string[] | null {
    const { state, video } = this.#chip;
    return contentKind(state) === "text" ? textRows(state, video) : null;
  }

  refresh(): ScreenRectangle[] {
    const pages = this.#chip.video.collect();
    const written = pages.includes(1);
    const configure = this.#stale;
    this.#stale = false;
    if (configure && this.#configure()) {
      this.#draw(pages, true, new RectangleList());
      return [{ x: 0, y: 0, width: this.width, height: this.height }];
    }
    const blinked = this.#blink();
    const changes = new RectangleList();
    if (configure || written || (blinked && this.#content.kind === "text")) {
      this.#draw(pages, configure, changes);
    }
    return changes.merged;
  }

  /** Takes over the registers. Returns whether `pixels` is a new array. */
  #configure(): boolean {
    const { state, video } = this.#chip;
    const before = this.#content.kind;
    const kind = contentKind(state);
    const palette = paletteOf(state);
    let width = this.width;
    let height = this.height;
    if (kind === "blank") {
      this.#content = { kind };
    } else if (kind === "text") {
      this.#content = { kind };
      this.#text.configure(state, palette);
      if (before !== "text") this.#text.forget();
      width = this.#text.width;
      height = this.#text.rows;
    } else {
      const painter = vbeEnabled(state)
        ? new VbePainter(state, video, palette)
        : rasterPainterOf(state)(new Raster(state), video, palette);
      this.#content = { kind, painter };
      width = painter.width;
      height = painter.rows;
    }
    if (kind !== "blank") this.pixelAspect = vbeEnabled(state) ? 1 : (TUBE_ASPECT * height) / width;
    if (width === this.width && height === this.height && this.pixels.length > 0) return false;

    this.width = width;
    this.height = height;
    this.pixels = new Uint8Array(width * height * 4);
    this.#pixels = new Uint32Array(this.pixels.buffer);
    this.#pixels.fill(BLACK);
    this.#line = new Uint32Array(width + LINE_MARGIN);
    this.#text.forget();
    return true;
  }

  /** Moves on with the phases of cursor and blinking; returns whether one has changed. */
  #blink(): boolean {
    const frame = Math.floor(this.#chip.now() / this.#chip.timing.frameNs);
    const cursorShown = frame % (2 * CURSOR_PHASE) < CURSOR_PHASE;
    const blinkShown = frame % (2 * BLINK_PHASE) < BLINK_PHASE;
    const changed = cursorShown !== this.#cursorShown || blinkShown !== this.#blinkShown;
    this.#cursorShown = cursorShown;
    this.#blinkShown = blinkShown;
    return changed;
  }

  /** Draws rows that show a page written, or all of them. */
  #draw(pages: Uint8Array, all: boolean, changes: RectangleList): void {
    if (this.#content.kind === "text") {
      this.#text.loadFonts();
      this.#text.draw(this.#pixels, this.#cursorShown, this.#blinkShown, changes);
      return;
    }
    if (this.#content.kind === "blank") {
      if (!all) return;
      this.#line.fill(BLACK);
      for (let row = 0; row < this.height; row++) this.#commit(row, changes);
      return;
    }
    const { painter } = this.#content;
    for (let row = 0; row < this.height; row++) {
      painter.locate(row);
      if (!all && !isWritten(pages, painter.firstByte, painter.lastByte)) continue;
      painter.draw(this.#line);
      this.#commit(row, changes);
    }
  }

  /** Copies the part of the drawn line that differs from what is shown in `row`. */
  #commit(row: number, changes: RectangleList): void {
    const line = this.#line;
    const pixels = this.#pixels;
    const { width } = this;
    const start = row * width;
    let first = 0;
    while (first < width && pixels[start + first] === line[first]) first++;
    if (first === width) return;
    let end = width;
    while (pixels[start + end - 1] === line[end - 1]) end--;
    pixels.set(line.subarray(first, end), start + first);
    changes.add(first, row, end - first, 1);
  }
}

function contentKind(state: VgaState): Content["kind"] {
  const off = (state.sequencer.registers[Seq.CLOCKING_MODE]! & CLOCKING_SCREEN_OFF) !== 0;
  if (off || !(state.attribute.index & PALETTE_ADDRESS_SOURCE)) return "blank";
  if (vbeEnabled(state)) return "graphics";
  return state.graphics.registers[Gfx.MISCELLANEOUS]! & MISCELLANEOUS_GRAPHICS ? "graphics" : "text";
}

function rasterPainterOf(state: VgaState) {
  const mode = state.graphics.registers[Gfx.MODE]!;
  if (mode & MODE_SHIFT_256) return packedPainter;
  return mode & MODE_SHIFT_INTERLEAVE ? cgaPainter : planarPainter;
}

/** Whether a page from byte `first` to byte `last` was written; a row that wraps around touches both its ends. */
function isWritten(pages: Uint8Array, first: number, last: number): boolean {
  const firstPage = first >> PAGE_SHIFT;
  const lastPage = last >> PAGE_SHIFT;
  if (lastPage < firstPage) return pages[firstPage] === 1 || pages[lastPage] === 1;
  for (let page = firstPage; page <= lastPage; page++) if (pages[page] === 1) return true;
  return false;
}
