import { type Alarm, type Clock, NO_SLACK, type Slack } from "./clock.ts";

class PendingAlarm implements Alarm {
  deadline = Number.POSITIVE_INFINITY;
  slack = NO_SLACK;
  readonly callback: () => void;
  readonly matters: () => boolean;
  readonly #clock: VirtualClock;

  constructor(clock: VirtualClock, callback: () => void, matters: () => boolean) {
    this.#clock = clock;
    this.callback = callback;
    this.matters = matters;
  }

  set(atNs: number, slack: Slack = NO_SLACK): void {
    this.deadline = atNs;
    this.slack = slack;
    this.#clock.schedule(this);
  }

  cancel(): void {
    this.deadline = Number.POSITIVE_INFINITY;
    this.#clock.unschedule(this);
  }
}

/**
 * A clock that moves only when told to. The machine moves it; between two moves, `elapsed` adds what the
 * guest has executed since, so that a guest that polls a timer sees it run.
 */
export class VirtualClock implements Clock {
  /** Nanoseconds since power-on at the last move. */
  base = 0;
  /** Wall time at power-on, in milliseconds since 1970 UTC. */
  epoch = 0;
  /** Nanoseconds executed since the last move; the machine replaces it. */
  elapsed: () => number = () => 0;
  /** Called when the nearest deadline comes closer, so that a running guest stops in time for it. */
  onNearer: () => void = () => {};

  readonly #pending = new Set<PendingAlarm>();
  #next = Number.POSITIVE_INFINITY;

  now(): number {
    return this.base + this.elapsed();
  }

  wallTime(): number {
    return this.epoch + this.now() / 1e6;
  }

  alarm(callback: () => void, matters: () => boolean = () => true): Alarm {
    return new PendingAlarm(this, callback, matters);
  }

  /** The nearest deadline in nanoseconds, Infinity if none. */
  get nextDeadline(): number {
    return this.#next;
  }

  /**
   * The time until which a machine at rest may sleep if alarms with slack may be so many nanoseconds late; Infinity if
   * there is no alarm that matters.
   */
  latestDeadline(mostSlack: number): number {
    let latest = Number.POSITIVE_INFINITY;
    for (const alarm of this.#pending) {
      const { deadline, slack } = alarm;
      if (alarm.matters()) latest = Math.min(latest, deadline + Math.min(slack.ns, mostSlack));
    }
    return latest;
  }

  /** The nearest deadline of the alarms that matter and whose expiries a guest counts; Infinity if none. */
  get nextCounted(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const alarm of this.#pending) {
      if (alarm.slack.counted && alarm.deadline < next && alarm.matters()) next = alarm.deadline;
    }
    return next;
  }

  schedule(alarm: PendingAlarm): void {
    this.#pending.add(alarm);
    if (alarm.deadline < this.#next) {
      this.#next = alarm.deadline;
      this.onNearer();
    }
  }

  unschedule(alarm: PendingAlarm): void {
    if (this.#pending.delete(alarm)) this.#findNext();
  }

  /** Moves to `ns` (never back) and runs every alarm that is due, in the order of their deadlines. */
  moveTo(ns: number): void {
    if (ns > this.base) this.base = ns;
    while (this.#next <= this.base) {
      let due: PendingAlarm | undefined;
      for (const alarm of this.#pending) if (!due || alarm.deadline < due.deadline) due = alarm;
      if (!due) break;
      this.#pending.delete(due);
      due.deadline = Number.POSITIVE_INFINITY;
      this.#findNext();
      due.callback();
    }
  }

  #findNext(): void {
    this.#next = Number.POSITIVE_INFINITY;
    for (const alarm of this.#pending) if (alarm.deadline < this.#next) this.#next = alarm.deadline;
  }
}
