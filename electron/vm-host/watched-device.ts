import { TwinboxError } from "../../core/base/errors.ts";
import type { BlockDevice } from "../../core/disk/block-device.ts";

/**
 * A device whose errors are also told to people: the guest sees no more of them than a failed sector. Each kind is
 * told once in a row. Closing twice is harmless.
 */
export function watchDevice(device: BlockDevice, onTrouble: (error: TwinboxError) => void): BlockDevice {
  let told: string | undefined;
  let closed: Promise<void> | undefined;
  const watch = async (action: Promise<void>): Promise<void> => {
    try {
      await action;
      told = undefined;
    } catch (error) {
      if (error instanceof TwinboxError && error.kind !== told) {
        told = error.kind;
        onTrouble(error);
      }
      throw error;
    }
  };
  return {
    name: device.name,
    size: device.size,
    readOnly: device.readOnly,
    read: (offset, into) => watch(device.read(offset, into)),
    write: (offset, from) => watch(device.write(offset, from)),
    flush: () => watch(device.flush()),
    ...(device.unsaved && { unsaved: device.unsaved }),
    close: () => {
      closed ??= device.close();
      return closed;
    },
  };
}
