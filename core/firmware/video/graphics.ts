import type { PhysicalMemory } from "../../board/memory.ts";
import { bda } from "../bda.ts";
import type { VideoMode } from "./modes.ts";
import type { TextRectangle, TextScreen } from "./text.ts";
import { GRAPHICS, SEQUENCER, type Vga } from "./vga.ts";

/** Interrupt vector 43h: the graphics modes' font; 1Fh: the upper half of the CGA's. */
const FONT_VECTOR = 4 * 0x43;
const UPPER_FONT_VECTOR = 4 * 0x1f;
const XOR = 0x80;

/** Registers of the graphics controller. */
const Gfx = { setResetEnable: 1, rotate: 3, readPlane: 4, mode: 5, bitMask: 8 } as const;
const MAP_MASK = 2;
const ROTATE_XOR = 0x18;

const farPointer = (memory: PhysicalMemory, at: number): number =>
  memory.read16(at + 2) * 16 + memory.read16(at);

function glyphAddress(screen: TextScreen, mode: VideoMode, character: number): number {
  const { memory } = screen;
  const cga = mode.kind === "cga2" || mode.kind === "cga4";
  if (cga && character >= 0x80) return farPointer(memory, UPPER_FONT_VECTOR) + (character - 0x80) * 8;
  return farPointer(memory, FONT_VECTOR) + character * screen.characterHeight;
}

const bytesPerLine = (mode: VideoMode): number =>
  mode.kind === "linear" ? 320 : mode.kind === "cga4" ? 80 : mode.columns;

/** Linear address of the first byte of a line of pixels. */
function lineAddress(screen: TextScreen, mode: VideoMode, page: number, y: number): number {
  if (mode.kind === "cga2" || mode.kind === "cga4") return mode.window + (y & 1) * 0x2000 + (y >> 1) * 80;
  return mode.window + page * screen.memory.read16(bda.videoPageSize) + y * bytesPerLine(mode);
}

/** Bytes of a line that a character takes. */
const bytesPerGlyph = (mode: VideoMode): number =>
  ({ text: 2, cga4: 2, cga2: 1, planar: 1, linear: 8 })[mode.kind];

/** The registers as the BIOS leaves them between two calls. */
function restorePlanes({ io }: Vga): void {
  io.indexed(SEQUENCER, MAP_MASK, 0x0f);
  io.indexed(GRAPHICS, Gfx.rotate, 0);
  io.indexed(GRAPHICS, Gfx.mode, 0);
  io.indexed(GRAPHICS, Gfx.bitMask, 0xff);
}

/** A row of a glyph as bytes of memory in a packed mode. */
function packedRow(mode: VideoMode, bits: number, color: number): number[] {
  if (mode.kind === "cga2") return [color & 1 ? bits : 0];
  const pixels = Array.from({ length: 8 }, (_, i) => (bits & (0x80 >> i) ? color : 0));
  if (mode.kind === "linear") return pixels;
  const pack = (from: number) =>
    pixels.slice(from, from + 4).reduce((sum, pixel) => (sum << 2) | (pixel & 3), 0);
  return [pack(0), pack(4)];
}

/** Draws a character of a graphics mode; bit 7 of `attribute` (not in mode 13h) draws by exclusive or. */
export function drawGlyph(
  screen: TextScreen,
  page: number,
  column: number,
  row: number,
  character: number,
  attribute: number,
): void {
  const mode = screen.mode!;
  const { memory, vga, characterHeight } = screen;
  const glyph = new Uint8Array(characterHeight);
  memory.read(glyphAddress(screen, mode, character), glyph);
  const xor = mode.kind !== "linear" && (attribute & XOR) !== 0;
  const color = mode.kind === "linear" ? attribute : attribute & 0x0f;
  const { io } = vga;
  if (mode.kind === "planar") {
    restorePlanes(vga);
    if (xor) io.indexed(GRAPHICS, Gfx.rotate, ROTATE_XOR);
  }
  glyph.forEach((bits, y) => {
    const at = lineAddress(screen, mode, page, row * characterHeight + y) + column * bytesPerGlyph(mode);
    if (mode.kind === "planar") {
      io.indexed(SEQUENCER, MAP_MASK, color);
      memory.read8(at);
      memory.write8(at, bits);
      if (!xor) {
        io.indexed(SEQUENCER, MAP_MASK, ~color & 0x0f);
        memory.write8(at, 0);
      }
      return;
    }
    packedRow(mode, bits, color).forEach((value, i) => {
      memory.write8(at + i, xor ? memory.read8(at + i) ^ value : value);
    });
  });
  if (mode.kind === "planar") restorePlanes(vga);
}

/** The character whose glyph these pixels are, 0 if none. */
export function readGlyph(screen: TextScreen, page: number, column: number, row: number): number {
  const { memory, characterHeight } = screen;
  const mode = screen.mode!;
  const seen = Array.from({ length: characterHeight }, (_, y) => {
    let bits = 0;
    for (let x = 0; x < 8; x++) {
      if (readPixel(screen, page, column * 8 + x, row * characterHeight + y) !== 0) bits |= 0x80 >> x;
    }
    return bits;
  });
  const glyph = new Uint8Array(characterHeight);
  for (let character = 0; character < 256; character++) {
    memory.read(glyphAddress(screen, mode, character), glyph);
    if (glyph.every((bits, y) => bits === seen[y])) return character;
  }
  return 0;
}

/** Moves lines of characters within a rectangle of a graphics mode. */
export function scrollGraphics(
  screen: TextScreen,
  page: number,
  area: TextRectangle,
  lines: number,
  up: boolean,
  attribute: number,
): void {
  const mode = screen.mode!;
  const { memory, vga, characterHeight } = screen;
  const bytes = (area.right - area.left + 1) * bytesPerGlyph(mode);
  const first = area.top * characterHeight;
  const last = (area.bottom + 1) * characterHeight - 1;
  const by = lines * characterHeight;
  const at = (y: number) => lineAddress(screen, mode, page, y) + area.left * bytesPerGlyph(mode);
  const planar = mode.kind === "planar";
  const line = new Uint8Array(bytes);
  if (planar) restorePlanes(vga);
  for (let i = 0; i <= last - first; i++) {
    const y = up ? first + i : last - i;
    const from = up ? y + by : y - by;
    const inside = from >= first && from <= last;
    if (planar && inside) {
      // Write mode 1 writes the four bytes that the read has latched.
      vga.io.indexed(GRAPHICS, Gfx.mode, 1);
      for (let x = 0; x < bytes; x++) {
        memory.read8(at(from) + x);
        memory.write8(at(y) + x, 0);
      }
    } else if (planar) {
      vga.io.indexed(GRAPHICS, Gfx.mode, 2);
      memory.write(at(y), line.fill(attribute & 0x0f));
    } else if (inside) {
      memory.read(at(from), line);
      memory.write(at(y), line);
    } else {
      memory.write(at(y), line.fill(packedRow(mode, 0xff, attribute)[0]!));
    }
  }
  if (planar) restorePlanes(vga);
}

/** Bit position and width of a pixel in its byte (CGA modes). */
function packedPlace(mode: VideoMode, x: number): { byte: number; shift: number; mask: number } {
  return mode.kind === "cga4"
    ? { byte: x >> 2, shift: 6 - 2 * (x & 3), mask: 3 }
    : { byte: x >> 3, shift: 7 - (x & 7), mask: 1 };
}

export function readPixel(screen: TextScreen, page: number, x: number, y: number): number {
  const mode = screen.mode!;
  const { memory, vga } = screen;
  const line = lineAddress(screen, mode, page, y);
  if (mode.kind === "linear") return memory.read8(line + x);
  if (mode.kind !== "planar") {
    const { byte, shift, mask } = packedPlace(mode, x);
    return (memory.read8(line + byte) >> shift) & mask;
  }
  let color = 0;
  for (let plane = 0; plane < 4; plane++) {
    vga.io.indexed(GRAPHICS, Gfx.readPlane, plane);
    if (memory.read8(line + (x >> 3)) & (0x80 >> (x & 7))) color |= 1 << plane;
  }
  vga.io.indexed(GRAPHICS, Gfx.readPlane, 0);
  return color;
}

/** Bit 7 of `color` (not in mode 13h) writes by exclusive or. */
export function writePixel(screen: TextScreen, page: number, x: number, y: number, color: number): void {
  const mode = screen.mode!;
  const { memory, vga } = screen;
  const line = lineAddress(screen, mode, page, y);
  if (mode.kind === "linear") {
    memory.write8(line + x, color);
  } else if (mode.kind === "planar") {
    const at = line + (x >> 3);
    vga.io.indexed(GRAPHICS, Gfx.bitMask, 0x80 >> (x & 7));
    vga.io.indexed(GRAPHICS, Gfx.mode, 2);
    if (color & XOR) vga.io.indexed(GRAPHICS, Gfx.rotate, ROTATE_XOR);
    memory.read8(at);
    memory.write8(at, color & 0x0f);
    restorePlanes(vga);
  } else {
    const { byte, shift, mask } = packedPlace(mode, x);
    const old = memory.read8(line + byte);
    const bits = (color & mask) << shift;
    memory.write8(line + byte, color & XOR ? old ^ bits : (old & ~(mask << shift)) | bits);
  }
}
