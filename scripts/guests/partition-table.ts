// The partition table of a master boot record. [EDD]

export const SECTOR = 512;
const TABLE = 446;
const ACTIVE = 0x80;
/** Cylinder, head and sector of what lies beyond their reach. */
const BEYOND_CHS = [0xfe, 0xff, 0xff];

/** Writes a table of one active partition into a boot record of 512 bytes; places and sizes in sectors. */
export function writePartitionTable(
  record: Uint8Array,
  { type, first, sectors }: { type: number; first: number; sectors: number },
): void {
  record.fill(0, TABLE, SECTOR);
  record.set([ACTIVE, ...BEYOND_CHS, type, ...BEYOND_CHS], TABLE);
  const view = new DataView(record.buffer, record.byteOffset);
  view.setUint32(TABLE + 8, first, true);
  view.setUint32(TABLE + 12, sectors, true);
  record.set([0x55, 0xaa], SECTOR - 2);
}
