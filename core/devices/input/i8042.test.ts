import { beforeEach, describe, expect, it } from "vitest";
import { unconnected } from "../../board/device.ts";
import { describeDeviceContract } from "../../board/testing/device-contract.ts";
import { VirtualClock } from "../../board/virtual-clock.ts";
import { I8042 } from "./i8042.ts";
import { Keyboard } from "./keyboard.ts";
import { Mouse } from "./mouse.ts";

const BYTE_NS = 500_000;

describeDeviceContract("i8042", () => {
  const clock = new VirtualClock();
  const keyboard = new Keyboard(clock);
  const lines = { irq1: unconnected, irq12: unconnected, a20: unconnected, reset() {} };
  const device = new I8042(keyboard, new Mouse(clock), lines, clock);
  return {
    device,
    targets: [
      { target: device.dataPort, length: 1, width: 1 },
      { target: device.commandPort, length: 1, width: 1 },
    ],
    clock,
    exercise: () => keyboard.key("KeyA", true),
  };
});

describe("i8042", () => {
  let clock: VirtualClock;
  let keyboard: Keyboard;
  let mouse: Mouse;
  let controller: I8042;
  let irq1: boolean[];
  let irq12: boolean[];
  let a20: boolean;
  let resets: number;

  beforeEach(() => {
    clock = new VirtualClock();
    keyboard = new Keyboard(clock);
    mouse = new Mouse(clock);
    irq1 = [];
    irq12 = [];
    resets = 0;
    const record = (levels: boolean[]) => ({
      set(high: boolean) {
        if (high !== (levels.at(-1) ?? false)) levels.push(high);
      },
    });
    const lines = {
      irq1: record(irq1),
      irq12: record(irq12),
      a20: { set: (high: boolean) => (a20 = high) },
      reset: () => resets++,
    };
    controller = new I8042(keyboard, mouse, lines as never, clock);
  });

  const data = () => controller.dataPort.read(0, 1);
  const status = () => controller.commandPort.read(0, 1);
  const command = (value: number, ...parameters: number[]) => {
    controller.commandPort.write(0, value, 1);
    for (const one of parameters) controller.dataPort.write(0, one, 1);
  };
  const send = (value: number) => controller.dataPort.write(0, value, 1);
  /** Every byte that arrives within `ms`. */
  const poll = (ms = 20) => {
    const bytes: number[] = [];
    const end = clock.now() + ms * 1e6;
    while (clock.now() < end) {
      if (status() & 1) bytes.push(data());
      clock.moveTo(clock.now() + BYTE_NS / 4);
    }
    return bytes;
  };

  it("passes its self test and shows the system flag from then on", () => {
    expect(status() & 0x04).toBe(0);
    command(0xaa);
    expect(status() & 0x05).toBe(0x05);
    expect(data()).toBe(0x55);
    for (const [test, result] of [
      [0xab, 0],
      [0xa9, 0],
      [0xa4, 0xf1],
    ]) {
      command(test!);
      expect(data()).toBe(result);
    }
  });

  it("reads and writes its RAM, byte 0 being the command byte", () => {
    command(0x60, 0x47);
    command(0x20);
    expect(data()).toBe(0x47);
    command(0x65, 0x99);
    command(0x25);
    expect(data()).toBe(0x99);
  });

  it("translates scan set 2 to set 1 when told to", () => {
    command(0x60, 0x45);
    keyboard.key("ArrowLeft", true);
    keyboard.key("ArrowLeft", false);
    expect(poll()).toEqual([0xe0, 0x4b, 0xe0, 0xcb]);
    command(0x60, 0x05);
    keyboard.key("ArrowLeft", true);
    keyboard.key("ArrowLeft", false);
    expect(poll()).toEqual([0xe0, 0x6b, 0xe0, 0xf0, 0x6b]);
  });

  it("raises IRQ1 for each byte, and keeps the byte readable after the acknowledgement", () => {
    command(0x60, 0x45);
    irq1.length = 0;
    keyboard.key("KeyA", true);
    clock.moveTo(10e6);
    expect(irq1).toEqual([true]);
    expect(data()).toBe(0x1e);
    expect(irq1).toEqual([true, false]);
    expect(data()).toBe(0x1e);
    keyboard.key("KeyA", false);
    expect(poll()).toEqual([0x9e]);
    expect(irq1).toEqual([true, false, true, false]);
  });

  it("sends aux bytes with their own flag and interrupt", () => {
    command(0x60, 0x47);
    command(0xd4, 0xf2);
    clock.moveTo(10e6);
    expect(status() & 0x21).toBe(0x21);
    expect(irq12).toEqual([true]);
    expect(irq1).toEqual([]);
    expect(data()).toBe(0xfa);
    expect(poll()).toEqual([0x00]);
  });

  it("holds a disabled device's bytes back until it is enabled", () => {
    command(0xad);
    keyboard.key("KeyA", true);
    expect(poll()).toEqual([]);
    command(0xae);
    expect(poll()).toEqual([0x1e]);
    command(0xad);
    send(0xee);
    expect(poll()).toEqual([0xee]);
  });

  it("answers its own command first and delivers the key it found there afterwards", () => {
    keyboard.key("KeyA", true);
    clock.moveTo(10e6);
    expect(status() & 1).toBe(1);
    command(0xc0);
    expect(data()).toBe(0xf0);
    expect(data()).toBe(0x1e);
    expect(status() & 1).toBe(0);
  });

  it("gates A20 and resets the processor by its output port", () => {
    command(0xd1, 0xdd);
    expect(a20).toBe(false);
    command(0xd0);
    expect(data() & 0x03).toBe(0x01);
    command(0xdf);
    expect(a20).toBe(true);
    command(0xdd);
    expect(a20).toBe(false);
    command(0xd1, 0xdf);
    expect(a20).toBe(true);
    expect(resets).toBe(0);
    command(0xf0);
    command(0xfe);
    command(0xd1, 0xde);
    expect(resets).toBe(3);
    command(0xff);
    expect(resets).toBe(3);
  });

  it("plays bytes back as if a device had sent them", () => {
    command(0x60, 0x47);
    command(0xd3, 0x5a);
    expect(status() & 0x21).toBe(0x21);
    expect(data()).toBe(0x5a);
    command(0xd2, 0xa5);
    expect(status() & 0x21).toBe(0x01);
    expect(data()).toBe(0xa5);
  });

  it("shows whether a command or data was written last", () => {
    command(0xae);
    expect(status() & 0x08).toBe(0x08);
    send(0xf4);
    expect(status() & 0x08).toBe(0);
  });

  it("goes on from a snapshot with a byte on the cable", () => {
    keyboard.key("KeyA", true);
    const saved = structuredClone(controller.state);
    controller.reset();
    controller.state = saved;
    controller.afterLoad();
    expect(poll()).toEqual([0x1e]);
  });
});
