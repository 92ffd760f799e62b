/** How late an alarm may be that a machine at rest sleeps through, and what its guest sees of that. */
export interface Slack {
  /** Nanoseconds. */
  ns: number;
  /**
   * Its guest counts expiries, as those of a periodic timer: the clock, behind the host's after such a sleep, stops at
   * the alarm's time on its way. Other alarms come when the clock is past their time by as much as they are late.
   */
  counted: boolean;
}

/** For an alarm that may not be late. */
export const NO_SLACK: Slack = { ns: 0, counted: false };

/** A machine that has long been at rest sleeps so long through the periods of a timer, in nanoseconds. */
const COUNTED_NS = 92e6;
/** Shorter periods, in nanoseconds, may be lost: to make up for them could take longer than they do. */
const SHORTEST_COUNTED_NS = 500e3;
const COUNTED: Slack = { ns: COUNTED_NS, counted: true };
/** Of periods so long that one wake would be for one of them all the same. */
const COUNTED_ON_TIME: Slack = { ns: 0, counted: true };

/** For the expiries of a periodic timer. */
export function periodicSlack(periodNs: number): Slack {
  if (periodNs < SHORTEST_COUNTED_NS) return NO_SLACK;
  return 2 * periodNs <= COUNTED_NS ? COUNTED : COUNTED_ON_TIME;
}

/** One pending call of a device's timer. */
export interface Alarm {
  /**
   * Calls back at `atNs` on the machine's clock, or as soon as possible after; replaces an earlier setting.
   * `NO_SLACK` if not said.
   */
  set(atNs: number, slack?: Slack): void;
  cancel(): void;
}

/** The machine's own time, the only time a device sees. It stands still while the machine is paused. */
export interface Clock {
  /** Nanoseconds since power-on. Never goes back. A double: exact to 104 days. */
  now(): number;
  /** The wall clock that the machine's time corresponds to, in milliseconds since 1970-01-01 UTC. */
  wallTime(): number;
  /**
   * A new alarm, not set. The callback runs between guest instructions, with `now()` ≥ the time set. `matters` tells
   * whether the callback, as things are, could lead to an interrupt; a halted processor sleeps through one that could
   * not, and the callback comes when it wakes. All could if not said.
   */
  alarm(callback: () => void, matters?: () => boolean): Alarm;
}
