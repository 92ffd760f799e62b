import type { Screen, ScreenRectangle } from "../../core/pc-options.ts";
import type { ConsoleInput, ConsoleOutput, DirtyRectangle } from "../contract/console.ts";
import { DirtyRegion } from "./dirty-region.ts";

/** Frames that a window may have received and not yet drawn. */
const MOST_UNDER_WAY = 2;

/**
 * One window's feed: what it has not seen yet of the screen, merged while it is slow. It stays silent until the
 * window's first `refresh`, so that history and what follows meet without a gap or an overlap.
 */
export class ConsoleFeed {
  readonly #send: (output: ConsoleOutput) => void;
  readonly #region = new DirtyRegion();
  #live = false;
  #sequence = 0;
  #acknowledged = 0;
  /** Of the screen as the region knows it; 0 makes the next look find all of it new. */
  #width = 0;
  #height = 0;
  /** Those of the frame that is sent: no new array for each, which would be the garbage collector's. */
  #pixels = new Uint8Array();

  constructor(send: (output: ConsoleOutput) => void) {
    this.#send = send;
  }

  /** May a frame be sent? */
  get ready(): boolean {
    return this.#live && this.#sequence - this.#acknowledged < MOST_UNDER_WAY;
  }

  /** Passes on what is not a frame. */
  send(output: ConsoleOutput): void {
    if (this.#live) this.#send(output);
  }

  /** The window asks for everything. What it had not acknowledged is lost with it. */
  restart(history: Uint8Array): void {
    this.#live = true;
    this.#acknowledged = this.#sequence;
    this.#width = 0;
    if (history.length > 0) this.#send({ type: "serial", port: 0, bytes: history });
  }

  acknowledge(sequence: number): void {
    if (sequence > this.#acknowledged && sequence <= this.#sequence) this.#acknowledged = sequence;
  }

  /** Notes what a look at the screen has found. Of a mode that is over, what is not sent is never sent. */
  changed({ width, height }: Screen, rectangles: ScreenRectangle[]): void {
    if (width !== this.#width || height !== this.#height) {
      this.#width = width;
      this.#height = height;
      this.#region.fill(width, height);
    } else for (const rectangle of rectangles) this.#region.add(rectangle);
  }

  /** Sends what has changed, if anything has and the window keeps up. */
  flush(screen: Screen): void {
    const { width, height, pixelAspect } = screen;
    if (!this.ready || width === 0 || height === 0 || this.#region.empty) return;
    const rectangles = this.#copyOut(screen, this.#region.take());
    this.#send({ type: "frame", sequence: ++this.#sequence, width, height, pixelAspect, rectangles });
  }

  /** The rectangles' pixels, one after the other. */
  #copyOut(screen: Screen, rectangles: ScreenRectangle[]): DirtyRectangle[] {
    const length = rectangles.reduce((sum, { width, height }) => sum + width * height * 4, 0);
    if (this.#pixels.length < length)
      this.#pixels = new Uint8Array(Math.max(length, screen.width * screen.height * 4));
    let at = 0;
    return rectangles.map(({ x, y, width, height }) => {
      const start = at;
      for (let row = y; row < y + height; row++, at += width * 4) {
        const from = (row * screen.width + x) * 4;
        this.#pixels.set(screen.pixels.subarray(from, from + width * 4), at);
      }
      return { x, y, width, height, pixels: this.#pixels.subarray(start, at) };
    });
  }
}

/** What of a window's input is for the machine rather than for its feed. */
export type MachineInput = Exclude<ConsoleInput, { type: "acknowledge" | "refresh" }>;
