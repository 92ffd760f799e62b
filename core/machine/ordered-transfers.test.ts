import { expect, test } from "vitest";
import type { BlockDevice } from "../disk/block-device.ts";
import { OrderedTransfers } from "./ordered-transfers.ts";

/** Notes when it begins and ends a read, which takes as long as its test says. */
function slowDevice(name: string, log: string[], transfer: () => Promise<void>): BlockDevice {
  return {
    name,
    size: 512,
    readOnly: true,
    async read() {
      log.push(`${name} begins`);
      try {
        await transfer();
      } finally {
        log.push(`${name} ends`);
      }
    },
    write: async () => {},
    flush: async () => {},
    close: async () => {},
  };
}

test("the host does one transfer after the other, also after one that fails", async () => {
  const log: string[] = [];
  const transfers = new OrderedTransfers();
  const slow = transfers.order(
    slowDevice("slow", log, async () => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      throw new Error("unreadable");
    }),
  );
  const fast = transfers.order(slowDevice("fast", log, async () => {}));
  expect(transfers.underWay).toBe(false);
  const first = slow.read(0, new Uint8Array(512));
  const second = fast.read(0, new Uint8Array(512));
  expect(transfers.underWay).toBe(true);
  await expect(first).rejects.toThrow("unreadable");
  await second;
  expect(transfers.underWay).toBe(false);
  expect(log).toEqual(["slow begins", "slow ends", "fast begins", "fast ends"]);
});
