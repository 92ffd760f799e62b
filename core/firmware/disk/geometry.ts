import { floppyFormatFor } from "../../base/floppy-formats.ts";

export interface Geometry {
  cylinders: number;
  heads: number;
  /** Sectors of 512 bytes a track, numbered from 1. */
  sectors: number;
}

const SECTOR = 512;
const SECTORS_PER_TRACK = 63;
const PARTITION_TABLE = 0x1be;
const MAX_CYLINDERS = 1024;

/** Heads and sectors of the last sector of the partitions in a boot record, where all of them agree. */
function fromPartitions(mbr: Uint8Array): { heads: number; sectors: number } | undefined {
  if (mbr[510] !== 0x55 || mbr[511] !== 0xaa) return undefined;
  let found: { heads: number; sectors: number } | undefined;
  for (let at = PARTITION_TABLE; at < 510; at += 16) {
    if (mbr[at + 4] === 0) continue;
    const heads = mbr[at + 5]! + 1;
    const sectors = mbr[at + 6]! & 0x3f;
    if (sectors === 0 || heads > 255) return undefined;
    if (found && (found.heads !== heads || found.sectors !== sectors)) return undefined;
    found = { heads, sectors };
  }
  return found;
}

/**
 * The translated geometry of a hard disk of `size` bytes: the one its partitions were made with where `mbr` (its first
 * sector) shows it, else the LBA-assisted one.
 */
export function diskGeometry(size: number, mbr?: Uint8Array): Geometry {
  const total = Math.floor(size / SECTOR);
  let { heads, sectors } = (mbr && fromPartitions(mbr)) ?? { heads: 0, sectors: SECTORS_PER_TRACK };
  if (heads === 0) {
    const steps = [16, 32, 64, 128, 255];
    heads = steps.find((count) => total <= MAX_CYLINDERS * count * sectors) ?? 255;
  }
  const cylinders = Math.min(MAX_CYLINDERS, Math.max(1, Math.floor(total / (heads * sectors))));
  return { cylinders, heads, sectors };
}

/** The geometry of the floppy disk that an image of `size` bytes is of. */
export function floppyGeometry(size: number): Geometry {
  const format = floppyFormatFor(size);
  return { cylinders: format.cylinders, heads: format.heads, sectors: format.sectorsPerTrack };
}

/** What INT 13h AH=08h calls the drive: 360 KB, 1.2 MB, 720 KB, 1.44 MB, 2.88 MB. */
export function floppyDriveType({ cylinders, sectors }: Geometry): number {
  if (sectors > 21) return 6;
  if (sectors > 15) return 4;
  if (sectors > 9) return 2;
  return cylinders > 42 ? 3 : 1;
}
