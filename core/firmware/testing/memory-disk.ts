import { TwinboxError } from "../../base/errors.ts";
import type { BlockDevice } from "../../disk/block-device.ts";

/** A disk of `bytes`, which are its contents and change with it. */
export function memoryDisk(name: string, bytes: Uint8Array, readOnly = false): BlockDevice {
  return {
    name,
    size: bytes.length,
    readOnly,
    async read(offset, into) {
      if (offset + into.length > bytes.length) throw new TwinboxError("io", "beyond the end");
      into.set(bytes.subarray(offset, offset + into.length));
    },
    async write(offset, from) {
      if (readOnly) throw new TwinboxError("read-only", "read-only");
      bytes.set(from, offset);
    },
    async flush() {},
    async close() {},
  };
}
