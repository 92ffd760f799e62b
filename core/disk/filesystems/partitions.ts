import { latin1, u32 } from "./bytes.ts";

/** One of the four entries of a master boot record. */
export interface Partition {
  active: boolean;
  type: number;
  /** In bytes from the start of the disk. */
  offset: number;
  /** In bytes. */
  length: number;
}

const SECTOR = 512;
const TABLE = 0x1be;
const ENTRY = 16;
/** A partition that only tells old programs that the disk has a GUID partition table. */
export const TYPE_GPT_PROTECTIVE = 0xee;

export const hasBootSignature = (sector: Uint8Array): boolean => sector[510] === 0x55 && sector[511] === 0xaa;

/**
 * The partitions of a master boot record; empty where the sector is none, which is the case as soon as one entry
 * makes no sense, for many boot sectors have code in its place.
 */
export function masterBootRecord(sector: Uint8Array): Partition[] {
  if (sector.length < SECTOR || !hasBootSignature(sector)) return [];
  const partitions: Partition[] = [];
  for (let i = 0; i < 4; i++) {
    const entry = sector.subarray(TABLE + i * ENTRY, TABLE + (i + 1) * ENTRY);
    if (entry.every((byte) => byte === 0)) continue;
    const status = entry[0]!;
    const type = entry[4]!;
    const first = u32(entry, 8);
    const count = u32(entry, 12);
    if ((status !== 0 && status !== 0x80) || type === 0 || first === 0 || count === 0) return [];
    partitions.push({ active: status === 0x80, type, offset: first * SECTOR, length: count * SECTOR });
  }
  return partitions;
}

/**
 * Where the backup header of a GUID partition table ends, in bytes: the size of the disk it was made for. Null where
 * the disk's second sector is no such header.
 */
export function gptDiskSize(header: Uint8Array): number | null {
  if (header.length < SECTOR || latin1(header.subarray(0, 8)) !== "EFI PART") return null;
  const backup = u32(header, 32) + u32(header, 36) * 2 ** 32;
  return (backup + 1) * SECTOR;
}
