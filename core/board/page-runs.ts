/** Bytes of a page; the last page of a region may be shorter. */
export const PAGE_SIZE = 4096;
const PAGE_WORDS = PAGE_SIZE / 4;

/**
 * Runs of pages that are not all zero, in ascending order: of each its first page and its number of pages, one
 * after the other.
 */
export type PageRuns = Uint32Array;

/** Pages looked at or copied in one step. */
const STEP_PAGES = 256;

/** The runs of `region`'s pages that hold anything, found in steps of a mebibyte. */
export function* usedPages(region: Uint8Array): Generator<undefined, PageRuns> {
  const isZero = zeroTest(region);
  const runs: number[] = [];
  const pages = Math.ceil(region.length / PAGE_SIZE);
  let first = -1;
  for (let page = 0; page < pages; page++) {
    if (page % STEP_PAGES === STEP_PAGES - 1) yield;
    const used = !isZero(page);
    if (used === first >= 0) continue;
    if (used) first = page;
    else {
      runs.push(first, page - first);
      first = -1;
    }
  }
  if (first >= 0) runs.push(first, pages - first);
  return Uint32Array.from(runs);
}

/** Bytes of all pages of `runs`, in a region of `size` bytes; undefined if they are no runs of such a region. */
export function bytesOf(runs: PageRuns, size: number): number | undefined {
  if (runs.length % 2 !== 0) return undefined;
  const pages = Math.ceil(size / PAGE_SIZE);
  let bytes = 0;
  let next = 0;
  for (let i = 0; i < runs.length; i += 2) {
    const first = runs[i]!;
    const count = runs[i + 1]!;
    if (first < next || count === 0 || first + count > pages) return undefined;
    next = first + count;
    bytes += Math.min(next * PAGE_SIZE, size) - first * PAGE_SIZE;
  }
  return bytes;
}

/** The pages of `runs`, in pieces of a mebibyte at most. */
export function* piecesOf(region: Uint8Array, runs: PageRuns): Generator<Uint8Array> {
  for (let i = 0; i < runs.length; i += 2) {
    const end = runs[i]! + runs[i + 1]!;
    for (let page = runs[i]!; page < end; page += STEP_PAGES) {
      yield pagesOf(region, page, Math.min(STEP_PAGES, end - page));
    }
  }
}

/**
 * Makes `region` what it was: the pages of `runs` from `pages`, all others zero. A page that is zero already is not
 * written, so that memory the host has not yet given to a new process stays ungiven. Works in steps of a mebibyte.
 */
export function* scatterPages(
  region: Uint8Array,
  runs: PageRuns,
  pages: Uint8Array,
): Generator<undefined, void> {
  const isZero = zeroTest(region);
  function* clear(from: number, to: number): Generator<undefined, void> {
    for (let page = from; page < to; page++) {
      if (page % STEP_PAGES === STEP_PAGES - 1) yield;
      if (!isZero(page)) pagesOf(region, page, 1).fill(0);
    }
  }
  let offset = 0;
  let next = 0;
  for (let i = 0; i < runs.length; i += 2) {
    const first = runs[i]!;
    yield* clear(next, first);
    next = first + runs[i + 1]!;
    for (let page = first; page < next; page += STEP_PAGES) {
      const piece = pagesOf(region, page, Math.min(STEP_PAGES, next - page));
      piece.set(pages.subarray(offset, offset + piece.length));
      offset += piece.length;
      yield;
    }
  }
  yield* clear(next, Math.ceil(region.length / PAGE_SIZE));
}

const pagesOf = (region: Uint8Array, first: number, count: number): Uint8Array =>
  region.subarray(first * PAGE_SIZE, (first + count) * PAGE_SIZE);

/** Tells whether a page of `region` is all zero: by words where they are aligned and the page is whole. */
function zeroTest(region: Uint8Array): (page: number) => boolean {
  const wholePages = region.byteOffset % 4 === 0 ? Math.floor(region.length / PAGE_SIZE) : 0;
  const words = new Int32Array(region.buffer, wholePages ? region.byteOffset : 0, wholePages * PAGE_WORDS);
  return (page) =>
    page < wholePages
      ? wordsAreZero(words, page * PAGE_WORDS)
      : pagesOf(region, page, 1).every((byte) => byte === 0);
}

/** Of the page that starts at word `start`; eight words a step, as gigabytes are gone through. */
function wordsAreZero(words: Int32Array, start: number): boolean {
  const end = start + PAGE_WORDS;
  for (let i = start; i < end; i += 8) {
    const any =
      words[i]! |
      words[i + 1]! |
      words[i + 2]! |
      words[i + 3]! |
      words[i + 4]! |
      words[i + 5]! |
      words[i + 6]! |
      words[i + 7]!;
    if (any !== 0) return false;
  }
  return true;
}
