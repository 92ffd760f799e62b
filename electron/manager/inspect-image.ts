import { access, constants, stat } from "node:fs/promises";
import { probeFormat } from "../../core/disk/formats/formats.ts";
import { checkWhole } from "../../core/disk/integrity.ts";
import { recognise } from "../../core/disk/recognise.ts";
import type { Medium } from "../contract/manager.ts";
import { FileStore } from "../platform/file-store.ts";

export type InspectedImage = Omit<Medium, "id" | "name">;

/**
 * Looks at an image that a person adds: what drive it is for, and what system is on it.
 *
 * @throws TwinboxError of the file; truncated, corrupt; unsupported-format with the format's name.
 */
export async function inspectImage(path: string, name: string): Promise<InspectedImage> {
  const store = await FileStore.open(path, { readOnly: true, name });
  try {
    const device = await (await probeFormat(store)).open(store);
    await checkWhole(device);
    const { kind, system, systemName, memoryMib } = await recognise(device);
    return { kind, size: device.size, readOnly: !(await isWritable(path)), system, systemName, memoryMib };
  } finally {
    await store.close();
  }
}

/** As a machine would find it: root may write anything, but a file without a write permission is left alone. */
export async function isWritable(path: string): Promise<boolean> {
  try {
    await access(path, constants.W_OK);
    return ((await stat(path)).mode & 0o222) !== 0;
  } catch {
    return false;
  }
}
