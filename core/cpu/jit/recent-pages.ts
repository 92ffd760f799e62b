// Where accesses of loops to small tables look before the translation table: at the page that the access before met. What
// such a loop takes is one load after another, each of the address that comes from the one before, as in a CRC or an
// interpreter; the loads of a look at such a place need no address. For other accesses it is only more code.
//
// A table is taken to be small if its index is a byte. The places are the processor's, beside each translation table, and
// are emptied when anything is taken from the tables; a page that made room for another there may still be here.

import { GPR, TLB_RECENT_PLACES, ZERO } from "../layout.ts";

/** Whether an access of so many bytes can be compared with a page at once, which finds it only where it is aligned. */
export const isComparable = (bytes: number): boolean => bytes <= 16 && (bytes & (bytes - 1)) === 0;

/** The bits of the address of a comparable access that are those of the page's, if it is aligned. */
export const pageMask = (bytes: number): number => -0x1000 | (bytes - 1);

/** From which registers an address comes, and, roughly, how far from these: accesses of a kind tend to be in one page. */
export interface AccessKind {
  /** Offsets in the state, or ZERO; a base may be the instruction pointer's. */
  readonly base: number;
  readonly index: number;
  readonly displacement: number;
}

/** Chooses places for a region's accesses. */
export class RecentPages {
  readonly #first: number;
  readonly #places = new Map<string, number>();
  /** Registers that bytes are put into in the loop that the code at hand is in, a bit each. */
  bytes = 0;

  /** Regions with different seeds take different places first. */
  constructor(seed: number) {
    this.#first = seed;
  }

  /** Number of a place; undefined if an access should not look at any. `tag`: TLB_READ or TLB_WRITE. */
  placeOf({ base, index, displacement }: AccessKind, tag: number): number | undefined {
    if (!this.#isByte(base) && !this.#isByte(index)) return undefined;
    const kind = `${tag} ${base} ${index} ${(displacement + 0x800) >> 12}`;
    const known = this.#places.get(kind);
    if (known !== undefined || this.#places.size === TLB_RECENT_PLACES) return known;
    const place = (this.#first + this.#places.size) % TLB_RECENT_PLACES;
    this.#places.set(kind, place);
    return place;
  }

  #isByte(register: number): boolean {
    return register !== ZERO && (this.bytes & (1 << ((register - GPR) >> 3))) !== 0;
  }
}
