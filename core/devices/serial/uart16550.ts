import { bit } from "../../base/bits.ts";
import type { Alarm, Clock } from "../../board/clock.ts";
import type { BusTarget, Device, Line } from "../../board/device.ts";

/** Registers by offset; the first two are the divisor latch while LCR.DLAB is set. [16550] table II */
const RBR_THR = 0;
const IER = 1;
const IIR_FCR = 2;
const LCR = 3;
const MCR = 4;
const LSR = 5;
const MSR = 6;
const SCR = 7;

const IER_ERBFI = 0x01;
const IER_ETBEI = 0x02;
const IER_ELSI = 0x04;
const IER_EDSSI = 0x08;

const IIR_NONE = 0x01;
const IIR_MODEM_STATUS = 0x00;
const IIR_THR_EMPTY = 0x02;
const IIR_DATA_AVAILABLE = 0x04;
const IIR_LINE_STATUS = 0x06;
const IIR_CHARACTER_TIMEOUT = 0x0c;
const IIR_FIFOS_ENABLED = 0xc0;

const FCR_ENABLE = 0x01;
const FCR_CLEAR_RECEIVER = 0x02;

const LCR_BREAK = 0x40;
const LCR_DLAB = 0x80;

const MCR_DTR = 0x01;
const MCR_RTS = 0x02;
const MCR_OUT1 = 0x04;
const MCR_OUT2 = 0x08;
const MCR_LOOP = 0x10;

const LSR_DR = 0x01;
const LSR_OE = 0x02;
const LSR_BI = 0x10;
const LSR_THRE = 0x20;
const LSR_TEMT = 0x40;
const LSR_FIFO_ERROR = 0x80;

const MSR_CTS = 0x10;
const MSR_DSR = 0x20;
const MSR_RI = 0x40;
const MSR_DCD = 0x80;
/** Delta bits: DCTS, DDSR, TERI, DDCD stand four below the line they watch. */
const MSR_TERI = 0x04;

const FIFO_DEPTH = 16;
/** Receiver trigger levels by FCR bits 7 and 6. */
const TRIGGER_LEVELS = [1, 4, 8, 14];
/** The crystal of a PC's serial port, and the clocks it takes a bit. */
const CRYSTAL_HZ = 1_843_200;
const CLOCKS_PER_BIT = 16;

/** Marks a FIFO entry received with a break. */
const ENTRY_BREAK = 0x100;

interface UartState {
  ier: number;
  fcr: number;
  lcr: number;
  mcr: number;
  /** Modem lines and their delta bits. */
  msr: number;
  scr: number;
  divisor: number;
  /** OE, until LSR is read. */
  overrun: boolean;
  /** BI of the character on top, until LSR is read. */
  breakSeen: boolean;
  thrEmptyPending: boolean;
  timeoutPending: boolean;
  /** When the character time-out strikes, in nanoseconds; Infinity when it is not running. */
  timeoutAt: number;
  /** The receiver FIFO (one entry deep while FIFOs are off), oldest first. */
  fifo: number[];
  /** What the other end has sent and the FIFO has no room for yet. */
  incoming: Uint8Array;
}

const powerOn = (): UartState => ({
  ier: 0,
  fcr: 0,
  lcr: 0,
  mcr: 0,
  msr: MSR_CTS | MSR_DSR | MSR_DCD,
  scr: 0,
  divisor: 12,
  overrun: false,
  breakSeen: false,
  thrEmptyPending: false,
  timeoutPending: false,
  timeoutAt: Number.POSITIVE_INFINITY,
  fifo: [],
  incoming: new Uint8Array(0),
});

/**
 * 16550A serial port. [16550]
 *
 * Departures: a character written is sent at once, whatever the divisor, so the transmitter is empty at every
 * look; the other end is a null-modem cable with CTS, DSR and DCD up, and it sends no faster than the guest reads,
 * so overruns happen in loopback only. On a PC's board OUT2 gates the interrupt; here it does not, for there are systems
 * that were only ever run where nobody asks for it, and leave it off.
 */
export class Uart16550 implements Device, BusTarget {
  readonly name: string;
  readonly version = 1;
  state: UartState = powerOn();
  /** Called for each character the guest sends. */
  onTransmit: (byte: number) => void = () => {};
  readonly #irq: Line;
  readonly #clock: Clock;
  readonly #timeout: Alarm;

  constructor(name: string, irq: Line, clock: Clock) {
    this.name = name;
    this.#irq = irq;
    this.#clock = clock;
    this.#timeout = clock.alarm(() => {
      this.state.timeoutAt = Number.POSITIVE_INFINITY;
      this.state.timeoutPending = this.#fifoMode && this.state.fifo.length > 0;
      this.#updateIrq();
    });
  }

  /** Master reset: the divisor, the scratch register and what is on its way from the other end stay. */
  reset(): void {
    const { divisor, scr, incoming } = this.state;
    this.state = { ...powerOn(), divisor, scr, incoming };
    this.#timeout.cancel();
    this.#refill();
    this.#updateIrq();
  }

  afterLoad(): void {
    if (this.state.timeoutAt === Number.POSITIVE_INFINITY) this.#timeout.cancel();
    else this.#timeout.set(this.state.timeoutAt);
    this.#updateIrq();
  }

  /** Bytes from the other end of the cable; they reach the FIFO as it has room. */
  receive(bytes: Uint8Array): void {
    const { incoming } = this.state;
    const joined = new Uint8Array(incoming.length + bytes.length);
    joined.set(incoming);
    joined.set(bytes, incoming.length);
    this.state.incoming = joined;
    this.#refill();
    this.#updateIrq();
  }

  read(offset: number): number {
    const state = this.state;
    switch (offset) {
      case RBR_THR:
        return state.lcr & LCR_DLAB ? state.divisor & 0xff : this.#readReceiver();
      case IER:
        return state.lcr & LCR_DLAB ? state.divisor >> 8 : state.ier;
      case IIR_FCR:
        return this.#readInterruptIdentification();
      case LCR:
        return state.lcr;
      case MCR:
        return state.mcr;
      case LSR:
        return this.#readLineStatus();
      case MSR: {
        const value = state.msr;
        state.msr &= 0xf0;
        this.#updateIrq();
        return value;
      }
      default:
        return state.scr;
    }
  }

  write(offset: number, value: number): void {
    const state = this.state;
    switch (offset) {
      case RBR_THR:
        if (state.lcr & LCR_DLAB) state.divisor = (state.divisor & 0xff00) | value;
        else this.#transmit(value);
        break;
      case IER:
        if (state.lcr & LCR_DLAB) state.divisor = (state.divisor & 0xff) | (value << 8);
        else this.#writeInterruptEnable(value & 0x0f);
        break;
      case IIR_FCR:
        this.#writeFifoControl(value);
        break;
      case LCR:
        this.#writeLineControl(value);
        break;
      case MCR:
        this.#writeModemControl(value & 0x1f);
        break;
      case SCR:
        state.scr = value;
        break;
      // LSR and MSR: "intended for read operations only".
    }
  }

  get #fifoMode(): boolean {
    return (this.state.fcr & FCR_ENABLE) !== 0;
  }

  get #loopback(): boolean {
    return (this.state.mcr & MCR_LOOP) !== 0;
  }

  #transmit(byte: number): void {
    // The interrupt is reset by the write and set again by the character leaving: a new edge on the line.
    this.state.thrEmptyPending = false;
    this.#updateIrq();
    if (this.#loopback) {
      this.#accept(byte);
    } else {
      this.onTransmit(byte);
    }
    this.state.thrEmptyPending = true;
    this.#updateIrq();
  }

  #readReceiver(): number {
    const state = this.state;
    const entry = state.fifo.shift() ?? 0;
    state.timeoutPending = false;
    this.#exposeTop();
    this.#refill();
    this.#restartTimeout();
    this.#updateIrq();
    return entry & 0xff;
  }

  /** A character has been shifted in. */
  #accept(entry: number): void {
    const state = this.state;
    const depth = this.#fifoMode ? FIFO_DEPTH : 1;
    if (state.fifo.length < depth) {
      state.fifo.push(entry);
      if (state.fifo.length === 1) this.#exposeTop();
    } else {
      state.overrun = true;
      // Without FIFOs the new character destroys the old one; with them it is the new one that is lost.
      if (!this.#fifoMode) state.fifo[0] = entry;
    }
    this.#restartTimeout();
  }

  /** The error bits of a character show in LSR once it is at the top of the FIFO. */
  #exposeTop(): void {
    const top = this.state.fifo[0];
    if (top !== undefined && top & ENTRY_BREAK) this.state.breakSeen = true;
  }

  #refill(): void {
    const state = this.state;
    if (this.#loopback || state.incoming.length === 0) return;
    const room = (this.#fifoMode ? FIFO_DEPTH : 1) - state.fifo.length;
    const taken = Math.min(room, state.incoming.length);
    for (let i = 0; i < taken; i++) this.#accept(state.incoming[i]!);
    state.incoming = state.incoming.subarray(taken);
  }

  /** Four character times after the last arrival or read, if something is left in the FIFO. */
  #restartTimeout(): void {
    const state = this.state;
    if (!this.#fifoMode || state.fifo.length === 0) {
      state.timeoutPending = false;
      state.timeoutAt = Number.POSITIVE_INFINITY;
      this.#timeout.cancel();
      return;
    }
    const bits = 1 + 5 + (state.lcr & 3) + (bit(state.lcr, 3) ? 1 : 0) + (bit(state.lcr, 2) ? 2 : 1);
    const bitNs = (Math.max(state.divisor, 1) * CLOCKS_PER_BIT * 1e9) / CRYSTAL_HZ;
    state.timeoutAt = this.#clock.now() + Math.round(4 * bits * bitNs);
    this.#timeout.set(state.timeoutAt);
  }

  #writeInterruptEnable(value: number): void {
    const rises = value & ~this.state.ier;
    this.state.ier = value;
    // Enabling the interrupt while the holding register is empty, which it always is, raises it.
    if (rises & IER_ETBEI) this.state.thrEmptyPending = true;
    this.#updateIrq();
  }

  #writeFifoControl(value: number): void {
    const state = this.state;
    const toggles = ((value ^ state.fcr) & FCR_ENABLE) !== 0;
    if (toggles || value & FCR_CLEAR_RECEIVER) {
      state.fifo = [];
      state.breakSeen = false;
    }
    // The other bits are programmed only while bit 0 is written as 1.
    state.fcr = value & FCR_ENABLE ? value & 0xc9 : 0;
    this.#refill();
    this.#restartTimeout();
    this.#updateIrq();
  }

  #writeLineControl(value: number): void {
    const breakRises = (value & ~this.state.lcr & LCR_BREAK) !== 0;
    this.state.lcr = value;
    if (breakRises && this.#loopback) {
      this.#accept(ENTRY_BREAK);
      this.#updateIrq();
    }
  }

  #writeModemControl(value: number): void {
    const state = this.state;
    state.mcr = value;
    let lines = MSR_CTS | MSR_DSR | MSR_DCD;
    if (this.#loopback) {
      lines =
        (value & MCR_DTR ? MSR_DSR : 0) |
        (value & MCR_RTS ? MSR_CTS : 0) |
        (value & MCR_OUT1 ? MSR_RI : 0) |
        (value & MCR_OUT2 ? MSR_DCD : 0);
    }
    let delta = (lines ^ state.msr) >> 4;
    // TERI records the trailing edge of RI only.
    if (lines & MSR_RI) delta &= ~MSR_TERI;
    state.msr = lines | (state.msr & 0x0f) | (delta & 0x0f);
    this.#refill();
    this.#updateIrq();
  }

  #readLineStatus(): number {
    const state = this.state;
    const value =
      LSR_THRE |
      LSR_TEMT |
      (state.fifo.length > 0 ? LSR_DR : 0) |
      (state.overrun ? LSR_OE : 0) |
      (state.breakSeen ? LSR_BI : 0) |
      (this.#fifoMode && state.fifo.some((entry) => entry & ENTRY_BREAK) ? LSR_FIFO_ERROR : 0);
    state.overrun = false;
    state.breakSeen = false;
    this.#updateIrq();
    return value;
  }

  #readInterruptIdentification(): number {
    const id = this.#interruptId();
    if (id === IIR_THR_EMPTY) {
      this.state.thrEmptyPending = false;
      this.#updateIrq();
    }
    return id | (this.#fifoMode ? IIR_FIFOS_ENABLED : 0);
  }

  /** The highest of the pending interrupts. [16550] table III */
  #interruptId(): number {
    const state = this.state;
    if (state.ier & IER_ELSI && (state.overrun || state.breakSeen)) return IIR_LINE_STATUS;
    if (state.ier & IER_ERBFI) {
      const level = this.#fifoMode ? TRIGGER_LEVELS[state.fcr >> 6]! : 1;
      if (state.fifo.length >= level) return IIR_DATA_AVAILABLE;
      if (state.timeoutPending) return IIR_CHARACTER_TIMEOUT;
    }
    if (state.ier & IER_ETBEI && state.thrEmptyPending) return IIR_THR_EMPTY;
    if (state.ier & IER_EDSSI && state.msr & 0x0f) return IIR_MODEM_STATUS;
    return IIR_NONE;
  }

  #updateIrq(): void {
    const looped = (this.state.mcr & MCR_LOOP) !== 0;
    this.#irq.set(!looped && this.#interruptId() !== IIR_NONE);
  }
}
