// The machine's time against the host's: the clock follows the host while slices run, stands still otherwise, and
// goes on with the guest's instructions between two looks at the host's clock. What comes of a guest that counts the
// expiries of a timer, where the host is late or the machine has slept through some: they come one after another, each
// at its own time on the guest's clock, which is behind the host's until they have.

import { VirtualClock } from "../board/virtual-clock.ts";

/** Guest speed assumed before it was measured, in nanoseconds an instruction. */
const FIRST_PACE = 10;
const SLOWEST_PACE = 1000;
const FASTEST_PACE = 0.5;
/** A clock so far ahead of the host's, in nanoseconds, almost stands still until the host has caught up. */
const FAR_AHEAD = 5e6;
const CRAWL = 0.05;
/**
 * A clock further behind the host's, in nanoseconds, goes there at once: expiries are lost then. More than a sleep
 * through counted alarms is long, and less than a person would notice.
 */
const FAR_BEHIND = 200e6;
/** One that is behind goes so much faster than the host's, at most, while the guest does not halt. */
const CATCHING_UP = 2;
/**
 * So far behind, in nanoseconds, it is not moved while the guest does not halt, but goes faster: a guest that measures one timer by
 * another would have a leap between its looks at them for the time of either. An alarm is as late then as the host was for the guest.
 */
const SHORTLY_BEHIND = 10e6;
/** So far behind, in nanoseconds, or further, it goes at its fastest. */
const FAST_BEHIND = 1e6;
/** Weight of a new measurement of the pace. */
const SMOOTHING = 0.2;
/** Fewer instructions measure nothing. */
const LEAST_MEASURED = 1000;

export class Timekeeper {
  readonly clock: VirtualClock = new VirtualClock();
  readonly #instructions: () => number;
  #pace = FIRST_PACE;
  /** Machine time that an instruction takes until the next look: the pace, less when the clock is ahead. */
  #step = FIRST_PACE;
  /** Host time that is the machine's time 0, in nanoseconds; undefined until the first slice. */
  #origin: number | undefined;
  /** Instructions retired when the clock was last set. */
  #mark = 0;
  /** The host's time as of the last look, on the machine's clock, and where that clock was left then. */
  #host = 0;
  #followed = 0;
  /** When the budget that was given last is used up, on the machine's clock. */
  #budgetEnd = Number.POSITIVE_INFINITY;

  /** `instructions`: those retired since power-on. */
  constructor(instructions: () => number) {
    this.#instructions = instructions;
    this.clock.elapsed = () => Math.max(0, (this.#instructions() - this.#mark) * this.#step);
  }

  /** How the clock goes on from `base` with each instruction retired after `mark`: by `step`, in nanoseconds. */
  get progress(): { base: number; mark: number; step: number } {
    return { base: this.clock.base, mark: this.#mark, step: this.#step };
  }

  /** The host's clock is at `hostNs` where the machine goes on from where it stood. */
  resumeAt(hostNs: number): void {
    this.#followed = this.#host = this.clock.now();
    this.#origin = hostNs - this.#host;
  }

  /**
   * Brings the clock to the host's time, if that is later, and runs the alarms that are due; no further than to the next
   * alarm whose expiries are counted, and for a guest that is not `halted`, thus maybe busy with the one before, at
   * twice the host's speed. For such a guest a clock that is shortly behind goes there with its instructions instead.
   */
  follow(hostNs: number, halted: boolean): void {
    if (this.#origin === undefined) this.resumeAt(hostNs);
    const host = hostNs - this.#origin!;
    const now = this.clock.now();
    let target = host;
    const counted = this.clock.nextDeadline < host ? this.clock.nextCounted : Number.POSITIVE_INFINITY;
    if (counted < host && host - Math.max(counted, now) < FAR_BEHIND) {
      const fastest = halted ? host : this.#followed + CATCHING_UP * (host - this.#host);
      target = Math.min(counted, fastest);
    }
    if (!halted && host - now < SHORTLY_BEHIND) target = now;
    this.#host = host;
    this.#followed = target = Math.max(target, now);
    const behind = host - target;
    const speed =
      behind < 0
        ? Math.max(CRAWL, 1 + behind / FAR_AHEAD)
        : 1 + Math.min(behind / FAST_BEHIND, CATCHING_UP - 1);
    this.#step = this.#pace * speed;
    this.#mark = this.#instructions();
    this.clock.moveTo(target);
  }

  /** Whether the clock, at the last look, was left behind the host's. */
  get behind(): boolean {
    return this.#followed < this.#host;
  }

  /** Runs the alarms that have become due by the guest's instructions alone: the host's time is of no concern. */
  runAlarms(): void {
    const now = this.clock.now();
    this.#mark = this.#instructions();
    this.clock.moveTo(now);
  }

  /** Moves the clock to `ns`, or to the next alarm if that is earlier, and runs it; nowhere if both are Infinity. */
  skipTo(ns: number): void {
    const until = Math.min(ns, this.clock.nextDeadline);
    if (until === Number.POSITIVE_INFINITY) return;
    this.#mark = this.#instructions();
    this.clock.moveTo(until);
  }

  /** Instructions that fit before the next alarm, at most `most`. */
  budget(most: number): number {
    const now = this.clock.now();
    const left = this.clock.nextDeadline - now;
    const budget = Math.max(1, Math.min(most, Math.ceil(left / this.#step)));
    this.#budgetEnd = now + budget * this.#step;
    return budget;
  }

  /** Whether an alarm is due before the budget that was given last is used up. */
  get cutsBudget(): boolean {
    return this.clock.nextDeadline < this.#budgetEnd;
  }

  /** Learns the pace from so many instructions in so much host time. What has passed at the old pace has passed. */
  measure(instructions: number, hostNs: number): void {
    if (instructions < LEAST_MEASURED) return;
    this.#settle(this.clock.now());
    const pace = Math.min(SLOWEST_PACE, Math.max(FASTEST_PACE, hostNs / instructions));
    this.#pace += SMOOTHING * (pace - this.#pace);
    this.#step = this.#pace;
  }

  /** The clock is at `ns`, whatever alarms that makes due, and goes on from there with the instructions to come. */
  #settle(ns: number): void {
    this.clock.base = ns;
    this.#mark = this.#instructions();
  }

  /** Host nanoseconds from `hostNs` until the machine's clock, which may be ahead now, is to be at `ns`. */
  hostUntil(ns: number, hostNs: number): number {
    return ns - (hostNs - this.#origin!);
  }

  /** Instructions that run in so many host nanoseconds. */
  instructionsIn(hostNs: number): number {
    return Math.ceil(hostNs / this.#pace);
  }

  /** After a snapshot was loaded: its time, without running alarms. */
  restore(ns: number): void {
    this.#settle(ns);
    this.#origin = undefined;
  }
}
