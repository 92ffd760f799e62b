import { TwinboxError } from "../../core/base/errors.ts";
import type { BlockDevice, ByteStore } from "../../core/disk/block-device.ts";
import type { AttachedMedium } from "../contract/engine.ts";
import { FileStore } from "./file-store.ts";
import { watchDevice } from "./watched-device.ts";

/**
 * Opens a medium's image as its format says, never probing it: a guest can write another format's header.
 * Resolves with null for an empty drive.
 *
 * @throws TwinboxError of the file or of the format.
 */
export async function openMedium(
  medium: AttachedMedium,
  onTrouble: (error: TwinboxError) => void,
): Promise<BlockDevice | null> {
  if (medium.path === null) return null;
  const store = await FileStore.open(medium.path, { readOnly: medium.mode !== "read-write" });
  try {
    return watchDevice(await openRaw(store, medium), onTrouble);
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function openRaw(store: ByteStore, medium: AttachedMedium): Promise<BlockDevice> {
  const size = await store.size();
  if (size === 0 || size % 512 !== 0)
    throw new TwinboxError("truncated", `${store.name} is not a whole number of sectors.`, {
      subject: store.name,
    });
  const disposable = medium.mode === "disposable";
  const written = new Map<number, Uint8Array>();
  return {
    name: store.name,
    size,
    readOnly: store.readOnly && !disposable,
    async read(offset, into) {
      await store.read(offset, into);
      for (let at = 0; at < into.length; at += 512) {
        const sector = written.get(offset + at);
        if (sector) into.set(sector, at);
      }
    },
    async write(offset, from) {
      if (!disposable) return store.write(offset, from);
      for (let at = 0; at < from.length; at += 512) written.set(offset + at, from.slice(at, at + 512));
    },
    flush: () => store.flush(),
    close: () => store.close(),
  };
}
