// Whether a machine is at rest: it wakes for its timer's tick, does next to nothing, and halts again.

/** A tick of Linux takes some three thousand instructions, twelve that it makes up for ten thousand; a worker may follow. */
const MOST_INSTRUCTIONS = 40_000;
/** It ends the interrupt, sets the timer anew, and may ask the clock chip for the time of day: six registers, by two ports. */
const MOST_ACCESSES = 24;
/**
 * Nanoseconds without work after which a machine is at rest, and how late it may have alarms then: four ticks of a kernel
 * at 250 Hz are one. One that has done nothing for longer is hardly waiting for a short time to pass.
 */
const RESTS = [
  { after: 10_000e6, slack: 92e6 },
  { after: 2000e6, slack: 44e6 },
  { after: 100e6, slack: 12e6 },
];

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

  /** The guest has halted: what it executes next is another stretch. */
  halt(): void {
    this.#instructions = 0;
    this.#accesses = 0;
  }

  /** By how many nanoseconds alarms that have slack may be late for a guest that is halted at `nowNs`. */
  slackAt(nowNs: number): number {
    return RESTS.find(({ after }) => nowNs - this.#workedNs >= after)?.slack ?? 0;
  }
}
