/** A mode of the VBE. */
export interface VbeMode {
  /** With bits 14 (linear framebuffer) and 15 (keep memory) clear. */
  readonly number: number;
  readonly width: number;
  readonly height: number;
  readonly bitsPerPixel: 4 | 8 | 15 | 16 | 24 | 32;
}

/** Numbers that the VBE 1.x gave out. [VBE3] section 3 */
const named: [number, number, number, VbeMode["bitsPerPixel"]][] = [
  [0x100, 640, 400, 8],
  [0x101, 640, 480, 8],
  [0x102, 800, 600, 4],
  [0x103, 800, 600, 8],
  [0x104, 1024, 768, 4],
  [0x105, 1024, 768, 8],
  [0x106, 1280, 1024, 4],
  [0x107, 1280, 1024, 8],
  [0x10d, 320, 200, 15],
  [0x10e, 320, 200, 16],
  [0x10f, 320, 200, 24],
  [0x110, 640, 480, 15],
  [0x111, 640, 480, 16],
  [0x112, 640, 480, 24],
  [0x113, 800, 600, 15],
  [0x114, 800, 600, 16],
  [0x115, 800, 600, 24],
  [0x116, 1024, 768, 15],
  [0x117, 1024, 768, 16],
  [0x118, 1024, 768, 24],
  [0x119, 1280, 1024, 15],
  [0x11a, 1280, 1024, 16],
  [0x11b, 1280, 1024, 24],
];

/** From 140h on: 32 bits a pixel of the sizes above. */
const deep: [number, number][] = [
  [320, 200],
  [640, 400],
  [640, 480],
  [800, 600],
  [1024, 768],
  [1280, 1024],
];

/** From 150h on: every depth of the sizes that came later. */
const later: [number, number][] = [
  [1152, 864],
  [1280, 720],
  [1280, 768],
  [1280, 800],
  [1280, 960],
  [1366, 768],
  [1400, 1050],
  [1440, 900],
  [1600, 900],
  [1600, 1200],
  [1680, 1050],
  [1920, 1080],
];
const DEPTHS = [8, 15, 16, 24, 32] as const;

export const vbeModes: readonly VbeMode[] = [
  ...named.map(([number, width, height, bitsPerPixel]) => ({ number, width, height, bitsPerPixel })),
  ...deep.map(([width, height], i) => ({ number: 0x140 + i, width, height, bitsPerPixel: 32 as const })),
  ...later.flatMap(([width, height], i) =>
    DEPTHS.map((bitsPerPixel, k) => ({ number: 0x150 + i * DEPTHS.length + k, width, height, bitsPerPixel })),
  ),
];

/** Bytes of video memory from a line to the next (4-bit modes: of one plane). */
export function bytesPerLine(mode: VbeMode, pixels: number = mode.width): number {
  return mode.bitsPerPixel === 4 ? pixels >> 3 : pixels * ((mode.bitsPerPixel + 7) >> 3);
}

/** Video memory a picture takes, in bytes. */
export const pictureSize = (mode: VbeMode): number =>
  bytesPerLine(mode) * mode.height * (mode.bitsPerPixel === 4 ? 4 : 1);

/** Width and position of red, green, blue and the rest in a pixel. */
export function colorFields(mode: VbeMode): number[] {
  switch (mode.bitsPerPixel) {
    case 15:
      return [5, 10, 5, 5, 5, 0, 1, 15];
    case 16:
      return [5, 11, 6, 5, 5, 0, 0, 0];
    case 24:
      return [8, 16, 8, 8, 8, 0, 0, 0];
    case 32:
      return [8, 16, 8, 8, 8, 0, 8, 24];
    default:
      return [0, 0, 0, 0, 0, 0, 0, 0];
  }
}
