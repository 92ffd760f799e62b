import type { ScreenRectangle } from "./screen.ts";

/** Above this number of rectangles, one around them all costs less than handling each. */
const MOST_RECTANGLES = 32;

/** Collects changed rows from top to bottom and merges those that belong together. */
export class RectangleList {
  readonly #list: ScreenRectangle[] = [];

  /** Adds a part that lies below or beside all that was added before. */
  add(x: number, y: number, width: number, height: number): void {
    const last = this.#list.at(-1);
    if (!last || last.y + last.height !== y) {
      this.#list.push({ x, y, width, height });
      return;
    }
    const left = Math.min(last.x, x);
    const right = Math.max(last.x + last.width, x + width);
    const area = (right - left) * (last.height + height);
    // A little of what has not changed may come along; most of it may not.
    if (area <= 2 * (last.width * last.height + width * height)) {
      last.x = left;
      last.width = right - left;
      last.height += height;
    } else {
      this.#list.push({ x, y, width, height });
    }
  }

  /** What was added, merged. */
  get merged(): ScreenRectangle[] {
    const list = this.#list;
    if (list.length <= MOST_RECTANGLES) return list;
    const left = Math.min(...list.map((one) => one.x));
    const right = Math.max(...list.map((one) => one.x + one.width));
    const top = list[0]!.y;
    const bottom = Math.max(...list.map((one) => one.y + one.height));
    return [{ x: left, y: top, width: right - left, height: bottom - top }];
  }
}
