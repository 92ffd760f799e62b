import type { PlainState } from "../device.ts";
import type { PciDevice } from "../pci.ts";
import type { ContractTarget } from "./device-contract.ts";

/** A function's configuration space as a target of the device contract. */
export const configTarget = (device: PciDevice<PlainState>): ContractTarget => ({
  target: {
    read: (offset, width) => device.readConfig(offset, width),
    write: (offset, value, width) => device.writeConfig(offset, value, width),
  },
  length: 256,
  width: 4,
});
