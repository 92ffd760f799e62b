import type { BusTarget, Device, Line } from "../../board/device.ts";

const Bits = { reset: 0x01, a20: 0x02 } as const;

const powerOn = () => ({ control: 0, keyboardA20: true });

/**
 * System control port A at 0x92: fast reset, and the A20 gate, which is open when this port or the keyboard
 * controller says so. [82371] port 92h
 */
export class Port92 implements Device, BusTarget {
  readonly name = "port92";
  readonly version = 1;
  state = powerOn();
  /** The keyboard controller's A20 output; high from power-on. */
  readonly keyboardA20: Line = {
    set: (high) => {
      this.state.keyboardA20 = high;
      this.#driveA20();
    },
  };
  readonly #a20: Line;
  readonly #resetProcessor: () => void;

  /** `a20`: high lets address line 20 through. */
  constructor(a20: Line, resetProcessor: () => void) {
    this.#a20 = a20;
    this.#resetProcessor = resetProcessor;
  }

  reset(): void {
    this.state = powerOn();
    this.#driveA20();
  }

  afterLoad(): void {
    this.#driveA20();
  }

  read(_offset: number): number {
    return this.state.control;
  }

  write(_offset: number, value: number): void {
    const starts = (value & ~this.state.control & Bits.reset) !== 0;
    this.state.control = value & (Bits.a20 | Bits.reset);
    this.#driveA20();
    if (starts) this.#resetProcessor();
  }

  #driveA20(): void {
    this.#a20.set(this.state.keyboardA20 || (this.state.control & Bits.a20) !== 0);
  }
}
