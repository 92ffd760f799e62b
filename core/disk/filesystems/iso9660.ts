import type { BlockDevice } from "../block-device.ts";
import { latin1, readBytes, u16, u32 } from "./bytes.ts";

const SECTOR = 2048;
const FIRST_DESCRIPTOR = 16;
/** A volume has three descriptors or four; more than this is nonsense. */
const DESCRIPTOR_LIMIT = 32;
const DIRECTORY_LIMIT = 1 << 20;

const BOOT_RECORD = 0;
const PRIMARY = 1;
const TERMINATOR = 255;

interface Entry {
  name: string;
  sector: number;
  length: number;
  isDirectory: boolean;
}

/** A CD's file system, as far as recognising what is on it needs: the primary tree, with Rock Ridge names. [ECMA-119] */
export class Iso9660 {
  /** Without the blanks at its end. */
  readonly volumeId: string;
  readonly systemId: string;
  readonly publisherId: string;
  readonly preparerId: string;
  /** In bytes, as the volume says. */
  readonly volumeSize: number;
  /** Sector of the El Torito boot catalogue, null where there is none. */
  readonly bootCatalog: number | null;
  readonly #disk: BlockDevice;
  readonly #root: Entry;

  private constructor(disk: BlockDevice, primary: Uint8Array, bootCatalog: number | null) {
    this.#disk = disk;
    this.bootCatalog = bootCatalog;
    this.systemId = latin1(primary.subarray(8, 40));
    this.volumeId = latin1(primary.subarray(40, 72));
    this.volumeSize = u32(primary, 80) * u16(primary, 128);
    this.publisherId = latin1(primary.subarray(318, 446));
    this.preparerId = latin1(primary.subarray(446, 574));
    this.#root = { name: "", sector: u32(primary, 158), length: u32(primary, 166), isDirectory: true };
  }

  /** Null where the disk has no such file system. */
  static async open(disk: BlockDevice): Promise<Iso9660 | null> {
    let primary: Uint8Array | null = null;
    let bootCatalog: number | null = null;
    for (let i = 0; i < DESCRIPTOR_LIMIT; i++) {
      const descriptor = await readBytes(disk, (FIRST_DESCRIPTOR + i) * SECTOR, SECTOR);
      if (descriptor.length < SECTOR || latin1(descriptor.subarray(1, 6)) !== "CD001") break;
      const type = descriptor[0];
      if (type === PRIMARY) primary ??= descriptor;
      if (type === BOOT_RECORD && latin1(descriptor.subarray(7, 39)) === "EL TORITO SPECIFICATION") {
        bootCatalog ??= u32(descriptor, 0x47);
      }
      if (type === TERMINATOR) break;
    }
    return primary && new Iso9660(disk, primary, bootCatalog);
  }

  /** The first `limit` bytes of a file by its path (`.disk/info`), in any case of letters; null if there is none. */
  async readFile(path: string, limit = 65_536): Promise<Uint8Array | null> {
    const entry = await this.#find(path);
    if (!entry || entry.isDirectory) return null;
    return readBytes(this.#disk, entry.sector * SECTOR, Math.min(entry.length, limit));
  }

  async exists(path: string): Promise<boolean> {
    return (await this.#find(path)) !== undefined;
  }

  async #find(path: string): Promise<Entry | undefined> {
    let entry: Entry | undefined = this.#root;
    for (const part of path.split("/").filter((one) => one !== "")) {
      if (!entry?.isDirectory) return undefined;
      const entries: Entry[] = await this.#list(entry);
      entry = entries.find((one) => one.name.toLowerCase() === part.toLowerCase());
    }
    return entry;
  }

  async #list(directory: Entry): Promise<Entry[]> {
    const length = Math.min(directory.length, DIRECTORY_LIMIT);
    const bytes = await readBytes(this.#disk, directory.sector * SECTOR, length);
    const entries: Entry[] = [];
    let at = 0;
    while (at < bytes.length) {
      const recordLength = bytes[at]!;
      if (recordLength < 34) {
        // No record crosses a sector's end: the rest of this one is empty.
        at = (Math.floor(at / SECTOR) + 1) * SECTOR;
        continue;
      }
      const record = bytes.subarray(at, at + recordLength);
      if (record.length < recordLength) break;
      entries.push(entryOf(record));
      at += recordLength;
    }
    return entries;
  }
}

function entryOf(record: Uint8Array): Entry {
  const nameLength = record[32]!;
  const plain = latin1(record.subarray(33, 33 + nameLength))
    .replace(/;\d+$/, "")
    .replace(/\.$/, "");
  const systemUse = record.subarray(33 + nameLength + ((nameLength + 1) & 1));
  return {
    name: rockRidgeName(systemUse) ?? plain,
    sector: u32(record, 2),
    length: u32(record, 10),
    isDirectory: (record[25]! & 2) !== 0,
  };
}

/** The NM field of a directory record, null where there is none. [RRIP] */
function rockRidgeName(systemUse: Uint8Array): string | null {
  let name: string | null = null;
  for (let at = 0; at + 4 <= systemUse.length; ) {
    const length = systemUse[at + 2]!;
    if (length < 4) break;
    if (systemUse[at] === 0x4e && systemUse[at + 1] === 0x4d) {
      name = (name ?? "") + latin1(systemUse.subarray(at + 5, at + length));
    }
    at += length;
  }
  return name;
}
