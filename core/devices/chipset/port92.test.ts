import { expect, test } from "vitest";
import { unconnected } from "../../board/device.ts";
import { describeDeviceContract } from "../../board/testing/device-contract.ts";
import { FakeLine } from "../../board/testing/fake-line.ts";
import { Port92 } from "./port92.ts";

describeDeviceContract("port92", () => {
  const port = new Port92(unconnected, () => {});
  return {
    device: port,
    targets: [{ target: port, length: 1, width: 1 }],
    exercise: () => port.keyboardA20.set(false),
  };
});

function makeRig() {
  const a20 = new FakeLine();
  let resets = 0;
  const port = new Port92(a20, () => resets++);
  port.reset();
  return { a20, port, resets: () => resets };
}

test("A20 follows whichever of the keyboard controller and the port was written last", () => {
  const { a20, port } = makeRig();
  expect(a20.level).toBe(true);
  expect(port.read(0)).toBe(2);
  port.write(0, 0);
  expect(a20.level).toBe(false);
  port.keyboardA20.set(true);
  expect(a20.level).toBe(true);
  expect(port.read(0)).toBe(2);
  port.write(0, 2);
  port.keyboardA20.set(false);
  expect(a20.level).toBe(false);
  expect(port.read(0)).toBe(0);
});

test("a rising bit 0 resets the processor, once", () => {
  const { port, resets } = makeRig();
  port.write(0, 1);
  port.write(0, 1);
  expect(resets()).toBe(1);
  port.write(0, 0);
  port.write(0, 1);
  expect(resets()).toBe(2);
});

test("a loaded state drives A20", () => {
  const { a20, port } = makeRig();
  port.state = { control: 0, a20: false };
  port.afterLoad();
  expect(a20.level).toBe(false);
});
