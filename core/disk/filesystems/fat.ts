import type { BlockDevice } from "../block-device.ts";
import { latin1, readBytes, u16, u32 } from "./bytes.ts";

const ENTRY = 32;
const ATTRIBUTE_LABEL = 0x08;
const ATTRIBUTE_DIRECTORY = 0x10;
const ATTRIBUTE_LONG_NAME = 0x0f;
const DELETED = 0xe5;

/** The BIOS parameter block of a FAT volume's boot sector. [FAT] */
export interface FatParameters {
  oemName: string;
  bytesPerSector: number;
  sectorsPerCluster: number;
  reservedSectors: number;
  fats: number;
  rootEntries: number;
  totalSectors: number;
  /** 0 on FAT32. */
  sectorsPerFat: number;
  /** In bytes, of the whole volume. */
  size: number;
}

/** Null where a sector is no FAT boot sector: its parameters must all make sense, as code may look like some. */
export function fatParameters(sector: Uint8Array): FatParameters | null {
  if (sector.length < 512) return null;
  const jumps = sector[0] === 0xe9 || (sector[0] === 0xeb && sector[2] === 0x90);
  const bytesPerSector = u16(sector, 11);
  const sectorsPerCluster = sector[13]!;
  const reservedSectors = u16(sector, 14);
  const fats = sector[16]!;
  const rootEntries = u16(sector, 17);
  const totalSectors = u16(sector, 19) || u32(sector, 32);
  const media = sector[21]!;
  const sectorsPerFat = u16(sector, 22);
  const isPowerOfTwo = (value: number) => value > 0 && (value & (value - 1)) === 0;
  const sensible =
    jumps &&
    [512, 1024, 2048, 4096].includes(bytesPerSector) &&
    isPowerOfTwo(sectorsPerCluster) &&
    reservedSectors > 0 &&
    (fats === 1 || fats === 2) &&
    (media === 0xf0 || media >= 0xf8) &&
    totalSectors > reservedSectors &&
    (sectorsPerFat > 0 ? rootEntries > 0 : u32(sector, 36) > 0);
  if (!sensible) return null;
  return {
    oemName: latin1(sector.subarray(3, 11)),
    bytesPerSector,
    sectorsPerCluster,
    reservedSectors,
    fats,
    rootEntries,
    totalSectors,
    sectorsPerFat,
    size: totalSectors * bytesPerSector,
  };
}

interface Entry {
  name: string;
  cluster: number;
  length: number;
}

/** A FAT12 or FAT16 volume, as far as recognising what is on it needs: the root directory, by short names. [FAT] */
export class Fat {
  readonly parameters: FatParameters;
  /** Of the root directory's label entry; empty where there is none. */
  readonly label: string;
  readonly #disk: BlockDevice;
  readonly #offset: number;
  readonly #files: readonly Entry[];

  private constructor(
    disk: BlockDevice,
    offset: number,
    parameters: FatParameters,
    root: { label: string; files: Entry[] },
  ) {
    this.#disk = disk;
    this.#offset = offset;
    this.parameters = parameters;
    this.label = root.label;
    this.#files = root.files;
  }

  /** The volume that begins `offset` bytes into a disk; null where there is none, or it is FAT32. */
  static async open(disk: BlockDevice, offset = 0): Promise<Fat | null> {
    const parameters = fatParameters(await readBytes(disk, offset, 512));
    if (!parameters || parameters.sectorsPerFat === 0) return null;
    const rootBytes = await readBytes(disk, offset + rootOffset(parameters), parameters.rootEntries * ENTRY);
    return new Fat(disk, offset, parameters, directory(rootBytes));
  }

  /** Names of the files in the root directory, in capital letters (`KERNEL.SYS`). */
  get names(): string[] {
    return this.#files.map((file) => file.name);
  }

  /** The first `limit` bytes of a file of the root directory; null if there is none. */
  async readFile(name: string, limit = 65_536): Promise<Uint8Array | null> {
    const file = this.#files.find((one) => one.name === name.toUpperCase());
    if (!file) return null;
    const { bytesPerSector, sectorsPerCluster, reservedSectors, sectorsPerFat, rootEntries } =
      this.parameters;
    const clusterSize = bytesPerSector * sectorsPerCluster;
    const dataOffset =
      rootOffset(this.parameters) + Math.ceil((rootEntries * ENTRY) / bytesPerSector) * bytesPerSector;
    const clusters = Math.floor((this.parameters.size - dataOffset) / clusterSize);
    const table = await readBytes(
      this.#disk,
      this.#offset + reservedSectors * bytesPerSector,
      sectorsPerFat * bytesPerSector,
    );
    const next = clusters < 4085 ? fat12Next : fat16Next;
    const content = new Uint8Array(Math.min(file.length, limit));
    let cluster = file.cluster;
    // A chain that never ends is cut off by the file's length.
    for (let at = 0; at < content.length && cluster >= 2 && cluster < clusters + 2; at += clusterSize) {
      const wanted = Math.min(clusterSize, content.length - at);
      content.set(
        await readBytes(this.#disk, this.#offset + dataOffset + (cluster - 2) * clusterSize, wanted),
        at,
      );
      cluster = next(table, cluster);
    }
    return content;
  }
}

const rootOffset = ({ reservedSectors, fats, sectorsPerFat, bytesPerSector }: FatParameters): number =>
  (reservedSectors + fats * sectorsPerFat) * bytesPerSector;

const fat16Next = (table: Uint8Array, cluster: number): number =>
  cluster * 2 + 1 < table.length ? u16(table, cluster * 2) : 0;

const fat12Next = (table: Uint8Array, cluster: number): number => {
  const at = cluster + (cluster >> 1);
  if (at + 1 >= table.length) return 0;
  const pair = u16(table, at);
  return cluster & 1 ? pair >> 4 : pair & 0xfff;
};

function directory(bytes: Uint8Array): { label: string; files: Entry[] } {
  let label = "";
  const files: Entry[] = [];
  for (let at = 0; at + ENTRY <= bytes.length && bytes[at] !== 0; at += ENTRY) {
    const attributes = bytes[at + 11]!;
    if (bytes[at] === DELETED || (attributes & ATTRIBUTE_LONG_NAME) === ATTRIBUTE_LONG_NAME) continue;
    if (attributes & ATTRIBUTE_LABEL) {
      label ||= latin1(bytes.subarray(at, at + 11));
      continue;
    }
    if (attributes & ATTRIBUTE_DIRECTORY) continue;
    const extension = latin1(bytes.subarray(at + 8, at + 11));
    const base = latin1(bytes.subarray(at, at + 8));
    files.push({
      name: extension ? `${base}.${extension}` : base,
      cluster: u16(bytes, at + 26),
      length: u32(bytes, at + 28),
    });
  }
  return { label, files };
}
