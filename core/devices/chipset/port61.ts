import type { Clock } from "../../board/clock.ts";
import type { BusTarget, Device, Line } from "../../board/device.ts";
import type { Pit } from "./pit.ts";

/** System control port B. [82371] NMISC. The two switches disable an error and forget it. */
const Bits = {
  gate2: 0x01,
  speakerData: 0x02,
  disableSerr: 0x04,
  disableChannelCheck: 0x08,
  writable: 0x0f,
  refresh: 0x10,
  output2: 0x20,
  channelCheck: 0x40,
  serr: 0x80,
  errors: 0xc0,
} as const;

/** Memory refresh requests come 15.085 µs apart: 18 periods of the timer's clock. */
const REFRESH_NS = 15_085;

/** What sounds on the PC's speaker. */
export interface Speaker {
  /** A square wave of so many hertz from now on; 0 is silence. */
  tone(hertz: number): void;
}

/** A speaker that is not there. */
export const noSpeaker: Speaker = { tone() {} };

/**
 * System control port B at 0x61: the gate and output of the timer's counter 2, the speaker, and the refresh toggle by
 * which old programs measure time; and the errors of the PCI and ISA buses, which are non-maskable interrupts unless
 * port 0x70 masks them.
 */
export class Port61 implements Device, BusTarget {
  readonly name = "port61";
  readonly version = 1;
  state = { control: 0 };
  /** SERR# of PCI and IOCHK# of ISA, high when asserted. */
  readonly serr: Line = { set: (high) => this.#setError(Bits.serr, Bits.disableSerr, high) };
  readonly channelCheck: Line = {
    set: (high) => this.#setError(Bits.channelCheck, Bits.disableChannelCheck, high),
  };
  /** Bit 7 of port 0x70. */
  readonly nmiMask: Line = {
    set: (high) => {
      this.#masked = high;
      this.#driveNmi();
    },
  };
  #masked = false;
  readonly #nmi: Line;
  readonly #pit: Pit;
  readonly #clock: Clock;
  readonly #speaker: Speaker;
  #hertz = 0;

  constructor(pit: Pit, clock: Clock, speaker: Speaker, nmi: Line) {
    this.#nmi = nmi;
    this.#pit = pit;
    this.#clock = clock;
    this.#speaker = speaker;
    pit.onCounter2 = () => this.#sound();
  }

  reset(): void {
    this.state.control = 0;
    this.write(0, 0);
  }

  afterLoad(): void {
    this.#driveNmi();
    this.#sound();
  }

  read(_offset: number): number {
    const refresh = Math.floor(this.#clock.now() / REFRESH_NS) % 2 === 1;
    return this.state.control | (refresh ? Bits.refresh : 0) | (this.#pit.output2 ? Bits.output2 : 0);
  }

  write(_offset: number, value: number): void {
    const forgotten =
      (value & Bits.disableSerr ? Bits.serr : 0) | (value & Bits.disableChannelCheck ? Bits.channelCheck : 0);
    this.state.control = (value & Bits.writable) | (this.state.control & Bits.errors & ~forgotten);
    this.#driveNmi();
    this.#pit.setGate2((value & Bits.gate2) !== 0);
  }

  #setError(status: number, disabled: number, high: boolean): void {
    if (high && (this.state.control & disabled) === 0) this.state.control |= status;
    this.#driveNmi();
  }

  #driveNmi(): void {
    this.#nmi.set((this.state.control & Bits.errors) !== 0 && !this.#masked);
  }

  #sound(): void {
    const hertz = this.state.control & Bits.speakerData ? this.#pit.hertz2 : 0;
    if (hertz === this.#hertz) return;
    this.#hertz = hertz;
    this.#speaker.tone(hertz);
  }
}
