import { bit } from "../../base/bits.ts";
import { type BusTarget, type Device, type Line, unconnected } from "../../board/device.ts";

/** Initialization command word 1. */
const Icw1 = { needIcw4: 0x01, single: 0x02, levelTriggered: 0x08, init: 0x10 } as const;
/** Initialization command word 4. */
const Icw4 = { autoEoi: 0x02, specialFullyNested: 0x10 } as const;
/** Operation command word 3. */
const Ocw3 = {
  readIsr: 0x01,
  readRegister: 0x02,
  poll: 0x04,
  select: 0x08,
  specialMask: 0x20,
  setMask: 0x40,
} as const;
/** Operation command word 2: what bits 7 to 5 (rotate, specific, end of interrupt) ask for. */
const Ocw2 = {
  clearRotateOnAutoEoi: 0,
  eoi: 1,
  specificEoi: 3,
  setRotateOnAutoEoi: 4,
  rotateOnEoi: 5,
  setPriority: 6,
  rotateOnSpecificEoi: 7,
} as const;

/** The level at which a spurious interrupt is reported. */
const SPURIOUS = 7;
const NONE = -1;
/** One past the last input, so that its bit is none of a register's. */
const NOT_IN_SERVICE = 8;

const powerOn = () => ({
  /** Interrupt request, in service and mask registers. */
  irr: 0,
  isr: 0,
  imr: 0,
  /** Input levels. */
  lines: 0,
  /** Inputs that are level triggered, by ELCR. */
  elcr: 0,
  /** All inputs level triggered, by ICW1. */
  levelTriggered: false,
  /** The initialization command word awaited: 2, 3 or 4, or 0 once initialized. */
  expected: 0,
  needIcw4: false,
  single: false,
  vectorBase: 0,
  /** ICW3: the master's inputs that have a slave, or the slave's number. */
  cascade: 0,
  autoEoi: false,
  rotateOnAutoEoi: false,
  specialFullyNested: false,
  specialMask: false,
  /** The input of lowest priority. */
  lowest: 7,
  readIsr: false,
  poll: false,
});

/**
 * 8259A programmable interrupt controller: eight inputs by priority, one output. Of the buffered modes nothing shows
 * but that they are accepted; the vector of the MCS-80 mode is not made. [8259A]
 */
export class Pic implements Device, BusTarget {
  readonly name: string;
  readonly version = 1;
  state = powerOn();
  /** IR0 to IR7. */
  readonly lines: readonly Line[];
  readonly #output: Line;
  readonly #elcrMask: number;

  /** `output`: INT. `elcrMask`: the inputs that ELCR can make level triggered. */
  constructor(name: string, output: Line, elcrMask: number) {
    this.name = name;
    this.#output = output;
    this.#elcrMask = elcrMask;
    this.lines = Array.from({ length: 8 }, (_, input) => ({
      set: (high: boolean) => this.#setInput(input, high),
    }));
  }

  reset(): void {
    const { lines } = this.state;
    this.state = { ...powerOn(), lines };
    this.#update();
  }

  afterLoad(): void {
    this.#update();
  }

  /** Whether INT is high. */
  hasInterrupt(): boolean {
    return this.#highest() !== NONE;
  }

  isMasked(input: number): boolean {
    return bit(this.state.imr, input);
  }

  read(offset: number): number {
    const { state } = this;
    if (state.poll) {
      state.poll = false;
      const input = this.#highest();
      if (input === NONE) return SPURIOUS;
      this.#serve(input);
      return 0x80 | input;
    }
    if (offset === 1) return state.imr;
    return state.readIsr ? state.isr : state.irr;
  }

  write(offset: number, value: number): void {
    if (offset === 1) this.#writeData(value);
    else if (value & Icw1.init) this.#initialize(value);
    else if (value & Ocw3.select) this.#writeOcw3(value);
    else this.#writeOcw2(value >>> 5, value & 7);
    this.#update();
  }

  /** The interrupt acknowledge cycles: the input taken into service, or a spurious 7 (which is not in service). */
  acknowledgeInput(): number {
    const input = this.#highest();
    if (input === NONE) return SPURIOUS;
    this.#serve(input);
    return input;
  }

  /** The vector of an input, as given on the data bus. */
  vectorOf(input: number): number {
    return this.state.vectorBase | input;
  }

  /** Whether an input has a slave. */
  hasSlave(input: number): boolean {
    return !this.state.single && bit(this.state.cascade, input);
  }

  get elcr(): number {
    return this.state.elcr;
  }

  /** Edge or level for each input; what a PC keeps edge triggered stays so. [82371] ELCR */
  set elcr(value: number) {
    this.state.elcr = value & this.#elcrMask;
    this.state.irr |= this.state.lines & this.state.elcr;
    this.#update();
  }

  #setInput(input: number, high: boolean): void {
    const { state } = this;
    const mask = 1 << input;
    if (high === ((state.lines & mask) !== 0)) return;
    if (high) {
      state.lines |= mask;
      state.irr |= mask;
    } else {
      // An edge-triggered request whose line falls before its acknowledge is a spurious interrupt.
      state.lines &= ~mask;
      state.irr &= ~mask;
    }
    this.#update();
  }

  /** The input to be served next, or NONE: requested, not masked, and of higher priority than those in service. */
  #highest(): number {
    const { irr, isr, imr, lowest, specialMask, specialFullyNested, cascade } = this.state;
    const requests = irr & ~imr;
    if (requests === 0) return NONE;
    const serviced = specialMask ? isr & ~imr : isr;
    for (let i = 1; i <= 8; i++) {
      const input = (lowest + i) & 7;
      const mask = 1 << input;
      const nests = specialFullyNested && (cascade & mask) !== 0;
      if (requests & mask && (!(isr & mask) || nests)) return input;
      if (serviced & mask) return NONE;
    }
    return NONE;
  }

  #serve(input: number): void {
    const { state } = this;
    const mask = 1 << input;
    if (!this.#isLevel(mask) || !(state.lines & mask)) state.irr &= ~mask;
    if (!state.autoEoi) state.isr |= mask;
    else if (state.rotateOnAutoEoi) state.lowest = input;
    // INT falls at each acknowledge, so that a master sees an edge for what is still requested.
    this.#output.set(false);
    this.#update();
  }

  #isLevel(mask: number): boolean {
    return this.state.levelTriggered || (this.state.elcr & mask) !== 0;
  }

  #initialize(icw1: number): void {
    const { lines, elcr } = this.state;
    const levelTriggered = (icw1 & Icw1.levelTriggered) !== 0;
    this.state = {
      ...powerOn(),
      lines,
      elcr,
      levelTriggered,
      // The edge sense is reset: an edge-triggered input must fall and rise again.
      irr: levelTriggered ? lines : lines & elcr,
      expected: 2,
      needIcw4: (icw1 & Icw1.needIcw4) !== 0,
      single: (icw1 & Icw1.single) !== 0,
    };
  }

  #writeData(value: number): void {
    const { state } = this;
    switch (state.expected) {
      case 2:
        state.vectorBase = value & 0xf8;
        state.expected = !state.single ? 3 : state.needIcw4 ? 4 : 0;
        break;
      case 3:
        state.cascade = value;
        state.expected = state.needIcw4 ? 4 : 0;
        break;
      case 4:
        state.autoEoi = (value & Icw4.autoEoi) !== 0;
        state.specialFullyNested = (value & Icw4.specialFullyNested) !== 0;
        state.expected = 0;
        break;
      default:
        state.imr = value;
    }
  }

  #writeOcw3(value: number): void {
    const { state } = this;
    if (value & Ocw3.setMask) state.specialMask = (value & Ocw3.specialMask) !== 0;
    if (value & Ocw3.poll) state.poll = true;
    else if (value & Ocw3.readRegister) state.readIsr = (value & Ocw3.readIsr) !== 0;
  }

  #writeOcw2(command: number, input: number): void {
    const { state } = this;
    switch (command) {
      case Ocw2.eoi:
        state.isr &= ~(1 << this.#highestInService());
        break;
      case Ocw2.specificEoi:
        state.isr &= ~(1 << input);
        break;
      case Ocw2.rotateOnEoi: {
        const served = this.#highestInService();
        if (served === NOT_IN_SERVICE) break;
        state.isr &= ~(1 << served);
        state.lowest = served;
        break;
      }
      case Ocw2.rotateOnSpecificEoi:
        state.isr &= ~(1 << input);
        state.lowest = input;
        break;
      case Ocw2.setPriority:
        state.lowest = input;
        break;
      case Ocw2.setRotateOnAutoEoi:
        state.rotateOnAutoEoi = true;
        break;
      case Ocw2.clearRotateOnAutoEoi:
        state.rotateOnAutoEoi = false;
        break;
    }
  }

  /** The input of highest priority in service; with special mask, of those not masked. */
  #highestInService(): number {
    const { isr, imr, lowest, specialMask } = this.state;
    const serviced = specialMask ? isr & ~imr : isr;
    for (let i = 1; i <= 8; i++) {
      const input = (lowest + i) & 7;
      if (bit(serviced, input)) return input;
    }
    return NOT_IN_SERVICE;
  }

  #update(): void {
    this.#output.set(this.hasInterrupt());
  }
}

/** The master's input to which the slave is wired on a PC. */
const CASCADE_INPUT = 2;
/** Requests 0, 1, 2, 8 and 13 are always edge triggered. [82371] ELCR1, ELCR2 */
const MASTER_ELCR_MASK = 0xf8;
const SLAVE_ELCR_MASK = 0xde;

/** The two 8259As of a PC, the second cascaded into the first's input 2: interrupt requests 0 to 15. */
export class PicPair {
  readonly master: Pic;
  readonly slave: Pic;
  /** Interrupt requests 0 to 15; 2 is the cascade, wired inside. */
  readonly lines: readonly Line[];
  /** Edge/level control registers, two ports. */
  readonly elcrPorts: BusTarget = {
    read: (offset) => (offset === 0 ? this.master : this.slave).elcr,
    write: (offset, value) => {
      (offset === 0 ? this.master : this.slave).elcr = value;
    },
  };

  /** `output`: INTR, to the processor or its local APIC's LINT0. */
  constructor(output: Line) {
    this.master = new Pic("pic1", output, MASTER_ELCR_MASK);
    this.slave = new Pic("pic2", this.master.lines[CASCADE_INPUT]!, SLAVE_ELCR_MASK);
    this.lines = [...this.master.lines, ...this.slave.lines].map((line, irq) =>
      irq === CASCADE_INPUT ? unconnected : line,
    );
  }

  /** Whether INTR is high. */
  hasInterrupt(): boolean {
    return this.master.hasInterrupt();
  }

  /** The processor's interrupt acknowledge: the vector, with the interrupt now in service. */
  acknowledge(): number {
    const input = this.master.acknowledgeInput();
    if (!this.master.hasSlave(input)) return this.master.vectorOf(input);
    return this.slave.vectorOf(this.slave.acknowledgeInput());
  }
}
