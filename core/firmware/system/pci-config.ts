import { ports } from "../../memory-map.ts";
import type { Ports } from "../hardware.ts";

const ADDRESS = ports.pciConfig.base;
const DATA = ADDRESS + 4;

export interface PciPlace {
  readonly slot: number;
  readonly fn: number;
}

/** Configuration space through CONFIG_ADDRESS and CONFIG_DATA. [PCI2.1] 3.2.2.3 */
export class PciConfig {
  readonly #io: Ports;

  constructor(io: Ports) {
    this.#io = io;
  }

  #select({ slot, fn }: PciPlace, register: number, bus: number): void {
    this.#io.outl(ADDRESS, 0x8000_0000 + (bus << 16) + (slot << 11) + (fn << 8) + (register & 0xfc));
  }

  read8(place: PciPlace, register: number, bus = 0): number {
    this.#select(place, register, bus);
    return this.#io.inb(DATA + (register & 3));
  }

  read16(place: PciPlace, register: number, bus = 0): number {
    this.#select(place, register, bus);
    return this.#io.inw(DATA + (register & 2));
  }

  read32(place: PciPlace, register: number, bus = 0): number {
    this.#select(place, register, bus);
    return this.#io.inl(DATA);
  }

  write8(place: PciPlace, register: number, value: number, bus = 0): void {
    this.#select(place, register, bus);
    this.#io.outb(DATA + (register & 3), value);
  }

  write16(place: PciPlace, register: number, value: number, bus = 0): void {
    this.#select(place, register, bus);
    this.#io.outw(DATA + (register & 2), value);
  }

  write32(place: PciPlace, register: number, value: number, bus = 0): void {
    this.#select(place, register, bus);
    this.#io.outl(DATA, value);
  }

  /** Every function on bus 0. */
  functions(): PciPlace[] {
    const found: PciPlace[] = [];
    for (let slot = 0; slot < 32; slot++) {
      if (this.read16({ slot, fn: 0 }, 0) === 0xffff) continue;
      const count = this.read8({ slot, fn: 0 }, 0x0e) & 0x80 ? 8 : 1;
      for (let fn = 0; fn < count; fn++) {
        if (this.read16({ slot, fn }, 0) !== 0xffff) found.push({ slot, fn });
      }
    }
    return found;
  }
}
