import { type Alarm, type Clock, periodicSlack, type Slack } from "../../board/clock.ts";
import type { BusTarget, Device, Line, Width } from "../../board/device.ts";
import { type ApicBus, type ApicMessage, DeliveryMode, type LocalApicPort } from "./apic-bus.ts";
import {
  currentCount,
  newTimer,
  nextExpiry,
  periodOf,
  setDivide,
  setMode,
  TimerMode,
} from "./lapic-timer.ts";

/**
 * How late a machine that has long been at rest may have an expiry that its guest has asked for once: 24 ticks of a
 * kernel at 250 Hz are one then.
 */
const ONE_SHOT_SLACK: Slack = { ns: 92e6, counted: false };

/** Register offsets. [SDM] vol. 3A, table 11-1 */
const Register = {
  id: 0x020,
  version: 0x030,
  tpr: 0x080,
  apr: 0x090,
  ppr: 0x0a0,
  eoi: 0x0b0,
  rrd: 0x0c0,
  ldr: 0x0d0,
  dfr: 0x0e0,
  svr: 0x0f0,
  isr: 0x100,
  tmr: 0x180,
  irr: 0x200,
  esr: 0x280,
  icrLow: 0x300,
  icrHigh: 0x310,
  lvtTimer: 0x320,
  lvtError: 0x370,
  initialCount: 0x380,
  currentCount: 0x390,
  divide: 0x3e0,
} as const;

/** Entries of the local vector table, in the order of their registers. */
const Lvt = { timer: 0, thermal: 1, performance: 2, lint0: 3, lint1: 4, error: 5 } as const;
const LVT_ENTRIES = 6;
const LVT_MASKED = 1 << 16;
const LVT_LEVEL = 1 << 15;
const LVT_REMOTE_IRR = 1 << 14;
/** Bits that can be written, by entry. */
const LVT_WRITABLE = [0x7_00ff, 0x1_07ff, 0x1_07ff, 0x1_a7ff, 0x1_a7ff, 0x1_00ff] as const;

const VERSION = 0x14 | ((LVT_ENTRIES - 1) << 16);
const SVR_ENABLED = 1 << 8;
const ESR = { sendIllegalVector: 1 << 5, receivedIllegalVector: 1 << 6, illegalRegister: 1 << 7 } as const;
const ICR = { logical: 1 << 11, assert: 1 << 14, level: 1 << 15, writable: 0x000c_cfff } as const;
const Shorthand = { none: 0, self: 1, all: 2, others: 3 } as const;
/** Vectors below are not an APIC's to deliver. */
const FIRST_VECTOR = 16;
const NONE = -1;

/** Bits of IA32_APIC_BASE. */
const BASE_BOOTSTRAP = 1 << 8;
const BASE_ENABLED = 1 << 11;
const BASE_ADDRESS = 0xffff_f000;
const BASE_RESET = 0xfee0_0000;
/** Bits 0 to 7, 9, 10 (it enables x2APIC mode where there is one), and those above an address of 40 bits. */
const BASE_RESERVED = 0xffff_ff00_0000_06ffn;

/** What a local APIC asks of its processor beside the interrupt line. */
export interface ApicProcessor {
  nmi(): void;
  smi(): void;
  /** INIT: to the state after a reset, waiting for a start-up message unless it is the bootstrap processor. */
  init(): void;
  /** Starts at `vector` × 4096 if the processor waits for it. */
  startUp(vector: number): void;
}

/** A local APIC's wires. */
export interface LocalApicWiring {
  /** The processor's INTR. */
  output: Line;
  processor: ApicProcessor;
  bus: ApicBus;
  clock: Clock;
  /** The clock's time, in nanoseconds, at which the processor's time stamp counter reaches a value. */
  tscTime(tsc: bigint): number;
  /** The interrupt acknowledge of the 8259s behind LINT0: the vector. */
  acknowledgePic(): number;
  /** Makes the registers answer at `base`, or nowhere. */
  place(base: number | null): void;
}

const powerOn = (id: number) => ({
  id,
  base: (BASE_RESET | BASE_ENABLED | (id === 0 ? BASE_BOOTSTRAP : 0)) >>> 0,
  tpr: 0,
  ldr: 0,
  dfr: 0xffff_ffff,
  svr: 0xff,
  isr: new Uint32Array(8),
  tmr: new Uint32Array(8),
  irr: new Uint32Array(8),
  esr: 0,
  /** Errors since the last write of the ESR. */
  errors: 0,
  icrLow: 0,
  icrHigh: 0,
  // Virtual wire mode from the start on the bootstrap processor, as firmware would set it up: LINT0 is ExtINT, LINT1 NMI.
  lvt: [
    LVT_MASKED,
    LVT_MASKED,
    LVT_MASKED,
    id === 0 ? DeliveryMode.extInt << 8 : LVT_MASKED,
    id === 0 ? DeliveryMode.nmi << 8 : LVT_MASKED,
    LVT_MASKED,
  ],
  lint0: false,
  lint1: false,
  /** An ExtINT message waits for its acknowledge. */
  extInt: false,
  timer: newTimer(),
});

/** The local APIC of one processor, in xAPIC mode. [SDM] vol. 3A, chapter 11 */
export class LocalApic implements Device, BusTarget, LocalApicPort {
  readonly name: string;
  readonly version = 1;
  state: ReturnType<typeof powerOn>;
  /** LINT0: INTR of the 8259s. */
  readonly lint0: Line = { set: (high) => this.#setPin("lint0", Lvt.lint0, high) };
  /** LINT1: NMI. */
  readonly lint1: Line = { set: (high) => this.#setPin("lint1", Lvt.lint1, high) };
  readonly #id: number;
  readonly #wiring: LocalApicWiring;
  readonly #alarm: Alarm;

  /** `id`: the processor's number, 0 being the bootstrap processor. */
  constructor(id: number, wiring: LocalApicWiring) {
    this.name = `lapic${id}`;
    this.#id = id;
    this.#wiring = wiring;
    this.#alarm = wiring.clock.alarm(() => this.#expire());
    this.state = powerOn(id);
    this.#place();
  }

  reset(): void {
    const { lint0, lint1 } = this.state;
    this.state = { ...powerOn(this.#id), lint0, lint1 };
    this.afterLoad();
  }

  /** INIT#: the processor's, and this one's but for the identifier, the base and what the pins are at. */
  initialize(): void {
    const { id, base, lint0, lint1 } = this.state;
    this.state = { ...powerOn(this.#id), id, base, lint0, lint1 };
    this.afterLoad();
    this.#wiring.processor.init();
  }

  afterLoad(): void {
    this.#place();
    this.#setAlarm();
    this.#update();
  }

  /** The vector that the processor's interrupt acknowledge gets; that interrupt is then in service. */
  acknowledge(): number {
    const vector = this.#deliverable();
    if (vector !== NONE) {
      clearVector(this.state.irr, vector);
      setVector(this.state.isr, vector);
      this.#update();
      return vector;
    }
    if (!this.#passesPic()) return this.state.svr & 0xff;
    this.state.extInt = false;
    const fromPic = this.#wiring.acknowledgePic();
    this.#update();
    return fromPic;
  }

  /** The task priority register, 8 bits; CR8 is its upper four. */
  get tpr(): number {
    return this.state.tpr;
  }

  set tpr(value: number) {
    this.state.tpr = value & 0xff;
    this.#update();
  }

  /** IA32_APIC_BASE, its low 32 bits. Disabling it connects INTR and NMI straight to the processor. */
  get base(): number {
    return this.state.base;
  }

  set base(value: number) {
    const bootstrap = this.state.base & BASE_BOOTSTRAP;
    this.state.base = ((value & (BASE_ADDRESS | BASE_ENABLED)) | bootstrap) >>> 0;
    this.#place();
    this.#update();
  }

  /** WRMSR to IA32_APIC_BASE; false for a bit that is reserved. */
  writeBase(value: bigint): boolean {
    if (value & BASE_RESERVED) return false;
    this.base = Number(value & 0xffff_ffffn);
    return true;
  }

  /** IA32_TSC_DEADLINE: 0 when disarmed, and in the other timer modes, where writes are ignored. */
  get tscDeadline(): bigint {
    return this.state.timer.tscDeadline;
  }

  set tscDeadline(value: bigint) {
    const { timer } = this.state;
    if (timer.mode !== TimerMode.tscDeadline) return;
    timer.tscDeadline = value;
    timer.deadlineNs = value === 0n ? null : this.#wiring.tscTime(value);
    this.#setAlarm();
  }

  get processorPriority(): number {
    const { tpr, isr } = this.state;
    const inService = highest(isr);
    return inService >> 4 > tpr >> 4 ? inService & 0xf0 : tpr;
  }

  matches(destination: number, logical: boolean): boolean {
    if (destination === 0xff) return true;
    if (!logical) return destination === this.state.id;
    const mine = this.state.ldr >>> 24;
    if (this.state.dfr >>> 28 === 0xf) return (mine & destination) !== 0;
    return mine >> 4 === destination >> 4 && (mine & destination & 0xf) !== 0;
  }

  receive({ mode, vector, level }: ApicMessage): void {
    const { processor } = this.#wiring;
    if (!this.#isEnabled()) return;
    switch (mode) {
      case DeliveryMode.fixed:
      case DeliveryMode.lowestPriority:
        this.#accept(vector, level);
        break;
      case DeliveryMode.smi:
        processor.smi();
        break;
      case DeliveryMode.nmi:
        processor.nmi();
        break;
      case DeliveryMode.init:
        this.initialize();
        break;
      case DeliveryMode.startUp:
        processor.startUp(vector);
        break;
      case DeliveryMode.extInt:
        this.state.extInt = true;
        this.#update();
        break;
    }
  }

  read(offset: number, width: Width): number {
    const value = (offset & 0xc) === 0 ? this.#readRegister(offset & 0xff0) : 0;
    const part = value >>> (8 * (offset & 3));
    return width === 4 ? part : part & (2 ** (8 * width) - 1);
  }

  /** Registers take whole aligned double words only. */
  write(offset: number, value: number, width: Width): void {
    if (width === 4 && (offset & 0xf) === 0) this.#writeRegister(offset, value);
  }

  #readRegister(register: number): number {
    const { state } = this;
    if (register >= Register.isr && register < Register.esr) {
      const bank = register < Register.tmr ? state.isr : register < Register.irr ? state.tmr : state.irr;
      return bank[(register >> 4) & 7]!;
    }
    if (register >= Register.lvtTimer && register <= Register.lvtError) {
      return state.lvt[(register - Register.lvtTimer) >> 4]!;
    }
    switch (register) {
      case Register.id:
        return (state.id << 24) >>> 0;
      case Register.version:
        return VERSION;
      case Register.tpr:
        return state.tpr;
      case Register.ppr:
        return this.processorPriority;
      case Register.ldr:
        return state.ldr;
      case Register.dfr:
        return state.dfr;
      case Register.svr:
        return state.svr;
      case Register.esr:
        return state.esr;
      case Register.icrLow:
        return state.icrLow;
      case Register.icrHigh:
        return state.icrHigh;
      case Register.initialCount:
        return state.timer.initialCount;
      case Register.currentCount:
        return currentCount(state.timer, this.#wiring.clock.now());
      case Register.divide:
        return state.timer.divide;
      case Register.apr:
      case Register.eoi:
      case Register.rrd:
        return 0;
      default:
        this.#error(ESR.illegalRegister);
        return 0;
    }
  }

  #writeRegister(register: number, value: number): void {
    const { state } = this;
    if (register >= Register.lvtTimer && register <= Register.lvtError) {
      this.#writeLvt((register - Register.lvtTimer) >> 4, value);
      return;
    }
    switch (register) {
      case Register.id:
        state.id = value >>> 24;
        break;
      case Register.tpr:
        this.tpr = value;
        break;
      case Register.eoi:
        this.#endOfInterrupt();
        break;
      case Register.ldr:
        state.ldr = (value & 0xff00_0000) >>> 0;
        break;
      case Register.dfr:
        state.dfr = (value | 0x0fff_ffff) >>> 0;
        break;
      case Register.svr:
        this.#writeSpuriousVector(value);
        break;
      case Register.esr:
        state.esr = state.errors;
        state.errors = 0;
        break;
      case Register.icrLow:
        state.icrLow = value & ICR.writable;
        this.#sendCommand();
        break;
      case Register.icrHigh:
        state.icrHigh = (value & 0xff00_0000) >>> 0;
        break;
      case Register.initialCount:
        if (state.timer.mode === TimerMode.tscDeadline) break;
        state.timer.initialCount = value;
        state.timer.startNs = Math.floor(this.#wiring.clock.now());
        this.#arm();
        break;
      case Register.divide:
        setDivide(state.timer, value, this.#wiring.clock.now());
        this.#arm();
        break;
      default:
        if (!isReadOnly(register)) this.#error(ESR.illegalRegister);
    }
  }

  #writeSpuriousVector(value: number): void {
    const { state } = this;
    state.svr = value & 0x1ff;
    if (!(value & SVR_ENABLED)) state.lvt = state.lvt.map((entry) => entry | LVT_MASKED);
    this.#update();
  }

  #writeLvt(entry: number, value: number): void {
    const { lvt, timer, svr } = this.state;
    const mask = svr & SVR_ENABLED ? 0 : LVT_MASKED;
    lvt[entry] = (value & LVT_WRITABLE[entry]!) | (lvt[entry]! & LVT_REMOTE_IRR) | mask;
    if (entry === Lvt.timer) {
      const mode = (value >>> 17) & 3;
      if ((mode === TimerMode.tscDeadline) !== (timer.mode === TimerMode.tscDeadline)) {
        Object.assign(timer, newTimer(), { divide: timer.divide });
      }
      setMode(timer, mode, this.#wiring.clock.now());
      if (mode !== TimerMode.tscDeadline) this.#arm();
    } else if (entry === Lvt.lint0 || entry === Lvt.lint1) this.#servePinLevel(entry);
    this.#update();
  }

  /** Sends what the interrupt command register says. */
  #sendCommand(): void {
    const { icrLow, icrHigh } = this.state;
    const mode = (icrLow >>> 8) & 7;
    const level = (icrLow & ICR.level) !== 0;
    // INIT with level and no assert only synchronized the arbitration of older buses.
    if (mode === DeliveryMode.init && level && !(icrLow & ICR.assert)) return;
    const message: ApicMessage = {
      mode,
      vector: icrLow & 0xff,
      level: false,
      destination: icrHigh >>> 24,
      logical: (icrLow & ICR.logical) !== 0,
    };
    if (mode <= DeliveryMode.lowestPriority && message.vector < FIRST_VECTOR) {
      this.#error(ESR.sendIllegalVector);
      return;
    }
    switch ((icrLow >>> 18) & 3) {
      case Shorthand.none:
        this.#wiring.bus.deliver(message);
        break;
      case Shorthand.self:
        this.receive(message);
        break;
      case Shorthand.all:
        this.#wiring.bus.broadcast(message, this, "all");
        break;
      case Shorthand.others:
        this.#wiring.bus.broadcast(message, this, "others");
        break;
    }
  }

  #accept(vector: number, level: boolean): void {
    const { state } = this;
    if (!(state.svr & SVR_ENABLED)) return;
    if (vector < FIRST_VECTOR) {
      this.#error(ESR.receivedIllegalVector);
      return;
    }
    setVector(state.irr, vector);
    if (level) setVector(state.tmr, vector);
    else clearVector(state.tmr, vector);
    this.#update();
  }

  #endOfInterrupt(): void {
    const { isr, tmr, lvt } = this.state;
    const vector = highest(isr);
    if (vector === NONE) return;
    clearVector(isr, vector);
    for (const entry of [Lvt.lint0, Lvt.lint1]) {
      if ((lvt[entry]! & (LVT_REMOTE_IRR | 0xff)) !== (LVT_REMOTE_IRR | vector)) continue;
      lvt[entry] = lvt[entry]! & ~LVT_REMOTE_IRR;
      this.#servePinLevel(entry);
    }
    if (hasVector(tmr, vector)) this.#wiring.bus.endOfInterrupt(vector);
    this.#update();
  }

  #error(bit: number): void {
    const { state } = this;
    if (state.errors & bit) return;
    state.errors |= bit;
    this.#fireLvt(Lvt.error);
  }

  /** Raises an interrupt of the local vector table, unless it is masked. */
  #fireLvt(entry: number): void {
    const value = this.state.lvt[entry]!;
    if (value & LVT_MASKED) return;
    const hasMode = entry !== Lvt.timer && entry !== Lvt.error;
    const mode = hasMode ? (value >>> 8) & 7 : DeliveryMode.fixed;
    if (mode === DeliveryMode.fixed) this.#accept(value & 0xff, false);
    else if (mode === DeliveryMode.nmi) this.#wiring.processor.nmi();
    else if (mode === DeliveryMode.smi) this.#wiring.processor.smi();
  }

  #setPin(pin: "lint0" | "lint1", entry: number, high: boolean): void {
    const { state } = this;
    if (state[pin] === high) return;
    state[pin] = high;
    if (!this.#isEnabled()) {
      if (pin === "lint1" && high) this.#wiring.processor.nmi();
    } else if (high) {
      if (this.#isLevelPin(entry)) this.#servePinLevel(entry);
      else this.#fireLvt(entry);
    }
    this.#update();
  }

  /** Whether a pin's entry is a level-triggered fixed interrupt; the other modes choose their own trigger. */
  #isLevelPin(entry: number): boolean {
    const value = this.state.lvt[entry]!;
    return (value & LVT_LEVEL) !== 0 && ((value >>> 8) & 7) === DeliveryMode.fixed;
  }

  #servePinLevel(entry: number): void {
    const { state } = this;
    const value = state.lvt[entry]!;
    const high = entry === Lvt.lint0 ? state.lint0 : state.lint1;
    if (!high || !this.#isLevelPin(entry) || value & (LVT_MASKED | LVT_REMOTE_IRR)) return;
    state.lvt[entry] = value | LVT_REMOTE_IRR;
    this.#accept(value & 0xff, true);
  }

  #isEnabled(): boolean {
    return (this.state.base & BASE_ENABLED) !== 0;
  }

  /** Whether the 8259s' request reaches the processor. */
  #passesPic(): boolean {
    const { lint0, extInt, lvt } = this.state;
    if (!this.#isEnabled()) return lint0;
    const entry = lvt[Lvt.lint0]!;
    const isExtInt = !(entry & LVT_MASKED) && ((entry >>> 8) & 7) === DeliveryMode.extInt;
    return extInt || (lint0 && isExtInt);
  }

  /** The vector of highest priority that the processor would take now, or NONE. */
  #deliverable(): number {
    const { irr, svr } = this.state;
    if (!this.#isEnabled() || !(svr & SVR_ENABLED)) return NONE;
    const vector = highest(irr);
    return vector >> 4 > this.processorPriority >> 4 ? vector : NONE;
  }

  #update(): void {
    this.#wiring.output.set(this.#deliverable() !== NONE || this.#passesPic());
  }

  #expire(): void {
    const { timer } = this.state;
    if (timer.mode === TimerMode.tscDeadline) {
      timer.tscDeadline = 0n;
      timer.deadlineNs = null;
    } else this.#arm();
    this.#fireLvt(Lvt.timer);
  }

  #arm(): void {
    const { timer, lvt } = this.state;
    const masked = (lvt[Lvt.timer]! & LVT_MASKED) !== 0;
    timer.deadlineNs = masked ? null : nextExpiry(timer, this.#wiring.clock.now());
    this.#setAlarm();
  }

  #setAlarm(): void {
    const { timer } = this.state;
    const { deadlineNs, mode } = timer;
    if (deadlineNs === null) this.#alarm.cancel();
    else
      this.#alarm.set(
        deadlineNs,
        mode === TimerMode.periodic ? periodicSlack(periodOf(timer)) : ONE_SHOT_SLACK,
      );
  }

  #place(): void {
    this.#wiring.place(this.#isEnabled() ? (this.state.base & BASE_ADDRESS) >>> 0 : null);
  }
}

/** Registers that swallow writes without an error. */
const isReadOnly = (register: number): boolean =>
  register === Register.version ||
  register === Register.apr ||
  register === Register.ppr ||
  register === Register.rrd ||
  register === Register.currentCount ||
  (register >= Register.isr && register < Register.esr);

const hasVector = (bank: Uint32Array, vector: number): boolean =>
  ((bank[vector >> 5]! >>> (vector & 31)) & 1) !== 0;

function setVector(bank: Uint32Array, vector: number): void {
  bank[vector >> 5] = bank[vector >> 5]! | (1 << (vector & 31));
}

function clearVector(bank: Uint32Array, vector: number): void {
  bank[vector >> 5] = bank[vector >> 5]! & ~(1 << (vector & 31));
}

/** The highest vector in a bank, or NONE. */
function highest(bank: Uint32Array): number {
  for (let word = 7; word >= 0; word--) {
    const bits = bank[word]!;
    if (bits !== 0) return 32 * word + 31 - Math.clz32(bits);
  }
  return NONE;
}
