// What an instruction of a region is told of the ways on from it.

import type { Expression } from "../wasm/expression.ts";
import type { Callee, Local } from "../wasm/function-body.ts";

/** How to call what is not part of the region. */
export interface Calling {
  /** The dispatcher's `call`. */
  readonly call: Callee;
  /** Registers that the processor's state may not have, a bit each. */
  readonly unsaved: number;
  /** Start of the physical page that holds the place where it returns to. */
  readonly page: number;
  /** The same linear page by its distance from that of the region's start, in pages. */
  readonly linearPage: number;
  /** Goes on there. */
  readonly goOn: () => void;
}

/** Where the branches of an instruction lead within the region. */
export interface Flow {
  /** Of its block from the region's start. */
  readonly delta: number;
  /** Goes to the node that its relative branch leads to; undefined if that is not in the region. */
  readonly toTarget: (() => void) | undefined;
  /** Goes to one of the region's nodes if that is where an indirect branch leads (i64). */
  readonly reach: (target: Expression) => void;
  /** Goes to the one of these that is at an offset from the region's start; undefined if none is. */
  readonly goTo: (delta: number) => (() => void) | undefined;
  /** For a call of what is not part of the region, when the place where it returns to is. */
  readonly calling: Calling | undefined;
  /** Flags that the instruction need not set are not among these (CARRY, OTHERS). */
  readonly liveFlags: number;
  /** For an access whose page is known to last: what is to be added to the linear address for that of the host (i32). */
  readonly addend: Local | undefined;
  /** Whether the block's code segment has no limit. */
  readonly unlimited: boolean;
  /** Whether a place at that offset from the region's start may be left for by a link: it lies in the same page. */
  readonly mayLink: (delta: number) => boolean;
}
