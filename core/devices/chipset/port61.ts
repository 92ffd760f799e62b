import type { Clock } from "../../board/clock.ts";
import type { BusTarget, Device } from "../../board/device.ts";
import type { Pit } from "./pit.ts";

/** System control port B. [82371] NMISC */
const Bits = { gate2: 0x01, speakerData: 0x02, writable: 0x0f, refresh: 0x10, output2: 0x20 } as const;

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
 * which old programs measure time. Parity and channel check never report an error.
 */
export class Port61 implements Device, BusTarget {
  readonly name = "port61";
  readonly version = 1;
  state = { control: 0 };
  readonly #pit: Pit;
  readonly #clock: Clock;
  readonly #speaker: Speaker;
  #hertz = 0;

  constructor(pit: Pit, clock: Clock, speaker: Speaker) {
    this.#pit = pit;
    this.#clock = clock;
    this.#speaker = speaker;
    pit.onCounter2 = () => this.#sound();
  }

  reset(): void {
    this.write(0, 0);
  }

  afterLoad(): void {
    this.#sound();
  }

  read(_offset: number): number {
    const refresh = Math.floor(this.#clock.now() / REFRESH_NS) % 2 === 1;
    return this.state.control | (refresh ? Bits.refresh : 0) | (this.#pit.output2 ? Bits.output2 : 0);
  }

  write(_offset: number, value: number): void {
    this.state.control = value & Bits.writable;
    this.#pit.setGate2((value & Bits.gate2) !== 0);
  }

  #sound(): void {
    const hertz = this.state.control & Bits.speakerData ? this.#pit.hertz2 : 0;
    if (hertz === this.#hertz) return;
    this.#hertz = hertz;
    this.#speaker.tone(hertz);
  }
}
