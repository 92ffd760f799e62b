import { basename } from "node:path";
import { TwinboxError } from "../../core/base/errors.ts";
import type { BlockDevice, ByteStore } from "../../core/disk/block-device.ts";
import { openImage, probeFormat } from "../../core/disk/formats/formats.ts";
import { checkWhole } from "../../core/disk/integrity.ts";
import { Overlay } from "../../core/disk/overlay.ts";
import type { AttachedMedium } from "../contract/engine.ts";
import { FileStore } from "../platform/file-store.ts";
import { watchDevice } from "./watched-device.ts";

type OpenMedium = (
  medium: AttachedMedium,
  onTrouble: (error: TwinboxError) => void,
) => Promise<BlockDevice | null>;

/**
 * Opens a medium's image as its settings say, never probing it: a guest can write another format's header into its
 * own disk. Resolves with null for an empty drive.
 *
 * @throws TwinboxError of the file or of the format; nothing stays open then.
 */
export const openMedium: OpenMedium = (medium, onTrouble) =>
  open(
    medium,
    (path) => basename(path),
    onTrouble,
    async (store) => {
      const device = await openImage(store, medium.format);
      // What a guest cannot write can be held to what it says of itself at any time.
      if (medium.kind === "cdrom") await checkWhole(device);
      return device;
    },
  );

/**
 * The same for an image that a person names this minute: one of a format that is known and not supported, or one
 * that ends too early, is refused in words, under the name that the person gave.
 */
export const openGivenMedium: OpenMedium = (medium, onTrouble) =>
  open(
    medium,
    (path) => path,
    onTrouble,
    async (store) => {
      const device = await (await probeFormat(store)).open(store);
      await checkWhole(device);
      return device;
    },
  );

async function open(
  medium: AttachedMedium,
  nameOf: (path: string) => string,
  onTrouble: (error: TwinboxError) => void,
  openFormat: (store: ByteStore) => Promise<BlockDevice>,
): Promise<BlockDevice | null> {
  if (medium.path === null) return null;
  const store = await openStoreOf(medium.path, nameOf(medium.path), medium);
  try {
    const device = await openFormat(store);
    return watchDevice(medium.mode === "disposable" ? new Overlay(device) : device, onTrouble);
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** A floppy that may not be written is one whose write-protect tab is set; a hard disk has no such thing. */
async function openStoreOf(path: string, name: string, { kind, mode }: AttachedMedium): Promise<FileStore> {
  try {
    return await FileStore.open(path, { name, readOnly: mode !== "read-write" });
  } catch (error) {
    if (kind === "floppy" && error instanceof TwinboxError && error.kind === "permission")
      return FileStore.open(path, { name, readOnly: true });
    throw error;
  }
}
