import { describe, expect, test } from "vitest";
import { configTarget } from "../../board/testing/config-target.ts";
import { describeDeviceContract } from "../../board/testing/device-contract.ts";
import { FakeLine } from "../../board/testing/fake-line.ts";
import { IsaBridge } from "./piix3.ts";

function makeRig() {
  const outputs = Array.from({ length: 16 }, () => new FakeLine());
  const resets: string[] = [];
  const bridge = new IsaBridge(outputs, {
    processor: () => resets.push("processor"),
    machine: () => resets.push("machine"),
  });
  const high = () => outputs.flatMap((line, irq) => (line.level ? [irq] : []));
  return { bridge, outputs, high, resets };
}

describeDeviceContract("isa bridge", () => {
  const { bridge } = makeRig();
  return {
    device: bridge,
    targets: [configTarget(bridge), { target: bridge.resetControl, length: 1, width: 1 }],
    exercise: () => {
      bridge.isa[9]!.set(true);
      bridge.pirq[2]!.set(true);
    },
  };
});

describe("interrupt routing", () => {
  test("ISA requests go straight through", () => {
    const { bridge, high } = makeRig();
    bridge.isa[0]!.set(true);
    bridge.isa[14]!.set(true);
    expect(high()).toEqual([0, 14]);
  });

  test("PCI requests go where their register says, and nowhere at reset", () => {
    const { bridge, high } = makeRig();
    bridge.pirq[1]!.set(true);
    expect(high()).toEqual([]);
    bridge.writeConfig(0x61, 0x0b, 1);
    expect(high()).toEqual([11]);
    bridge.writeConfig(0x61, 0x0a, 1);
    expect(high()).toEqual([10]);
    bridge.writeConfig(0x61, 0x8a, 1);
    expect(high()).toEqual([]);
  });

  test("requests sharing a line keep it high until the last is gone", () => {
    const { bridge, outputs } = makeRig();
    bridge.writeConfig(0x60, 0x0909_0909, 4);
    bridge.pirq[0]!.set(true);
    bridge.pirq[3]!.set(true);
    bridge.isa[9]!.set(true);
    bridge.pirq[0]!.set(false);
    bridge.isa[9]!.set(false);
    expect(outputs[9]!.level).toBe(true);
    bridge.pirq[3]!.set(false);
    expect(outputs[9]).toMatchObject({ level: false, rises: 1 });
  });

  test("the timer's, keyboard's and other fixed requests are not for PCI", () => {
    const { bridge, high } = makeRig();
    bridge.pirq[0]!.set(true);
    for (const irq of [0, 1, 2, 8, 13]) {
      bridge.writeConfig(0x60, irq, 1);
      expect(high()).toEqual([]);
    }
  });
});

describe("port 0xCF9", () => {
  test("resets the machine or the processor when its start bit is written", () => {
    const { bridge, resets } = makeRig();
    bridge.resetControl.write(0, 0x02, 1);
    expect(resets).toEqual([]);
    expect(bridge.resetControl.read(0, 1)).toBe(0x02);
    bridge.resetControl.write(0, 0x06, 1);
    bridge.resetControl.write(0, 0x04, 1);
    expect(resets).toEqual(["machine", "processor"]);
  });
});
