// Which physical pages hold decoded code, and which blocks; CODE_BITS tells stores in which parts of a page.

import { CODE_BITS } from "../layout.ts";

const PAGE = 0x1000;

/** Bytes of code, as far as pages are concerned. */
export interface CodeBytes {
  readonly physical: number;
  /** In bytes. */
  readonly length: number;
  /** Physical page of the rest of an instruction that crosses pages, else undefined. */
  readonly secondPage: number | undefined;
}

/** Where the bytes lie within one of their pages: from and to. */
function extentOf({ physical, length }: CodeBytes, page: number): [number, number] {
  const start = physical % PAGE;
  if (page === physical - start) return [start, Math.min(start + length, PAGE)];
  return [0, length - (PAGE - start)];
}

const pagesOf = ({ physical, secondPage }: CodeBytes): number[] => {
  const first = physical - (physical % PAGE);
  return secondPage === undefined ? [first] : [first, secondPage];
};

export class CodePages<B extends CodeBytes> {
  readonly #view: DataView;
  readonly #protect: (page: number) => void;
  readonly #pages = new Map<number, Set<B>>();

  /** `view`: the machine's memory; `protect` is told of a page that gets its first code. */
  constructor(view: DataView, protect: (page: number) => void) {
    this.#view = view;
    this.#protect = protect;
  }

  clear(): void {
    for (const page of this.#pages.keys()) this.#setBits(page, 0n);
    this.#pages.clear();
  }

  add(block: B): void {
    for (const page of pagesOf(block)) {
      let blocks = this.#pages.get(page);
      if (!blocks) {
        blocks = new Set();
        this.#pages.set(page, blocks);
        this.#protect(page);
      }
      blocks.add(block);
      this.#addBits(block, page);
    }
  }

  delete(block: B): void {
    for (const page of pagesOf(block)) {
      const blocks = this.#pages.get(page);
      if (!blocks?.delete(block)) continue;
      this.#setBits(page, 0n);
      if (blocks.size === 0) this.#pages.delete(page);
      for (const other of blocks) this.#addBits(other, page);
    }
  }

  /** Blocks that have one of `size` bytes from a physical address, all within a page. */
  at(physical: number, size: number): B[] {
    const from = physical % PAGE;
    const page = physical - from;
    return [...(this.#pages.get(page) ?? [])].filter((block) => {
      const [start, end] = extentOf(block, page);
      return start < from + size && from < end;
    });
  }

  /** Blocks in the pages of so many bytes. */
  within(physical: number, length: number): Set<B> {
    const found = new Set<B>();
    for (const [page, blocks] of this.#pages) {
      if (page >= physical && page < physical + length) for (const block of blocks) found.add(block);
    }
    return found;
  }

  #addBits(block: CodeBytes, page: number): void {
    const [start, end] = extentOf(block, page);
    let bits = this.#view.getBigUint64(CODE_BITS + (page >>> 12) * 8, true);
    for (let chunk = start >> 6; chunk <= (end - 1) >> 6; chunk++) bits |= 1n << BigInt(chunk);
    this.#setBits(page, bits);
  }

  #setBits(page: number, bits: bigint): void {
    this.#view.setBigUint64(CODE_BITS + (page >>> 12) * 8, bits, true);
  }
}
