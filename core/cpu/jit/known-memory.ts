// What compiled code knows of the guest's memory: what it has just loaded or stored at an address that is a value plus a
// constant, as arguments of a call, saved registers, return addresses and what a compiler keeps in a frame. It is not
// loaded again as long as nothing is stored where it may be.
//
// A register of a device does not give what was stored to it, and what a device does may change memory. So when something
// known is used, the accesses from where it became known on must be to plain memory: see Permits.

import { PLAIN_ONLY } from "../layout.ts";
import type { Bits } from "../semantics/context.ts";
import type { Expression } from "../wasm/expression.ts";
import type { FunctionBody, OpenConstant } from "../wasm/function-body.ts";
import { isSame, type Place } from "./spans.ts";

/** What is at a place; the expression gives it as long as this is kept. */
export interface KnownValue {
  readonly place: Place;
  readonly bits: Bits;
  readonly value: Expression;
  /** Where the value comes from, as an address. */
  readonly origin: Place;
  /** Where in the code the access begins by which it became known. */
  readonly since: number;
}

export type KnownMemory = readonly KnownValue[];

export const NO_MEMORY: KnownMemory = [];

const PAGE = 0x1000;
/** Values that are remembered at once. */
const MOST = 12;

/** Whether accesses at two offsets from one value can have no byte in common, though two pages may be one in memory. */
function areApart(first: number, firstBytes: number, second: number, secondBytes: number): boolean {
  const distance = (second - first) & (PAGE - 1);
  return distance >= firstBytes && PAGE - distance >= secondBytes;
}

/** What is known after a store; `place`: where, if that is known. */
export const afterStore = (memory: KnownMemory, place: Place | undefined, bytes: number): KnownMemory =>
  memory.filter(
    (known) =>
      place?.origin === known.place.origin &&
      areApart(known.place.offset, known.bits / 8, place.offset, bytes),
  );

export const valueAt = (memory: KnownMemory, place: Place, bits: Bits): KnownValue | undefined =>
  memory.find((known) => known.bits === bits && isSame(known.place, place));

export const withValue = (memory: KnownMemory, known: KnownValue): KnownMemory => [
  known,
  ...memory
    .filter(({ place, bits }) => bits !== known.bits || !isSame(place, known.place))
    .slice(0, MOST - 1),
];

/** What is known where two paths join. */
export const meetMemory = (memory: KnownMemory, others: KnownMemory): KnownMemory =>
  memory.filter((known) => others.includes(known));

/** What the runtime is told of accesses that the translation table does not answer: whether they may be to anything but plain memory. */
export class Permits {
  readonly #body: FunctionBody;
  #all: { readonly at: number; readonly bytes: number; readonly told: OpenConstant }[] = [];

  constructor(body: FunctionBody) {
    this.#body = body;
  }

  /** Bytes of an access, with PLAIN_ONLY besides if it turns out that it must be to plain memory (i32). */
  of(bytes: number): Expression {
    const at = this.#body.length;
    const told = this.#body.openConstant();
    told.value = bytes;
    this.#all.push({ at, bytes, told });
    return told.get;
  }

  /** The accesses emitted from a position on must be to plain memory. */
  plainSince(position: number): void {
    for (let n = this.#all.length - 1; n >= 0; n--) {
      const { at, bytes, told } = this.#all[n]!;
      if (at < position) return;
      told.value = bytes | PLAIN_ONLY;
    }
  }

  /** The code from a position on was taken back. */
  rollBack(position: number): void {
    while ((this.#all.at(-1)?.at ?? -1) >= position) this.#all.pop();
  }
}
