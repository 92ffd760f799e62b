/** Draws the rows of a graphics mode, one at a time. */
export interface Painter {
  /** Pixels in a row. */
  readonly width: number;
  readonly rows: number;
  /** First byte of video memory that the located row shows. */
  readonly firstByte: number;
  /** Last byte of it; less than `firstByte` if the row wraps around at the end of VGA memory. */
  readonly lastByte: number;
  /** Finds row `row`, 0 to `rows` - 1. */
  locate(row: number): void;
  /** Draws the located row from the beginning of `line`, which has room for 16 pixels more than the width. */
  draw(line: Uint32Array): void;
}
