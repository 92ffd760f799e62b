// Which pages of a region's code are known to be mapped where they were when it was compiled: a local has a bit for each, so
// that code which goes from page to page looks once.

import { constant32, i32 } from "../wasm/expression.ts";
import type { FunctionBody, Local } from "../wasm/function-body.ts";

const BITS = 32;
const START = 1;

/** Pages are numbered by their distances from that of the region's start, in pages. */
export class MappedPages {
  readonly #body: FunctionBody;
  readonly #known: Local;
  readonly #bits = new Map([[0, START]]);

  constructor(body: FunctionBody) {
    this.#body = body;
    this.#known = body.local("i32");
  }

  /** Where the region begins, whose own page was looked up. */
  begin(): void {
    this.#body.set(this.#known, constant32(START));
  }

  /** Translations may have changed; `but`: a page that is still there. */
  forget(but?: number): void {
    this.#body.set(this.#known, constant32(but === undefined ? 0 : this.#bitOf(but)));
  }

  /** Emits a look at whether a page is there, which leaves if it is not, where that is not known. */
  unlessKnown(page: number, look: () => void): void {
    const bit = constant32(this.#bitOf(page));
    const lookAndNote = (): void => {
      look();
      this.#body.set(this.#known, i32.or(this.#known.get, bit));
    };
    this.#body.if(i32.eqz(i32.and(this.#known.get, bit)), lookAndNote, undefined, false);
  }

  /** The bit of a page; 0 for pages beyond the first so many, of which nothing is noted. */
  #bitOf(page: number): number {
    let bit = this.#bits.get(page);
    if (bit === undefined) {
      bit = this.#bits.size < BITS ? 1 << this.#bits.size : 0;
      this.#bits.set(page, bit);
    }
    return bit;
  }
}
