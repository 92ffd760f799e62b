import { TwinboxError } from "../../base/errors.ts";
import type { BlockDevice, ByteStore } from "../block-device.ts";
import { hasBootSignature } from "../filesystems/partitions.ts";
import type { DiskFormat } from "./format.ts";

const SECTOR = 512;
/** Bytes of boot code at most: what is larger and ends within a sector is a disk that was cut off. */
const LARGEST_CODE = 16 << 20;

/** The image's bytes are the disk's bytes, written through; zeros follow where the last sector is not all there. */
class RawDevice implements BlockDevice {
  readonly size: number;
  readonly #store: ByteStore;
  /** Bytes of the image; at most a sector less than the disk's. */
  #stored: number;

  constructor(store: ByteStore, stored: number) {
    this.#store = store;
    this.#stored = stored;
    this.size = Math.ceil(stored / SECTOR) * SECTOR;
  }

  get name(): string {
    return this.#store.name;
  }

  get readOnly(): boolean {
    return this.#store.readOnly;
  }

  async read(offset: number, into: Uint8Array): Promise<void> {
    this.#check(offset, into.length);
    const there = Math.min(into.length, this.#stored - offset);
    await this.#store.read(offset, into.subarray(0, there));
    into.fill(0, there);
  }

  async write(offset: number, from: Uint8Array): Promise<void> {
    this.#check(offset, from.length);
    if (this.readOnly) {
      throw new TwinboxError("read-only", `${this.name} is read-only.`, { subject: this.name });
    }
    await this.#store.write(offset, from);
    this.#stored = Math.max(this.#stored, offset + from.length);
  }

  flush(): Promise<void> {
    return this.#store.flush();
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  #check(offset: number, length: number): void {
    if (offset % SECTOR !== 0 || length % SECTOR !== 0 || offset < 0 || offset + length > this.size) {
      throw new TwinboxError(
        "invalid-argument",
        `${this.name}: ${length} bytes at ${offset} are not on the disk.`,
      );
    }
  }
}

/** Whether an image begins with a boot sector: an assembler's output has the length of its code, and is run as it is. */
async function isBootCode(store: ByteStore, size: number): Promise<boolean> {
  if (size < SECTOR || size > LARGEST_CODE) return false;
  const sector = new Uint8Array(SECTOR);
  await store.read(0, sector);
  return hasBootSignature(sector);
}

/** Any image is a raw one, so it is probed last. */
export const raw: DiskFormat = {
  id: "raw",
  name: "raw image",
  extensions: ["img", "iso", "raw", "ima", "flp", "dsk", "vfd", "bin", "cdr", "dmg"],
  probe: () => true,

  async open(store) {
    const size = await store.size();
    if (size === 0) {
      throw new TwinboxError("truncated", `${store.name} is empty.`, {
        subject: store.name,
        advice: "Copy or download it again.",
      });
    }
    if (size % SECTOR !== 0 && !(await isBootCode(store, size))) {
      throw new TwinboxError(
        "truncated",
        `${store.name} is not a whole number of sectors: its ${size} bytes are no multiple of ${SECTOR}.`,
        { subject: store.name, advice: "Copy or download it again, or unpack it if it is compressed." },
      );
    }
    return new RawDevice(store, size);
  },

  async create(store, size) {
    if (!Number.isSafeInteger(size) || size <= 0 || size % SECTOR !== 0) {
      throw new TwinboxError("invalid-argument", `A disk's size is a multiple of ${SECTOR} bytes.`, {
        subject: store.name,
      });
    }
    // Its last sector gives a file its length; the host keeps the rest as a hole.
    await store.write(size - SECTOR, new Uint8Array(SECTOR));
  },
};
