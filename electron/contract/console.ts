/**
 * A console's own channel between a machine's process and a window: frames and serial bytes out, input in. It
 * carries binary messages only; `console-codec.ts` packs and unpacks them.
 */

/** Pixels of one changed part of the screen: RGBA, 8 bits each, rows packed without padding. */
export interface DirtyRectangle {
  x: number;
  y: number;
  width: number;
  height: number;
  pixels: Uint8Array;
}

export type ConsoleOutput =
  /**
   * A change of the screen. `sequence` is acknowledged once drawn; at most two frames are under way, and what
   * changes meanwhile is merged. A new `width` or `height` means that the rectangles cover the whole screen.
   * `pixelAspect` is the width of a pixel divided by its height (0.8333 for 320×200 on a 4:3 tube).
   */
  | {
      type: "frame";
      sequence: number;
      width: number;
      height: number;
      pixelAspect: number;
      rectangles: DirtyRectangle[];
    }
  | { type: "serial"; port: number; bytes: Uint8Array }
  /** Keyboard LEDs: bit 0 scroll lock, bit 1 num lock, bit 2 caps lock. */
  | { type: "leds"; leds: number }
  /** Light of a drive or of the network, by slot name, for the status bar. */
  | { type: "activity"; slot: string };

export type ConsoleInput =
  | { type: "acknowledge"; sequence: number }
  /** A physical key by its `KeyboardEvent.code`. */
  | { type: "key"; code: string; down: boolean }
  /** Relative motion in guest pixels (right, down), wheel in notches (down positive), buttons 1 left 2 right 4 middle. */
  | { type: "mouse"; dx: number; dy: number; wheel: number; buttons: number }
  | { type: "serial"; port: number; bytes: Uint8Array }
  /**
   * Asks for a whole frame and for the serial history of COM1, which begins anew then; nothing is sent before the
   * first one.
   */
  | { type: "refresh" };
