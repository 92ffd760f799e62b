import { expect, test } from "vitest";
import { configTarget } from "../../board/testing/config-target.ts";
import { describeDeviceContract } from "../../board/testing/device-contract.ts";
import { HostBridge } from "./i440fx.ts";

function makeRig() {
  const told: string[] = [];
  const bridge = new HostBridge({
    setSegment: (base, length, readable, writable) =>
      told.push(`${base.toString(16)}+${length.toString(16)} ${readable ? "r" : "-"}${writable ? "w" : "-"}`),
  });
  return { bridge, told };
}

describeDeviceContract("host bridge", () => {
  const { bridge } = makeRig();
  return { device: bridge, targets: [configTarget(bridge)] };
});

test("is an Intel 82441FX", () => {
  const { bridge } = makeRig();
  expect(bridge.readConfig(0, 4)).toBe(0x1237_8086);
  expect(bridge.readConfig(8, 4)).toBe(0x0600_0002);
});

test("PAM registers put RAM in the place of ROM, segment by segment", () => {
  const { bridge, told } = makeRig();
  bridge.writeConfig(0x59, 0x30, 1);
  bridge.writeConfig(0x5a, 0x21, 1);
  bridge.writeConfig(0x5f, 0x10, 1);
  expect(told).toEqual(["f0000+10000 rw", "c0000+4000 r-", "c4000+4000 -w", "ec000+4000 r-"]);
  bridge.writeConfig(0x5a, 0x21, 1);
  expect(told).toHaveLength(4);
});

test("a reset and a snapshot restore the segments", () => {
  const { bridge, told } = makeRig();
  bridge.writeConfig(0x5b, 0x03, 1);
  const saved = structuredClone(bridge.state);
  bridge.reset();
  bridge.state = saved;
  bridge.afterLoad();
  expect(told).toEqual(["c8000+4000 rw", "c8000+4000 --", "c8000+4000 rw"]);
});

test("SMRAM stays as it is once locked", () => {
  const { bridge } = makeRig();
  bridge.writeConfig(0x72, 0x4a, 1);
  expect(bridge.readConfig(0x72, 1)).toBe(0x4a);
  bridge.writeConfig(0x72, 0x5a, 1);
  expect(bridge.readConfig(0x72, 1)).toBe(0x1a);
  bridge.writeConfig(0x72, 0x42, 1);
  expect(bridge.readConfig(0x72, 1)).toBe(0x1a);
});
