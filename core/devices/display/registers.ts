/** Register indices and bits of the VGA by their names in [VGA]. */

/** Sequencer, ports 3C4 and 3C5. */
export const Seq = {
  CLOCKING_MODE: 1,
  MAP_MASK: 2,
  CHARACTER_MAP_SELECT: 3,
  MEMORY_MODE: 4,
} as const;

/** Clocking mode: 8 dots a character instead of 9. */
export const CLOCKING_8_DOTS = 0x01;
/** Clocking mode: the dot clock is halved. */
export const CLOCKING_HALF_DOT_CLOCK = 0x08;
export const CLOCKING_SCREEN_OFF = 0x20;
/** Memory mode: addresses run through a plane; clear, they alternate between even and odd planes. */
export const MEMORY_SEQUENTIAL = 0x04;
export const MEMORY_CHAIN_4 = 0x08;

/** Graphics controller, ports 3CE and 3CF. */
export const Gfx = {
  SET_RESET: 0,
  ENABLE_SET_RESET: 1,
  COLOR_COMPARE: 2,
  DATA_ROTATE: 3,
  READ_MAP_SELECT: 4,
  MODE: 5,
  MISCELLANEOUS: 6,
  COLOR_DONT_CARE: 7,
  BIT_MASK: 8,
} as const;

export const MODE_READ_COMPARE = 0x08;
export const MODE_ODD_EVEN_READ = 0x10;
/** Two bits a pixel, as on the CGA. */
export const MODE_SHIFT_INTERLEAVE = 0x20;
/** Eight bits a pixel. */
export const MODE_SHIFT_256 = 0x40;
export const MISCELLANEOUS_GRAPHICS = 0x01;

/** CRT controller, ports 3D4 and 3D5 (3B4 and 3B5). */
export const Crtc = {
  HORIZONTAL_TOTAL: 0x00,
  HORIZONTAL_DISPLAY_END: 0x01,
  VERTICAL_TOTAL: 0x06,
  OVERFLOW: 0x07,
  PRESET_ROW_SCAN: 0x08,
  MAXIMUM_SCAN_LINE: 0x09,
  CURSOR_START: 0x0a,
  CURSOR_END: 0x0b,
  START_ADDRESS_HIGH: 0x0c,
  START_ADDRESS_LOW: 0x0d,
  CURSOR_LOCATION_HIGH: 0x0e,
  CURSOR_LOCATION_LOW: 0x0f,
  VERTICAL_RETRACE_START: 0x10,
  VERTICAL_RETRACE_END: 0x11,
  VERTICAL_DISPLAY_END: 0x12,
  OFFSET: 0x13,
  UNDERLINE_LOCATION: 0x14,
  MODE_CONTROL: 0x17,
  LINE_COMPARE: 0x18,
} as const;
/** Number of registers of the CRT controller. */
export const CRTC_COUNT = 0x19;

export const SCAN_DOUBLE = 0x80;
export const CURSOR_OFF = 0x20;
/** Vertical retrace end: clear, the pending vertical interrupt is acknowledged. */
export const RETRACE_INTERRUPT_ENABLE_LATCH = 0x10;
/** Vertical retrace end: registers 0 to 7 are read-only. */
export const RETRACE_PROTECT = 0x80;
export const UNDERLINE_DOUBLEWORD = 0x40;
/** Mode control: clear, row scan bit 0 takes the place of address bit 13 (CGA). */
export const CONTROL_KEEP_BIT_13 = 0x01;
/** Mode control: clear, row scan bit 1 takes the place of address bit 14 (Hercules). */
export const CONTROL_KEEP_BIT_14 = 0x02;
/** Mode control: in word mode address bit 15 comes out as bit 0; clear, bit 13 does. */
export const CONTROL_ADDRESS_WRAP = 0x20;
export const CONTROL_BYTE_MODE = 0x40;

/** Attribute controller, ports 3C0 and 3C1. */
export const Attr = {
  MODE_CONTROL: 0x10,
  COLOR_PLANE_ENABLE: 0x12,
  HORIZONTAL_PEL_PANNING: 0x13,
  COLOR_SELECT: 0x14,
} as const;
/** Number of registers of the attribute controller. */
export const ATTR_COUNT = 0x15;

/** Address register, bit 5: palette address source. Clear, the screen is blank. */
export const PALETTE_ADDRESS_SOURCE = 0x20;
/** The ninth dot of the line-drawing characters C0 to DF repeats the eighth. */
export const ATTR_LINE_GRAPHICS = 0x04;
/** Attribute bit 7 blinks; clear, it is background intensity. */
export const ATTR_BLINK = 0x08;
/** Below the line compare, pixel panning is zero. */
export const ATTR_PAN_TOP_ONLY = 0x20;
/** Palette bits 5 and 4 come from the colour select register. */
export const ATTR_P54_SELECT = 0x80;

/** Miscellaneous output: CRTC and status at 3Dx (colour); clear, at 3Bx. */
export const MISC_COLOR_ADDRESSES = 0x01;
export const MISC_ENABLE_RAM = 0x02;

/** Bochs VBE registers by index. [DISPI] */
export const Dispi = {
  ID: 0x0,
  XRES: 0x1,
  YRES: 0x2,
  BPP: 0x3,
  ENABLE: 0x4,
  BANK: 0x5,
  VIRT_WIDTH: 0x6,
  VIRT_HEIGHT: 0x7,
  X_OFFSET: 0x8,
  Y_OFFSET: 0x9,
  VIDEO_MEMORY_64K: 0xa,
} as const;
/** Number of Bochs VBE registers. */
export const DISPI_COUNT = 0xb;

export const DISPI_ID0 = 0xb0c0;
export const DISPI_ID5 = 0xb0c5;
export const DISPI_ENABLED = 0x01;
export const DISPI_GETCAPS = 0x02;
export const DISPI_8BIT_DAC = 0x20;
export const DISPI_NOCLEARMEM = 0x80;
export const DISPI_MAX_XRES = 2560;
export const DISPI_MAX_YRES = 1600;
export const DISPI_MAX_BPP = 32;
