import type { BusTarget, Device, Line } from "../../board/device.ts";

const powerOn = () => ({ ferr: false, requested: false, ignored: false });

/**
 * The coprocessor error logic of a PC: FERR# requests interrupt 13; a write to port 0xF0 takes the request back and
 * asserts IGNNE#, so that the handler may use the coprocessor until it has cleared the error. [82371] port F0h
 */
export class CoprocessorError implements Device, BusTarget {
  readonly name = "coprocessor-error";
  readonly version = 1;
  state = powerOn();
  /** FERR# of the processor, high when asserted. */
  readonly ferr: Line = { set: (high) => this.#setFerr(high) };
  readonly #irq13: Line;
  readonly #ignne: Line;

  /** `ignne`: IGNNE# to the processor, high when asserted. */
  constructor(irq13: Line, ignne: Line) {
    this.#irq13 = irq13;
    this.#ignne = ignne;
  }

  reset(): void {
    this.state = powerOn();
    this.#drive();
  }

  afterLoad(): void {
    this.#drive();
  }

  read(_offset: number): number {
    return 0xff;
  }

  write(_offset: number, _value: number): void {
    this.state.requested = false;
    this.state.ignored = this.state.ferr;
    this.#drive();
  }

  #setFerr(high: boolean): void {
    const { state } = this;
    if (high && !state.ferr && !state.ignored) state.requested = true;
    state.ferr = high;
    if (!high) state.ignored = false;
    this.#drive();
  }

  #drive(): void {
    this.#irq13.set(this.state.requested);
    this.#ignne.set(this.state.ignored);
  }
}
