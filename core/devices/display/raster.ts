import {
  ATTR_PAN_TOP_ONLY,
  Attr,
  CONTROL_ADDRESS_WRAP,
  CONTROL_BYTE_MODE,
  CONTROL_KEEP_BIT_13,
  CONTROL_KEEP_BIT_14,
  Crtc,
  Gfx,
  MISCELLANEOUS_GRAPHICS,
  SCAN_DOUBLE,
  UNDERLINE_DOUBLEWORD,
} from "./registers.ts";
import type { VgaState } from "./state.ts";
import { displayedLines } from "./timing.ts";

/** The panning register's value that moves nothing, with eight dots a character or nine. */
const NO_PANNING = 8;

/**
 * The CRT controller's way through video memory. A row of the raster is one that differs from its neighbours:
 * scan lines that only repeat the one above (double scanning, tall pixels) are no rows of their own.
 *
 * Addresses are those of the CRTC's memory address counter, which counts characters (text) or groups of 8 pixels
 * (4 in 256-colour modes); `memoryAddress` turns them into a byte of each plane. [VGA]
 */
export class Raster {
  /** Characters, or groups of pixels, in a row. */
  readonly columns: number;
  readonly rows: number;
  /** Scan lines of a character row. */
  readonly characterHeight: number;
  /** First row below the split screen's border; at least `rows` if there is no split. */
  readonly splitRow: number;

  // Set by `seek`.
  /** Of the row's first character. */
  address = 0;
  /** Line within the character. */
  rowScan = 0;
  /** The horizontal PEL panning register in effect, 0 to 15. */
  panning = 0;

  readonly #start: number;
  readonly #pitch: number;
  readonly #presetRowScan: number;
  readonly #lineCompare: number;
  readonly #linesPerRow: number;
  /** 2 when every scan line is shown twice. */
  readonly #divisor: number;
  readonly #panning: number;
  readonly #panningAfterSplit: number;
  readonly #control: number;
  readonly #doubleword: boolean;

  constructor(state: VgaState) {
    const crtc = state.crtc.registers;
    const maximumScan = crtc[Crtc.MAXIMUM_SCAN_LINE]!;
    this.#control = crtc[Crtc.MODE_CONTROL]!;
    this.#doubleword = (crtc[Crtc.UNDERLINE_LOCATION]! & UNDERLINE_DOUBLEWORD) !== 0;
    this.#divisor = maximumScan & SCAN_DOUBLE ? 2 : 1;
    this.characterHeight = (maximumScan & 31) + 1;

    const graphics = (state.graphics.registers[Gfx.MISCELLANEOUS]! & MISCELLANEOUS_GRAPHICS) !== 0;
    const keepBits = CONTROL_KEEP_BIT_13 | CONTROL_KEEP_BIT_14;
    const repeats = graphics && (this.#control & keepBits) === keepBits;
    this.#linesPerRow = this.#divisor * (repeats ? this.characterHeight : 1);
    this.columns = crtc[Crtc.HORIZONTAL_DISPLAY_END]! + 1;
    this.rows = Math.ceil(displayedLines(crtc) / this.#linesPerRow);

    const bytePanning = (crtc[Crtc.PRESET_ROW_SCAN]! >> 5) & 3;
    this.#start = (crtc[Crtc.START_ADDRESS_HIGH]! << 8) + crtc[Crtc.START_ADDRESS_LOW]! + bytePanning;
    this.#pitch = crtc[Crtc.OFFSET]! * 2;
    this.#presetRowScan = crtc[Crtc.PRESET_ROW_SCAN]! & 31;
    this.#lineCompare =
      crtc[Crtc.LINE_COMPARE]! | ((crtc[Crtc.OVERFLOW]! & 0x10) << 4) | ((maximumScan & 0x40) << 3);
    this.splitRow = Math.ceil((this.#lineCompare + 1) / this.#linesPerRow);

    const attribute = state.attribute.registers;
    this.#panning = attribute[Attr.HORIZONTAL_PEL_PANNING]!;
    const panTopOnly = (attribute[Attr.MODE_CONTROL]! & ATTR_PAN_TOP_ONLY) !== 0;
    this.#panningAfterSplit = panTopOnly ? NO_PANNING : this.#panning;
  }

  /** Finds where row `row` begins. */
  seek(row: number): void {
    const scanLine = row * this.#linesPerRow;
    const split = scanLine > this.#lineCompare;
    const line = split
      ? Math.floor((scanLine - this.#lineCompare - 1) / this.#divisor)
      : scanLine / this.#divisor + this.#presetRowScan;
    const characterRow = Math.floor(line / this.characterHeight);
    this.address = (split ? 0 : this.#start) + characterRow * this.#pitch;
    this.rowScan = line - characterRow * this.characterHeight;
    this.panning = split ? this.#panningAfterSplit : this.#panning;
  }

  /** The byte of each plane (0 to 65535) that the memory address counter at `counter` fetches. */
  memoryAddress(counter: number): number {
    const control = this.#control;
    let address = counter;
    // Doubleword addresses go with chain-4, where they count packed groups of four bytes: no change here.
    if (!this.#doubleword && !(control & CONTROL_BYTE_MODE)) {
      address = (counter << 1) | ((counter >> (control & CONTROL_ADDRESS_WRAP ? 15 : 13)) & 1);
    }
    if (!(control & CONTROL_KEEP_BIT_13)) address = (address & ~0x2000) | ((this.rowScan & 1) << 13);
    if (!(control & CONTROL_KEEP_BIT_14)) address = (address & ~0x4000) | ((this.rowScan & 2) << 13);
    return address & 0xffff;
  }
}
