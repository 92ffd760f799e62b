import { TwinboxError } from "../../base/errors.ts";
import type { BlockDevice, ByteStore } from "../block-device.ts";
import { FOREIGN_FORMATS } from "./foreign.ts";
import { type DiskFormat, SAMPLE_HEAD, SAMPLE_TAIL } from "./format.ts";
import { raw } from "./raw.ts";

/** Every format, in the order in which they are probed. */
export const DISK_FORMATS: readonly DiskFormat[] = [...FOREIGN_FORMATS, raw];

/**
 * The format of an image that a person adds. Only then: a guest can write another format's header into its own raw
 * disk, so from then on the format is what settings say.
 *
 * @throws TwinboxError of the store.
 */
export async function probeFormat(store: ByteStore): Promise<DiskFormat> {
  const size = await store.size();
  const head = new Uint8Array(Math.min(size, SAMPLE_HEAD));
  const tail = new Uint8Array(Math.min(size, SAMPLE_TAIL));
  await store.read(0, head);
  await store.read(size - tail.length, tail);
  return DISK_FORMATS.find((format) => format.probe({ head, tail })) ?? raw;
}

/**
 * Opens an image in the format of this id.
 *
 * @throws TwinboxError unsupported-format, truncated, corrupt; or of the store, which stays open then.
 */
export async function openImage(store: ByteStore, id: string): Promise<BlockDevice> {
  const format = DISK_FORMATS.find((one) => one.id === id);
  if (!format) {
    throw new TwinboxError("unsupported-format", `There is no image format “${id}”.`, {
      subject: store.name,
    });
  }
  return format.open(store);
}
