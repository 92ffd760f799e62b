// The decoded blocks by the physical pages that hold their code; CODE_BITS tells stores in which parts of a page.

import { CODE_BITS } from "../layout.ts";

const PAGE = 0x1000;
/** A bit of CODE_BITS stands for so many bytes, a chunk: 2⁶. */
const CHUNK_SHIFT = 6;
const CHUNK = 1 << CHUNK_SHIFT;
const CHUNKS = PAGE / CHUNK;

/** Bytes of code, as far as pages are concerned. */
export interface CodeBytes<B> {
  readonly physical: number;
  /** MODE_* bits. */
  readonly mode: number;
  /** In bytes. */
  readonly length: number;
  /** Physical page of the rest of an instruction that crosses pages, else undefined. */
  readonly secondPage: number | undefined;
  /** The one added before among those that begin in the same chunk: CodePages keeps it. */
  nextInChunk: B | undefined;
}

interface CodePage<B> {
  /** By its chunks: of the blocks that begin there the one added last, which leads to the others. */
  readonly begin: (B | undefined)[];
  /** Those that have crossed from another page into this one. */
  readonly end: B[];
}

/** Bytes of it that lie in the page where it begins. */
const inFirstPage = ({ physical, length }: CodeBytes<unknown>): number =>
  Math.min(length, PAGE - (physical % PAGE));

export class CodePages<B extends CodeBytes<B>> {
  readonly #view: DataView;
  readonly #protect: (page: number) => void;
  /** So many chunks before the one with a byte of a block it may begin. */
  readonly #reach: number;
  /** By their numbers. */
  readonly #pages = new Map<number, CodePage<B>>();

  /**
   * `view`: the machine's memory; `longest`: bytes that a block has at most; `protect` is told of a page that gets its
   * first code.
   */
  constructor(view: DataView, longest: number, protect: (page: number) => void) {
    this.#view = view;
    this.#reach = Math.ceil(longest / CHUNK);
    this.#protect = protect;
  }

  clear(): void {
    for (const number of this.#pages.keys()) this.#view.setBigUint64(CODE_BITS + number * 8, 0n, true);
    this.#pages.clear();
  }

  /** The block added last of those that begin at a physical address and were decoded in a mode. */
  find(physical: number, mode: number): B | undefined {
    let block = this.#pages.get(physical >>> 12)?.begin[(physical % PAGE) >> CHUNK_SHIFT];
    while (block && (block.physical !== physical || block.mode !== mode)) block = block.nextInChunk;
    return block;
  }

  add(block: B): void {
    const { physical, length, secondPage } = block;
    const { begin } = this.#page(physical);
    const chunk = (physical % PAGE) >> CHUNK_SHIFT;
    block.nextInChunk = begin[chunk];
    begin[chunk] = block;
    const inFirst = inFirstPage(block);
    this.#mark(physical, inFirst);
    if (secondPage === undefined) return;
    this.#page(secondPage).end.push(block);
    this.#mark(secondPage, length - inFirst);
  }

  #page(physical: number): CodePage<B> {
    const number = physical >>> 12;
    let page = this.#pages.get(number);
    if (!page) {
      page = { begin: new Array(CHUNKS).fill(undefined), end: [] };
      this.#pages.set(number, page);
      this.#protect(number * PAGE);
    }
    return page;
  }

  /** It was added, and not deleted yet. */
  delete(block: B): void {
    const { physical, length, secondPage } = block;
    const { begin } = this.#page(physical);
    const chunk = (physical % PAGE) >> CHUNK_SHIFT;
    let other = begin[chunk]!;
    if (other === block) begin[chunk] = block.nextInChunk;
    else {
      while (other.nextInChunk !== block) other = other.nextInChunk!;
      other.nextInChunk = block.nextInChunk;
    }
    const inFirst = inFirstPage(block);
    this.#unmark(physical, inFirst);
    if (secondPage === undefined) return;
    const { end } = this.#page(secondPage);
    end.splice(end.indexOf(block), 1);
    this.#unmark(secondPage, length - inFirst);
  }

  /** Blocks that have one of `size` bytes from a physical address, all within a page. */
  at(physical: number, size: number): B[] {
    const found: B[] = [];
    const page = this.#pages.get(physical >>> 12);
    if (!page) return found;
    const from = physical % PAGE;
    const to = from + size;
    for (const block of page.end) if (from < block.length - inFirstPage(block)) found.push(block);
    const crossed = found.length > 0;
    const last = (to - 1) >> CHUNK_SHIFT;
    for (let chunk = Math.max(0, (from >> CHUNK_SHIFT) - this.#reach); chunk <= last; chunk++) {
      for (let block = page.begin[chunk]; block; block = block.nextInChunk) {
        const start = block.physical % PAGE;
        if (start >= to || from >= start + block.length) continue;
        // One that crosses into its own page can be there already.
        if (!crossed || !found.includes(block)) found.push(block);
      }
    }
    return found;
  }

  /** Blocks in the pages of so many bytes. */
  within(physical: number, length: number): Set<B> {
    const found = new Set<B>();
    for (const number of this.#pages.keys()) {
      const page = number * PAGE;
      if (page < physical || page >= physical + length) continue;
      for (const block of this.at(page, PAGE)) found.add(block);
    }
    return found;
  }

  /** Marks the chunks of some bytes, all within a page, as code. */
  #mark(physical: number, length: number): void {
    const last = (physical + length - 1) >>> CHUNK_SHIFT;
    for (let chunk = physical >>> CHUNK_SHIFT; chunk <= last; chunk++) {
      const at = CODE_BITS + (chunk >>> 3);
      this.#view.setUint8(at, this.#view.getUint8(at) | (1 << (chunk & 7)));
    }
  }

  /** Marks those of them that hold no code any more as such, and forgets the page if it has none. */
  #unmark(physical: number, length: number): void {
    const last = (physical + length - 1) >>> CHUNK_SHIFT;
    for (let chunk = physical >>> CHUNK_SHIFT; chunk <= last; chunk++) {
      if (this.at(chunk * CHUNK, CHUNK).length > 0) continue;
      const at = CODE_BITS + (chunk >>> 3);
      this.#view.setUint8(at, this.#view.getUint8(at) & ~(1 << (chunk & 7)));
    }
    const number = physical >>> 12;
    if (this.#view.getBigUint64(CODE_BITS + number * 8, true) === 0n) this.#pages.delete(number);
  }
}
