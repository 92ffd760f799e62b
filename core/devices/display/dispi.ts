import { setWidth } from "./dac.ts";
import {
  DISPI_8BIT_DAC,
  DISPI_COUNT,
  DISPI_ENABLED,
  DISPI_GETCAPS,
  DISPI_ID0,
  DISPI_ID5,
  DISPI_MAX_BPP,
  DISPI_MAX_XRES,
  DISPI_MAX_YRES,
  DISPI_NOCLEARMEM,
  Dispi,
} from "./registers.ts";
import type { VgaState } from "./state.ts";
import type { VideoMemory } from "./video-memory.ts";

const DEPTHS = [4, 8, 15, 16, 24, 32];

/** Bytes of video memory from one line to the next of `pixels` pixels. */
export function bytesPerLine(pixels: number, bpp: number): number {
  // Four bits a pixel: four planes of one bit, interleaved byte by byte.
  if (bpp === 4) return (pixels >> 3) * 4;
  return pixels * ((bpp + 7) >> 3);
}

/** A register's value as a guest reads it. `videoSize` in bytes. [DISPI] */
export function readDispi(state: VgaState, index: number, videoSize: number): number {
  const { registers } = state.dispi;
  if (registers[Dispi.ENABLE]! & DISPI_GETCAPS) {
    if (index === Dispi.XRES) return DISPI_MAX_XRES;
    if (index === Dispi.YRES) return DISPI_MAX_YRES;
    if (index === Dispi.BPP) return DISPI_MAX_BPP;
  }
  if (index === Dispi.VIDEO_MEMORY_64K) return videoSize >> 16;
  return index < DISPI_COUNT ? registers[index]! : 0;
}

/**
 * A guest's write. The resolution may change at any time; what does not fit into video memory is refused, and
 * offsets are held within the virtual screen. [DISPI]
 */
export function writeDispi(state: VgaState, index: number, value: number, video: VideoMemory): void {
  const { registers } = state.dispi;
  switch (index) {
    case Dispi.ID:
      if (value >= DISPI_ID0 && value <= DISPI_ID5) registers[index] = value;
      return;
    case Dispi.XRES:
      if (value === 0 || value > DISPI_MAX_XRES) return;
      break;
    case Dispi.YRES:
      if (value === 0 || value > DISPI_MAX_YRES) return;
      break;
    case Dispi.BPP:
      if (value !== 0 && !DEPTHS.includes(value)) return;
      registers[index] = value || 8;
      constrain(registers, video.bytes.length);
      return;
    case Dispi.BANK:
      registers[index] = value & ((video.bytes.length >> 16) - 1);
      return;
    case Dispi.ENABLE:
      enable(state, value, video);
      return;
    case Dispi.VIRT_WIDTH:
    case Dispi.X_OFFSET:
    case Dispi.Y_OFFSET:
      break;
    default:
      return;
  }
  registers[index] = value;
  constrain(registers, video.bytes.length);
}

function enable(state: VgaState, value: number, video: VideoMemory): void {
  const { registers } = state.dispi;
  const starts = (value & ~registers[Dispi.ENABLE]! & DISPI_ENABLED) !== 0;
  registers[Dispi.ENABLE] = value;
  setWidth(state.dac, (value & DISPI_8BIT_DAC) !== 0);
  if (!(value & DISPI_ENABLED)) {
    registers[Dispi.BANK] = 0;
    return;
  }
  if (!starts) return;
  if (registers[Dispi.XRES] === 0) registers[Dispi.XRES] = 640;
  if (registers[Dispi.YRES] === 0) registers[Dispi.YRES] = 480;
  registers[Dispi.BANK] = 0;
  registers[Dispi.VIRT_WIDTH] = registers[Dispi.XRES]!;
  registers[Dispi.X_OFFSET] = 0;
  registers[Dispi.Y_OFFSET] = 0;
  constrain(registers, video.bytes.length);
  if (!(value & DISPI_NOCLEARMEM)) {
    const line = bytesPerLine(registers[Dispi.VIRT_WIDTH]!, registers[Dispi.BPP]!);
    video.clear(Math.min(line * registers[Dispi.YRES]!, video.bytes.length));
  }
}

/** Works out the virtual height and keeps the visible part within video memory. */
function constrain(registers: Uint16Array, videoSize: number): void {
  if (!(registers[Dispi.ENABLE]! & DISPI_ENABLED)) return;
  const xres = registers[Dispi.XRES]!;
  const yres = registers[Dispi.YRES]!;
  const bpp = registers[Dispi.BPP]!;
  let width = Math.max(registers[Dispi.VIRT_WIDTH]!, xres);
  if (bpp === 4) width = (width + 7) & ~7;
  if (bytesPerLine(width, bpp) * yres > videoSize) width = xres;
  const height = Math.min(0xffff, Math.floor(videoSize / bytesPerLine(width, bpp)));
  registers[Dispi.VIRT_WIDTH] = width;
  registers[Dispi.VIRT_HEIGHT] = height;
  registers[Dispi.X_OFFSET] = Math.min(registers[Dispi.X_OFFSET]!, width - xres);
  registers[Dispi.Y_OFFSET] = Math.min(registers[Dispi.Y_OFFSET]!, Math.max(0, height - yres));
}
