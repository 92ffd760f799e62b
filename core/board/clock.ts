/** One pending call of a device's timer. */
export interface Alarm {
  /**
   * Calls back at `atNs` on the machine's clock, or as soon as possible after; replaces an earlier setting. A machine
   * at rest may sleep on for `slackNs` more (none by default).
   */
  set(atNs: number, slackNs?: number): void;
  cancel(): void;
}

/** The machine's own time, the only time a device sees. It stands still while the machine is paused. */
export interface Clock {
  /** Nanoseconds since power-on. Never goes back. A double: exact to 104 days. */
  now(): number;
  /** The wall clock that the machine's time corresponds to, in milliseconds since 1970-01-01 UTC. */
  wallTime(): number;
  /** A new alarm, not set. The callback runs between guest instructions, with `now()` ≥ the time set. */
  alarm(callback: () => void): Alarm;
}
