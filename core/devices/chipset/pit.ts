import { bit } from "../../base/bits.ts";
import { type Alarm, type Clock, NO_SLACK, periodicSlack } from "../../board/clock.ts";
import type { BusTarget, Device, Line } from "../../board/device.ts";
import {
  isPeriodic,
  latchCount,
  latchStatus,
  newCounter,
  nextRise,
  outputAt,
  program,
  readByte,
  setGate,
  writeByte,
} from "./pit-counter.ts";

/** CLK of all three counters. */
export const PIT_HERTZ = 1_193_182;

const CONTROL_WORD = 3;
const READ_BACK = 3;
const LATCH = 0;

const powerOn = () => ({
  counters: [newCounter(true), newCounter(true), newCounter(false)],
  /** When, in nanoseconds, counter 0's output rises next. */
  nextRiseNs: null as number | null,
});

/**
 * 8254 programmable interval timer: three 16-bit counters at 1.193182 MHz. Counter 0 is the timer interrupt, 1 the
 * memory refresh, 2 the speaker. The short low pulses of counter 0's output are shown to the interrupt line at their
 * end, as a fall and a rise at one instant. [8254]
 */
export class Pit implements Device, BusTarget {
  readonly name = "pit";
  readonly version = 1;
  state = powerOn();
  /** Called when counter 2 may sound differently. */
  onCounter2: () => void = () => {};
  readonly #irq0: Line;
  readonly #clock: Clock;
  readonly #rise: Alarm;

  /** `interrupts` tells whether interrupt request 0 could reach the processor, as things are; it always could if not said. */
  constructor(irq0: Line, clock: Clock, interrupts?: () => boolean) {
    this.#irq0 = irq0;
    this.#clock = clock;
    this.#rise = clock.alarm(() => {
      this.#irq0.set(false);
      this.#irq0.set(true);
      this.#arm();
    }, interrupts);
  }

  /** The chip has no reset input: it counts on. */
  reset(): void {}

  afterLoad(): void {
    this.#driveIrq0();
    this.#setAlarm();
  }

  read(offset: number): number {
    return offset === CONTROL_WORD ? 0xff : readByte(this.state.counters[offset]!, this.#now());
  }

  write(offset: number, value: number): void {
    if (offset === CONTROL_WORD) this.#control(value);
    else {
      writeByte(this.state.counters[offset]!, value, this.#now());
      this.#changed(offset);
    }
  }

  /** GATE of counter 2; those of the others are tied high. */
  setGate2(high: boolean): void {
    setGate(this.state.counters[2]!, high, this.#now());
    this.onCounter2();
  }

  /** OUT of counter 2. */
  get output2(): boolean {
    return outputAt(this.state.counters[2]!, this.#now());
  }

  /** Frequency of counter 2's output in hertz; 0 while it is not periodic. */
  get hertz2(): number {
    const { mode, gate, count, loadedAt } = this.state.counters[2]!;
    const sounds = gate && loadedAt !== null && isPeriodic(mode);
    return sounds && count > 1 ? PIT_HERTZ / count : 0;
  }

  #control(value: number): void {
    const select = value >>> 6;
    const access = (value >>> 4) & 3;
    if (select === READ_BACK) {
      const now = this.#now();
      this.state.counters.forEach((counter, i) => {
        if (!bit(value, i + 1)) return;
        if (!bit(value, 5)) latchCount(counter, now);
        if (!bit(value, 4)) latchStatus(counter, now);
      });
    } else if (access === LATCH) {
      latchCount(this.state.counters[select]!, this.#now());
    } else {
      program(this.state.counters[select]!, access, (value >>> 1) & 7, bit(value, 0));
      this.#changed(select);
    }
  }

  #changed(counter: number): void {
    if (counter === 0) {
      this.#driveIrq0();
      this.#arm();
    } else if (counter === 2) this.onCounter2();
  }

  #driveIrq0(): void {
    const counter = this.state.counters[0]!;
    this.#irq0.set(isPeriodic(counter.mode) || outputAt(counter, this.#now()));
  }

  #arm(): void {
    const rise = nextRise(this.state.counters[0]!, this.#now());
    this.state.nextRiseNs = rise === Number.POSITIVE_INFINITY ? null : timeOf(rise);
    this.#setAlarm();
  }

  #setAlarm(): void {
    const { mode, reload } = this.state.counters[0]!;
    if (this.state.nextRiseNs === null) this.#rise.cancel();
    else this.#rise.set(this.state.nextRiseNs, isPeriodic(mode) ? periodicSlack(timeOf(reload)) : NO_SLACK);
  }

  #now(): number {
    return ticksAt(this.#clock.now());
  }
}

const ticksAt = (ns: number): number => Math.floor((ns * PIT_HERTZ) / 1e9);

/** The first nanosecond of a tick. */
function timeOf(tick: number): number {
  const ns = Math.ceil((tick * 1e9) / PIT_HERTZ);
  return ticksAt(ns) < tick ? ns + 1 : ns;
}
