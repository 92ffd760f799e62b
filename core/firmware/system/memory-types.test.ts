import { describe, expect, it } from "vitest";
import { addresses } from "../../memory-map.ts";
import { systemMemoryMap } from "./memory-map.ts";
import { memoryTypes } from "./memory-types.ts";

const registers = new Map(memoryTypes());

/** The type that an address has by these registers, as [SDM] vol. 3A, 12.11.4 puts them together. */
function typeOf(address: number): number {
  const byte = (register: number, n: number) => Number((registers.get(register)! >> BigInt(8 * n)) & 0xffn);
  if (address < 0x80000) return byte(0x250, Math.floor(address / 0x10000));
  if (address < 0xc0000) return byte(0x258 + ((address >> 17) & 1), (address >> 14) & 7);
  if (address < 0x100000) return byte(0x268 + ((address - 0xc0000) >> 15), (address >> 12) & 7);
  const mask = registers.get(0x201)! & ~0xfffn;
  const base = registers.get(0x200)! & ~0xfffn;
  if ((BigInt(address) & mask) === (base & mask)) return Number(registers.get(0x200)! & 0xffn);
  return Number(registers.get(0x2ff)! & 0xffn);
}

describe("the memory types that firmware sets", () => {
  it("are enabled, the fixed ranges too", () => {
    expect(registers.get(0x2ff)! & 0xc00n).toBe(0xc00n);
    expect(registers.get(0x201)! & 0x800n).toBe(0x800n);
  });

  it("cache all that INT 15h calls memory, to the last byte of the largest machine", () => {
    for (const { base, length, type } of systemMemoryMap(3072)) {
      if (type !== 1) continue;
      for (const address of [base, base + length - 1])
        expect([address, typeOf(address)]).toEqual([address, 6]);
    }
  });

  it("cache no device", () => {
    for (const { base, length } of [
      addresses.vgaMemory,
      addresses.pciHole,
      addresses.framebuffer,
      addresses.ioApic,
      addresses.hpet,
      addresses.localApic,
    ]) {
      for (const address of [base, base + length - 1])
        expect([address, typeOf(address)]).toEqual([address, 0]);
    }
  });

  it("protect the ROMs from being written in the cache", () => {
    for (const address of [addresses.vgaRom.base, 0xfffff]) expect(typeOf(address)).toBe(5);
  });
});
