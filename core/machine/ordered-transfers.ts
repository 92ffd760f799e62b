import type { BlockDevice } from "../disk/block-device.ts";

/**
 * Lets the host do one transfer after the other, in the order in which the guest began them, and knows whether one is
 * under way: with that, a machine can wait for them all, and then does not notice how long the host took.
 */
export class OrderedTransfers {
  #last: Promise<unknown> = Promise.resolve();
  #underWay = 0;

  get underWay(): boolean {
    return this.#underWay > 0;
  }

  /** The same device, its transfers in order with those of the others. */
  order(device: BlockDevice): BlockDevice {
    return {
      name: device.name,
      size: device.size,
      readOnly: device.readOnly,
      read: (offset, into) => this.#append(() => device.read(offset, into)),
      write: (offset, from) => this.#append(() => device.write(offset, from)),
      flush: () => this.#append(() => device.flush()),
      close: () => device.close(),
      ...(device.unsaved && { unsaved: device.unsaved }),
    };
  }

  #append(transfer: () => Promise<void>): Promise<void> {
    this.#underWay++;
    const done = this.#last.then(transfer).finally(() => {
      this.#underWay--;
    });
    this.#last = done.catch(() => {});
    return done;
  }
}
