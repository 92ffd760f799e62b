import { addresses } from "../../memory-map.ts";
import { ebdaSegment } from "../bda.ts";

const MIB = 0x10_0000;

/** Types of INT 15h AX=E820h. [ACPI] table 14-1 */
export const MemoryType = { ram: 1, reserved: 2 } as const;

export interface MemoryRange {
  base: number;
  length: number;
  type: number;
}

/** What is where in the physical address space of a machine with so much memory, lowest first. */
export function systemMemoryMap(memoryMib: number): MemoryRange[] {
  const ebdaBase = ebdaSegment * 16;
  const bios = addresses.lowBios.base;
  const map: MemoryRange[] = [
    { base: 0, length: ebdaBase, type: MemoryType.ram },
    { base: ebdaBase, length: 0xa0000 - ebdaBase, type: MemoryType.reserved },
    { base: bios, length: MIB - bios, type: MemoryType.reserved },
  ];
  if (memoryMib > 1) map.push({ base: MIB, length: (memoryMib - 1) * MIB, type: MemoryType.ram });
  for (const { base, length } of [addresses.ioApic, addresses.localApic, addresses.highBios]) {
    map.push({ base, length, type: MemoryType.reserved });
  }
  return map;
}
