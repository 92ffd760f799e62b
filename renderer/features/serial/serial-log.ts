/** Bytes of scrollback kept, as much as the machine's process keeps. */
const CAPACITY = 1 << 20;

export interface SerialView {
  /** What follows is the history from its start. */
  clear(): void;
  write(bytes: Uint8Array): void;
}

/** What a serial port has sent, for any number of terminals; new ones start with the history. */
export class SerialLog {
  #chunks: Uint8Array[] = [];
  #size = 0;
  readonly #views = new Set<SerialView>();

  get isEmpty(): boolean {
    return this.#size === 0;
  }

  append(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#chunks.push(bytes);
    this.#size += bytes.length;
    while (this.#size - this.#chunks[0]!.length >= CAPACITY) this.#size -= this.#chunks.shift()!.length;
    for (const view of this.#views) view.write(bytes);
  }

  /** Forgets everything: the history is about to be told anew. */
  clear(): void {
    this.#chunks = [];
    this.#size = 0;
    for (const view of this.#views) view.clear();
  }

  attach(view: SerialView): () => void {
    this.#views.add(view);
    for (const chunk of this.#chunks) view.write(chunk);
    return () => this.#views.delete(view);
  }
}
