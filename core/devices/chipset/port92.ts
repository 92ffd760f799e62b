import type { BusTarget, Device, Line } from "../../board/device.ts";

const Bits = { reset: 0x01, a20: 0x02 } as const;

const powerOn = () => ({ control: 0, a20: true });

/**
 * System control port A at 0x92: fast reset, and the A20 gate. [82371] port 92h
 *
 * Departure: the chip opens the gate when this port or the keyboard controller says so; here whichever was written
 * last decides, and this port reads what the gate is. Extended memory managers that know only one of the two can
 * then close a gate that firmware or a boot loader opened by the other.
 */
export class Port92 implements Device, BusTarget {
  readonly name = "port92";
  readonly version = 1;
  state = powerOn();
  /** The keyboard controller's A20 output, as its guest writes it. */
  readonly keyboardA20: Line = { set: (high) => this.#setA20(high) };
  readonly #a20: Line;
  readonly #resetProcessor: () => void;

  /** `a20`: high lets address line 20 through. */
  constructor(a20: Line, resetProcessor: () => void) {
    this.#a20 = a20;
    this.#resetProcessor = resetProcessor;
  }

  reset(): void {
    this.state = powerOn();
    this.#a20.set(this.state.a20);
  }

  afterLoad(): void {
    this.#a20.set(this.state.a20);
  }

  read(_offset: number): number {
    return this.state.control | (this.state.a20 ? Bits.a20 : 0);
  }

  write(_offset: number, value: number): void {
    const starts = (value & ~this.state.control & Bits.reset) !== 0;
    this.state.control = value & Bits.reset;
    this.#setA20((value & Bits.a20) !== 0);
    if (starts) this.#resetProcessor();
  }

  #setA20(high: boolean): void {
    this.state.a20 = high;
    this.#a20.set(high);
  }
}
