/** Small images for tests, made from the layouts of the standards. */

const put = (bytes: Uint8Array, at: number, text: string): void => {
  for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i);
};

const put16 = (bytes: Uint8Array, at: number, value: number): void => {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
};

const put32 = (bytes: Uint8Array, at: number, value: number): void => {
  put16(bytes, at, value);
  put16(bytes, at + 2, value >>> 16);
};

export interface FatImageOptions {
  /** Bytes of the image; 1.44 MB if not given. */
  size?: number;
  oemName?: string;
  label?: string;
  /** Contents of the root directory, by 8.3 name. */
  files?: Record<string, Uint8Array | string>;
}

/** A FAT12 volume with a boot signature: one sector a cluster, two tables of nine sectors, 224 root entries. */
export function fatImage({
  size = 1_474_560,
  oemName = "TEST",
  label = "",
  files = {},
}: FatImageOptions = {}) {
  const bytes = new Uint8Array(size);
  bytes.set([0xeb, 0x3c, 0x90]);
  put(bytes, 3, oemName.padEnd(8));
  put16(bytes, 11, 512);
  bytes[13] = 1;
  put16(bytes, 14, 1);
  bytes[16] = 2;
  put16(bytes, 17, 224);
  put16(bytes, 19, size / 512);
  bytes[21] = 0xf0;
  put16(bytes, 22, 9);
  bytes.set([0x55, 0xaa], 510);
  const table = 512;
  const root = 512 * 19;
  const data = root + 224 * 32;
  let entry = root;
  if (label) {
    put(bytes, entry, label.padEnd(11));
    bytes[entry + 11] = 8;
    entry += 32;
  }
  let cluster = 2;
  for (const [name, content] of Object.entries(files)) {
    const body = typeof content === "string" ? Uint8Array.from(content, (c) => c.charCodeAt(0)) : content;
    const [base = "", extension = ""] = name.split(".");
    put(bytes, entry, base.padEnd(8) + extension.padEnd(3));
    put16(bytes, entry + 26, cluster);
    put32(bytes, entry + 28, body.length);
    entry += 32;
    bytes.set(body, data + (cluster - 2) * 512);
    const count = Math.max(1, Math.ceil(body.length / 512));
    for (let i = 0; i < count; i++, cluster++) {
      const next = i + 1 < count ? cluster + 1 : 0xfff;
      const at = table + cluster + (cluster >> 1);
      const pair = bytes[at]! | (bytes[at + 1]! << 8);
      put16(bytes, at, cluster & 1 ? (pair & 0x000f) | (next << 4) : (pair & 0xf000) | next);
    }
  }
  return bytes;
}

export interface IsoImageOptions {
  volumeId?: string;
  publisherId?: string;
  bootable?: boolean;
  /** By path of upper-case names (`ISOLINUX/ISOLINUX.BIN`), at most one directory deep. */
  files?: Record<string, string>;
}

const SECTOR = 2048;

/** An ISO 9660 volume, with an El Torito boot catalogue if bootable. */
export function isoImage({
  volumeId = "TEST",
  publisherId = "",
  bootable = false,
  files = {},
}: IsoImageOptions = {}) {
  const rootSector = 20;
  const directories = new Map<string, number>([["", rootSector]]);
  let next = rootSector + 1;
  for (const path of Object.keys(files)) {
    const directory = path.includes("/") ? path.slice(0, path.indexOf("/")) : "";
    if (!directories.has(directory)) directories.set(directory, next++);
  }
  const records = new Map<string, Uint8Array[]>([...directories.keys()].map((name) => [name, []]));
  const bodies: [number, string][] = [];
  for (const name of directories.keys()) {
    if (name !== "") records.get("")!.push(isoRecord(name, directories.get(name)!, SECTOR, true));
  }
  for (const [path, body] of Object.entries(files)) {
    const slash = path.indexOf("/");
    records
      .get(slash < 0 ? "" : path.slice(0, slash))!
      .push(isoRecord(`${path.slice(slash + 1)};1`, next, body.length, false));
    bodies.push([next, body]);
    next += Math.max(1, Math.ceil(body.length / SECTOR));
  }
  const bytes = new Uint8Array(next * SECTOR);
  descriptor(bytes, 16, 1);
  put(bytes, 16 * SECTOR + 40, volumeId.padEnd(32));
  put(bytes, 16 * SECTOR + 318, publisherId.padEnd(128));
  put32(bytes, 16 * SECTOR + 80, next);
  put16(bytes, 16 * SECTOR + 128, SECTOR);
  bytes.set(isoRecord("\0", rootSector, SECTOR, true), 16 * SECTOR + 156);
  if (bootable) {
    descriptor(bytes, 17, 0);
    put(bytes, 17 * SECTOR + 7, "EL TORITO SPECIFICATION");
    put32(bytes, 17 * SECTOR + 0x47, 19);
    bytes.set([1, 0], 19 * SECTOR);
    bytes.set([0x55, 0xaa], 19 * SECTOR + 30);
    bytes[19 * SECTOR + 32] = 0x88;
  }
  descriptor(bytes, bootable ? 18 : 17, 255);
  for (const [name, list] of records) {
    let at = directories.get(name)! * SECTOR;
    for (const record of list) {
      bytes.set(record, at);
      at += record.length;
    }
  }
  for (const [sector, body] of bodies) put(bytes, sector * SECTOR, body);
  return bytes;
}

function descriptor(bytes: Uint8Array, sector: number, type: number): void {
  bytes[sector * SECTOR] = type;
  put(bytes, sector * SECTOR + 1, "CD001");
  bytes[sector * SECTOR + 6] = 1;
}

function isoRecord(name: string, sector: number, length: number, isDirectory: boolean): Uint8Array {
  const size = 33 + name.length + ((name.length + 1) & 1);
  const record = new Uint8Array(size);
  record[0] = size;
  put32(record, 2, sector);
  put32(record, 10, length);
  record[25] = isDirectory ? 2 : 0;
  record[32] = name.length;
  put(record, 33, name);
  return record;
}

/** A disk with a master boot record; partitions in sectors. */
export function partitionedImage(
  size: number,
  partitions: { type: number; first: number; count: number; active?: boolean }[],
): Uint8Array {
  const bytes = new Uint8Array(size);
  partitions.forEach(({ type, first, count, active }, i) => {
    const at = 0x1be + i * 16;
    bytes[at] = active ? 0x80 : 0;
    bytes[at + 4] = type;
    put32(bytes, at + 8, first);
    put32(bytes, at + 12, count);
  });
  bytes.set([0x55, 0xaa], 510);
  return bytes;
}
