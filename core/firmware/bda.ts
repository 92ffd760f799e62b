/**
 * The BIOS data area at 0040:0000, as linear addresses. Programs read and write it directly, so every field is where the
 * AT's technical reference puts it.
 */
export const bda = {
  com: 0x400,
  lpt: 0x408,
  ebdaSegment: 0x40e,
  /** What INT 11h returns. */
  equipment: 0x410,
  /** KiB below the extended BIOS data area. */
  memorySize: 0x413,
  shiftFlags: 0x417,
  shiftFlags2: 0x418,
  altKeypad: 0x419,
  keyboardHead: 0x41a,
  keyboardTail: 0x41c,
  keyboardBuffer: 0x41e,
  /** Bit 7: a floppy interrupt has come. */
  floppyRecalibrate: 0x43e,
  floppyMotor: 0x43f,
  floppyMotorTimeout: 0x440,
  floppyStatus: 0x441,
  floppyResult: 0x442,
  videoMode: 0x449,
  videoColumns: 0x44a,
  videoPageSize: 0x44c,
  videoPageStart: 0x44e,
  /** Column and row of the cursor of each of 8 pages. */
  cursorPosition: 0x450,
  /** End line, then start line. */
  cursorShape: 0x460,
  videoPage: 0x462,
  crtcPort: 0x463,
  /** CGA mode control and colour select registers as last set. */
  videoModeControl: 0x465,
  videoColorSelect: 0x466,
  timerTicks: 0x46c,
  timerMidnight: 0x470,
  breakFlag: 0x471,
  /** 1234h: a warm start, without memory test. */
  resetFlag: 0x472,
  diskStatus: 0x474,
  diskCount: 0x475,
  lptTimeout: 0x478,
  comTimeout: 0x47c,
  keyboardStart: 0x480,
  keyboardEnd: 0x482,
  /** Rows of text minus one. */
  videoRows: 0x484,
  characterHeight: 0x485,
  videoControl: 0x487,
  videoSwitches: 0x488,
  vgaControl: 0x489,
  displayCombination: 0x48a,
  floppyDataRate: 0x48b,
  diskInterrupt: 0x48e,
  floppyMediaState: 0x490,
  keyboardMode: 0x496,
  keyboardLeds: 0x497,
  waitFlagPointer: 0x498,
  /** Microseconds left. */
  waitCount: 0x49c,
  waitActive: 0x4a0,
  /** Far pointer to the table of the video BIOS's own tables. */
  videoSavePointer: 0x4a8,
} as const;

/** Segment of the extended BIOS data area, the last KiB of conventional memory. */
export const ebdaSegment = 0x9fc0;

/** Offsets in the extended BIOS data area. */
export const ebda = {
  size: 0x00,
  /** Far pointer to the mouse handler of INT 15h AX=C207h. */
  mouseHandler: 0x22,
  /** Bytes of a packet collected so far, and the packet. */
  mouseFlags: 0x26,
  mouseFlags2: 0x27,
  mousePacket: 0x28,
  /** The ACPI firmware control structure, 64 bytes aligned to 64. */
  facs: 0x300,
} as const;

/** Interrupt request lines and vectors: the BIOS's own bases of the two interrupt controllers. */
export const VECTOR_IRQ0 = 0x08;
export const VECTOR_IRQ8 = 0x70;
