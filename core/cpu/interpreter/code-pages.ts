// Which physical pages hold decoded code, and which blocks; CODE_BITS tells stores in which parts of a page.

import { CODE_BITS } from "../layout.ts";

const PAGE = 0x1000;
/** A bit of CODE_BITS stands for so many bytes: 2⁶. */
const CHUNK_SHIFT = 6;
const CHUNKS = PAGE >> CHUNK_SHIFT;

/** Bytes of code, as far as pages are concerned. */
export interface CodeBytes {
  readonly physical: number;
  /** In bytes. */
  readonly length: number;
  /** Physical page of the rest of an instruction that crosses pages, else undefined. */
  readonly secondPage: number | undefined;
}

const startsIn = ({ physical }: CodeBytes, page: number): boolean => page === physical - (physical % PAGE);

/** Where the bytes begin within one of their pages. */
const startOf = (code: CodeBytes, page: number): number => (startsIn(code, page) ? code.physical % PAGE : 0);

/** Where they end there. */
function endOf(code: CodeBytes, page: number): number {
  const inFirst = PAGE - (code.physical % PAGE);
  return startsIn(code, page) ? PAGE - inFirst + Math.min(code.length, inFirst) : code.length - inFirst;
}

const pagesOf = ({ physical, secondPage }: CodeBytes): number[] => {
  const first = physical - (physical % PAGE);
  return secondPage === undefined ? [first] : [first, secondPage];
};

export class CodePages<B extends CodeBytes> {
  readonly #view: DataView;
  readonly #protect: (page: number) => void;
  /** By their addresses: for each chunk the blocks that have bytes there, so that dropping one need not look at all. */
  readonly #pages = new Map<number, (B[] | undefined)[]>();

  /** `view`: the machine's memory; `protect` is told of a page that gets its first code. */
  constructor(view: DataView, protect: (page: number) => void) {
    this.#view = view;
    this.#protect = protect;
  }

  clear(): void {
    for (const page of this.#pages.keys()) this.#view.setBigUint64(CODE_BITS + (page >>> 12) * 8, 0n, true);
    this.#pages.clear();
  }

  add(block: B): void {
    for (const page of pagesOf(block)) {
      let chunks = this.#pages.get(page);
      if (!chunks) {
        chunks = Array.from({ length: CHUNKS });
        this.#pages.set(page, chunks);
        this.#protect(page);
      }
      const last = (endOf(block, page) - 1) >> CHUNK_SHIFT;
      for (let chunk = startOf(block, page) >> CHUNK_SHIFT; chunk <= last; chunk++) {
        const blocks = chunks[chunk];
        if (blocks) blocks.push(block);
        else {
          chunks[chunk] = [block];
          this.#flipBit(page, chunk);
        }
      }
    }
  }

  delete(block: B): void {
    for (const page of pagesOf(block)) {
      const chunks = this.#pages.get(page);
      if (!chunks) continue;
      const last = (endOf(block, page) - 1) >> CHUNK_SHIFT;
      for (let chunk = startOf(block, page) >> CHUNK_SHIFT; chunk <= last; chunk++) {
        const blocks = chunks[chunk];
        const place = blocks?.indexOf(block) ?? -1;
        if (!blocks || place < 0) continue;
        blocks.splice(place, 1);
        if (blocks.length > 0) continue;
        chunks[chunk] = undefined;
        this.#flipBit(page, chunk);
      }
      const bits = CODE_BITS + (page >>> 12) * 8;
      if ((this.#view.getUint32(bits) | this.#view.getUint32(bits + 4)) === 0) this.#pages.delete(page);
    }
  }

  /** Blocks that have one of `size` bytes from a physical address, all within a page. */
  at(physical: number, size: number): Set<B> {
    const found = new Set<B>();
    const from = physical % PAGE;
    const page = physical - from;
    const chunks = this.#pages.get(page);
    if (!chunks) return found;
    for (let chunk = from >> CHUNK_SHIFT; chunk <= (from + size - 1) >> CHUNK_SHIFT; chunk++) {
      for (const block of chunks[chunk] ?? []) {
        if (startOf(block, page) < from + size && from < endOf(block, page)) found.add(block);
      }
    }
    return found;
  }

  /** Blocks in the pages of so many bytes. */
  within(physical: number, length: number): Set<B> {
    const found = new Set<B>();
    for (const [page, chunks] of this.#pages) {
      if (page < physical || page >= physical + length) continue;
      for (const blocks of chunks) for (const block of blocks ?? []) found.add(block);
    }
    return found;
  }

  #flipBit(page: number, chunk: number): void {
    const at = CODE_BITS + (page >>> 12) * 8 + (chunk >> 3);
    this.#view.setUint8(at, this.#view.getUint8(at) ^ (1 << (chunk & 7)));
  }
}
