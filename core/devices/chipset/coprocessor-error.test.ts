import { expect, test } from "vitest";
import { unconnected } from "../../board/device.ts";
import { describeDeviceContract } from "../../board/testing/device-contract.ts";
import { FakeLine } from "../../board/testing/fake-line.ts";
import { CoprocessorError } from "./coprocessor-error.ts";

describeDeviceContract("coprocessor error", () => {
  const logic = new CoprocessorError(unconnected, unconnected);
  return {
    device: logic,
    targets: [{ target: logic, length: 2, width: 1 }],
    exercise: () => logic.ferr.set(true),
  };
});

test("an error interrupts until port 0xF0 is written, and is then ignored until cleared", () => {
  const irq13 = new FakeLine();
  const ignne = new FakeLine();
  const logic = new CoprocessorError(irq13, ignne);
  logic.ferr.set(true);
  expect([irq13.level, ignne.level]).toEqual([true, false]);
  logic.write(0, 0);
  expect([irq13.level, ignne.level]).toEqual([false, true]);
  logic.ferr.set(false);
  expect(ignne.level).toBe(false);
  logic.ferr.set(true);
  expect(irq13.rises).toBe(2);
});

test("the request outlasts the error until port 0xF0 is written", () => {
  const irq13 = new FakeLine();
  const logic = new CoprocessorError(irq13, unconnected);
  logic.ferr.set(true);
  logic.ferr.set(false);
  expect(irq13.level).toBe(true);
  logic.write(0, 0);
  expect(irq13.level).toBe(false);
});
