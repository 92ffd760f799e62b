// Where a command points, by the registers: CHS, LBA28 or LBA48. [ATA]

import type { Geometry } from "./ata-identify.ts";
import { DEVICE_LBA, type TaskFile } from "./ide-drive.ts";

/** The registers that hold an address, and the geometry that CHS goes by. */
export interface AddressRegisters {
  readonly task: TaskFile;
  /** The high halves of 48-bit parameters. */
  readonly previous: TaskFile;
  device: number;
  readonly geometry: Geometry;
}

/** The last sector that 28 bits reach. */
const LAST_OF_LBA28 = 0x0fff_ffff;

/** The sector addressed, by 48 bits where `ext`; -1 for a CHS address that does not exist. */
export function addressOf({ task, previous, device, geometry }: AddressRegisters, ext: boolean): number {
  if (ext) {
    const low = task.lbaLow + task.lbaMid * 0x100 + task.lbaHigh * 0x1_0000;
    const high = previous.lbaLow + previous.lbaMid * 0x100 + previous.lbaHigh * 0x1_0000;
    return high * 0x100_0000 + low;
  }
  const head = device & 0x0f;
  if (device & DEVICE_LBA)
    return head * 0x100_0000 + task.lbaHigh * 0x1_0000 + task.lbaMid * 0x100 + task.lbaLow;
  const { heads, sectorsPerTrack } = geometry;
  if (task.lbaLow === 0 || task.lbaLow > sectorsPerTrack || head >= heads) return -1;
  const cylinder = task.lbaHigh * 0x100 + task.lbaMid;
  return (cylinder * heads + head) * sectorsPerTrack + task.lbaLow - 1;
}

/** Has the registers address `sector` in the way that they address already; at most the last one they can. */
export function putAddress(registers: AddressRegisters, sector: number, ext: boolean): void {
  const { task, previous, geometry, device } = registers;
  if (!ext && (device & DEVICE_LBA) === 0) {
    const { heads, sectorsPerTrack } = geometry;
    const track = Math.floor(sector / sectorsPerTrack);
    const cylinder = Math.floor(track / heads);
    task.lbaLow = (sector % sectorsPerTrack) + 1;
    task.lbaMid = cylinder & 0xff;
    task.lbaHigh = (cylinder >> 8) & 0xff;
    registers.device = (device & 0xf0) | (track % heads);
    return;
  }
  const limited = ext ? sector : Math.min(sector, LAST_OF_LBA28);
  task.lbaLow = limited & 0xff;
  task.lbaMid = (limited >>> 8) & 0xff;
  task.lbaHigh = (limited >>> 16) & 0xff;
  const high = Math.floor(limited / 0x100_0000);
  if (ext) {
    previous.lbaLow = high & 0xff;
    previous.lbaMid = (high >>> 8) & 0xff;
    previous.lbaHigh = (high >>> 16) & 0xff;
  } else {
    registers.device = (device & 0xf0) | high;
  }
}

/** Sectors that a command is about; a count of 0 means the most there can be. */
export const countOf = ({ task, previous }: AddressRegisters, ext: boolean): number =>
  ext ? previous.sectorCount * 0x100 + task.sectorCount || 0x1_0000 : task.sectorCount || 0x100;
