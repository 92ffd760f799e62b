// A decoded block, as the caches know it. A guest has a hundred thousand of them: what each takes is what counts here.

import type { CompiledRegion } from "../jit/region-cache.ts";
import type { CodeBytes } from "./code-pages.ts";

/** Places of the block's length and instructions in a number that has its mode in the bits below. */
const LENGTH_SHIFT = 8;
const COUNT_SHIFT = 18;
const COUNT_MASK = 0x3f;
const LENGTH_MASK = 0x3ff;
const MODE_MASK = 0xff;

export class Block implements CodeBytes<Block> {
  // Integers of 32 bits with their signs: one that is greater would be an object of its own, and V8 would make it that in all blocks.
  readonly #physical: number;
  readonly #shape: number;
  /** Address of the first record. */
  readonly record: number;
  readonly secondPage: number | undefined;
  nextInChunk: Block | undefined = undefined;
  /** Entries that are counted: it will be told when there were so many. */
  counted = 0;
  /** Whether it was entered often enough to be part of a region. */
  warm = false;
  /** What few of them have: the linear address at which it was run when it became hot. */
  declare linear?: bigint;
  /** How often its region was compiled again. */
  declare grown?: number;
  /** The region that is entered here, once it is compiled. */
  declare region?: CompiledRegion | undefined;
  /** The regions that it is part of. */
  declare regions?: CompiledRegion[];
  /** Addresses of the links that lead to it. */
  declare links?: number[] | undefined;

  /** `count` instructions, up to 63, that take `length` bytes, up to 1023; the others as they are named above. */
  constructor(
    physical: number,
    mode: number,
    length: number,
    count: number,
    record: number,
    secondPage: number | undefined,
  ) {
    this.#physical = physical | 0;
    this.#shape = (count << COUNT_SHIFT) | (length << LENGTH_SHIFT) | mode;
    this.record = record;
    this.secondPage = secondPage;
  }

  get physical(): number {
    return this.#physical >>> 0;
  }

  get mode(): number {
    return this.#shape & MODE_MASK;
  }

  get length(): number {
    return (this.#shape >> LENGTH_SHIFT) & LENGTH_MASK;
  }

  /** Instructions. */
  get count(): number {
    return (this.#shape >> COUNT_SHIFT) & COUNT_MASK;
  }
}
