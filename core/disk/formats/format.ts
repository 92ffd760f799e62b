import type { BlockDevice, ByteStore } from "../block-device.ts";

/** What a format is told by: an image's first and last bytes. */
export interface ImageSample {
  /** The first bytes, {@link SAMPLE_HEAD} or the whole image if it is shorter. */
  head: Uint8Array;
  /** The last bytes, {@link SAMPLE_TAIL} or the whole image if it is shorter. */
  tail: Uint8Array;
}

export const SAMPLE_HEAD = 4096;
export const SAMPLE_TAIL = 512;

/** A way of keeping a disk in a file. */
export interface DiskFormat {
  /** What settings store. */
  readonly id: string;
  /** For people. */
  readonly name: string;
  /** Usual file name endings, without the dot. */
  readonly extensions: readonly string[];
  /** Whether an image looks like this format. */
  probe(sample: ImageSample): boolean;
  /** @throws TwinboxError truncated, corrupt, unsupported-format; or of the store. The store stays open then. */
  open(store: ByteStore): Promise<BlockDevice>;
  /** Makes an empty disk of `size` bytes in an empty store. @throws TwinboxError invalid-argument, unsupported-format; or of the store. */
  create(store: ByteStore, size: number): Promise<void>;
}
