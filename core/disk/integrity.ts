import { TwinboxError } from "../base/errors.ts";
import { floppyFormatOfSize } from "../base/floppy-formats.ts";
import type { BlockDevice } from "./block-device.ts";
import { readBytes } from "./filesystems/bytes.ts";
import { fatParameters } from "./filesystems/fat.ts";
import { Iso9660 } from "./filesystems/iso9660.ts";
import { gptDiskSize, masterBootRecord, TYPE_GPT_PROTECTIVE } from "./filesystems/partitions.ts";

/** Which drive a medium goes into. */
export type MediumKind = "floppy" | "disk" | "cdrom";

/** By content and size: an ISO 9660 volume is a CD, whatever partition tables it carries besides. */
export async function mediumKind(disk: BlockDevice): Promise<MediumKind> {
  if (await Iso9660.open(disk)) return "cdrom";
  return floppyFormatOfSize(disk.size) ? "floppy" : "disk";
}

/**
 * Refuses an image that ends before what it says of itself: a download that was cut off, a disk that was full.
 *
 * @throws TwinboxError truncated, with what is missing; or of the disk.
 */
export async function checkWhole(disk: BlockDevice): Promise<void> {
  const require = (size: number, what: string) => {
    if (size <= disk.size) return;
    throw new TwinboxError(
      "truncated",
      `${disk.name} is cut short: ${what} ${size} bytes, the file has ${disk.size}.`,
      { subject: disk.name, advice: "Copy or download it again." },
    );
  };

  const iso = await Iso9660.open(disk);
  if (iso) {
    // Its partition tables, if any, serve USB sticks and may well be rounded up past the end.
    require(iso.volumeSize, "its CD volume is of");
    return;
  }
  const sectors = await readBytes(disk, 0, 1024);
  const bootSector = sectors.subarray(0, 512);
  const fat = fatParameters(bootSector);
  if (fat) {
    require(fat.size, "its FAT file system is of");
    return;
  }
  const partitions = masterBootRecord(bootSector);
  for (const { type, offset, length } of partitions) {
    if (type !== TYPE_GPT_PROTECTIVE) require(offset + length, "a partition ends at");
  }
  const gptSize = gptDiskSize(sectors.subarray(512));
  if (gptSize !== null && partitions.some(({ type }) => type === TYPE_GPT_PROTECTIVE)) {
    require(gptSize, "its partition table was made for");
  }
}
