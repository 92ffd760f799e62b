import type { PcControl } from "../../core/pc-options.ts";
import type { EngineEnd } from "../contract/engine.ts";

/**
 * Host milliseconds of guest code at a stretch. With what a slice may be late, with drawing, and a full collection of
 * garbage, of some ten milliseconds, the event loop stays free to serve within twenty.
 */
const SLICE_MS = 4;
/** Host milliseconds that a slice has at least, however long the drawing before it took. */
const SHORTEST_SLICE_MS = 3;
/** While output is under way, guest code and output have this many host milliseconds each by turns, at most. */
const SHARED_MS = 4;
/** `setTimeout` takes no more than 2³¹ ms; an idle machine wakes once an hour for nothing. */
const LONGEST_SLEEP_MS = 3_600_000;
/**
 * The event loop's timers count whole milliseconds and ring up to one early. The guest's alarm then comes early with
 * them, and its clock waits for the host's later: to wait for the rest would cost as much as the alarm itself.
 */
const TIMER_ERROR_MS = 1;
/** Shorter sleeps than a timer can keep are left out, as long as the guest's clock is not too far ahead. */
const SHORTEST_SLEEP_MS = 0.25;

export interface RunLoopEvents {
  /** After each slice. */
  onSlice(): void;
  onEnd(end: EngineEnd): void;
  /** The debugger's breakpoint or watchpoint was met; the loop has paused. */
  onStop(by: "breakpoint" | "watchpoint"): void;
  /** Does output wait for turns of the event loop? */
  isBacklogged(): boolean;
}

/**
 * Runs a machine's slices by turns of the event loop. A halted guest sleeps by a timer, which anything that
 * comes in cuts short.
 */
export class RunLoop {
  readonly #pc: PcControl;
  readonly #events: RunLoopEvents;
  #running = false;
  #ended = false;
  /** Something came in since the current slice began, so that its wish to sleep is out of date. */
  #woken = false;
  #immediate: NodeJS.Immediate | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** When the sleeping guest's alarm is due, on the host's clock in milliseconds. */
  #dueAt = Number.NEGATIVE_INFINITY;
  /** When the last slice ended, if the loop has not slept since. */
  #sliceEnd: number | undefined;
  #busyMs = 0;
  #measuredBusyMs = 0;
  #measuredFrom = performance.now();

  constructor(pc: PcControl, events: RunLoopEvents) {
    this.#pc = pc;
    this.#events = events;
    pc.onWake = () => this.#wake();
  }

  get running(): boolean {
    return this.#running;
  }

  /** Host milliseconds spent in the guest so far. */
  get busyMs(): number {
    return this.#busyMs;
  }

  resume(): void {
    if (this.#running || this.#ended) return;
    this.#running = true;
    this.#pc.resumeAt(performance.now() * 1e6);
    this.#next();
  }

  pause(): void {
    this.#running = false;
    this.#sliceEnd = undefined;
    clearImmediate(this.#immediate);
    clearTimeout(this.#timer);
    this.#immediate = undefined;
    this.#timer = undefined;
    this.#dueAt = Number.NEGATIVE_INFINITY;
  }

  /** Share of one host core, 0 to 1, spent in the guest since the previous call. */
  load(): number {
    const now = performance.now();
    const load = (this.#busyMs - this.#measuredBusyMs) / Math.max(1, now - this.#measuredFrom);
    this.#measuredBusyMs = this.#busyMs;
    this.#measuredFrom = now;
    return Math.min(1, load);
  }

  #wake(): void {
    this.#woken = true;
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#dueAt = Number.NEGATIVE_INFINITY;
    this.#next();
  }

  #next(): void {
    this.#immediate = setImmediate(() => this.#turn());
  }

  /** A socket takes a screen full of pixels in many small pieces, one a turn of the event loop. */
  #afterOutput(deadline: number): void {
    if (!this.#events.isBacklogged() || performance.now() > deadline) this.#next();
    else this.#immediate = setImmediate(() => this.#afterOutput(deadline));
  }

  /** Host milliseconds for a slice that begins now: what the event loop did just before, such as drawing, counts. */
  #sliceMs(now: number): number {
    if (this.#events.isBacklogged()) return SHARED_MS;
    const spent = this.#sliceEnd === undefined ? 0 : now - this.#sliceEnd;
    return Math.max(SHORTEST_SLICE_MS, SLICE_MS - spent);
  }

  #turn(): void {
    this.#immediate = undefined;
    this.#timer = undefined;
    this.#woken = false;
    const began = performance.now();
    const early = Math.max(0, this.#dueAt - began);
    const ahead = early <= TIMER_ERROR_MS ? early : 0;
    let end: EngineEnd | undefined;
    let stop: "breakpoint" | "watchpoint" | undefined;
    let sleepMs = 0;
    this.#dueAt = Number.NEGATIVE_INFINITY;
    try {
      const slice = this.#pc.runSlice((began + ahead) * 1e6, this.#sliceMs(began));
      if (slice.state === "off") end = { reason: "power-off" };
      if (slice.state === "idle") sleepMs = ahead + slice.sleepNs / 1e6;
      if (slice.state === "stopped") stop = slice.by;
    } catch (error) {
      end = { reason: "fault", message: error instanceof Error ? error.message : String(error) };
    }
    this.#busyMs += performance.now() - began;
    if (end) {
      this.#ended = true;
      this.pause();
    }
    if (stop) this.pause();
    this.#events.onSlice();
    if (end) this.#events.onEnd(end);
    if (stop) {
      // Who resumes it there starts a turn of its own.
      this.#events.onStop(stop);
      return;
    }
    if (!this.#running) return;
    const now = performance.now();
    this.#sliceEnd = now;
    if (!this.#woken) this.#dueAt = now + sleepMs;
    if (this.#woken || sleepMs < SHORTEST_SLEEP_MS) this.#afterOutput(now + SHARED_MS);
    else {
      this.#sliceEnd = undefined;
      this.#timer = setTimeout(() => this.#turn(), Math.min(LONGEST_SLEEP_MS, Math.ceil(sleepMs)));
    }
  }
}
