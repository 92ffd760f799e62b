/**
 * A file's bytes as the host of core provides them (a file on disk, a Blob, an array in a test). Every method
 * rejects with a `TwinboxError` (io, disk-full, permission, not-found).
 */
export interface ByteStore {
  /** For messages: the file's name. */
  readonly name: string;
  readonly readOnly: boolean;
  /** In bytes, now. */
  size(): Promise<number>;
  /** Fills `into` from `offset`; rejects as truncated when the file ends before. */
  read(offset: number, into: Uint8Array): Promise<void>;
  write(offset: number, from: Uint8Array): Promise<void>;
  /** Returns when all that was written is on stable storage. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

/** What a device keeps in memory and nowhere else, as a machine's saved state holds it: by pages of 4 KiB. */
export interface UnsavedChanges {
  /** Of the device, in bytes. */
  readonly size: number;
  /** Runs of changed pages, ascending: of each its first page and its number of pages. */
  changedPages(): Uint32Array;
  /** Their bytes, in order, in pieces of less than a mebibyte. Nothing is written meanwhile. */
  changedBytes(): Iterable<Uint8Array>;
  /** These changes and no others. @throws TwinboxError corrupt, before anything changes, where it could not have them. */
  restore(runs: Uint32Array, bytes: Uint8Array): void;
}

/** What a drive reads and writes: a linear array of bytes of a fixed size, whatever format holds them. */
export interface BlockDevice {
  /** For messages. */
  readonly name: string;
  /** In bytes; a multiple of 512. */
  readonly size: number;
  readonly readOnly: boolean;
  /** `offset` and `into.length` are multiples of 512 within `size`. */
  read(offset: number, into: Uint8Array): Promise<void>;
  /** Rejects with kind read-only on a read-only device. */
  write(offset: number, from: Uint8Array): Promise<void>;
  flush(): Promise<void>;
  close(): Promise<void>;
  /** Of a device that has any. */
  readonly unsaved?: UnsavedChanges;
}
