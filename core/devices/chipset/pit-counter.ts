import { fromBcd, toBcd } from "../../base/bits.ts";

/** How a counter's bytes are read and written: the RW field of the control word. */
export const Access = { low: 1, high: 2, lowThenHigh: 3 } as const;

/** Counter modes, by the data sheet's names. */
export const Mode = {
  interruptOnTerminalCount: 0,
  retriggerableOneShot: 1,
  rateGenerator: 2,
  squareWave: 3,
  softwareStrobe: 4,
  hardwareStrobe: 5,
} as const;

/**
 * One counter of the 8254. It is not stepped: its count and output at any time follow from when it was loaded. Time is
 * in periods of CLK ("ticks") since power-on. A departure: a new count of a square wave waits for the end of the whole
 * cycle, not of the half. [8254]
 */
export interface Counter {
  mode: number;
  access: number;
  bcd: boolean;
  gate: boolean;
  /** The count written last, 1 to 65536 (10000 in BCD). */
  count: number;
  /** The count being counted down. */
  reload: number;
  /** The tick at which `reload` is or was loaded into the counting element; null before the first count. */
  loadedAt: number | null;
  /** Ticks that had been counted when the gate went low; null while the counter runs. */
  stoppedAfter: number | null;
  /** The tick, at the end of a cycle, at which `count` becomes `reload`; null when it has. */
  renewedAt: number | null;
  /** The first of two bytes written, while the second is awaited. */
  lowByte: number | null;
  /** The next of two reads gives the high byte. */
  readHigh: boolean;
  latchedCount: number | null;
  latchedStatus: number | null;
}

export const newCounter = (gate: boolean): Counter => ({
  mode: Mode.interruptOnTerminalCount,
  access: Access.lowThenHigh,
  bcd: false,
  gate,
  count: 0x1_0000,
  reload: 0x1_0000,
  loadedAt: null,
  stoppedAfter: null,
  renewedAt: null,
  lowByte: null,
  readHigh: false,
  latchedCount: null,
  latchedStatus: null,
});

/** Whether a counter in a mode begins anew by itself. */
export const isPeriodic = (mode: number): boolean => mode === Mode.rateGenerator || mode === Mode.squareWave;
/** Whether a rising gate starts the counter, rather than a count written. */
const isTriggered = (c: Counter): boolean =>
  c.mode === Mode.retriggerableOneShot || c.mode === Mode.hardwareStrobe;

/** Ticks counted since the load; -1 before it. */
const counted = (c: Counter, now: number): number =>
  c.stoppedAfter ?? (c.loadedAt === null ? -1 : Math.max(now - c.loadedAt, -1));

/** A control word: OUT goes to the mode's first level, and the counter waits for a count. `mode` is 0 to 7. */
export function program(c: Counter, access: number, mode: number, bcd: boolean): void {
  Object.assign(c, newCounter(c.gate), { access, bcd, mode: mode > 5 ? mode - 4 : mode });
}

/** A byte written to the counter's port. */
export function writeByte(c: Counter, byte: number, now: number): void {
  settle(c, now);
  if (c.access === Access.low) load(c, byte, now);
  else if (c.access === Access.high) load(c, byte << 8, now);
  else if (c.lowByte === null) {
    c.lowByte = byte;
    // The first byte stops this mode until the second is there.
    if (c.mode === Mode.interruptOnTerminalCount) c.loadedAt = null;
  } else {
    const value = c.lowByte | (byte << 8);
    c.lowByte = null;
    load(c, value, now);
  }
}

/** A byte read from the counter's port: latched status, latched count, or the count as it runs. */
export function readByte(c: Counter, now: number): number {
  if (c.latchedStatus !== null) {
    const status = c.latchedStatus;
    c.latchedStatus = null;
    return status;
  }
  const value = c.latchedCount ?? countAt(c, now);
  const high = c.access === Access.high || (c.access === Access.lowThenHigh && c.readHigh);
  if (c.access === Access.lowThenHigh) c.readHigh = !c.readHigh;
  if (!c.readHigh) c.latchedCount = null;
  return high ? value >>> 8 : value & 0xff;
}

/** Keeps the count for reading; a count latched and not yet read stays. */
export function latchCount(c: Counter, now: number): void {
  c.latchedCount ??= countAt(c, now);
}

/** Keeps the status byte of the read-back command for reading. */
export function latchStatus(c: Counter, now: number): void {
  if (c.latchedStatus !== null) return;
  settle(c, now);
  const nullCount = counted(c, now) < 0 || c.count !== c.reload;
  c.latchedStatus =
    (outputAt(c, now) ? 0x80 : 0) |
    (nullCount ? 0x40 : 0) |
    (c.access << 4) |
    (c.mode << 1) |
    (c.bcd ? 1 : 0);
}

export function setGate(c: Counter, high: boolean, now: number): void {
  if (c.gate === high) return;
  settle(c, now);
  c.gate = high;
  if (!high) {
    if (c.loadedAt !== null && !isTriggered(c)) c.stoppedAfter = Math.max(counted(c, now), 0);
  } else if (isTriggered(c) || (isPeriodic(c.mode) && c.loadedAt !== null)) {
    c.reload = c.count;
    c.loadedAt = now + 1;
    c.stoppedAfter = null;
    c.renewedAt = null;
  } else if (c.stoppedAfter !== null) {
    c.loadedAt = now - c.stoppedAfter;
    c.stoppedAfter = null;
  }
}

/** The level of OUT at tick `now`. */
export function outputAt(c: Counter, now: number): boolean {
  settle(c, now);
  const k = counted(c, now);
  switch (c.mode) {
    case Mode.interruptOnTerminalCount:
      return k >= c.reload;
    case Mode.retriggerableOneShot:
      return k < 0 || k >= c.reload;
    case Mode.rateGenerator:
      return k < 0 || !c.gate || k % c.reload !== c.reload - 1;
    case Mode.squareWave:
      return k < 0 || !c.gate || k % c.reload < Math.ceil(c.reload / 2);
    default:
      return k !== c.reload;
  }
}

/** The first tick after `now` at which OUT goes from low to high; Infinity if it does not by itself. */
export function nextRise(c: Counter, now: number): number {
  settle(c, now);
  if (c.loadedAt === null || c.stoppedAfter !== null) return Number.POSITIVE_INFINITY;
  if (isPeriodic(c.mode)) return c.reload < 2 ? Number.POSITIVE_INFINITY : endOfCycle(c, now);
  const strobe = c.mode === Mode.softwareStrobe || c.mode === Mode.hardwareStrobe;
  const rise = c.loadedAt + c.reload + (strobe ? 1 : 0);
  return rise > now ? rise : Number.POSITIVE_INFINITY;
}

/** The counting element at tick `now`, as read: binary, or four decimal digits. */
export function countAt(c: Counter, now: number): number {
  settle(c, now);
  const n = c.reload;
  const k = Math.max(counted(c, now), 0);
  if (c.mode === Mode.rateGenerator) return encode(c, n - (k % n));
  if (c.mode !== Mode.squareWave) return encode(c, n - k);
  // It counts by twos, from an even number, through both halves of the cycle; the high half of an odd count is longer.
  const phase = k % n;
  const high = Math.ceil(n / 2);
  return encode(c, n - (n % 2) - 2 * (phase < high ? phase : phase - high));
}

/** Takes a count that has waited for the end of a cycle, if that has come by tick `now`. */
function settle(c: Counter, now: number): void {
  if (c.renewedAt === null || now < c.renewedAt) return;
  c.reload = c.count;
  c.loadedAt = c.renewedAt;
  c.renewedAt = null;
}

function endOfCycle(c: Counter, now: number): number {
  const cycles = Math.floor(Math.max(counted(c, now), 0) / c.reload) + 1;
  return c.loadedAt! + cycles * c.reload;
}

function load(c: Counter, value: number, now: number): void {
  c.count = decode(c, value);
  if (isTriggered(c)) return;
  if (isPeriodic(c.mode) && c.loadedAt !== null) {
    if (c.stoppedAfter !== null) return;
    if (now >= c.loadedAt) {
      c.renewedAt = endOfCycle(c, now);
      return;
    }
  }
  c.reload = c.count;
  c.loadedAt = now + 1;
  c.stoppedAfter = c.gate ? null : 0;
}

/** The count that a value written stands for: 0 is the largest. */
function decode(c: Counter, value: number): number {
  if (!c.bcd) return value || 0x1_0000;
  return fromBcd(value >>> 8) * 100 + fromBcd(value & 0xff) || 10_000;
}

function encode(c: Counter, count: number): number {
  if (!c.bcd) return count & 0xffff;
  const digits = ((count % 10_000) + 10_000) % 10_000;
  return (toBcd(Math.floor(digits / 100)) << 8) | toBcd(digits % 100);
}
