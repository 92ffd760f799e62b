import { withBit } from "../../base/bits.ts";
import { type Alarm, type Clock, NO_SLACK, periodicSlack } from "../../board/clock.ts";
import type { BusTarget, Device, Line, Width } from "../../board/device.ts";

/** Length of a tick of the main counter. */
export const HPET_TICK_NS = 10;

const TIMERS = 3;
const RANGE = 2 ** 32;

/** Register offsets; a timer's follow from 0x100, 0x20 apart. IA-PC HPET Specification 1.0a, 2.3 */
const Register = {
  capabilities: 0x000,
  periodFs: 0x004,
  configuration: 0x010,
  interruptStatus: 0x020,
  mainCounter: 0x0f0,
  timers: 0x100,
} as const;
const TIMER_STRIDE = 0x20;
const Timer = { configuration: 0x00, routeCapabilities: 0x04, comparator: 0x08 } as const;

/** Vendor 8086, legacy replacement, the number of timers less one, revision 1; a counter of 32 bits. */
const CAPABILITIES = (0x8086 << 16) | (1 << 15) | ((TIMERS - 1) << 8) | 1;
const PERIOD_FS = HPET_TICK_NS * 1_000_000;

const Configuration = { enable: 1, legacy: 2 } as const;
const TimerBits = {
  level: 1 << 1,
  enable: 1 << 2,
  periodic: 1 << 3,
  periodicCapable: 1 << 4,
  setValue: 1 << 6,
  mode32: 1 << 8,
  route: 0x3e00,
  writable: 0x3f4e,
} as const;
const ROUTE_SHIFT = 9;

/** The I/O APIC's inputs that a timer may be routed to: 20 to 23, on which nothing else is. */
const ROUTES = 0x00f0_0000;
/** An interrupt every tick would leave no time for the guest: periods are stretched to this, in ticks. */
const SHORTEST_PERIOD = 2000;

const newTimer = () => ({
  configuration: 0,
  comparator: 0xffff_ffff,
  period: 0,
  /** When the counter meets the comparator next, in nanoseconds; null while it cannot interrupt. */
  deadlineNs: null as number | null,
});

const powerOn = () => ({
  configuration: 0,
  status: 0,
  /** The main counter when it was last set, or stopped. */
  count: 0,
  /** When that was, in whole nanoseconds: a tick that is over never seems to end only now. */
  sinceNs: 0,
  timers: [newTimer(), newTimer(), newTimer()],
  /** Levels of the interrupts that legacy replacement takes the place of. */
  pitIrq0: false,
  rtcIrq8: false,
});

/** Where the timers interrupt. */
export interface HpetWiring {
  clock: Clock;
  /** Interrupt requests 0 and 8, which come from here, from the 8254 or from the clock chip. */
  irq0: Line;
  irq8: Line;
  /** The I/O APIC's inputs, by number. */
  pins: readonly Line[];
}

/**
 * High precision event timers: three, over a main counter of 32 bits at 100 MHz. No message interrupts.
 * IA-PC HPET Specification 1.0a
 */
export class Hpet implements Device, BusTarget {
  readonly name = "hpet";
  readonly version = 1;
  state = powerOn();
  /** The 8254's output, on its way to interrupt request 0. */
  readonly pitIrq0: Line = {
    set: (high) => {
      this.state.pitIrq0 = high;
      this.#driveLegacy();
    },
  };
  /** The clock chip's output, on its way to interrupt request 8. */
  readonly rtcIrq8: Line = {
    set: (high) => {
      this.state.rtcIrq8 = high;
      this.#driveLegacy();
    },
  };
  readonly #wiring: HpetWiring;
  readonly #alarms: readonly Alarm[];

  constructor(wiring: HpetWiring) {
    this.#wiring = wiring;
    this.#alarms = this.state.timers.map((_, n) => wiring.clock.alarm(() => this.#expire(n)));
  }

  reset(): void {
    const { pitIrq0, rtcIrq8 } = this.state;
    for (let n = 0; n < TIMERS; n++) this.#lineOf(n)?.set(false);
    this.state = { ...powerOn(), pitIrq0, rtcIrq8 };
    this.afterLoad();
  }

  afterLoad(): void {
    for (let n = 0; n < TIMERS; n++) {
      this.#setAlarm(n);
      this.#driveLevel(n);
    }
    this.#driveLegacy();
  }

  read(offset: number, width: Width): number {
    const part = this.#readRegister(offset & ~3) >>> (8 * (offset & 3));
    return width === 4 ? part : part & (2 ** (8 * width) - 1);
  }

  /** Registers take whole aligned double words only. */
  write(offset: number, value: number, width: Width): void {
    if (width === 4 && (offset & 3) === 0) this.#writeRegister(offset, value);
  }

  #readRegister(offset: number): number {
    const { state } = this;
    switch (offset) {
      case Register.capabilities:
        return CAPABILITIES >>> 0;
      case Register.periodFs:
        return PERIOD_FS;
      case Register.configuration:
        return state.configuration;
      case Register.interruptStatus:
        return state.status;
      case Register.mainCounter:
        return this.#counter();
    }
    const timer = state.timers[Math.floor((offset - Register.timers) / TIMER_STRIDE)];
    if (offset < Register.timers || !timer) return 0;
    switch (offset % TIMER_STRIDE) {
      case Timer.configuration:
        return timer.configuration | TimerBits.periodicCapable;
      case Timer.routeCapabilities:
        return ROUTES;
      case Timer.comparator:
        return timer.comparator;
      default:
        return 0;
    }
  }

  #writeRegister(offset: number, value: number): void {
    switch (offset) {
      case Register.configuration:
        this.#configure(value);
        return;
      case Register.interruptStatus:
        this.state.status &= ~value;
        for (let n = 0; n < TIMERS; n++) this.#driveLevel(n);
        return;
      case Register.mainCounter:
        this.state.count = value;
        this.state.sinceNs = Math.floor(this.#wiring.clock.now());
        this.#armAll();
        return;
    }
    const n = Math.floor((offset - Register.timers) / TIMER_STRIDE);
    if (offset < Register.timers || n >= TIMERS) return;
    if (offset % TIMER_STRIDE === Timer.configuration) this.#configureTimer(n, value);
    else if (offset % TIMER_STRIDE === Timer.comparator) this.#writeComparator(n, value);
  }

  #configure(value: number): void {
    const { state } = this;
    const count = this.#counter();
    for (let n = 0; n < TIMERS; n++) this.#lineOf(n)?.set(false);
    state.configuration = value & (Configuration.enable | Configuration.legacy);
    state.count = count;
    state.sinceNs = Math.floor(this.#wiring.clock.now());
    if (this.isLegacy) {
      this.#wiring.irq0.set(false);
      this.#wiring.irq8.set(false);
    }
    this.#armAll();
    this.afterLoad();
  }

  #configureTimer(n: number, value: number): void {
    const timer = this.state.timers[n]!;
    this.#lineOf(n)?.set(false);
    timer.configuration = value & TimerBits.writable;
    const route = (value & TimerBits.route) >>> ROUTE_SHIFT;
    if (!(ROUTES & (1 << route))) timer.configuration &= ~TimerBits.route;
    if (!(value & TimerBits.level)) this.state.status = withBit(this.state.status, n, false);
    this.#arm(n);
    this.#driveLevel(n);
  }

  /** In periodic mode a write sets the period, and the comparator too where "set value" was asked for. */
  #writeComparator(n: number, value: number): void {
    const timer = this.state.timers[n]!;
    const periodic = (timer.configuration & TimerBits.periodic) !== 0;
    if (!periodic || timer.configuration & TimerBits.setValue) timer.comparator = value;
    if (periodic) timer.period = value;
    timer.configuration &= ~TimerBits.setValue;
    this.#arm(n);
  }

  #counter(): number {
    const { configuration, count, sinceNs } = this.state;
    if (!(configuration & Configuration.enable)) return count;
    return (count + Math.floor((this.#wiring.clock.now() - sinceNs) / HPET_TICK_NS)) % RANGE;
  }

  #expire(n: number): void {
    const timer = this.state.timers[n]!;
    if (timer.configuration & TimerBits.periodic && timer.period > 0) {
      const step = Math.max(timer.period, SHORTEST_PERIOD);
      const behind = (this.#counter() - timer.comparator + RANGE) % RANGE;
      timer.comparator = (timer.comparator + (Math.floor(behind / step) + 1) * step) % RANGE;
    }
    this.#arm(n);
    if (timer.configuration & TimerBits.level) {
      this.state.status = withBit(this.state.status, n, true);
      this.#driveLevel(n);
    } else {
      this.#lineOf(n)?.set(false);
      this.#lineOf(n)?.set(true);
    }
  }

  #armAll(): void {
    for (let n = 0; n < TIMERS; n++) this.#arm(n);
  }

  #arm(n: number): void {
    const timer = this.state.timers[n]!;
    const runs = this.state.configuration & Configuration.enable && timer.configuration & TimerBits.enable;
    if (!runs) timer.deadlineNs = null;
    else {
      const now = this.#wiring.clock.now();
      const elapsed = Math.floor((now - this.state.sinceNs) / HPET_TICK_NS);
      const ticks = (timer.comparator - this.#counter() + RANGE) % RANGE || RANGE;
      timer.deadlineNs = this.state.sinceNs + (elapsed + ticks) * HPET_TICK_NS;
    }
    this.#setAlarm(n);
  }

  #setAlarm(n: number): void {
    const { configuration, deadlineNs, period } = this.state.timers[n]!;
    const periodic = (configuration & TimerBits.periodic) !== 0;
    if (deadlineNs === null) this.#alarms[n]!.cancel();
    else this.#alarms[n]!.set(deadlineNs, periodic ? periodicSlack(period * HPET_TICK_NS) : NO_SLACK);
  }

  /** Whether interrupt requests 0 and 8 are the timers', not the 8254's and the clock chip's. */
  get isLegacy(): boolean {
    return (this.state.configuration & Configuration.legacy) !== 0;
  }

  /** The line that a timer interrupts on, if any. */
  #lineOf(n: number): Line | undefined {
    if (this.isLegacy && n < 2) return n === 0 ? this.#wiring.irq0 : this.#wiring.irq8;
    const route = (this.state.timers[n]!.configuration & TimerBits.route) >>> ROUTE_SHIFT;
    return route === 0 ? undefined : this.#wiring.pins[route];
  }

  #driveLevel(n: number): void {
    if (!(this.state.timers[n]!.configuration & TimerBits.level)) return;
    this.#lineOf(n)?.set((this.state.status & (1 << n)) !== 0);
  }

  #driveLegacy(): void {
    if (this.isLegacy) return;
    this.#wiring.irq0.set(this.state.pitIrq0);
    this.#wiring.irq8.set(this.state.rtcIrq8);
  }
}
