// Accesses at known offsets from one value, as that of the stack pointer: once the first has been translated, the others
// within a page need no look into the translation table. How far they reach is known only when all of them have been
// emitted, so the look at whether they stay within the page compares with constants that are set as more come.
//
// A translation that has been found holds until what comes next is looked up anew: instructions that change
// translations or where a physical page is call the runtime, and a page whose code gets decoded is left for that first.

import { constant32, type Expression, i32, wrap } from "../wasm/expression.ts";
import type { FunctionBody, OpenConstant } from "../wasm/function-body.ts";

/** An address: an offset from a value, which a number stands for. */
export interface Place {
  readonly origin: number;
  readonly offset: number;
}

const PAGE = 0x1000;
/** Bytes from the first to the last of the accesses: the more, the likelier they meet the page's end. */
const FARTHEST = 256;
/** Spans that are remembered at once. */
const MOST = 8;

/** How far a span reaches, as its look compares; the offsets are from the origin. */
export interface Extent {
  low: number;
  high: number;
  /** Offset of the access before which the code looks. */
  readonly at: number;
  /** From that access back to the lowest, and the room for the lowest within the page. */
  readonly back: OpenConstant;
  readonly room: OpenConstant;
}

export interface Span {
  readonly origin: number;
  /** Whether the page may be written; it may be read in any case. */
  readonly writable: boolean;
  readonly low: number;
  readonly high: number;
  /** What is added to a linear address gives the host's (i32, stable); 0: it is not known. */
  readonly addend: Expression;
  /** Undefined while there is one access only: `addend` is that of its page. */
  readonly extent: Extent | undefined;
}

export type Spans = readonly Span[];

export const NO_SPANS: Spans = [];

const covering = ({ low, high }: { low: number; high: number }, { offset }: Place, bytes: number) => ({
  low: Math.min(low, offset),
  high: Math.max(high, offset + bytes),
});

function tell(extent: Extent): void {
  extent.back.value = extent.low - extent.at;
  extent.room.value = PAGE + 1 - (extent.high - extent.low);
}

/** The span in which an access is, if there is one. */
export function spanOf(spans: Spans, place: Place, bytes: number, write: boolean): Span | undefined {
  return spans.find((span) => {
    if (span.origin !== place.origin || (write && !span.writable)) return false;
    const { low, high } = covering(span.extent ?? span, place, bytes);
    return high - low <= FARTHEST;
  });
}

/** Makes a span that reaches over several accesses reach over another. */
export function stretch(extent: Extent, place: Place, bytes: number): void {
  Object.assign(extent, covering(extent, place, bytes));
  tell(extent);
}

/**
 * Makes a span of one access reach over another, before which this is to be looked at: whether all of it is in one page
 * (i32). The addend is to be its addend from then on, 0 where it is not.
 */
export function open(
  span: Span,
  body: FunctionBody,
  place: Place,
  linear: Expression,
  bytes: number,
): { extent: Extent; within: Expression } {
  const [back, room] = [body.openConstant(), body.openConstant()];
  const extent: Extent = { ...covering(span, place, bytes), at: place.offset, back, room };
  tell(extent);
  const low = linear.type === "i64" ? wrap(linear) : linear;
  const lowest = i32.add(i32.and(low, constant32(PAGE - 1)), back.get);
  return { extent, within: i32.ltU(lowest, room.get) };
}

/** The spans with another in place of one of them, or besides them. */
export const withSpan = (spans: Spans, span: Span, old?: Span): Spans =>
  old ? spans.map((each) => (each === old ? span : each)) : [span, ...spans.slice(0, MOST - 1)];

/** A span of one access, whose addend the code sets. */
export const spanFrom = (place: Place, bytes: number, writable: boolean, addend: Expression): Span => ({
  origin: place.origin,
  writable,
  low: place.offset,
  high: place.offset + bytes,
  addend,
  extent: undefined,
});
