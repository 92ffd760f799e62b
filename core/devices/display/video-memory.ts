/** Tells which video memory was written by the guest through its own mapping of it. */
export interface DirtyPages {
  /** Sets one byte for each 4 KiB page of video memory: 1 if it was written since the last call, else 0. */
  collect(into: Uint8Array): void;
}

/** log2 of the size of a page of {@link DirtyPages}. */
export const PAGE_SHIFT = 12;

/**
 * Video memory in the views that its users need. Byte `i` of plane `p` of a VGA mode is `bytes[4 * i + p]`, so
 * `planes[i]` holds all four planes, plane 0 lowest. Its users are little endian, as WebAssembly is.
 */
export class VideoMemory {
  readonly bytes: Uint8Array;
  readonly halfwords: Uint16Array;
  readonly planes: Uint32Array;
  /** Pages written by the device itself since the last `collect`. */
  readonly #written: Uint8Array;
  readonly #collected: Uint8Array;
  readonly #dirtyPages: DirtyPages;

  /** `bytes` begins at a multiple of 4 in its buffer; its length is a power of two, at least 256 KiB. */
  constructor(bytes: Uint8Array, dirtyPages: DirtyPages) {
    this.bytes = bytes;
    this.halfwords = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length >> 1);
    this.planes = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
    this.#written = new Uint8Array(bytes.length >> PAGE_SHIFT);
    this.#collected = new Uint8Array(bytes.length >> PAGE_SHIFT);
    this.#dirtyPages = dirtyPages;
  }

  /** Notes a write of the byte at `index`. */
  touch(index: number): void {
    this.#written[index >> PAGE_SHIFT] = 1;
  }

  /** Zeroes the first `length` bytes. */
  clear(length: number): void {
    this.bytes.fill(0, 0, length);
    this.#written.fill(1);
  }

  /** One byte a page, 1 if it was written by anybody since the last call. Valid until the next. */
  collect(): Uint8Array {
    const pages = this.#collected;
    const own = this.#written;
    this.#dirtyPages.collect(pages);
    for (let i = 0; i < own.length; i++) pages[i]! |= own[i]!;
    own.fill(0);
    return pages;
  }
}
