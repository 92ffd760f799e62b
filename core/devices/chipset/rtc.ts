import type { Alarm, Clock } from "../../board/clock.ts";
import type { BusTarget, Device, Line } from "../../board/device.ts";
import { decodeTime, encodeTime, nextAlarm, type TimeFormat, TimeRegister } from "./rtc-time.ts";

const REGISTER_A = 0x0a;
const REGISTER_B = 0x0b;
const REGISTER_C = 0x0c;
const REGISTER_D = 0x0d;

const A = {
  updateInProgress: 0x80,
  divider: 0x70,
  rate: 0x0f,
  dividerReset: 0x60,
  dividerRun: 0x20,
} as const;
const B = {
  set: 0x80,
  periodic: 0x40,
  alarm: 0x20,
  update: 0x10,
  squareWave: 0x08,
  binary: 0x04,
  hours24: 0x02,
} as const;
/** The interrupts, at the same bits in register B (enabled) and C (happened). */
const INTERRUPTS = B.periodic | B.alarm | B.update;
const C = { request: 0x80, periodic: 0x40, alarm: 0x20, update: 0x10 } as const;
const D = { validRam: 0x80 } as const;

/** Update in progress shows this long before the new time: 244 µs of warning and 1984 µs of update. */
const UPDATE_MS = 2.228;
const CRYSTAL_HERTZ = 32_768;
/** The first update comes half a second after the divider is let go. */
const AFTER_DIVIDER_RESET_MS = 500;
/** Wall time in milliseconds is exact to a quarter of a microsecond: alarms are set so much after the moment. */
const SLACK_NS = 1000;

const BANK = 128;
const NMI_MASK = 0x80;

const powerOn = () => {
  const cmos = new Uint8Array(2 * BANK);
  cmos[REGISTER_A] = A.dividerRun | 6;
  cmos[REGISTER_B] = B.hours24;
  return {
    /** Both banks. The time registers hold the time while the clock is stopped only. */
    cmos,
    /** Index of each bank; that of the first as written, with the NMI mask. */
    index: 0,
    upperIndex: 0,
    /** The guest's time minus the wall clock's, in milliseconds. */
    offsetMs: 0,
    weekdayShift: 0,
    /** The last second, and the last period, whose flags are in register C. */
    lastSecond: 0,
    lastPeriod: 0,
  };
};

/**
 * MC146818 real-time clock with 128 bytes of CMOS memory, and another 128 behind the second pair of ports. Time is
 * the wall clock's plus what the guest has set; it is computed when read. The square wave output is not wired, and
 * daylight saving is not applied. [MC146818]
 */
export class Rtc implements Device, BusTarget {
  readonly name = "rtc";
  readonly version = 1;
  state = powerOn();
  /** Told whether non-maskable interrupts are masked, when that may have changed: bit 7 of the index port. */
  onNmiMask: (masked: boolean) => void = () => {};
  readonly #irq8: Line;
  readonly #clock: Clock;
  readonly #alarm: Alarm;

  constructor(irq8: Line, clock: Clock) {
    this.#irq8 = irq8;
    this.#clock = clock;
    this.#alarm = clock.alarm(() => this.#sync());
    this.#forgetEvents();
  }

  /** Time and memory are kept by the battery; interrupts are disabled. */
  reset(): void {
    const { cmos } = this.state;
    cmos[REGISTER_B] = cmos[REGISTER_B]! & ~(INTERRUPTS | B.squareWave);
    cmos[REGISTER_C] = 0;
    this.#forgetEvents();
    this.#sync();
  }

  afterLoad(): void {
    this.onNmiMask(this.nmiMasked);
    this.#drive();
  }

  /** Presets a byte of CMOS memory, as the board's set-up does. `index` 0x0E to 0xFF. */
  setCmos(index: number, value: number): void {
    this.state.cmos[index] = value;
  }

  /** Whether non-maskable interrupts are masked (bit 7 of the index port). */
  get nmiMasked(): boolean {
    return (this.state.index & NMI_MASK) !== 0;
  }

  read(offset: number): number {
    switch (offset) {
      case 1:
        return this.#readCmos(this.state.index & (BANK - 1));
      case 2:
        return this.state.upperIndex;
      case 3:
        return this.state.cmos[BANK + this.state.upperIndex]!;
      default:
        return 0xff;
    }
  }

  write(offset: number, value: number): void {
    switch (offset) {
      case 0:
        this.state.index = value;
        this.onNmiMask(this.nmiMasked);
        break;
      case 1:
        this.#writeCmos(this.state.index & (BANK - 1), value);
        break;
      case 2:
        this.state.upperIndex = value & (BANK - 1);
        break;
      default:
        this.state.cmos[BANK + this.state.upperIndex] = value;
    }
  }

  #readCmos(index: number): number {
    const { cmos } = this.state;
    switch (index) {
      case REGISTER_A:
        return cmos[REGISTER_A]! | (this.#updateInProgress() ? A.updateInProgress : 0);
      case REGISTER_C: {
        this.#sync();
        const flags = cmos[REGISTER_C]!;
        cmos[REGISTER_C] = 0;
        this.#drive();
        return flags;
      }
      case REGISTER_D:
        return D.validRam;
      default:
        if (isTime(index) && !this.#isStopped()) this.#encode();
        return cmos[index]!;
    }
  }

  #writeCmos(index: number, value: number): void {
    const { cmos } = this.state;
    if (index === REGISTER_C || index === REGISTER_D) return;
    this.#sync();
    if (index === REGISTER_A) this.#changeMode(index, value & ~A.updateInProgress);
    else if (index === REGISTER_B) this.#changeMode(index, value & B.set ? value & ~B.update : value);
    else if (isTime(index) && !this.#isStopped()) {
      this.#encode();
      cmos[index] = value;
      this.#decode(mod1000(this.#time()));
    } else cmos[index] = value;
    this.#drive();
  }

  /** A write of register A or B, which may stop the clock or let it go on from the registers. */
  #changeMode(register: number, value: number): void {
    const { cmos } = this.state;
    const wasStopped = this.#isStopped();
    const wasReset = this.#isDividerReset();
    if (!wasStopped) this.#encode();
    const periodNs = this.#periodNs();
    cmos[register] = value;
    if (wasStopped && !this.#isStopped()) {
      this.#decode(wasReset ? AFTER_DIVIDER_RESET_MS : mod1000(this.#time()));
    }
    if (this.#periodNs() !== periodNs) this.state.lastPeriod = this.#period();
  }

  get #format(): TimeFormat {
    const b = this.state.cmos[REGISTER_B]!;
    return { binary: (b & B.binary) !== 0, hours24: (b & B.hours24) !== 0 };
  }

  #isDividerReset(): boolean {
    return (this.state.cmos[REGISTER_A]! & A.dividerReset) === A.dividerReset;
  }

  #isStopped(): boolean {
    return (this.state.cmos[REGISTER_B]! & B.set) !== 0 || this.#isDividerReset();
  }

  /** The guest's time in milliseconds since 1970. */
  #time(): number {
    return this.#clock.wallTime() + this.state.offsetMs;
  }

  #encode(): void {
    encodeTime(this.state.cmos, this.#time(), this.state.weekdayShift, this.#format);
  }

  /** Sets the time to what the registers say, `fractionMs` into that second. */
  #decode(fractionMs: number): void {
    const { ms, weekdayShift } = decodeTime(this.state.cmos, this.#format);
    this.state.offsetMs = ms + fractionMs - this.#clock.wallTime();
    this.state.weekdayShift = weekdayShift;
    this.state.lastSecond = this.#second();
  }

  #second(): number {
    return Math.floor(this.#time() / 1000);
  }

  #updateInProgress(): boolean {
    return !this.#isStopped() && mod1000(this.#time()) >= 1000 - UPDATE_MS;
  }

  /** Length of a period of the periodic interrupt in nanoseconds; 0 if there is none. [MC146818] table 5 */
  #periodNs(): number {
    const rate = this.state.cmos[REGISTER_A]! & A.rate;
    if (rate === 0 || this.#isDividerReset()) return 0;
    return (2 ** ((rate < 3 ? rate + 7 : rate) - 1) * 1e9) / CRYSTAL_HERTZ;
  }

  #period(): number {
    const length = this.#periodNs();
    return length === 0 ? 0 : Math.floor(this.#clock.now() / length);
  }

  #forgetEvents(): void {
    this.state.lastSecond = this.#second();
    this.state.lastPeriod = this.#period();
  }

  /** Records in register C what has happened since the last call. */
  #sync(): void {
    const { state } = this;
    const { cmos } = state;
    let flags = 0;
    const second = this.#second();
    if (!this.#isStopped() && second > state.lastSecond) {
      flags |= C.update;
      if (nextAlarm(cmos, state.lastSecond, this.#format) <= second) flags |= C.alarm;
    }
    state.lastSecond = second;
    const period = this.#period();
    if (period !== state.lastPeriod) flags |= C.periodic;
    state.lastPeriod = period;
    cmos[REGISTER_C] = cmos[REGISTER_C]! | flags;
    this.#drive();
  }

  /** Sets the request flag and line by register C, and the alarm for what comes next and would change them. */
  #drive(): void {
    const { cmos } = this.state;
    const happened = cmos[REGISTER_C]! & INTERRUPTS;
    const enabled = cmos[REGISTER_B]! & INTERRUPTS;
    const request = (happened & enabled) !== 0;
    cmos[REGISTER_C] = happened | (request ? C.request : 0);
    this.#irq8.set(request);
    const next = request ? Number.POSITIVE_INFINITY : this.#nextEvent(enabled);
    if (next === Number.POSITIVE_INFINITY) this.#alarm.cancel();
    else this.#alarm.set(next);
  }

  /** When, on the machine's clock, the next of the `enabled` events happens that is not in register C yet. */
  #nextEvent(enabled: number): number {
    const now = this.#clock.now();
    let next = Number.POSITIVE_INFINITY;
    if (enabled & B.periodic && this.#periodNs() > 0) {
      next = Math.ceil((this.state.lastPeriod + 1) * this.#periodNs());
    }
    if (!this.#isStopped() && enabled & (B.update | B.alarm)) {
      const { cmos, lastSecond } = this.state;
      const at = enabled & B.update ? lastSecond + 1 : nextAlarm(cmos, lastSecond, this.#format);
      next = Math.min(next, now + Math.ceil((at * 1000 - this.#time()) * 1e6) + SLACK_NS);
    }
    return next;
  }
}

const mod1000 = (ms: number): number => ((ms % 1000) + 1000) % 1000;

const isTime = (index: number): boolean =>
  index === TimeRegister.century || (index <= TimeRegister.year && !isAlarm(index));

const isAlarm = (index: number): boolean =>
  index === TimeRegister.secondsAlarm ||
  index === TimeRegister.minutesAlarm ||
  index === TimeRegister.hoursAlarm;
