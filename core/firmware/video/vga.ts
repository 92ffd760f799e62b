import type { PhysicalMemory } from "../../board/memory.ts";
import type { Ports } from "../hardware.ts";
import type { VideoMode } from "./modes.ts";
import { greyOf, palettes } from "./palettes.ts";

export const SEQUENCER = 0x3c4;
export const GRAPHICS = 0x3ce;
const MISC_READ = 0x3cc;
const MISC_WRITE = 0x3c2;
const ATTRIBUTE = 0x3c0;
const ATTRIBUTE_READ = 0x3c1;
const DAC_MASK = 0x3c6;
const DAC_READ = 0x3c7;
const DAC_WRITE = 0x3c8;
const DAC_DATA = 0x3c9;
/** The attribute controller shows the picture, and its palette is not open to the processor. */
const PALETTE_ENABLED = 0x20;
const FONT_WINDOW = 0xa0000;

/** The VGA by its ports, in the steps that more than one function of INT 10h takes. [VGA] */
export class Vga {
  readonly io: Ports;

  constructor(io: Ports) {
    this.io = io;
  }

  /** The CRT controller's index port: 3D4h, or 3B4h on monochrome. */
  get crtc(): number {
    return this.io.inb(MISC_READ) & 1 ? 0x3d4 : 0x3b4;
  }

  /** Reading input status 1 makes the next write to the attribute controller an index. */
  #resetAttribute(): void {
    this.io.inb(this.crtc + 6);
  }

  attribute(index: number): number {
    this.#resetAttribute();
    this.io.outb(ATTRIBUTE, index | PALETTE_ENABLED);
    const value = this.io.inb(ATTRIBUTE_READ);
    this.#resetAttribute();
    return value;
  }

  setAttribute(index: number, value: number): void {
    this.#resetAttribute();
    this.io.outb(ATTRIBUTE, index);
    this.io.outb(ATTRIBUTE, value);
    this.io.outb(ATTRIBUTE, PALETTE_ENABLED);
  }

  /** Switches the picture off until an attribute register is written. */
  blank(): void {
    this.#resetAttribute();
    this.io.outb(ATTRIBUTE, 0);
  }

  dac(index: number): [number, number, number] {
    this.io.outb(DAC_READ, index);
    return [this.io.inb(DAC_DATA), this.io.inb(DAC_DATA), this.io.inb(DAC_DATA)];
  }

  setDac(index: number, red: number, green: number, blue: number): void {
    this.io.outb(DAC_WRITE, index);
    this.io.outb(DAC_DATA, red);
    this.io.outb(DAC_DATA, green);
    this.io.outb(DAC_DATA, blue);
  }

  get dacMask(): number {
    return this.io.inb(DAC_MASK);
  }

  set dacMask(value: number) {
    this.io.outb(DAC_MASK, value);
  }

  /** Makes `count` entries from `first` on as grey as they are bright. */
  sumToGrey(first: number, count: number): void {
    for (let i = first; i < first + count; i++) {
      const grey = greyOf(...this.dac(i));
      this.setDac(i, grey, grey, grey);
    }
  }

  /** Every register of a mode; the palette too unless `keepPalette`. */
  program(mode: VideoMode, keepPalette: boolean): void {
    const { io } = this;
    this.blank();
    io.indexed(SEQUENCER, 0, 0x01);
    mode.sequencer.forEach((value, i) => {
      io.indexed(SEQUENCER, i + 1, value);
    });
    io.outb(MISC_WRITE, mode.miscellaneous);
    io.indexed(SEQUENCER, 0, 0x03);
    const { crtc } = this;
    io.indexed(crtc, 0x11, 0);
    mode.crtc.forEach((value, i) => {
      io.indexed(crtc, i, value);
    });
    mode.graphics.forEach((value, i) => {
      io.indexed(GRAPHICS, i, value);
    });
    if (!keepPalette) {
      const colors = palettes[mode.palette];
      this.dacMask = 0xff;
      for (let i = 0; i < 256; i++) {
        this.setDac(i, colors[3 * i] ?? 0, colors[3 * i + 1] ?? 0, colors[3 * i + 2] ?? 0);
      }
    }
    mode.attribute.forEach((value, i) => {
      if (!keepPalette || i >= 0x10) this.setAttribute(i, value);
    });
    this.setAttribute(0x14, 0);
  }

  /** Copies glyphs of `height` rows into the font `block` (0 to 7) of plane 2, from character `first` on. */
  loadFont(memory: PhysicalMemory, glyphs: Uint8Array, height: number, block: number, first = 0): void {
    const { io } = this;
    const mode = io.readIndexed(SEQUENCER, 4);
    const planes = io.readIndexed(SEQUENCER, 2);
    const misc = io.readIndexed(GRAPHICS, 6);
    const readPlane = io.readIndexed(GRAPHICS, 4);
    const writeMode = io.readIndexed(GRAPHICS, 5);
    io.indexed(SEQUENCER, 2, 0x04);
    io.indexed(SEQUENCER, 4, 0x06);
    io.indexed(GRAPHICS, 4, 0x02);
    io.indexed(GRAPHICS, 5, 0x00);
    io.indexed(GRAPHICS, 6, 0x04);
    const base = FONT_WINDOW + ((block & 3) << 14) + ((block & 4) << 11);
    for (let i = 0; i < glyphs.length / height; i++) {
      memory.write(base + (first + i) * 32, glyphs.subarray(i * height, (i + 1) * height));
    }
    io.indexed(SEQUENCER, 2, planes);
    io.indexed(SEQUENCER, 4, mode);
    io.indexed(GRAPHICS, 4, readPlane);
    io.indexed(GRAPHICS, 5, writeMode);
    io.indexed(GRAPHICS, 6, misc);
  }
}
