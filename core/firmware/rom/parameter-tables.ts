import type { Assembler } from "../../assembler/assembler.ts";

/** INT 1Eh: the step rate, motor and gap figures of a 1.44 MB drive, which boot sectors copy and change. */
export function disketteParameters(a: Assembler): void {
  a.label("disketteParameters");
  // Step rate and unload; load, DMA; motor off delay; bytes a sector; last sector; gap; data length; format gap;
  // fill byte; settle in ms; motor start in 1/8 s.
  a.db(0xaf, 0x02, 0x25, 0x02, 0x12, 0x1b, 0xff, 0x6c, 0xf6, 0x0f, 0x08);
}

/**
 * INT 1Dh: the 6845's registers of the CGA's modes, which programs of the CGA's day read; their first 16 bytes of
 * 40 columns, 80 columns, graphics and the monochrome adapter, then sizes, columns and mode bytes.
 */
export function videoParameters(a: Assembler): void {
  a.label("videoParameters");
  a.db(0x38, 0x28, 0x2d, 0x0a, 0x1f, 0x06, 0x19, 0x1c, 0x02, 0x07, 0x06, 0x07, 0, 0, 0, 0);
  a.db(0x71, 0x50, 0x5a, 0x0a, 0x1f, 0x06, 0x19, 0x1c, 0x02, 0x07, 0x06, 0x07, 0, 0, 0, 0);
  a.db(0x38, 0x28, 0x2d, 0x0a, 0x7f, 0x06, 0x64, 0x70, 0x02, 0x01, 0x06, 0x07, 0, 0, 0, 0);
  a.db(0x61, 0x50, 0x52, 0x0f, 0x19, 0x06, 0x19, 0x19, 0x02, 0x0d, 0x0b, 0x0c, 0, 0, 0, 0);
  a.dw(2048, 4096, 16384, 16384);
  a.db(40, 40, 80, 80, 40, 40, 80, 80);
  a.db(0x2c, 0x28, 0x2d, 0x29, 0x2a, 0x2e, 0x1e, 0x29);
}

/** What INT 10h AH=1Bh says that the adapter can do, 16 bytes. */
export function videoCapabilities(a: Assembler): void {
  a.label("videoCapabilities");
  // Modes 0 to 13h; 200, 350 and 400 lines; 2 of 8 fonts at once; then what AH=10h to 12h and 1Ah to 1Ch can do.
  a.db(0xff, 0xe0, 0x0f, 0, 0, 0, 0, 0x07, 0x02, 0x08, 0xe7, 0x0c, 0, 0, 0, 0);
}
