import type { PhysicalMemory } from "../../board/memory.ts";
import { bda } from "../bda.ts";
import { fonts } from "../rom/font-data.ts";
import type { FontPointers } from "./font-functions.ts";
import { textModeOf, type VideoMode, videoModes } from "./modes.ts";
import { palettes } from "./palettes.ts";
import type { Vga } from "./vga.ts";

const KEEP_MEMORY = 0x80;
/** CGA mode control register for modes 0 to 7, which programs read in the data area. */
const CGA_MODE_CONTROL = [0x2c, 0x28, 0x2d, 0x29, 0x2a, 0x2e, 0x1e, 0x29];

/** Bits of 0040:0089. */
const VgaControl = { lines400: 0x10, lines200: 0x80, noPalette: 0x08, grey: 0x02, active: 0x01 } as const;

function withScanLines(mode: VideoMode, control: number): VideoMode {
  if (mode.kind !== "text" || control & VgaControl.lines400) return mode;
  return textModeOf(mode, control & VgaControl.lines200 ? 200 : 350);
}

function clear(memory: PhysicalMemory, mode: VideoMode): void {
  const size = mode.kind === "planar" || mode.kind === "linear" ? 0x10000 : 0x8000;
  const bytes = new Uint8Array(size);
  if (mode.kind === "text") {
    for (let i = 0; i < size; i += 2) {
      bytes[i] = 0x20;
      bytes[i + 1] = 0x07;
    }
  }
  memory.write(mode.window, bytes);
}

/** What the data area says of the screen after a change of mode. */
export function describeMode(
  memory: PhysicalMemory,
  mode: VideoMode,
  crtcPort: number,
  number: number = mode.number,
): void {
  memory.write8(bda.videoMode, number);
  memory.write16(bda.videoColumns, mode.columns);
  memory.write16(bda.videoPageSize, mode.kind === "linear" ? 0 : mode.pageSize & 0xffff);
  memory.write16(bda.videoPageStart, 0);
  for (let i = 0; i < 16; i += 2) memory.write16(bda.cursorPosition + i, 0);
  memory.write16(bda.cursorShape, 0x0607);
  memory.write8(bda.videoPage, 0);
  memory.write16(bda.crtcPort, crtcPort);
  memory.write8(bda.videoModeControl, CGA_MODE_CONTROL[mode.number] ?? 0x29);
  memory.write8(bda.videoColorSelect, mode.number === 6 ? 0x3f : 0x30);
  memory.write8(bda.videoRows, mode.rows - 1);
  memory.write16(bda.characterHeight, mode.characterHeight);
}

/**
 * INT 10h AH=00h. `request` bit 7 keeps the contents of video memory. Returns what AL is to be; an unknown mode
 * changes nothing.
 */
export function setVideoMode(memory: PhysicalMemory, vga: Vga, rom: FontPointers, request: number): number {
  const standard = videoModes.get(request & 0x7f);
  if (!standard) return request;
  const control = memory.read8(bda.vgaControl);
  const mode = withScanLines(standard, control);
  vga.program(mode, (control & VgaControl.noPalette) !== 0);
  if (control & VgaControl.grey) vga.sumToGrey(0, palettes[mode.palette].length / 3);
  if (mode.kind === "text") vga.loadFont(memory, fonts[mode.characterHeight], mode.characterHeight, 0);
  if ((request & KEEP_MEMORY) === 0) clear(memory, mode);
  describeMode(memory, mode, vga.crtc);
  const videoControl = memory.read8(bda.videoControl) & 0x7f;
  memory.write8(bda.videoControl, videoControl | (request & KEEP_MEMORY));
  memory.write32(4 * 0x1f, rom.font8Upper);
  memory.write32(4 * 0x43, rom.font[mode.characterHeight]);
  vga.io.indexed(vga.crtc, 0x0e, 0);
  vga.io.indexed(vga.crtc, 0x0f, 0);
  return mode.number > 7 ? 0x20 : mode.number === 6 ? 0x3f : 0x30;
}
