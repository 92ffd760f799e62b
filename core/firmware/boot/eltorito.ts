import type { BlockDevice } from "../../disk/block-device.ts";
import type { DriveSlot } from "../../pc-options.ts";
import type { Emulation } from "../disk/drives.ts";
import { floppyGeometry, type Geometry } from "../disk/geometry.ts";

const CD_SECTOR = 2048;
const SECTOR = 512;
const BOOT_RECORD_SECTOR = 17;
const SIGNATURE = "EL TORITO SPECIFICATION";
const PLATFORM_X86 = 0;
const BOOTABLE = 0x88;
const HARD_DISK = 4;
/** Sizes of the emulated floppies: 1.2, 1.44 and 2.88 MB. */
const FLOPPY_SIZES = [0, 1_228_800, 1_474_560, 2_949_120];
/** Where the image goes when the catalogue names no segment. */
const DEFAULT_SEGMENT = 0x07c0;

/** The default entry of a boot catalogue, and the image it names. [ELTORITO] figures 2 and 3 */
export interface CdBoot {
  segment: number;
  /** What is loaded. */
  image: Uint8Array;
  /** The drive that the BIOS shows in the image's place; null: no emulation. */
  emulation: Emulation | null;
}

/** What is wrong with a CD that does not boot, for the screen. */
export type CdFailure = "not bootable" | "bad boot catalogue";

/** Heads, sectors and size of a hard disk image, from the end of its one partition. */
function diskImage(mbr: Uint8Array): { geometry: Geometry; size: number } {
  const entry = new DataView(mbr.buffer, mbr.byteOffset + 0x1be, 16);
  const heads = entry.getUint8(5) + 1;
  const sectors = entry.getUint8(6) & 0x3f || 1;
  const size = (entry.getUint32(8, true) + entry.getUint32(12, true)) * SECTOR;
  return { geometry: { cylinders: Math.ceil(size / SECTOR / heads / sectors), heads, sectors }, size };
}

/** Reads the boot record volume descriptor, the catalogue and the image. Rejects when the medium cannot be read. */
export async function readCdBoot(device: BlockDevice, slot: DriveSlot): Promise<CdBoot | CdFailure> {
  const read = async (sector: number, bytes: number): Promise<Uint8Array> => {
    const buffer = new Uint8Array(bytes);
    await device.read(sector * CD_SECTOR, buffer);
    return buffer;
  };
  if (device.size < (BOOT_RECORD_SECTOR + 1) * CD_SECTOR) return "not bootable";
  const record = await read(BOOT_RECORD_SECTOR, CD_SECTOR);
  const text = String.fromCharCode(...record.subarray(7, 7 + SIGNATURE.length));
  if (record[0] !== 0 || text !== SIGNATURE) return "not bootable";
  const catalogueAt = new DataView(record.buffer).getUint32(0x47, true);
  if ((catalogueAt + 1) * CD_SECTOR > device.size) return "bad boot catalogue";
  const catalogue = new DataView((await read(catalogueAt, CD_SECTOR)).buffer);
  let sum = 0;
  for (let at = 0; at < 32; at += 2) sum += catalogue.getUint16(at, true);
  const valid =
    catalogue.getUint8(0) === 1 && catalogue.getUint16(30, true) === 0xaa55 && (sum & 0xffff) === 0;
  if (!valid || catalogue.getUint8(1) !== PLATFORM_X86) return "bad boot catalogue";
  if (catalogue.getUint8(32) !== BOOTABLE) return "not bootable";
  const media = catalogue.getUint8(33) & 0x0f;
  const segment = catalogue.getUint16(34, true) || DEFAULT_SEGMENT;
  const sectors = catalogue.getUint16(38, true) || 1;
  const start = catalogue.getUint32(40, true);
  const rest = device.size - start * CD_SECTOR;
  if (media > HARD_DISK || rest <= 0) return "bad boot catalogue";
  const wanted = media === 0 ? sectors * SECTOR : SECTOR;
  const image = await read(start, Math.min(wanted, rest));
  if (media === 0) return { segment, image, emulation: null };
  const disk =
    media === HARD_DISK
      ? diskImage(image)
      : { size: FLOPPY_SIZES[media]!, geometry: floppyGeometry(FLOPPY_SIZES[media]!) };
  const emulation: Emulation = {
    slot,
    drive: media === HARD_DISK ? 0x80 : 0,
    media,
    start,
    size: Math.min(disk.size, rest),
    geometry: disk.geometry,
  };
  return { segment, image, emulation };
}
