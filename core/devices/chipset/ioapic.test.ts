import { describe, expect, test } from "vitest";
import { describeDeviceContract } from "../../board/testing/device-contract.ts";
import { type ApicBus, type ApicMessage, DeliveryMode } from "./apic-bus.ts";
import { IoApic } from "./ioapic.ts";

const MASKED = 0x1_0000;
const LEVEL = 0x8000;
const REMOTE_IRR = 0x4000;

function makeRig() {
  const sent: ApicMessage[] = [];
  const bus: ApicBus = { deliver: (message) => sent.push(message), broadcast() {}, endOfInterrupt() {} };
  const ioapic = new IoApic(bus);
  const get = (register: number) => {
    ioapic.write(0, register, 4);
    return ioapic.read(0x10, 4);
  };
  const set = (register: number, value: number) => {
    ioapic.write(0, register, 4);
    ioapic.write(0x10, value, 4);
  };
  const route = (pin: number, low: number, destination = 0) => {
    set(0x11 + 2 * pin, (destination << 24) >>> 0);
    set(0x10 + 2 * pin, low);
  };
  return { ioapic, sent, get, set, route };
}

describeDeviceContract("ioapic", () => {
  const { ioapic } = makeRig();
  return {
    device: ioapic,
    targets: [{ target: ioapic, length: 0x20, width: 4 }],
    exercise: () => ioapic.lines[5]!.set(true),
  };
});

test("tells version, number of entries and its identifier", () => {
  const { get, set } = makeRig();
  expect(get(1)).toBe(0x0017_0011);
  set(0, 0xff00_0000);
  expect(get(0)).toBe(0x0f00_0000);
  expect(get(0x10)).toBe(MASKED);
  expect(get(0x3f)).toBe(0);
});

describe("edge-triggered inputs", () => {
  test("send their vector to their destination at each rising edge", () => {
    const { ioapic, sent, route } = makeRig();
    route(4, 0x0935, 0x0f);
    ioapic.lines[4]!.set(true);
    ioapic.lines[4]!.set(true);
    expect(sent).toEqual([
      { mode: DeliveryMode.lowestPriority, vector: 0x35, level: false, destination: 0x0f, logical: true },
    ]);
    ioapic.lines[4]!.set(false);
    ioapic.lines[4]!.set(true);
    expect(sent).toHaveLength(2);
  });

  test("lose an edge while masked", () => {
    const { ioapic, sent, route } = makeRig();
    route(4, 0x35 | MASKED);
    ioapic.lines[4]!.set(true);
    route(4, 0x35);
    expect(sent).toHaveLength(0);
  });
});

describe("level-triggered inputs", () => {
  test("send once, and again after the end of interrupt while still asserted", () => {
    const { ioapic, sent, get, route } = makeRig();
    route(11, 0x41 | LEVEL);
    ioapic.lines[11]!.set(true);
    expect(sent).toHaveLength(1);
    expect(sent[0]).toMatchObject({ vector: 0x41, level: true });
    expect(get(0x10 + 22)).toBe(0x41 | LEVEL | REMOTE_IRR);
    ioapic.endOfInterrupt(0x40);
    expect(sent).toHaveLength(1);
    ioapic.endOfInterrupt(0x41);
    expect(sent).toHaveLength(2);
    ioapic.lines[11]!.set(false);
    ioapic.endOfInterrupt(0x41);
    expect(sent).toHaveLength(2);
    expect(get(0x10 + 22)).toBe(0x41 | LEVEL);
  });

  test("wait behind the mask", () => {
    const { ioapic, sent, route } = makeRig();
    route(11, 0x41 | LEVEL | MASKED);
    ioapic.lines[11]!.set(true);
    expect(sent).toHaveLength(0);
    route(11, 0x41 | LEVEL);
    expect(sent).toHaveLength(1);
  });

  test("forget the remote IRR when made edge triggered", () => {
    const { ioapic, get, route } = makeRig();
    route(11, 0x41 | LEVEL);
    ioapic.lines[11]!.set(true);
    route(11, 0x41 | MASKED);
    expect(get(0x10 + 22)).toBe(0x41 | MASKED);
  });
});
