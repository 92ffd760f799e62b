import type { PlainState } from "../../../board/device.ts";
import type { ContractTarget } from "../../../board/testing/device-contract.ts";
import type { PciDevice } from "../pci.ts";

/** A function's configuration space as a target of the device contract. */
export const configTarget = (device: PciDevice<PlainState>): ContractTarget => ({
  target: {
    read: (offset, width) => device.readConfig(offset, width),
    write: (offset, value, width) => device.writeConfig(offset, value, width),
  },
  length: 256,
  width: 4,
});
