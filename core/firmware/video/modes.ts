import { bytesOfHex } from "../hex.ts";

export type PaletteKind = "mono" | "cga" | "ega" | "vga";
export type ModeKind = "text" | "cga4" | "cga2" | "planar" | "linear";

/** A standard mode: what programs are told of it, and every register's value. [VGA] */
export interface VideoMode {
  readonly number: number;
  readonly kind: ModeKind;
  readonly columns: number;
  /** Rows of text. */
  readonly rows: number;
  readonly characterHeight: 8 | 14 | 16;
  /** Linear address of its window. */
  readonly window: number;
  /** Bytes from a page to the next. */
  readonly pageSize: number;
  readonly pages: number;
  readonly palette: PaletteKind;
  readonly miscellaneous: number;
  /** Registers 1 to 4. */
  readonly sequencer: Uint8Array;
  /** Registers 0 to 18h. */
  readonly crtc: Uint8Array;
  /** Registers 0 to 13h. */
  readonly attribute: Uint8Array;
  /** Registers 0 to 8. */
  readonly graphics: Uint8Array;
}

type Row = [
  number: number,
  kind: ModeKind,
  size: [columns: number, rows: number, height: 8 | 14 | 16],
  memory: [window: number, pageSize: number, pages: number],
  palette: PaletteKind,
  miscellaneous: number,
  sequencer: string,
  crtc: string,
  attribute: string,
  graphics: string,
];

const COLOR_TEXT = "000102030405140738393a3b3c3d3e3f0c000f08";
const CGA_16 = "0001020304050607101112131415161701000f00";
const EGA_16 = "000102030405140738393a3b3c3d3e3f01000f00";
const CRTC_40_TEXT = "2d2728902ba0bf1f004f0d0e000000009c8e8f141f96b9a3ff";
const CRTC_80_TEXT = "5f4f50825581bf1f004f0d0e000000009c8e8f281f96b9a3ff";
const CRTC_350 = "5f4f50825480bf1f004000000000000083855d280f63bae3ff";
const TEXT_GRAPHICS = "0000000000100e00ff";
const PLANAR_GRAPHICS = "000000000000050fff";

const rows: Row[] = [
  [
    0x00,
    "text",
    [40, 25, 16],
    [0xb8000, 0x800, 8],
    "ega",
    0x67,
    "08030002",
    CRTC_40_TEXT,
    COLOR_TEXT,
    TEXT_GRAPHICS,
  ],
  [
    0x01,
    "text",
    [40, 25, 16],
    [0xb8000, 0x800, 8],
    "ega",
    0x67,
    "08030002",
    CRTC_40_TEXT,
    COLOR_TEXT,
    TEXT_GRAPHICS,
  ],
  [
    0x02,
    "text",
    [80, 25, 16],
    [0xb8000, 0x1000, 8],
    "ega",
    0x67,
    "00030002",
    CRTC_80_TEXT,
    COLOR_TEXT,
    TEXT_GRAPHICS,
  ],
  [
    0x03,
    "text",
    [80, 25, 16],
    [0xb8000, 0x1000, 8],
    "ega",
    0x67,
    "00030002",
    CRTC_80_TEXT,
    COLOR_TEXT,
    TEXT_GRAPHICS,
  ],
  ...[0x04, 0x05].map(
    (number): Row => [
      number,
      "cga4",
      [40, 25, 8],
      [0xb8000, 0x4000, 1],
      "cga",
      0x63,
      "09030002",
      "2d2728902b80bf1f00c10000000000009c8e8f140096b9a2ff",
      "0013151702040607101112131415161701000300",
      "0000000000300f0fff",
    ],
  ),
  [
    0x06,
    "cga2",
    [80, 25, 8],
    [0xb8000, 0x4000, 1],
    "cga",
    0x63,
    "01010006",
    "5f4f50825480bf1f00c10000000000009c8e8f280096b9c2ff",
    "0017171717171717171717171717171701000100",
    "0000000000000d0fff",
  ],
  [
    0x07,
    "text",
    [80, 25, 16],
    [0xb0000, 0x1000, 8],
    "mono",
    0x66,
    "00030002",
    "5f4f50825581bf1f004f0d0e000000009c8e8f280f96b9a3ff",
    "000808080808080810181818181818180e000f08",
    "0000000000100a00ff",
  ],
  [
    0x0d,
    "planar",
    [40, 25, 8],
    [0xa0000, 0x2000, 8],
    "cga",
    0x63,
    "090f0006",
    "2d2728902b80bf1f00c00000000000009c8e8f140096b9e3ff",
    CGA_16,
    PLANAR_GRAPHICS,
  ],
  [
    0x0e,
    "planar",
    [80, 25, 8],
    [0xa0000, 0x4000, 4],
    "cga",
    0x63,
    "010f0006",
    "5f4f50825480bf1f00c00000000000009c8e8f280096b9e3ff",
    CGA_16,
    PLANAR_GRAPHICS,
  ],
  [
    0x0f,
    "planar",
    [80, 25, 14],
    [0xa0000, 0x8000, 2],
    "mono",
    0xa2,
    "010f0006",
    CRTC_350,
    "000800001818000000080000001800000b000500",
    PLANAR_GRAPHICS,
  ],
  [
    0x10,
    "planar",
    [80, 25, 14],
    [0xa0000, 0x8000, 2],
    "ega",
    0xa3,
    "010f0006",
    CRTC_350,
    EGA_16,
    PLANAR_GRAPHICS,
  ],
  [
    0x11,
    "planar",
    [80, 30, 16],
    [0xa0000, 0x10000, 1],
    "ega",
    0xe3,
    "010f0006",
    "5f4f508254800b3e0040000000000000ea8cdf2800e704c3ff",
    "003f3f3f3f3f3f3f3f3f3f3f3f3f3f3f01000f00",
    "000000000000050fff",
  ],
  [
    0x12,
    "planar",
    [80, 30, 16],
    [0xa0000, 0x10000, 1],
    "ega",
    0xe3,
    "010f0006",
    "5f4f508254800b3e0040000000000000ea8cdf2800e704e3ff",
    EGA_16,
    PLANAR_GRAPHICS,
  ],
  [
    0x13,
    "linear",
    [40, 25, 8],
    [0xa0000, 0x10000, 1],
    "vga",
    0x63,
    "010f000e",
    "5f4f50825480bf1f00410000000000009c8e8f284096b9a3ff",
    "000102030405060708090a0b0c0d0e0f41000f00",
    "000000000040050fff",
  ],
];

export const videoModes: ReadonlyMap<number, VideoMode> = new Map(
  rows.map(([number, kind, size, memory, palette, miscellaneous, sequencer, crtc, attribute, graphics]) => [
    number,
    {
      number,
      kind,
      columns: size[0],
      rows: size[1],
      characterHeight: size[2],
      window: memory[0],
      pageSize: memory[1],
      pages: memory[2],
      palette,
      miscellaneous,
      sequencer: bytesOfHex(sequencer),
      crtc: bytesOfHex(crtc),
      attribute: bytesOfHex(attribute),
      graphics: bytesOfHex(graphics),
    },
  ]),
);

/**
 * Modes 0 to 3 as the CGA (200 lines, 8-line characters) and the EGA (350 lines, 14-line characters) showed them,
 * chosen by INT 10h AH=12h BL=30h.
 */
export function textModeOf(mode: VideoMode, lines: 200 | 350): VideoMode {
  const height = lines === 200 ? 8 : 14;
  const crtc = mode.crtc.slice();
  if (lines === 350) {
    crtc.set(bytesOfHex("4d0b0c"), 0x09);
    crtc.set(bytesOfHex("83855d"), 0x10);
    crtc.set(bytesOfHex("63ba"), 0x15);
  } else {
    crtc.set(bytesOfHex("c70607"), 0x09);
  }
  return {
    ...mode,
    characterHeight: height,
    crtc,
    miscellaneous: lines === 350 ? 0xa3 : mode.miscellaneous,
    palette: lines === 350 ? "ega" : "cga",
    attribute: lines === 350 ? mode.attribute : bytesOfHex("0001020304050607101112131415161708000f00"),
  };
}
