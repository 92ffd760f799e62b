// Whether a machine is at rest: it wakes for its timer's tick, does next to nothing, and halts again.

/** A tick of Linux takes some three thousand instructions. */
const MOST_INSTRUCTIONS = 20_000;
/** It ends the interrupt, sets the timer anew, and may look at another clock. */
const MOST_ACCESSES = 8;
/** Nanoseconds without work after which a machine is at rest. */
const REST_AFTER = 100e6;

export class Rest {
  #instructions = 0;
  #accesses = 0;
  #workedNs = Number.NEGATIVE_INFINITY;

  /** The guest has executed so many instructions, with so many accesses to devices, up to `nowNs` on its clock. */
  note(instructions: number, accesses: number, nowNs: number): void {
    this.#instructions += instructions;
    this.#accesses += accesses;
    if (this.#instructions > MOST_INSTRUCTIONS || this.#accesses > MOST_ACCESSES) this.#workedNs = nowNs;
  }

  /** The guest halts at `nowNs`: may it sleep through alarms that have slack? What follows is another stretch. */
  isAtRest(nowNs: number): boolean {
    this.#instructions = 0;
    this.#accesses = 0;
    return nowNs - this.#workedNs >= REST_AFTER;
  }
}
