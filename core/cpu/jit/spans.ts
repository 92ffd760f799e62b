// Accesses at known offsets from one value, as that of the stack pointer: once the first has been translated, the others
// within a page need no look into the translation table. How far they reach is known only when all of them have been
// emitted, so the look at whether they stay within the page compares with constants that are set as more come. A span lasts
// where paths join if all of them know it.
//
// A translation that has been found holds until what comes next is looked up anew: instructions that change
// translations or where a physical page is call the runtime, and a page whose code gets decoded is left for that first.

import { constant32, type Expression, i32, wrap } from "../wasm/expression.ts";
import type { FunctionBody, Local, OpenConstant } from "../wasm/function-body.ts";

/** An address: an offset from a value, which a number stands for. */
export interface Place {
  readonly origin: number;
  readonly offset: number;
}

/** Origins of places that are no registers' values: 0, and the instruction pointer at the region's start. */
export const ABSOLUTE = 0;
export const FROM_START = -1;

export const isSame = (a: Place, b: Place): boolean => a.origin === b.origin && a.offset === b.offset;

const PAGE = 0x1000;
/** Bytes from the first to the last of the accesses: the more, the likelier they meet the page's end. */
const FARTHEST = 256;
/** Spans that are remembered at once. */
const MOST = 8;

/** A look at whether all of a span is in one page, before an access. */
interface Look {
  /** Offset of the access. */
  readonly at: number;
  /** From that access back to the lowest, and the room for the lowest within the page. */
  readonly back: OpenConstant;
  readonly room: OpenConstant;
  /** Where it is in the code. */
  readonly position: number;
}

/** How far a span reaches; the offsets are from the origin. */
export class Extent {
  /** Offset of the access that was emitted first. */
  readonly #first: number;
  #low: number;
  #high: number;
  #looks: Look[] = [];

  /** Over that access. */
  constructor({ offset }: Place, bytes: number) {
    this.#first = offset;
    this.#low = offset;
    this.#high = offset + bytes;
  }

  /** Whether it reaches over an access, or can. */
  canCover({ offset }: Place, bytes: number): boolean {
    return Math.max(this.#high, offset + bytes) - Math.min(this.#low, offset) <= FARTHEST;
  }

  /** Makes it reach over an access. */
  cover({ offset }: Place, bytes: number): void {
    this.#low = Math.min(this.#low, offset);
    this.#high = Math.max(this.#high, offset + bytes);
    for (const look of this.#looks) this.#tell(look);
  }

  #tell({ at, back, room }: Look): void {
    back.value = this.#low - at;
    room.value = PAGE + 1 - (this.#high - this.#low);
  }

  /** What is to be added to a span's `host` for an access that it covers; not negative. */
  offsetOf({ offset }: Place): number {
    return offset - this.#first + FARTHEST;
  }

  /** Emits a look before an access to a linear address: whether all of it is in one page (i32). */
  isWithin(body: FunctionBody, { offset }: Place, linear: Expression): Expression {
    const position = body.length;
    const look = { at: offset, back: body.openConstant(), room: body.openConstant(), position };
    this.#looks.push(look);
    this.#tell(look);
    const low = linear.type === "i64" ? wrap(linear) : linear;
    return i32.ltU(i32.add(i32.and(low, constant32(PAGE - 1)), look.back.get), look.room.get);
  }

  /** The code from a position on was taken back. */
  rollBack(position: number): void {
    this.#looks = this.#looks.filter((look) => look.position < position);
  }
}

export interface Span {
  readonly origin: number;
  /** Whether the page may be written; it may be read in any case. */
  readonly writable: boolean;
  /** Two with the same extent are one, at different points of the code. */
  readonly extent: Extent;
  /** Host address (i32) of the access that was emitted first, less FARTHEST, so that none is before it; 0: it is not known. */
  readonly host: Local;
  /** Whether all of it is in the page, if `host` is not 0; else only the access that was emitted first is. */
  readonly open: boolean;
}

export type Spans = readonly Span[];

export const NO_SPANS: Spans = [];

/** The span in which an access is, or is to be, if there is one. */
export function spanOf(spans: Spans, place: Place, bytes: number, write: boolean): Span | undefined {
  return spans.find(
    ({ origin, writable, extent }) =>
      origin === place.origin && (writable || !write) && extent.canCover(place, bytes),
  );
}

/** A span that an access begins, whose host address the code sets. */
export function spanFrom(place: Place, bytes: number, writable: boolean, host: Local): Span {
  return { origin: place.origin, writable, extent: new Extent(place, bytes), host, open: false };
}

/** The spans with this one as it is now, besides others. */
export function withSpan(spans: Spans, span: Span): Spans {
  const isIt = ({ extent }: Span): boolean => extent === span.extent;
  if (spans.some(isIt)) return spans.map((each) => (isIt(each) ? span : each));
  return [span, ...spans.slice(0, MOST - 1)];
}

/** What is known where two paths join. */
export const meet = (spans: Spans, others: Spans): Spans =>
  spans.flatMap((span) => {
    const other = others.find(({ extent }) => extent === span.extent);
    return other ? [{ ...span, open: span.open && other.open }] : [];
  });
