import type { BusTarget, Device, Line, Width } from "../../board/device.ts";
import type { ApicBus, IoApicPort } from "./apic-bus.ts";

const PINS = 24;
/** Memory-mapped registers. */
const IOREGSEL = 0x00;
const IOWIN = 0x10;
/** Registers behind IOREGSEL. */
const IOAPICID = 0x00;
const IOAPICVER = 0x01;
const IOAPICARB = 0x02;
const IOREDTBL = 0x10;

const VERSION = 0x11 | ((PINS - 1) << 16);
const ID_BITS = 0x0f00_0000;

/** Fields of a redirection entry's low half. */
const Entry = {
  vector: 0xff,
  logical: 1 << 11,
  deliveryStatus: 1 << 12,
  remoteIrr: 1 << 14,
  level: 1 << 15,
  masked: 1 << 16,
} as const;
const READ_ONLY = Entry.deliveryStatus | Entry.remoteIrr;
const LOW_BITS = 0x1_ffff;

const powerOn = () => ({
  select: 0,
  id: 0,
  /** Redirection entries: low half, and destination byte. */
  low: new Array<number>(PINS).fill(Entry.masked),
  destination: new Array<number>(PINS).fill(0),
  /** Input levels, by bit. */
  lines: 0,
});

/**
 * 82093AA I/O APIC: 24 inputs, each sent to local APICs as its redirection entry says. A departure: the polarity bit
 * is kept and has no effect, an input is asserted when its line is high. [IOAPIC]
 */
export class IoApic implements Device, BusTarget, IoApicPort {
  readonly name = "ioapic";
  readonly version = 1;
  state = powerOn();
  /** Inputs INTIN0 to INTIN23. */
  readonly lines: readonly Line[];
  readonly #bus: ApicBus;

  constructor(bus: ApicBus) {
    this.#bus = bus;
    this.lines = Array.from({ length: PINS }, (_, pin) => ({
      set: (high: boolean) => this.#setInput(pin, high),
    }));
  }

  reset(): void {
    const { lines } = this.state;
    this.state = { ...powerOn(), lines };
  }

  isMasked(pin: number): boolean {
    return (this.state.low[pin]! & Entry.masked) !== 0;
  }

  /** An interrupt has been served: inputs of that vector that are still asserted are sent again. */
  endOfInterrupt(vector: number): void {
    const { low } = this.state;
    for (let pin = 0; pin < PINS; pin++) {
      if ((low[pin]! & (Entry.remoteIrr | Entry.vector)) !== (Entry.remoteIrr | vector)) continue;
      low[pin] = low[pin]! & ~Entry.remoteIrr;
      this.#serveLevel(pin);
    }
  }

  read(offset: number, width: Width): number {
    const at = offset & ~3;
    const value = at === IOREGSEL ? this.state.select : at === IOWIN ? this.#readRegister() : 0;
    const part = value >>> (8 * (offset & 3));
    return width === 4 ? part : part & (2 ** (8 * width) - 1);
  }

  write(offset: number, value: number, _width: Width): void {
    if (offset === IOREGSEL) this.state.select = value & 0xff;
    else if (offset === IOWIN) this.#writeRegister(value);
  }

  #readRegister(): number {
    const { select, id, low, destination } = this.state;
    if (select === IOAPICID || select === IOAPICARB) return id;
    if (select === IOAPICVER) return VERSION;
    const pin = (select - IOREDTBL) >> 1;
    if (pin < 0 || pin >= PINS) return 0;
    return select & 1 ? (destination[pin]! << 24) >>> 0 : low[pin]!;
  }

  #writeRegister(value: number): void {
    const { select, low, destination } = this.state;
    if (select === IOAPICID) this.state.id = value & ID_BITS;
    const pin = (select - IOREDTBL) >> 1;
    if (pin < 0 || pin >= PINS) return;
    if (select & 1) {
      destination[pin] = value >>> 24;
      return;
    }
    const kept = low[pin]! & READ_ONLY;
    low[pin] = (value & LOW_BITS & ~READ_ONLY) | kept;
    // Making an input edge triggered is how drivers of this version end an interrupt that has got stuck.
    if ((low[pin]! & Entry.level) === 0) low[pin] = low[pin]! & ~Entry.remoteIrr;
    this.#serveLevel(pin);
  }

  #setInput(pin: number, high: boolean): void {
    const mask = 1 << pin;
    const { state } = this;
    if (high === ((state.lines & mask) !== 0)) return;
    if (!high) {
      state.lines &= ~mask;
      return;
    }
    state.lines |= mask;
    const low = state.low[pin]!;
    if (low & Entry.level) this.#serveLevel(pin);
    // An edge at a masked input is lost.
    else if ((low & Entry.masked) === 0) this.#send(pin);
  }

  /** Sends a level-triggered interrupt if its input is asserted and none of it is in service. */
  #serveLevel(pin: number): void {
    const { low, lines } = this.state;
    if ((lines & (1 << pin)) === 0) return;
    if ((low[pin]! & (Entry.level | Entry.masked | Entry.remoteIrr)) !== Entry.level) return;
    low[pin] = low[pin]! | Entry.remoteIrr;
    this.#send(pin);
  }

  #send(pin: number): void {
    const low = this.state.low[pin]!;
    this.#bus.deliver({
      mode: (low >>> 8) & 7,
      vector: low & Entry.vector,
      level: (low & Entry.level) !== 0,
      destination: this.state.destination[pin]!,
      logical: (low & Entry.logical) !== 0,
    });
  }
}
