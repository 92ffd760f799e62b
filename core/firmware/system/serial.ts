import { bda } from "../bda.ts";
import type { Call, Outcome } from "../call.ts";
import type { Ports } from "../hardware.ts";

/** Divisors of the baud rates of AH=00h, bits 7 to 5: 110 to 9600. */
const DIVISORS = [1047, 768, 384, 192, 96, 48, 24, 12];
/** And those of AH=04h from 19200 on. */
const FAST_DIVISORS = [6, 3, 2, 1];
/** Registers of the UART. [16550] */
const Uart = {
  data: 0,
  interrupts: 1,
  lineControl: 3,
  modemControl: 4,
  lineStatus: 5,
  modemStatus: 6,
} as const;
const DIVISOR_LATCH = 0x80;
const DATA_READY = 0x01;
const TRANSMITTER_EMPTY = 0x20;
const TIMED_OUT = 0x80;
const DTR_RTS = 0x03;
/** A time-out of 1 in 0040:007C is about so many ticks. */
const TICKS_PER_UNIT = 18;

export interface SerialState {
  /** The tick at which the wait under way is given up; null: none. */
  serialDeadline: number | null;
}

/** INT 14h. */
export class SerialBios {
  readonly #io: Ports;
  readonly #state: () => SerialState;

  constructor(io: Ports, state: () => SerialState) {
    this.#io = io;
    this.#state = state;
  }

  call(call: Call): Outcome {
    const { memory } = call;
    const base = call.dx < 4 ? memory.read16(bda.com + 2 * call.dx) : 0;
    if (base === 0) return undefined;
    switch (call.ah) {
      case 0x00:
        this.#setLine(base, DIVISORS[call.al >> 5]!, call.al & 0x1f);
        break;
      case 0x01: {
        const waited = this.#waitFor(call, base, TRANSMITTER_EMPTY);
        if (waited === "wait") return "spin";
        if (waited === "ready") this.#io.outb(base + Uart.data, call.al);
        call.ah = this.#io.inb(base + Uart.lineStatus) | (waited === "ready" ? 0 : TIMED_OUT);
        return undefined;
      }
      case 0x02: {
        const waited = this.#waitFor(call, base, DATA_READY);
        if (waited === "wait") return "spin";
        const status = this.#io.inb(base + Uart.lineStatus);
        call.ah = waited === "ready" ? status & 0x1e : TIMED_OUT;
        if (waited === "ready") call.al = this.#io.inb(base + Uart.data);
        return undefined;
      }
      case 0x03:
        break;
      case 0x04: {
        const divisor = call.cl < 8 ? DIVISORS[call.cl]! : (FAST_DIVISORS[call.cl - 8] ?? 12);
        const parity = [0, 0x08, 0x18, 0x28, 0x38][call.bh] ?? 0;
        this.#setLine(base, divisor, parity | ((call.bl & 1) << 2) | (call.ch & 3));
        break;
      }
      case 0x05:
        if (call.al === 1) this.#io.outb(base + Uart.modemControl, call.bl);
        call.bl = this.#io.inb(base + Uart.modemControl);
        break;
      default:
        return undefined;
    }
    call.ah = this.#io.inb(base + Uart.lineStatus);
    call.al = this.#io.inb(base + Uart.modemStatus);
    return undefined;
  }

  /** `line`: bits of the line control register. */
  #setLine(base: number, divisor: number, line: number): void {
    this.#io.outb(base + Uart.lineControl, line | DIVISOR_LATCH);
    this.#io.outb(base + Uart.data, divisor);
    this.#io.outb(base + Uart.interrupts, divisor >> 8);
    this.#io.outb(base + Uart.lineControl, line);
    this.#io.outb(base + Uart.interrupts, 0);
    this.#io.outb(base + Uart.modemControl, DTR_RTS);
  }

  #waitFor(call: Call, base: number, bit: number): "ready" | "wait" | "late" {
    const state = this.#state();
    const { memory } = call;
    if (this.#io.inb(base + Uart.lineStatus) & bit) {
      state.serialDeadline = null;
      return "ready";
    }
    const now = memory.read32(bda.timerTicks);
    state.serialDeadline ??= now + memory.read8(bda.comTimeout + call.dx) * TICKS_PER_UNIT;
    if (now < state.serialDeadline) return "wait";
    state.serialDeadline = null;
    return "late";
  }
}

/** INT 17h of a machine without a parallel port: the printer is not there. */
export function printerCall(call: Call): void {
  if (call.ah <= 2) call.ah = 0x01;
}
