/** How much of what a guest has sent is kept for a later wait; more is the oldest dropped. */
const KEPT = 1 << 20;

/** Waits for texts in a stream of bytes as a person reads it: each wait begins where the previous one's text ended. */
export class TextWatch {
  #text = "";
  readonly #decoder = new TextDecoder();

  push(bytes: Uint8Array): void {
    this.#text += this.#decoder.decode(bytes, { stream: true });
    if (this.#text.length > 2 * KEPT) this.#text = this.#text.slice(-KEPT);
  }

  /** Has `text` come? If so, all up to its end is done with. */
  take(text: string): boolean {
    const at = this.#text.indexOf(text);
    if (at < 0) return false;
    this.#text = this.#text.slice(at + text.length);
    return true;
  }
}

/** Tells, chunk by chunk, whether a text has been seen in a stream, also across chunks. */
export class TextDetector {
  readonly #wanted: string;
  readonly #decoder = new TextDecoder();
  #tail = "";

  constructor(wanted: string) {
    this.#wanted = wanted;
  }

  push(bytes: Uint8Array): boolean {
    const text = this.#tail + this.#decoder.decode(bytes, { stream: true });
    this.#tail = this.#wanted.length > 1 ? text.slice(1 - this.#wanted.length) : "";
    return text.includes(this.#wanted);
  }
}

/** Is `text` on one of the screen's rows? */
export const onScreen = (rows: string[] | null, text: string): boolean =>
  rows?.some((row) => row.includes(text)) ?? false;
