import type { ConsoleOutput, DirtyRectangle } from "../../../electron/contract/console.ts";
import type { ScreenShape } from "./scaling.ts";

type Frame = Extract<ConsoleOutput, { type: "frame" }>;

/** Draws a guest's screen somewhere. */
export interface ScreenView {
  /** The screen has a new size or shape; it is drawn anew afterwards. */
  reshape(shape: ScreenShape): void;
  draw(x: number, y: number, pixels: ImageData): void;
}

/** A copy of a guest's screen, so that any number of views can show it and new ones start complete. */
export class ScreenBuffer {
  #shape: ScreenShape | null = null;
  #pixels: ImageData | null = null;
  readonly #views = new Set<ScreenView>();

  /** Null until the first frame. */
  get shape(): ScreenShape | null {
    return this.#shape;
  }

  /** Takes a frame and draws it. A rectangle outside the screen is left out. */
  apply(frame: Frame): void {
    const { width, height, pixelAspect } = frame;
    const old = this.#shape;
    if (old?.width !== width || old.height !== height || old.pixelAspect !== pixelAspect) {
      if (old?.width !== width || old.height !== height) this.#pixels = new ImageData(width, height);
      this.#shape = { width, height, pixelAspect };
      for (const view of this.#views) this.#show(view);
    }
    for (const rectangle of frame.rectangles) {
      if (!this.#holds(rectangle)) continue;
      const image = imageOf(rectangle);
      this.#copy(rectangle);
      for (const view of this.#views) view.draw(rectangle.x, rectangle.y, image);
    }
  }

  /** Adds a view and draws all there is; the returned function removes it. */
  attach(view: ScreenView): () => void {
    this.#views.add(view);
    this.#show(view);
    return () => this.#views.delete(view);
  }

  #show(view: ScreenView): void {
    if (!this.#shape || !this.#pixels) return;
    view.reshape(this.#shape);
    view.draw(0, 0, this.#pixels);
  }

  #holds({ x, y, width, height, pixels }: DirtyRectangle): boolean {
    const shape = this.#shape!;
    const inside = x >= 0 && y >= 0 && x + width <= shape.width && y + height <= shape.height;
    return inside && width > 0 && height > 0 && pixels.length === 4 * width * height;
  }

  #copy({ x, y, width, height, pixels }: DirtyRectangle): void {
    const target = this.#pixels!;
    for (let row = 0; row < height; row++)
      target.data.set(
        pixels.subarray(4 * width * row, 4 * width * (row + 1)),
        4 * ((y + row) * target.width + x),
      );
  }
}

function imageOf({ width, height, pixels }: DirtyRectangle): ImageData {
  // Frames arrive in ordinary buffers: nothing is shared between processes.
  const bytes = new Uint8ClampedArray(pixels.buffer as ArrayBuffer, pixels.byteOffset, pixels.length);
  return new ImageData(bytes, width, height);
}
