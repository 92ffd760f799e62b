import type { Preferences } from "../preferences/store.ts";

export type ScaleMode = Preferences["scaleMode"];

export interface ScreenShape {
  /** In guest pixels. */
  width: number;
  height: number;
  /** Width of a guest pixel divided by its height. */
  pixelAspect: number;
}

export interface Placement {
  /** Size on the screen, in device pixels. */
  width: number;
  height: number;
  /** Guest pixels are drawn with hard edges; else the browser interpolates. */
  crisp: boolean;
  /**
   * Each guest pixel is drawn as a square of so many first, which the browser then shrinks: an uneven enlargement
   * stays sharp but for a thin blend at the pixels' edges.
   */
  oversample: number;
  /** Device pixels a guest pixel is wide. */
  scale: number;
}

/** Beyond this, memory grows and the eye sees no difference. */
const MOST_OVERSAMPLE = 4;

/**
 * Size of a guest's picture in a pane of `availableWidth` × `availableHeight` device pixels.
 *
 * - `fit`: as large as fits.
 * - `whole`: the largest whole multiple that fits; smaller than one to one only where nothing else fits.
 * - `actual`: one guest pixel is one CSS pixel wide; the pane scrolls.
 *
 * The picture keeps the shape that it has on the guest's monitor: its height follows from the pixels' aspect.
 */
export function placeScreen(
  shape: ScreenShape,
  availableWidth: number,
  availableHeight: number,
  mode: ScaleMode,
  devicePixelRatio: number,
): Placement {
  const natural = { width: shape.width, height: shape.height / shape.pixelAspect };
  const fit = Math.min(availableWidth / natural.width, availableHeight / natural.height);
  let scale = fit;
  if (mode === "actual") scale = devicePixelRatio;
  else if (mode === "whole" && fit >= 1) scale = Math.floor(fit);
  const width = Math.max(1, Math.round(natural.width * scale));
  const height = Math.max(1, Math.round(natural.height * scale));
  // Hard edges are even only if each guest pixel covers a whole number of device pixels in both directions.
  const crisp = width % shape.width === 0 && height % shape.height === 0;
  const enlarged = Math.max(width / shape.width, height / shape.height);
  const oversample = crisp || enlarged <= 1 ? 1 : Math.min(MOST_OVERSAMPLE, Math.ceil(enlarged));
  return { width, height, crisp, oversample, scale };
}

/**
 * Mouse motion in guest pixels from motion in CSS pixels, keeping what is less than a pixel for the next time, so
 * that slow motions are not lost on an enlarged screen.
 */
export class MotionScaler {
  #x = 0;
  #y = 0;

  /** `perCss`: guest pixels a CSS pixel, across and down. */
  move(dx: number, dy: number, perCss: { x: number; y: number }): { dx: number; dy: number } {
    this.#x += dx * perCss.x;
    this.#y += dy * perCss.y;
    const whole = { dx: Math.trunc(this.#x), dy: Math.trunc(this.#y) };
    this.#x -= whole.dx;
    this.#y -= whole.dy;
    return whole;
  }
}

/** Pixels of scrolling that browsers report for one notch of a wheel, and lines. */
const PIXELS_A_NOTCH = 100;
const LINES_A_NOTCH = 3;

/** Whole notches from wheel events, which touch pads report in small parts. */
export class WheelScaler {
  #rest = 0;

  /** `deltaMode` as in `WheelEvent`: 0 pixels, 1 lines, 2 pages. Down is positive. */
  turn(delta: number, deltaMode: number): number {
    this.#rest += deltaMode === 0 ? delta / PIXELS_A_NOTCH : deltaMode === 1 ? delta / LINES_A_NOTCH : delta;
    const notches = Math.trunc(this.#rest);
    this.#rest -= notches;
    return notches;
  }
}
