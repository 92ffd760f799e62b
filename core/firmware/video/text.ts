import type { PhysicalMemory } from "../../board/memory.ts";
import { bda } from "../bda.ts";
import { drawGlyph, readGlyph, scrollGraphics } from "./graphics.ts";
import { type VideoMode, videoModes } from "./modes.ts";
import type { Vga } from "./vga.ts";

/** A rectangle of characters, both corners within it. */
export interface TextRectangle {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

const BELL = 7;
const BACKSPACE = 8;
const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;

/**
 * Characters on the screen, in text and graphics modes, as the BIOS data area says the screen is. One is made for
 * each call, for the memory as the caller addresses it.
 */
export class TextScreen {
  readonly memory: PhysicalMemory;
  readonly vga: Vga;
  /** Undefined in modes of the VBE, in which no text is drawn. */
  readonly mode: VideoMode | undefined;

  constructor(memory: PhysicalMemory, vga: Vga) {
    this.memory = memory;
    this.vga = vga;
    this.mode = videoModes.get(memory.read8(bda.videoMode) & 0x7f);
  }

  get columns(): number {
    return this.memory.read16(bda.videoColumns);
  }

  get rows(): number {
    return this.memory.read8(bda.videoRows) + 1;
  }

  get characterHeight(): number {
    return this.memory.read16(bda.characterHeight);
  }

  get activePage(): number {
    return this.memory.read8(bda.videoPage);
  }

  cursor(page: number): { column: number; row: number } {
    const at = bda.cursorPosition + 2 * (page & 7);
    return { column: this.memory.read8(at), row: this.memory.read8(at + 1) };
  }

  setCursor(page: number, column: number, row: number): void {
    const at = bda.cursorPosition + 2 * (page & 7);
    this.memory.write8(at, column);
    this.memory.write8(at + 1, row);
    if (page === this.activePage && this.mode?.kind === "text") this.#placeCursor(page);
  }

  #placeCursor(page: number): void {
    const { column, row } = this.cursor(page);
    const start = (page * this.memory.read16(bda.videoPageSize)) >> 1;
    const position = start + row * this.columns + column;
    const { crtc, io } = this.vga;
    io.indexed(crtc, 0x0e, position >> 8);
    io.indexed(crtc, 0x0f, position);
  }

  selectPage(page: number): void {
    const { mode } = this;
    if (!mode || page >= mode.pages) return;
    const start = page * this.memory.read16(bda.videoPageSize);
    this.memory.write16(bda.videoPageStart, start);
    this.memory.write8(bda.videoPage, page);
    const address = mode.kind === "text" ? start >> 1 : start;
    const { crtc, io } = this.vga;
    io.indexed(crtc, 0x0c, address >> 8);
    io.indexed(crtc, 0x0d, address);
    if (mode.kind === "text") this.#placeCursor(page);
  }

  /** Linear address of a character cell of a text mode. */
  #cell(page: number, column: number, row: number): number {
    const start = page * this.memory.read16(bda.videoPageSize);
    return this.mode!.window + start + 2 * (row * this.columns + column);
  }

  /** Character and attribute (graphics modes: what the pixels look like, and 0). */
  read(page: number, column: number, row: number): { character: number; attribute: number } {
    const { mode } = this;
    if (!mode) return { character: 0, attribute: 0 };
    if (mode.kind !== "text") return { character: readGlyph(this, page, column, row), attribute: 0 };
    const word = this.memory.read16(this.#cell(page, column, row));
    return { character: word & 0xff, attribute: word >> 8 };
  }

  /** `attribute` undefined leaves that of a text mode as it is. */
  write(page: number, column: number, row: number, character: number, attribute?: number): void {
    const { mode } = this;
    if (!mode) return;
    if (mode.kind !== "text") {
      drawGlyph(this, page, column, row, character, attribute ?? 7);
      return;
    }
    const cell = this.#cell(page, column, row);
    this.memory.write8(cell, character);
    if (attribute !== undefined) this.memory.write8(cell + 1, attribute);
  }

  /** Moves the rectangle's contents by `lines` rows, up or down; 0 or too many clears it. */
  scroll(page: number, area: TextRectangle, lines: number, up: boolean, attribute: number): void {
    const { mode } = this;
    if (!mode) return;
    const right = Math.min(area.right, this.columns - 1);
    const bottom = Math.min(area.bottom, this.rows - 1);
    if (area.left > right || area.top > bottom) return;
    const height = bottom - area.top + 1;
    const by = lines === 0 || lines > height ? height : lines;
    const rectangle = { left: area.left, top: area.top, right, bottom };
    if (mode.kind !== "text") {
      scrollGraphics(this, page, rectangle, by, up, attribute);
      return;
    }
    const bytes = 2 * (right - area.left + 1);
    const line = new Uint8Array(bytes);
    const blank = new Uint8Array(bytes);
    for (let i = 0; i < bytes; i += 2) {
      blank[i] = 0x20;
      blank[i + 1] = attribute;
    }
    for (let i = 0; i < height; i++) {
      const row = up ? area.top + i : bottom - i;
      const from = up ? row + by : row - by;
      if (from >= area.top && from <= bottom) {
        this.memory.read(this.#cell(page, area.left, from), line);
        this.memory.write(this.#cell(page, area.left, row), line);
      } else {
        this.memory.write(this.#cell(page, area.left, row), blank);
      }
    }
  }

  /** Writes as a terminal does: bell, backspace, line feed and carriage return act, the screen scrolls. */
  teletype(page: number, character: number, attribute?: number): void {
    let { column, row } = this.cursor(page);
    switch (character) {
      case BELL:
        return;
      case BACKSPACE:
        if (column > 0) column--;
        break;
      case CARRIAGE_RETURN:
        column = 0;
        break;
      case LINE_FEED:
        row++;
        break;
      default:
        this.write(page, column, row, character, attribute);
        column++;
        if (column >= this.columns) {
          column = 0;
          row++;
        }
    }
    if (row >= this.rows) {
      row = this.rows - 1;
      const fill = this.mode?.kind === "text" ? this.read(page, column, row).attribute : 0;
      const all = { left: 0, top: 0, right: this.columns - 1, bottom: this.rows - 1 };
      this.scroll(page, all, 1, true, fill);
    }
    this.setCursor(page, column, row);
  }

  /** Teletypes a string on the active page, `\n` starting a new line. */
  print(text: string, attribute?: number): void {
    for (const char of text) {
      if (char === "\n") this.teletype(this.activePage, CARRIAGE_RETURN);
      this.teletype(this.activePage, char.charCodeAt(0), attribute);
    }
  }
}
