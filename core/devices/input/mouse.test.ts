import { beforeEach, describe, expect, it } from "vitest";
import { describeDeviceContract } from "../../board/testing/device-contract.ts";
import { VirtualClock } from "../../board/virtual-clock.ts";
import { Mouse } from "./mouse.ts";

describeDeviceContract("mouse", () => {
  const clock = new VirtualClock();
  const mouse = new Mouse(clock);
  const target = {
    read: () => mouse.take() ?? 0,
    write: (_offset: number, value: number) => mouse.receive(value),
  };
  return {
    device: mouse,
    targets: [{ target, length: 1, width: 1 }],
    clock,
    exercise: () => {
      mouse.receive(0xf4);
      mouse.move(500, -300, 0, 1);
      mouse.move(1, 1, 0, 0);
    },
  };
});

describe("mouse", () => {
  let clock: VirtualClock;
  let mouse: Mouse;

  beforeEach(() => {
    clock = new VirtualClock();
    mouse = new Mouse(clock);
  });

  const drain = () => {
    const bytes: number[] = [];
    for (let byte = mouse.take(); byte !== undefined; byte = mouse.take()) bytes.push(byte);
    return bytes;
  };
  const send = (...bytes: number[]) =>
    bytes.flatMap((byte) => {
      mouse.receive(byte);
      return drain();
    });
  /** The reports that come within `ms`. */
  const reports = (ms: number, size = 3) => {
    const bytes = drain();
    const end = clock.now() + ms * 1e6;
    while (clock.now() < end) {
      clock.moveTo(clock.now() + 1e6);
      bytes.push(...drain());
    }
    expect(bytes.length % size).toBe(0);
    return Array.from({ length: bytes.length / size }, (_, i) => bytes.slice(i * size, (i + 1) * size));
  };

  it("resets to a plain mouse at 100 reports a second, silent", () => {
    expect(send(0xff)).toEqual([0xfa, 0xaa, 0x00]);
    expect(send(0xe9)).toEqual([0xfa, 0x00, 2, 100]);
    mouse.move(5, 5, 0, 0);
    expect(drain()).toEqual([]);
  });

  it("reports movement up as positive, with signs in the first byte", () => {
    send(0xf4);
    mouse.move(3, 4, 0, 1);
    expect(drain()).toEqual([0x29, 3, 0xfc]);
    expect(reports(20)).toEqual([]);
    mouse.move(-3, -4, 0, 4);
    expect(reports(20)).toEqual([[0x1c, 0xfd, 4]]);
  });

  it("unlocks the wheel and then five buttons by sampling rates", () => {
    send(0xf3, 200, 0xf3, 100, 0xf3, 80);
    expect(send(0xf2)).toEqual([0xfa, 3]);
    send(0xf4);
    mouse.move(0, 0, -2, 0);
    expect(drain()).toEqual([0x08, 0, 0, 0xfe]);
    send(0xf3, 200, 0xf3, 200, 0xf3, 80);
    expect(send(0xf2)).toEqual([0xfa, 4]);
    mouse.move(0, 0, 1, 0b11000);
    expect(reports(50, 4)).toEqual([[0x08, 0, 0, 0x31]]);
    expect(send(0xff, 0xf2)).toEqual([0xfa, 0xaa, 0, 0xfa, 0]);
  });

  it("joins movement between reports, but never a click", () => {
    send(0xf3, 10, 0xf4);
    mouse.move(1, 0, 0, 0);
    drain();
    mouse.move(10, 0, 0, 0);
    mouse.move(10, 0, 0, 0);
    mouse.move(0, 0, 0, 1);
    mouse.move(0, 0, 0, 0);
    mouse.move(0, 0, 0, 1);
    expect(reports(1000)).toEqual([
      [0x08, 20, 0],
      [0x09, 0, 0],
      [0x08, 0, 0],
      [0x09, 0, 0],
    ]);
  });

  it("goes on with a long way in further reports, and shows an overflow only beyond its counters", () => {
    send(0xf4);
    mouse.move(600, 0, 0, 0);
    expect(reports(100)).toEqual([
      [0x08, 255, 0],
      [0x08, 255, 0],
      [0x08, 90, 0],
    ]);
    mouse.move(0, 5000, 0, 0);
    expect(reports(10)[0]).toEqual([0xa8, 0, 1]);
  });

  it("is read by request in remote mode", () => {
    send(0xf0);
    mouse.move(7, 0, 0, 2);
    expect(reports(50)).toEqual([]);
    expect(send(0xeb)).toEqual([0xfa, 0x0a, 7, 0]);
    expect(send(0xeb)).toEqual([0xfa, 0x0a, 0, 0]);
    expect(send(0xe9)).toEqual([0xfa, 0x41, 2, 100]);
  });

  it("echoes everything but its way out in wrap mode", () => {
    expect(send(0xee, 0xf4, 0x12)).toEqual([0xfa, 0xf4, 0x12]);
    expect(send(0xec)).toEqual([0xfa]);
    expect(send(0x12)).toEqual([0xfe]);
  });

  it("scales by two to one in stream mode", () => {
    send(0xf4, 0xe7);
    mouse.move(3, -20, 0, 0);
    expect(drain()).toEqual([0x08, 3, 40]);
    clock.moveTo(1e9);
    mouse.move(-4, 0, 0, 0);
    expect(drain()).toEqual([0x18, 0xfa, 0]);
  });

  it("asks again for a wrong parameter, then gives up", () => {
    expect(send(0xf3, 33)).toEqual([0xfa, 0xfe]);
    expect(send(34)).toEqual([0xfc]);
    expect(send(0xf3, 40)).toEqual([0xfa, 0xfa]);
  });

  it("repeats its last answer", () => {
    send(0xe9);
    expect(send(0xfe)).toEqual([0xfa, 0x00, 2, 100]);
  });
});
