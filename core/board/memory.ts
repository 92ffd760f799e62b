/**
 * Physical memory as bus masters see it (DMA, PCI devices, the firmware's services): RAM, ROM and video memory
 * by physical address, A20 not applied. Addresses that are not memory read as all ones; writes there and to ROM
 * are dropped. A write invalidates guest code decoded from the bytes it hits.
 */
export interface PhysicalMemory {
  read8(address: number): number;
  read16(address: number): number;
  /** Unsigned. */
  read32(address: number): number;
  write8(address: number, value: number): void;
  write16(address: number, value: number): void;
  write32(address: number, value: number): void;
  /** Copies `into.length` bytes out of memory. */
  read(address: number, into: Uint8Array): void;
  /** Copies all of `from` into memory. */
  write(address: number, from: Uint8Array): void;
}
