import { expect, test } from "vitest";
import { describeDeviceContract } from "../../board/testing/device-contract.ts";
import { Smbus } from "./smbus.ts";

describeDeviceContract("smbus", () => {
  const smbus = new Smbus();
  return { device: smbus, targets: [{ target: smbus, length: 16, width: 1 }] };
});

test("a transfer ends at once with a device error, which a written one clears", () => {
  const smbus = new Smbus();
  smbus.write(4, 0xa1);
  smbus.write(2, 0x48);
  expect(smbus.read(0)).toBe(0x04);
  expect(smbus.read(2)).toBe(0x08);
  smbus.write(0, 0x1e);
  expect(smbus.read(0)).toBe(0);
  expect(smbus.read(4)).toBe(0xa1);
});
