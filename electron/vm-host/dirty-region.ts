import type { ScreenRectangle } from "../../core/pc-options.ts";

/** More rectangles than this cost more to send than the pixels they spare. */
const MOST_RECTANGLES = 16;

const area = (r: ScreenRectangle): number => r.width * r.height;

function union(a: ScreenRectangle, b: ScreenRectangle): ScreenRectangle {
  const x = Math.min(a.x, b.x);
  const y = Math.min(a.y, b.y);
  return {
    x,
    y,
    width: Math.max(a.x + a.width, b.x + b.width) - x,
    height: Math.max(a.y + a.height, b.y + b.height) - y,
  };
}

/** What has changed on a screen since it was last sent, as a few rectangles that do not waste much. */
export class DirtyRegion {
  #rectangles: ScreenRectangle[] = [];

  get empty(): boolean {
    return this.#rectangles.length === 0;
  }

  /** Rectangles whose union adds no more than a quarter to what they cover are joined. */
  add(rectangle: ScreenRectangle): void {
    let grown = rectangle;
    for (let i = 0; i < this.#rectangles.length; ) {
      const joined = union(grown, this.#rectangles[i]);
      if (area(joined) > 1.25 * (area(grown) + area(this.#rectangles[i]))) i++;
      else {
        grown = joined;
        this.#rectangles.splice(i, 1);
        i = 0;
      }
    }
    this.#rectangles.push(grown);
    if (this.#rectangles.length > MOST_RECTANGLES) this.#rectangles = [this.#rectangles.reduce(union)];
  }

  /** Empties the region. */
  take(): ScreenRectangle[] {
    const taken = this.#rectangles;
    this.#rectangles = [];
    return taken;
  }

  /** Marks the whole screen. */
  fill(width: number, height: number): void {
    this.#rectangles = [{ x: 0, y: 0, width, height }];
  }
}
