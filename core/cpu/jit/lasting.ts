// What is known of registers and pages where several paths meet.

import { type KnownMemory, meetMemory } from "./known-memory.ts";
import { isSame, meet, type Place, type Spans } from "./spans.ts";

/** What lasts from one part of the code to the next where several paths lead there. */
export interface Lasting {
  /** What registers hold, by register, as far as that is the same on all paths. */
  readonly origins: readonly (Place | undefined)[];
  readonly spans: Spans;
  readonly memory: KnownMemory;
}

/** What is known where two paths join. */
export const meetLasting = (some: Lasting, others: Lasting): Lasting => ({
  origins: some.origins.map((place, register) => {
    const other = others.origins[register];
    return place && other && isSame(place, other) ? place : undefined;
  }),
  spans: meet(some.spans, others.spans),
  memory: meetMemory(some.memory, others.memory),
});
