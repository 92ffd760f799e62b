/** Timer modes: bits 18 and 17 of the LVT timer register. */
export const TimerMode = { oneShot: 0, periodic: 1, tscDeadline: 2 } as const;

/** An interrupt every nanosecond would leave no time for the guest: periods are stretched to this, in nanoseconds. */
const SHORTEST_PERIOD_NS = 20_000;

/** The timer's registers and what it counts from. [SDM] vol. 3A, 11.5.4 */
export interface TimerState {
  mode: number;
  initialCount: number;
  /** The divide configuration register. */
  divide: number;
  /**
   * When the count was at its initial value, in whole nanoseconds, so that a period that is over never seems to end
   * only now; null while it stands at 0, having expired once.
   */
  startNs: number | null;
  /** When it expires next, in nanoseconds; null if it does not. */
  deadlineNs: number | null;
  /** IA32_TSC_DEADLINE; 0 when disarmed. */
  tscDeadline: bigint;
}

export const newTimer = (): TimerState => ({
  mode: TimerMode.oneShot,
  initialCount: 0,
  divide: 0,
  startNs: 0,
  deadlineNs: null,
  tscDeadline: 0n,
});

/** The divider that a divide configuration register stands for: 1 to 128. */
export function dividerOf(divide: number): number {
  const code = (divide & 3) | ((divide & 8) >> 1);
  return 1 << ((code + 1) & 7);
}

/** The current count register. */
export function currentCount(t: TimerState, now: number): number {
  if (t.initialCount === 0 || t.startNs === null || t.mode === TimerMode.tscDeadline) return 0;
  const ticks = Math.floor((now - t.startNs) / dividerOf(t.divide));
  if (t.mode === TimerMode.periodic) return t.initialCount - (ticks % t.initialCount);
  return Math.max(t.initialCount - ticks, 0);
}

/** Nanoseconds that the count takes from its initial value to 0. */
export const periodOf = (t: TimerState): number => t.initialCount * dividerOf(t.divide);

/** When a counting timer expires after `now`; null if it does not. */
export function nextExpiry(t: TimerState, now: number): number | null {
  if (t.initialCount === 0 || t.startNs === null || t.mode === TimerMode.tscDeadline) return null;
  const period = periodOf(t);
  if (t.mode === TimerMode.periodic) {
    const next = t.startNs + (Math.floor((now - t.startNs) / period) + 1) * period;
    return period < SHORTEST_PERIOD_NS ? Math.max(next, now + SHORTEST_PERIOD_NS) : next;
  }
  const end = t.startNs + period;
  return end > now ? end : null;
}

/** Changes the divider; the count goes on from where it is. */
export function setDivide(t: TimerState, divide: number, now: number): void {
  const count = currentCount(t, now);
  t.divide = divide & 0xb;
  goOnFrom(t, count, now);
}

/** Changes the mode; the count goes on from where it is, which is nowhere from 0. */
export function setMode(t: TimerState, mode: number, now: number): void {
  if (mode === t.mode) return;
  const count = currentCount(t, now);
  t.mode = mode;
  goOnFrom(t, count, now);
}

function goOnFrom(t: TimerState, count: number, now: number): void {
  t.startNs = count === 0 ? null : Math.floor(now) - (t.initialCount - count) * dividerOf(t.divide);
}
