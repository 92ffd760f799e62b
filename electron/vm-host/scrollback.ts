/** The last bytes of a stream, in a ring. */
export class Scrollback {
  readonly #ring: Uint8Array;
  #end = 0;
  #full = false;

  constructor(capacity: number) {
    this.#ring = new Uint8Array(capacity);
  }

  push(bytes: Uint8Array): void {
    const capacity = this.#ring.length;
    const kept = bytes.length > capacity ? bytes.subarray(bytes.length - capacity) : bytes;
    const first = Math.min(kept.length, capacity - this.#end);
    this.#ring.set(kept.subarray(0, first), this.#end);
    this.#ring.set(kept.subarray(first), 0);
    if (this.#end + kept.length >= capacity) this.#full = true;
    this.#end = (this.#end + kept.length) % capacity;
  }

  /** A copy, oldest byte first. */
  contents(): Uint8Array {
    if (!this.#full) return this.#ring.slice(0, this.#end);
    const all = new Uint8Array(this.#ring.length);
    all.set(this.#ring.subarray(this.#end), 0);
    all.set(this.#ring.subarray(0, this.#end), this.#ring.length - this.#end);
    return all;
  }
}
