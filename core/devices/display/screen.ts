/** A changed part of the screen, in pixels. */
export interface ScreenRectangle {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** What a monitor shows. Reading it does not disturb the guest. */
export interface Screen {
  /**
   * Draws what has changed since the last call into `pixels` and returns where. After a change of mode, `pixels`
   * is a new array and one rectangle covers the whole of it.
   */
  refresh(): ScreenRectangle[];
  /** In pixels, as of the last refresh. */
  readonly width: number;
  readonly height: number;
  /** Width of a pixel divided by its height. */
  readonly pixelAspect: number;
  /** RGBA, 8 bits each, `width` × `height`, as of the last refresh. */
  readonly pixels: Uint8Array;
  /** The characters of a text mode, one string a row, CP437 as Unicode; null in graphics modes. */
  text(): string[] | null;
}
