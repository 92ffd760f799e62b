import type { PhysicalMemory } from "../memory.ts";

/** Physical memory for tests of bus masters: `size` bytes of RAM from address 0, all ones above. */
export class FlatMemory implements PhysicalMemory {
  readonly bytes: Uint8Array;

  constructor(size: number) {
    this.bytes = new Uint8Array(size);
  }

  read8(address: number): number {
    return this.bytes[address] ?? 0xff;
  }

  read16(address: number): number {
    return this.read8(address) | (this.read8(address + 1) << 8);
  }

  read32(address: number): number {
    return (this.read16(address) | (this.read16(address + 2) << 16)) >>> 0;
  }

  write8(address: number, value: number): void {
    if (address < this.bytes.length) this.bytes[address] = value;
  }

  write16(address: number, value: number): void {
    this.write8(address, value);
    this.write8(address + 1, value >>> 8);
  }

  write32(address: number, value: number): void {
    this.write16(address, value);
    this.write16(address + 2, value >>> 16);
  }

  read(address: number, into: Uint8Array): void {
    for (let i = 0; i < into.length; i++) into[i] = this.read8(address + i);
  }

  write(address: number, from: Uint8Array): void {
    for (let i = 0; i < from.length; i++) this.write8(address + i, from[i]!);
  }
}
