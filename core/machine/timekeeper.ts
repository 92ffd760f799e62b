// The machine's time against the host's: the clock goes on with the guest's instructions while slices run, faster or slower by
// what it is behind or ahead of the host's, stands still otherwise, and is where the host's is when a halted guest goes on. What
// comes of a guest that counts the expiries of a timer, where the machine has slept through some: they come one after another,
// each at its own time on the guest's clock, which is behind the host's until they have.

import { VirtualClock } from "../board/virtual-clock.ts";

/** Guest speed assumed before it was measured, in nanoseconds an instruction. */
const FIRST_PACE = 10;
const SLOWEST_PACE = 1000;
const FASTEST_PACE = 0.5;
/** A clock so far ahead of the host's, in nanoseconds, or further, goes at this part of its speed until the host has caught up. */
const FAR_AHEAD = 5e6;
const SLOWEST = 0.05;
/**
 * One so far behind, in nanoseconds, or further, goes at a multiple of it while the guest does not halt. It is not moved then: a guest that
 * measures one timer by another would have a leap between its looks at them for the time of either.
 */
const BEHIND = 1e6;
const FASTEST = 2;
/**
 * A clock further behind, in nanoseconds, goes to the host's time at once: expiries are lost then. More than a sleep
 * through counted alarms is long, and less than a person would notice.
 */
const FAR_BEHIND = 200e6;
/** Weight of a new measurement of the pace. */
const SMOOTHING = 0.2;
/** Fewer instructions measure nothing. */
const LEAST_MEASURED = 1000;

/** How fast a clock goes that is so many nanoseconds ahead of the host's, or, if negative, behind it. */
function speedAt(ahead: number): number {
  if (ahead > 0) return Math.max(SLOWEST, 1 - ahead / FAR_AHEAD);
  return 1 + Math.min(-ahead / BEHIND, 1) * (FASTEST - 1);
}

export class Timekeeper {
  readonly clock: VirtualClock = new VirtualClock();
  readonly #instructions: () => number;
  #pace = FIRST_PACE;
  /** Machine time that an instruction takes until the next look: the pace, less when the clock is ahead, more when it is behind. */
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
   * Has the clock follow the host's, and runs the alarms that are due. It is moved there, if it is behind, but no further than to the next
   * alarm whose expiries are counted; that of a guest that is not `halted`, thus maybe busy with the one before, goes faster instead.
   */
  follow(hostNs: number, halted: boolean): void {
    if (this.#origin === undefined) this.resumeAt(hostNs);
    const host = hostNs - this.#origin!;
    const now = this.clock.now();
    let target = Math.max(host, now);
    if (host - now < FAR_BEHIND && !halted) target = now;
    else if (this.clock.nextDeadline < host) {
      const counted = this.clock.nextCounted;
      if (host - Math.max(counted, now) < FAR_BEHIND) target = Math.max(now, Math.min(counted, target));
    }
    this.#host = host;
    this.#followed = target;
    this.#step = this.#pace * speedAt(target - host);
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
