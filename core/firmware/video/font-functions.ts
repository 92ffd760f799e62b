import { bda } from "../bda.ts";
import type { Call } from "../call.ts";
import { fonts } from "../rom/font-data.ts";
import { videoModes } from "./modes.ts";
import { SEQUENCER, type Vga } from "./vga.ts";

/** Far pointers to the ROM's fonts, segment in the upper half. */
export interface FontPointers {
  font: Record<8 | 14 | 16, number>;
  /** Characters 80h to FFh of the 8-line font. */
  font8Upper: number;
  /** The tables of 9-pixel alternates, which are empty. */
  noAlternates: number;
}

const FONT_OF_FUNCTION: Record<number, 8 | 14 | 16> = { 1: 14, 2: 8, 4: 16 };

/** Makes rows of text `height` lines high, as many as the screen's lines give. */
function setCharacterHeight(call: Call, vga: Vga, height: number): void {
  const { memory } = call;
  const { crtc, io } = vga;
  io.indexed(crtc, 0x09, (io.readIndexed(crtc, 0x09) & 0xe0) | (height - 1));
  const overflow = io.readIndexed(crtc, 0x07);
  const lines = (io.readIndexed(crtc, 0x12) | ((overflow & 2) << 7) | ((overflow & 0x40) << 3)) + 1;
  const doubled = io.readIndexed(crtc, 0x09) & 0x80 ? 2 : 1;
  const rows = Math.floor(lines / doubled / height);
  io.indexed(crtc, 0x0a, Math.max(height - 3, 0));
  io.indexed(crtc, 0x0b, Math.max(height - 2, 0));
  io.indexed(crtc, 0x14, (io.readIndexed(crtc, 0x14) & 0xe0) | (height - 1));
  memory.write16(bda.characterHeight, height);
  memory.write8(bda.videoRows, rows - 1);
  const size = rows * memory.read16(bda.videoColumns) * 2;
  memory.write16(bda.videoPageSize, (size + 0xff) & 0xff00);
}

function setGraphicsFont(call: Call, height: number, pointer: number): void {
  const { memory } = call;
  memory.write32(4 * 0x43, pointer);
  memory.write16(bda.characterHeight, height);
  const rows = [call.dl, 14, 25, 43][call.bl & 3] ?? 25;
  memory.write8(bda.videoRows, rows - 1);
}

/** AL=30h: where a font is. */
function information(call: Call, rom: FontPointers): void {
  const { memory } = call;
  const pointers = [
    memory.read32(4 * 0x1f),
    memory.read32(4 * 0x43),
    rom.font[14],
    rom.font[8],
    rom.font8Upper,
    rom.noAlternates,
    rom.font[16],
    rom.noAlternates,
  ];
  const pointer = pointers[call.bh];
  if (pointer === undefined) return;
  call.cpu.es = pointer >>> 16;
  call.bp = pointer;
  call.cx = memory.read16(bda.characterHeight);
  call.dl = memory.read8(bda.videoRows);
}

/** INT 10h AH=11h. */
export function fontFunctions(call: Call, vga: Vga, rom: FontPointers): void {
  const { memory } = call;
  const text = videoModes.get(memory.read8(bda.videoMode))?.kind === "text";
  const select = call.al & 0x0f;
  switch (call.al) {
    case 0x00:
    case 0x10: {
      const glyphs = new Uint8Array(call.cx * call.bh);
      memory.read(call.address("es", call.bp), glyphs);
      vga.loadFont(memory, glyphs, call.bh, call.bl & 7, call.dx & 0xff);
      if (call.al === 0x10 && text) setCharacterHeight(call, vga, call.bh);
      return;
    }
    case 0x01:
    case 0x02:
    case 0x04:
    case 0x11:
    case 0x12:
    case 0x14: {
      const height = FONT_OF_FUNCTION[select]!;
      vga.loadFont(memory, fonts[height], height, call.bl & 7);
      if (call.al >= 0x10 && text) setCharacterHeight(call, vga, height);
      return;
    }
    case 0x03:
      vga.io.indexed(SEQUENCER, 3, call.bl & 0x3f);
      return;
    case 0x20:
      memory.write32(4 * 0x1f, ((call.cpu.es << 16) | call.bp) >>> 0);
      return;
    case 0x21:
      setGraphicsFont(call, call.cx, ((call.cpu.es << 16) | call.bp) >>> 0);
      return;
    case 0x22:
    case 0x23:
    case 0x24: {
      const height = FONT_OF_FUNCTION[{ 2: 1, 3: 2, 4: 4 }[select]!]!;
      setGraphicsFont(call, height, rom.font[height]);
      return;
    }
    case 0x30:
      information(call, rom);
      return;
    default:
  }
}
